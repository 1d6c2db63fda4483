"""What people mean by the scalars of a template: sizes, CPUs, and texts without quotes. Pure.

Only where it is unmistakable: the rest is refused with a hint, or left to `wire`, which knows the types.
"""

import re
from collections.abc import Callable
from typing import Any

from ..quantities import parse_cpus, parse_memory
from ..rules import invalid_template
from ..template import WIRE_NAMES
from ..wire import Object
from .yaml_text import Unquoted

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)

_Problems = list[tuple[str, str]]
_Reader = Callable[[Any], Any]


def understood(template: Object) -> Object:
    """The same members, with values of the types that they must have. Raises `InvalidTemplate`."""
    problems: _Problems = []
    members = _each(template, lambda wire, value: _member(wire, value, problems), "", problems)
    if problems:
        raise invalid_template(problems)
    return members


def _member(wire: str, value: Any, problems: _Problems) -> Any:
    if isinstance(value, Object) and wire == "limits":
        return _each(value, lambda limit, amount: _LIMITS.get(limit, _as_it_is)(amount), "limits.", problems)
    if isinstance(value, Object) and wire in ("labels", "environment"):
        return _each(value, lambda _, entry: _entry(entry), f"{wire}.", problems)
    if isinstance(value, list) and wire == "allowed-groups":
        return [_text(group) for group in value]
    return _MEMBERS.get(wire, _as_it_is)(value)


def _each(pairs: Object, read: Callable[[str, Any], Any], prefix: str, problems: _Problems) -> Object:
    found = Object()
    for key, value in pairs:
        try:
            found.append((key, read(key, value)))
        except ValueError as error:
            problems.append((prefix + key, str(error)))
    keys = [key for key, _ in pairs]
    problems += [(prefix + key, "stands there twice") for key in dict.fromkeys(keys) if keys.count(key) > 1]
    return found


def _as_it_is(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    if isinstance(value, Unquoted):
        if not value.clear:
            raise ValueError(f"may be a text or something else: put {_short(value)} in quotes")
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):  # of a JSON file: 3.10 has become 3.1
        raise ValueError("must be a text: put it in quotes")
    return str(value) if isinstance(value, int) else value


def _entry(value: Any) -> Any:
    if value is None:
        raise ValueError('has no value: write "" for an empty text')
    return _text(value)


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            raise ValueError(f"must be a whole number, like 8888, and not {_short(value)}")
        return int(value)
    return value


def _cpus(value: Any) -> Any:
    return parse_cpus(value) if isinstance(value, str) else value


def _memory(value: Any) -> Any:
    return parse_memory(value) if isinstance(value, str) else value  # a number in JSON was written by a program


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


_LIMITS: dict[str, _Reader] = {"memory": _memory, "cpus": _cpus, "cpu_shares": _whole, "gpus": _whole}
_MEMBERS: dict[str, _Reader] = {
    **dict.fromkeys(WIRE_NAMES.values(), _text),
    **dict.fromkeys(("limits", "labels", "environment", "allowed-groups"), _as_it_is),
    "bind-port": _whole,
}
