"""Slugs of display names. Pure."""

from slugify import slugify as _slugify


def slugify(text: object) -> str:
    """As KubeSpawner makes a slug of a display name, and with its library: users' saved choices hold these."""
    return _slugify(str(text))
