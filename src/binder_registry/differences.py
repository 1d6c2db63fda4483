"""What differs between two states of a template, member by member. Pure."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct, structs

from .template import MEMBERS, Template

_IN_THEIR_PLACE = ("set", "choices")  # left out of a path: `options.size.large.limits.memory`


def changed_members(before: Template | None, after: Template) -> list[str]:
    """The paths of the members that differ, in the order of a template's JSON, without those that the registry keeps.

    `limits.memory` for a single limit, `options.size.large.limits.memory` for what a choice sets, `options.size` where
    the choices of an option are others or in another order, `overrides.kubespawner.tolerations`.
    """
    before = before or Template()
    changed: list[str] = []
    for one in MEMBERS:
        old, new = getattr(before, one.attribute), getattr(after, one.attribute)
        if one.member.read_only or old == new:
            continue
        olds, news = dict(_leaves(one.wire, old)), dict(_leaves(one.wire, new))
        changed += [path for path in {**olds, **news} if olds.get(path) != news.get(path)]
    return changed


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Everything that is not zero, by path."""
    if isinstance(value, Struct):
        for field in structs.fields(value):
            inner = getattr(value, field.name)
            if field.name in _IN_THEIR_PLACE:
                yield from _leaves(path, inner)
            elif not (field.name == "name" and path.count(".")):
                yield from _leaves(f"{path}.{field.encode_name}", inner)
    elif isinstance(value, tuple) and value and isinstance(value[0], Struct):
        yield path, tuple(one.name for one in value)
        for one in value:
            yield from _leaves(f"{path}.{one.name}", one)
    elif isinstance(value, dict) and any(isinstance(inner, Raw) for inner in value.values()):
        for kind, raw in value.items():
            found = msgspec.json.decode(raw, type=dict[str, Raw])
            yield from ((f"{path}.{kind}.{key}", bytes(inner)) for key, inner in found.items())
    elif value or (value == () and path.endswith("allowed-groups")):  # which is not the same as no list
        yield path, value
