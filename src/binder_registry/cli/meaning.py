"""What people mean by the scalars of a template: sizes, CPUs, truths, and texts without quotes. Pure.

Only where it is unmistakable: the rest is refused with a hint, or left to `wire`, which knows the types. What no member
of this release says, and what belongs to a spawner, is JSON: a number is one where everybody reads the same in it.
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

from msgspec import Raw, Struct

from ..member_schema import Declared, declared, structure_of
from ..quantities import parse_cpus, parse_memory
from ..rules import invalid_template
from ..template import Template
from ..wire import Object
from .yaml_text import Unquoted

LONGEST_FRACTION = 400  # characters of a number: as many as the smallest one has

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)

_Problems = list[tuple[str, str]]


def understood(template: Object) -> Object:
    """The same members, with values of the types that they must have. Raises `InvalidTemplate`."""
    members, problems = as_understood(template)
    if problems:
        raise invalid_template(problems)
    return members


def as_understood(template: Object) -> tuple[Object, _Problems]:
    """The same, with what is wrong, by path: that stays as the text that it was."""
    problems: _Problems = []
    return _members(Template, template, "", problems), problems


@cache
def _known(structure: type[Struct]) -> dict[str, Declared]:
    return {one.wire: one for one in declared(structure)}


def _members(structure: type[Struct], pairs: Object, prefix: str, problems: _Problems) -> Object:
    known = _known(structure)

    def read(at: str, key: str, value: Any) -> Any:
        return _member(known[key], value, at, problems) if key in known else _json(value, at, problems)

    return _each(pairs, read, prefix, problems)


def _member(one: Declared, value: Any, at: str, problems: _Problems) -> Any:
    within = structure_of(one.type)
    is_list = isinstance(value, list) and not isinstance(value, Object)
    if within is one.type and isinstance(value, Object):
        return _members(within, value, f"{at}.", problems)
    if within and within is not one.type and is_list:
        return [
            _members(within, entry, f"{at}[{number}].", problems) if isinstance(entry, Object) else entry
            for number, entry in enumerate(value)
        ]
    if one.type == dict[str, Raw]:
        return _json(value, at, problems)
    if one.type == dict[str, str] and isinstance(value, Object):
        return _each(value, lambda _at, _key, entry: _entry(entry), f"{at}.", problems)
    if one.type == tuple[str, ...] and is_list:
        return [_text(entry) for entry in value]
    if one.member.unit == "bytes":
        return _memory(value)
    if one.member.unit == "CPUs":
        return _cpus(value)
    return _SCALARS.get(one.type, _as_it_is)(value)


def _each(pairs: Object, read: Callable[[str, str, Any], Any], prefix: str, problems: _Problems) -> Object:
    """`read` gets the path, the key and the value."""
    found = Object()
    for key, value in pairs:
        try:
            found.append((key, read(prefix + key, key, value)))
        except ValueError as error:
            problems.append((prefix + key, str(error)))
            found.append((key, str(value) if isinstance(value, str) else value))
    times = Counter(key for key, _ in pairs)
    problems += [(prefix + key, "stands there twice") for key, count in times.items() if count > 1]
    return found


def _json(value: Any, at: str, problems: _Problems) -> Any:
    """Numbers and truths as YAML clearly says them: `1`, `1.0` and `true` stay three values."""
    if isinstance(value, Object):
        return _each(value, lambda path, _key, inner: _json(inner, path, problems), f"{at}.", problems)
    if isinstance(value, list):
        return [_json(inner, f"{at}[{number}]", problems) for number, inner in enumerate(value)]
    if not isinstance(value, Unquoted):
        return value
    if not value.clear or len(value) > LONGEST_FRACTION:
        raise ValueError(f"may be a text or something else: put {_short(value)} in quotes")
    if value in ("true", "false"):
        return value == "true"
    return float(value) if "." in value else int(value)


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


def _truth(value: Any) -> Any:
    if isinstance(value, Unquoted):
        if value not in ("true", "false"):
            raise ValueError(f"must be true or false, and not {_short(value)}")
        return value == "true"
    return value


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


_SCALARS: dict[Any, Callable[[Any], Any]] = {str: _text, int: _whole, bool: _truth}
