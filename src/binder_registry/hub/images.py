"""References to images, by the grammar of those who pull them."""

import re

from ..options import HUBS_OWN_IMAGE, PLACEHOLDER
from .overrides import overrides_of
from .rules import NotOffered, Rules, Template

_LABEL, _WORD = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = (
    re.compile(  # the grammar of distribution/reference, which Docker and Kubernetes share; digests as go-digest has
        rf"(?P<name>(?:(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/)?{_WORD}(?:/{_WORD})*)"
        r"(?P<tag>:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
        r"(?P<digest>@sha256:[0-9a-f]{64}|@sha384:[0-9a-f]{96}|@sha512:[0-9a-f]{128})?"
    )
)
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")  # not a name: engines take it for an image that they hold


def checked_image(image: str) -> str:
    """Empty where it is the hub's own. Raises `NotOffered`."""
    if image == HUBS_OWN_IMAGE:
        return ""
    found = _IMAGE.fullmatch(image) if len(image) <= 1024 else None
    if not found or len(found["name"]) > 255 or _IMAGE_ID.fullmatch(image):
        hint = ": its name has capital letters" if _IMAGE.fullmatch(image.lower()) else ""
        raise NotOffered("image", f"{image!r} is not a reference to an image{hint}")
    return image


def images_of(template: Template, own: str, rules: Rules) -> frozenset[str]:
    """All that it and its choices name. What users type themselves cannot be known."""
    choices = [choice.get("set", {}) for option in template.get("options", ()) for choice in option.get("choices", ())]
    found = {own} | {
        image for one in choices for image in (one.get("image-name"), overrides_of(one, rules).get("image"))
    }
    return frozenset(image for image in found if image and image != HUBS_OWN_IMAGE and PLACEHOLDER not in image)
