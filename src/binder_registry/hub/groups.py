"""Who may see what: the groups of a user, and those of a template."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..options import EveryGroup
from .rules import Template

_GROUPS = "allowed-groups"


@dataclass(frozen=True)
class Standing:
    """What decides what a user may see."""

    admin: bool
    groups: frozenset[str]

    @property
    def held(self) -> frozenset[str]:
        """As `options` takes them."""
        return EveryGroup() if self.admin else self.groups

    def sees(self, groups: Collection[str]) -> bool:
        return self.admin or not groups or not self.groups.isdisjoint(groups)


def has_groups(template: Template) -> bool:
    return any(_GROUPS in part for part in _parts(template))


def without_case(template: Template) -> Template:
    """For hubs whose groups come from systems without case."""
    folded = _with_groups(template, [group.casefold() for group in template.get(_GROUPS, ())])
    return (
        folded | {"options": [_folded(option) for option in template["options"]]} if "options" in template else folded
    )


def _parts(template: Template) -> list[Mapping[str, Any]]:
    return [
        part
        for option in template.get("options", ())
        for part in (*option.get("choices", ()), *([option["free-text"]] if "free-text" in option else []))
    ]


def _with_groups(part: Mapping[str, Any], groups: Collection[str] | None) -> dict[str, Any]:
    kept = {key: value for key, value in part.items() if key != _GROUPS}
    return kept if groups is None else {**kept, _GROUPS: [*groups]}


def _folded(option: Mapping[str, Any]) -> dict[str, Any]:
    def fold(part: Mapping[str, Any]) -> dict[str, Any]:
        groups = part.get(_GROUPS)
        return _with_groups(part, None if groups is None else [group.casefold() for group in groups])

    return _each(option, fold)


def _each(option: Mapping[str, Any], change: Any) -> dict[str, Any]:
    changed = dict(option)
    if "choices" in option:
        changed["choices"] = [change(choice) for choice in option["choices"]]
    if "free-text" in option:
        changed["free-text"] = change(option["free-text"])
    return changed
