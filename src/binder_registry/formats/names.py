"""Names of templates, and the slugs that hubs know them by. Pure."""

import re

from slugify import slugify as _slugify

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_STOCK = re.compile(r"(?!x-)(?!.*--)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)


def slugify(text: object) -> str:
    """As KubeSpawner makes a slug of a display name, and with its library: users' saved choices hold these."""
    return _slugify(str(text))


def slug_of(name: str) -> str:
    """As the hub's module does it, so that saved choices stay good: tornado, which that imports, need not be here."""
    return name if _SLUG.fullmatch(name) and not name.startswith("x-") else f"x-{name.encode().hex()}"


def stock_slug_of(name: str) -> str:
    """For a hub without the module: what its form can hold stays as it is, so that users' saved choices stay good."""
    return name if _STOCK.fullmatch(name) else slug_of(name)


def name_of(slug: str) -> str:
    """Undoes `slug_of`. Other people's slugs that only look like it, as `x-64` does, are names themselves."""
    if not slug.startswith("x-"):
        return slug
    try:
        name = bytes.fromhex(slug[2:]).decode()
    except ValueError:
        return slug
    return name if name and slug_of(name) == slug else slug
