"""nebari's and QHub's profiles, where they are not KubeSpawner's. Pure.

`access` (nebari) says whether `groups` and `users` count, which QHub's always do.
"""

from collections.abc import Mapping
from typing import Any

_WHO = ("groups", "users")


def is_nebari(path: tuple[str, ...]) -> bool:
    return path[-2:] == ("profiles", "jupyterlab")


def default_image_path(path: tuple[str, ...]) -> tuple[str, ...]:
    return (*path[:-2], "default_images", "jupyterlab")


def as_kubespawner(profile: Any) -> Any:
    """Without the empty lists that restrict nobody: those of `access: all`, and beside the one that does."""
    if not isinstance(profile, Mapping):
        return profile
    empty = [key for key in _WHO if key in profile and not profile[key]]
    matters = profile.get("access") not in ("all", "yaml") and not any(profile.get(key) for key in _WHO)
    return profile if matters else {key: value for key, value in profile.items() if key not in empty}
