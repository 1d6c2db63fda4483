"""How settings are merged into what the hub has, and taken out again."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any


class Instead(dict[str, Any]):
    """A mapping that takes the place of what the hub set, and is not merged into it."""


def merged_setting(before: Any, ours: Any, *, takes_none: bool = True) -> Any:
    """What a trait becomes: as KubeSpawner merges overrides, on copies.

    Mappings are merged key by key, at every depth, and None takes a key away; all else is replaced. Where the hub has a
    function for a mapping, that is asked at every start, and ours is merged into what it says. An answer that the
    spawner would not take fails the start: what is no mapping, and None unless it `takes_none`.
    """
    if isinstance(ours, Instead) or not isinstance(ours, dict):
        return copied(ours)
    if not callable(before):
        return _updated(before, ours)

    def asked(spawner: Any) -> Any:
        theirs = before(spawner)
        return later(theirs) if isawaitable(theirs) else both(theirs)

    async def later(theirs: Any) -> Any:
        return both(await theirs)

    def both(theirs: Any) -> Any:
        if isinstance(theirs, Mapping) or (theirs is None and takes_none):
            return _updated(theirs, ours)
        raise TypeError(f"the hub's own function gives no mapping of settings, but {type(theirs).__name__}")

    return asked


def _updated(before: Any, ours: Mapping[str, Any]) -> dict[str, Any]:
    both: dict[str, Any] = copied(dict(before)) if isinstance(before, Mapping) else {}  # a function may give any
    for key, value in ours.items():
        if value is None:
            both.pop(key, None)
        else:
            both[key] = _updated(both.get(key), value) if isinstance(value, dict) else copied(value)
    return both


def copied(value: Any) -> Any:
    """Of mappings and lists; what they hold, functions and models of an engine's client, stays the same."""
    if isinstance(value, dict):
        return {key: copied(one) for key, one in value.items()}
    return [copied(one) for one in value] if isinstance(value, list) else value


_GONE = object()


def undone(now: Any, before: Any, after: Any) -> Any:
    """`before`, where `now` is what we set (`after`); what others changed since stays."""
    if now == after:
        return before
    if not (isinstance(now, dict) and isinstance(after, dict)):
        return now
    was = before if isinstance(before, dict) else {}
    back = {key: undone(now.get(key, _GONE), was.get(key, _GONE), after.get(key, _GONE)) for key in {**was, **now}}
    return {key: value for key, value in back.items() if value is not _GONE}
