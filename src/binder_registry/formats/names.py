"""Slugs of display names. Pure."""

import re

from slugify import slugify as _slugify

from ..slugs import slug_of

_STOCK = re.compile(r"(?!x-)(?!.*--)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)


def slugify(text: object) -> str:
    """As KubeSpawner makes a slug of a display name, and with its library: users' saved choices hold these."""
    return _slugify(str(text))


def stock_slug_of(name: str) -> str:
    """For a hub without the module: what its form can hold stays as it is, so that users' saved choices stay good."""
    return name if _STOCK.fullmatch(name) else slug_of(name)
