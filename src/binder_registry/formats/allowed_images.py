"""DockerSpawner's allowed images as templates, and back. Pure.

Both ways also give what could not be carried over.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from ..template import Template
from .losses import Loss, Losses
from .names import slugify


def from_allowed_images(value: Any) -> tuple[list[Template], Losses]:
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
    losses: Losses = []
    for name, display_name, image in named:
        if not image or not isinstance(image, str):
            losses.append(Loss(display_name or str(image), "has no image, left out", left_out=True))
        elif not name:
            losses.append(Loss(display_name or image, "gives no name, left out", left_out=True))
        elif name in templates:
            what = f"its name {name} is taken by {templates[name].image_name}, left out"
            losses.append(Loss(display_name or image, what, left_out=True))
        else:
            templates[name] = Template(name=name, image_name=image, display_name=display_name)
    return list(templates.values()), losses


def to_allowed_images(templates: Iterable[Template]) -> tuple[dict[str, str], Losses]:
    images: dict[str, str] = {}
    losses: Losses = []
    for template in templates:
        if template.allowed_groups:  # DockerSpawner offers every image to everybody
            what = "is for some groups only, which allowed_images cannot say: left out"
            losses.append(Loss(template.name, what, left_out=True))
            continue
        shown = template.display_name or template.name
        if shown in images:
            shown = template.name
        if shown in images:
            losses.append(Loss(template.name, "its name is another's display name, left out", left_out=True))
            continue
        images[shown] = template.image_name
        kept = replace(
            template, name="", image_name="", display_name="", revision=0, time_created=None, time_modified=None
        )
        if kept != Template():
            losses.append(Loss(template.name, "only its image is carried over"))
    return images, losses
