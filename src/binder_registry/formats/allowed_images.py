"""DockerSpawner's allowed images as templates, and back. Pure.

Both ways also give, as lines for people, what could not be carried over.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from ..template import Template

Notes = list[str]


def slugify(text: str) -> str:
    """As KubeSpawner makes a slug of a display name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def from_allowed_images(value: Any) -> tuple[list[Template], Notes]:
    """From `DockerSpawner.allowed_images`: a list of images, or a mapping of names to images. Raises `ValueError`."""
    if isinstance(value, Mapping) and isinstance(value.get("allowed_images"), (list, Mapping)):
        value = value["allowed_images"]
    if isinstance(value, Mapping):
        named = [(slugify(str(name)), str(name), image) for name, image in value.items()]
    elif isinstance(value, list):
        named = [(slugify(str(image).rsplit("/", 1)[-1]), "", image) for image in value]
    else:
        raise ValueError("allowed_images is a list of images, or a mapping of names to images")
    templates: dict[str, Template] = {}
    notes: Notes = []
    for name, display_name, image in named:
        if not image or not isinstance(image, str):
            notes.append(f"{display_name or image}: has no image, left out")
        elif not name:
            notes.append(f"{display_name or image}: gives no name, left out")
        elif name in templates:
            notes.append(f"{display_name or image}: its name {name} is taken by {templates[name].image_name}, left out")
        else:
            templates[name] = Template(name=name, image_name=image, display_name=display_name)
    return list(templates.values()), notes


def to_allowed_images(templates: Iterable[Template]) -> tuple[dict[str, str], Notes]:
    images: dict[str, str] = {}
    notes: Notes = []
    for template in templates:
        shown = template.display_name or template.name
        if shown in images:
            shown = template.name
        if shown in images:
            notes.append(f"{template.name}: its name is another's display name, left out")
            continue
        images[shown] = template.image_name
        kept = replace(
            template, name="", image_name="", display_name="", revision=0, time_created=None, time_modified=None
        )
        if kept != Template():
            notes.append(f"{template.name}: only its image is carried over")
    return images, notes
