"""Names of templates as slugs that KubeSpawner's form takes, and back. Standard library only: hubs hold a copy."""

import re
from contextlib import suppress

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # KubeSpawner's form and its JavaScript split at "--"


def slug_of(name: str) -> str:
    """The name itself where it is `[a-z0-9]+(-[a-z0-9]+)*`, else `x-` and its UTF-8 in hex, which that pattern fits."""
    return name if _SLUG.fullmatch(name) and not name.startswith("x-") else f"x-{name.encode().hex()}"


def name_of(slug: str) -> str:
    """Undoes `slug_of`; what is no slug is taken for a name."""
    if slug.startswith("x-"):
        with suppress(ValueError):
            name = bytes.fromhex(slug[2:]).decode()
            return name if name and slug_of(name) == slug else slug
    return slug
