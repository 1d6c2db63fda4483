"""DockerSpawner's allowed images as templates, and back. Pure.

Both ways also give what could not be carried over.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from msgspec.structs import replace

from ..options import ChoiceRefused, resolve, visible
from ..settings import HUBS_OWN_IMAGE
from ..template import Template
from ..wire import encode_template
from .in_lists import in_lists
from .losses import Loss, Losses
from .names import slugify

STEP = 10  # between the orders of two images

Json = Mapping[str, Any]


def from_allowed_images(value: Any) -> tuple[list[Template], Losses]:
    """From `DockerSpawner.allowed_images`: a list of images, or a mapping of names to images. Raises `ValueError`."""
    if isinstance(value, Mapping) and "allowed_images" in value:
        value = value["allowed_images"]
    if isinstance(value, Mapping):
        named = [(slugify(str(name)), str(name), image) for name, image in value.items()]
    elif isinstance(value, list):
        named = [(_name_of(str(image)), "", image) for image in value]
    else:
        raise ValueError("allowed_images is a list of images, or a mapping of names to images")
    if any(image == "*" for _, _, image in named):
        raise ValueError('"*" allows every image, of which no list of templates can be made')
    templates: dict[str, Template] = {}
    losses: Losses = []
    for number, (name, display_name, image) in enumerate(named, 1):
        if not image or not isinstance(image, str):
            losses.append(Loss(display_name or str(image), "has no image, left out", left_out=True))
        elif not name:
            losses.append(Loss(display_name or image, "gives no name, left out", left_out=True))
        elif name in templates:
            what = f"its name {name} is taken by {templates[name].image_name}, left out"
            losses.append(Loss(display_name or image, what, left_out=True))
        else:
            templates[name] = Template(name=name, image_name=image, display_name=display_name, order=number * STEP)
    return list(templates.values()), losses


def to_allowed_images(templates: Iterable[Template]) -> tuple[dict[str, str] | list[str], Losses]:
    """What DockerSpawner offers to everybody: what those see who are in no group.

    A list where the images are all that people read, as in what `from_allowed_images` makes of a list.
    """
    losses: Losses = []
    offered = in_lists(templates, losses)
    images: dict[str, str] = {}
    for template in offered:
        for title, image in _images(template, losses):
            shown = title if title not in images else template.name
            if shown in images:
                losses.append(Loss(template.name, "its name is another's display name, left out", left_out=True))
            else:
                images[shown] = image
    if images and all(_is_of_a_list(template) for template in offered):
        return list(images.values()), losses
    return images, losses


def _name_of(image: str) -> str:
    return slugify(image.rsplit("/", 1)[-1])


def _is_of_a_list(template: Template) -> bool:
    return not template.display_name and not template.options and template.name == _name_of(template.image_name)


def _images(template: Template, losses: Losses) -> Iterator[tuple[str, str]]:
    """What people read, and the image that this is."""
    plain = json.loads(encode_template(template))
    seen = visible(plain, ())
    if seen is None:
        what = "is for some groups only, which allowed_images cannot say: left out"
        losses.append(Loss(template.name, what, left_out=True))
        return
    title = template.display_name or template.name
    found = 0
    for labels, choices in _choices_of_images(seen):
        try:
            image = resolve(plain, choices, ())["image-name"]
        except ChoiceRefused:
            continue
        if image != HUBS_OWN_IMAGE:
            found += 1
            yield f"{title} ({', '.join(labels)})" if labels else title, image
    if found < sum(1 for _ in _choices_of_images(plain)):
        what = "has choices for some groups only, or with the hub's own image, which are left out"
        losses.append(Loss(template.name, what, left_out=True))
    kept = replace(template, name="", image_name="", display_name="", order=0, revision=0)
    if replace(kept, time_created=None, time_modified=None) != Template():
        losses.append(Loss(template.name, "only its image is carried over"))


def _choices_of_images(template: Json) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Of the options that change the image; the others have their default."""
    every = [
        [(option["name"], choice) for choice in option.get("choices", ())]
        for option in template.get("options", ())
        if any("image-name" in choice.get("set", {}) for choice in option.get("choices", ()))
    ]
    for combination in product(*every):
        labels = [choice.get("display-name") or choice["name"] for _, choice in combination]
        yield labels, {option: choice["name"] for option, choice in combination}
