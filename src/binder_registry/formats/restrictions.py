"""Who may choose a profile or a choice of its options, as hubs write it. Pure.

A restriction is kept exactly, or what it restricts is left out: nothing that was closed is opened.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from reprlib import repr as short
from typing import Any

from .losses import LeftOut
from .scalars import text_of

Groups = tuple[str, ...]  # any of them

# Those of many hubs, 2i2c's older one (GitHub's teams), and that of QHub and nebari.
_GROUPS = ("allowed_groups", "allowed_teams", "groups")
# KubeSpawner has no such trait, so that a hub of its own making must read it.
_MISPLACED = re.compile(r"allowed.?(groups|teams|users)|groups|teams|users|roles|access|.*_only", re.IGNORECASE)
_RESTRICTING = re.compile(
    r"access|acl|admin|allow|audience|authori[sz]|bann|block|claim|clearance|cohort|condition|den[iy]|disabl|eligib|"
    r"enabl|entitle|except|exclu|forbid|grant|group|hid(e|den)|limit.?to|login|member|only|permi|privat|public|requir|"
    r"restrict|role|scope|staff|team|tenant|unless|user|visib|(black|white|safe).?list|^(for|if|when|who|whom)(_|$)",
    re.IGNORECASE,
)
_HARMLESS = {
    True: re.compile(r"(is_?)?(enabled|visible|public)", re.IGNORECASE),
    False: re.compile(r"(is_?)?(disabled|hid(e|den)|private|restricted|[a-z]+_?only|admin)", re.IGNORECASE),
}


def groups_of(part: Mapping[Any, Any], known: Collection[str]) -> list[Groups]:
    """The lists of groups that must all hold for a profile, option or choice. Raises `LeftOut`.

    `known` are the keys that restrict nobody, whatever they are called.
    """
    found = [_names(key, part[key]) for key in _GROUPS if key in part]
    for key, value in part.items():
        if key == "access" and (value == "all" or (value == "yaml" and found)):
            continue  # nebari's: for everybody, or for the groups beside it
        if key not in known and key not in _GROUPS and _restricts(str(key), value):
            raise LeftOut(f"{key} {short(value)} is a restriction that cannot be kept")
    return found


def check_names(parts: Mapping[Any, Any], of: str) -> None:
    """Of options, or of choices. Raises `LeftOut` where a restriction stands among them, one level too deep."""
    for key, value in parts.items():
        if not isinstance(value, Mapping) and _MISPLACED.fullmatch(str(key)):
            raise LeftOut(f"{of}.{key} is a restriction that cannot be kept there")


def check_override(override: Mapping[Any, Any]) -> None:
    """Raises `LeftOut` where a restriction stands among the settings, where KubeSpawner passes over it."""
    for key in override:
        if _MISPLACED.fullmatch(str(key)):
            raise LeftOut(f"kubespawner_override.{key} is a restriction that cannot be kept there")


def together(lists: Iterable[Groups]) -> Groups:
    """The one list that says what all of them say at once; () is for everybody. Raises `LeftOut`."""
    every = [dict.fromkeys(each) for each in lists]
    if not every:
        return ()
    least = min(every, key=len)
    if all(least.keys() <= each.keys() for each in every):
        return tuple(least)
    raise LeftOut("it needs a group of each of several lists (allowed_groups), which one list cannot say")


def differing_case(names: Iterable[str]) -> list[list[str]]:
    """The names that are one to whoever does not look at their case."""
    found: dict[str, set[str]] = {}
    for name in names:
        found.setdefault(name.casefold(), set()).add(name)
    return [sorted(same) for same in found.values() if len(same) > 1]


def _names(key: str, value: Any) -> Groups:
    names: Sequence[Any] = [value] if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
    if value in ([], (), None):
        raise LeftOut(f"{key} is empty, which means nobody")
    try:
        groups = tuple(str(text_of(name, exact=True)) for name in names)
    except ValueError:
        groups = ()
    if not groups or not all(map(str.strip, groups)):
        raise LeftOut(f"{key} {short(value)} is not a list of groups")
    return groups


def _restricts(key: str, value: Any) -> bool:
    harmless = isinstance(value, bool) and _HARMLESS[value].fullmatch(key)
    return not harmless and _RESTRICTING.search(key) is not None
