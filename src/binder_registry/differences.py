"""What differs between two states of a template, member by member. Pure."""

from functools import cache
from typing import Any

import msgspec
from msgspec import Raw, Struct, structs

from .choices import Choice
from .member_schema import declared
from .remembered import remembered
from .template import MEMBERS, Template

_IN_THEIR_PLACE = ("set", "choices")  # left out of a path: `options.size.large.limits.memory`
_SCALARS = (str, int, float, bool)


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
        olds, news = _leaves(one.wire, old), _leaves(one.wire, new)
        changed += [path for path in {**olds, **news} if olds.get(path) != news.get(path)]
    return changed


def _leaves(path: str, value: Any) -> dict[str, Any]:
    """Everything that is not zero, by path."""
    leaves: dict[str, Any] = {}
    _collect(leaves, path, value)
    return leaves


def _collect(leaves: dict[str, Any], path: str, value: Any) -> None:
    """Into one dict: there may be thousands, many of each choice."""
    if isinstance(value, Struct):
        for (attribute, wire, zero), inner in zip(_members(type(value)), structs.astuple(value), strict=True):
            if inner is zero or inner == {}:  # there is nothing in it
                continue
            if type(inner) in _SCALARS:
                if inner and (attribute != "name" or "." not in path):
                    leaves[f"{path}.{wire}"] = inner
            else:
                _collect(leaves, path if attribute in _IN_THEIR_PLACE else f"{path}.{wire}", inner)
    elif isinstance(value, tuple) and value and isinstance(value[0], Struct):
        leaves[path] = tuple(one.name for one in value)
        for one in value:
            at = f"{path}.{one.name}"
            if isinstance(one, Choice):
                for below, inner in _of_choice(msgspec.json.encode(one)):
                    leaves[at + below] = inner
            else:
                _collect(leaves, at, one)
    elif isinstance(value, dict) and any(isinstance(inner, Raw) for inner in value.values()):
        for kind, raw in value.items():
            for key, inner in _settings_of(bytes(raw)).items():
                leaves[f"{path}.{kind}.{key}"] = inner
    elif value or (value == () and path.endswith("allowed-groups")):  # which is not the same as no list
        leaves[path] = value


@remembered(512)
def _of_choice(content: bytes) -> list[tuple[str, Any]]:
    """With the paths below it: the templates of one registry often offer the same choices."""
    leaves: dict[str, Any] = {}
    _collect(leaves, ".", msgspec.json.decode(content, type=Choice))
    return [(path[1:], value) for path, value in leaves.items()]


@remembered(256)
def _settings_of(overrides: bytes) -> dict[str, bytes]:
    return {key: bytes(inner) for key, inner in msgspec.json.decode(overrides, type=dict[str, Raw]).items()}


@cache
def _members(structure: type[Struct]) -> list[tuple[str, str, Any]]:
    zero = structure()
    return [(one.attribute, one.wire, getattr(zero, one.attribute)) for one in declared(structure)]
