"""The rules of a hub, from the content of its rules file: for those who are no hub."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from .parameters import LATEST, PARAMETERS, check_parameters
from .rules import Kind, Rules
from .rules_file import FORMAT

GroupsFrom = Literal["hub", "auth state"]
Unknown = Literal["override-function", "kind"]

_PARAMETERS = {name.replace("_", "-"): name for name in PARAMETERS}


@dataclass(frozen=True)
class FiledRules:
    rules: Rules
    spawner: str  # its class's full name; "" where the hub itself does not know it
    label: str
    groups_from: GroupsFrom
    unknown: frozenset[Unknown]  # the rules that the hub has beside these

    @property
    def groups_from_here(self) -> str:
        """Where those that others than the hub know of come from; "" where they are all."""
        return "" if self.groups_from == "hub" else "hub only"


def hub_rules(content: Any) -> FiledRules:
    """Raises `ValueError`. All that decides is there and right, or nothing is read: what was closed stays closed."""
    if not isinstance(content, Mapping) or "format" not in content:
        raise ValueError("this is no rules file, which a hub's `configure(…, rules_file=…)` writes")
    if content["format"] != FORMAT or type(content["format"]) is not int:
        raise ValueError(f"it has another format than {FORMAT}, which this release reads: write it with the same one")
    if missing := _MEMBERS.keys() - content.keys():
        raise ValueError(f"{min(missing)} is missing")
    if more := content.keys() - _MEMBERS.keys() - {"format"}:
        raise ValueError(f"it has a member that this release does not know: {min(map(str, more))[:100]!r}")
    for name, fine in _MEMBERS.items():
        if not fine(content[name]):
            raise ValueError(f"{name} is not what a hub writes there")
    check_parameters(channel=content["channel"], try_out=content["try-out"])
    given = {name: content[member] for member, name in _PARAMETERS.items() if member in _MEMBERS}
    label, try_out = given.pop("label"), tuple(given.pop("try_out"))
    rules = Rules(content["kind"], sections=tuple(content["sections"]), try_out=try_out, **given)
    unknown = frozenset(content["unknown"])
    return FiledRules(rules, content["spawner"], label, content["groups-from"], unknown)


def _parameter(name: str) -> Callable[[Any], bool]:
    """As `configure` takes it."""

    def fine(value: Any) -> bool:
        try:
            check_parameters(**{name: value})
        except ValueError:
            return False
        return True

    return fine


def _one_of(words: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


_MEMBERS: Mapping[str, Callable[[Any], bool]] = {
    "kind": _one_of(get_args(Kind)),
    "spawner": lambda value: isinstance(value, str),
    "sections": _texts,
    "label": _parameter("label"),
    "channel": lambda value: value != LATEST and _parameter("channel")(value),  # for which a hub writes ""
    "try-out": lambda value: isinstance(value, list) and _parameter("try_out")(value),
    "allow-commands": _parameter("allow_commands"),
    "allow-overrides": _parameter("allow_overrides"),
    "image-command": _parameter("image_command"),
    "gpu-resource": _parameter("gpu_resource"),
    "ignore-group-case": _parameter("ignore_group_case"),
    "groups-from": _one_of(get_args(GroupsFrom)),
    "unknown": lambda value: _texts(value) and {*value} <= {*get_args(Unknown)},
}
