"""Where a hub's values hold its list of profiles, and the image that stands beside it. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from .nebari import as_kubespawner, default_image_path, is_nebari

NAMES = ("profileList", "profile_list")
MOST_LISTS = 16  # that are told apart; aliases can make any number of paths

Path = tuple[str, ...]


class ProfileList(Struct, frozen=True):
    path: Path
    profiles: list[Any]
    image: Any  # what the hub starts without a choice, as the values have it; None where they do not say
    image_at: str


def find_profiles(values: Any, at: str = "") -> ProfileList:
    """The only list of profiles, below whatever charts it stands, or the one at or below the path `at`.

    Raises `ValueError`.
    """
    if isinstance(values, list) and not at:
        return ProfileList((), values, None, "")
    found = dict(_lists(values, (), set(), _is_named)) or dict(_lists(values, (), set(), _looks_like_profiles))
    if at:
        there = {path: profiles for path, profiles in found.items() if f"{'.'.join(path)}.".startswith(f"{at}.")}
        named = value_at(values, *at.split("."))
        found = there or ({tuple(at.split(".")): named} if named and isinstance(named, list) else {})
    if not found:
        raise ValueError(f"there is no singleuser.profileList{f' at {at}' if at else ', below whatever chart'}")
    if len(found) > 1:
        raise ValueError(f"there are several lists, `at` names one: {', '.join(map('.'.join, found))}")
    [(path, profiles)] = found.items()
    image_at = _image_path(values, path)
    profiles = _in_order(profiles)
    if is_nebari(path):
        profiles = [as_kubespawner(profile) for profile in profiles]
    return ProfileList(path, profiles, value_at(values, *image_at), ".".join(image_at))


def with_profiles(values: Any, path: Path, profiles: list[Any]) -> Any:
    """The same values with another list there."""
    if not path:
        return profiles
    return {
        key: with_profiles(value, path[1:], profiles) if str(key) == path[0] else value for key, value in values.items()
    }


def value_at(values: Any, *path: str) -> Any:
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _is_named(key: Any, value: Any) -> bool:
    """Code below a key of this name becomes mappings that have the list."""
    if key not in NAMES or not value or not isinstance(value, (list, Mapping)):
        return False
    inner = [value, *value.values()] if isinstance(value, Mapping) else []
    return not any(isinstance(each, Mapping) and any(name in each for name in NAMES) for each in inner)


def _looks_like_profiles(key: Any, value: Any) -> bool:
    """nebari's, for instance, stand below names of their own."""
    return isinstance(value, list) and any(
        isinstance(each, Mapping) and "kubespawner_override" in each for each in value
    )


def _lists(values: Any, path: Path, seen: set[int], fits: Callable[[Any, Any], bool]) -> Iterator[tuple[Path, Any]]:
    """`seen`: mappings on the way here, and those that hold no list: aliases lead to them again."""
    if not isinstance(values, Mapping) or id(values) in seen:
        return
    seen.add(id(values))
    count = 0
    for key, value in values.items():
        here = (*path, str(key))
        inner = [(here, value)] if fits(key, value) else list(_lists(value, here, seen, fits))
        yield from inner[: MOST_LISTS - count]
        count = min(count + len(inner), MOST_LISTS)
        if count == MOST_LISTS:
            break
    if count:
        seen.discard(id(values))


def _in_order(profiles: Any) -> list[Any]:
    """KubeSpawner also takes a mapping: in the order of its keys, which are no slugs (but better than no name)."""
    if not isinstance(profiles, Mapping):
        return list(profiles)
    entries = sorted(profiles.items(), key=lambda entry: str(entry[0]))
    return [
        {"slug": key, **profile} if isinstance(profile, Mapping) and not profile.get("display_name") else profile
        for key, profile in entries
    ]


def _image_path(values: Any, path: Path) -> Path:
    """`singleuser.image` beside its `profileList`, or of the chart whose `hub.config` (or code) has the list."""
    beside: list[Path] = [(*path[:-1], "image"), (*path[:-1], "singleuser", "image")]
    if is_nebari(path):
        beside.append(default_image_path(path))
    if "hub" in path and path[path.index("hub") + 1 : path.index("hub") + 2] in (("config",), ("extraConfig",)):
        beside.append((*path[: path.index("hub")], "singleuser", "image"))
    return next((each for each in beside if value_at(values, *each)), beside[0])
