"""One value of a template's JSON, read as the type that it must have. Pure; all raise `ValueError`."""

from typing import Any

from msgspec import Raw

from .channels import channel_problem
from .go_json import encode
from .lengths import LARGEST_INTEGER, MOST_CHANNELS
from .strict_json import Object

RAW_DEPTH = 32  # levels of objects and lists in what is kept as it is


class Repeated(ValueError):
    """A key stands twice in it, at some depth."""


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


def integer(value: Any) -> int:
    if type(value) is not int or not -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER:
        raise ValueError("must be a whole number of at most 64 bits")
    return value


def number(value: Any) -> int | float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST_INTEGER:
        raise ValueError("must be a number")
    return int(value) if float(value).is_integer() else float(value)


def text_map(value: Any) -> dict[str, str]:
    if not isinstance(value, Object) or not all(isinstance(text, str) for _, text in value):
        raise ValueError("must be an object whose values are strings")
    return dict(sorted(_once(value).items()))


def texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, Object) or not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError("must be a list of strings")
    return tuple(value)


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def object_(value: Any) -> Object:
    if not isinstance(value, Object):
        raise ValueError("must be an object")
    return value


def channels(value: Any) -> Object:
    """As answers have them."""
    found = object_(value)
    if len(_once(found)) > MOST_CHANNELS:
        raise ValueError(f"must not hold more than {MOST_CHANNELS}")
    for name, channel in found:
        if problem := channel_problem(name):
            raise ValueError(f"has a name that {problem}")
        numbers = _once(channel) if isinstance(channel, Object) else {}
        if numbers.keys() != {"revision", "behind"} or not all(map(_is_count, numbers.values())):
            raise ValueError("must be objects of two whole numbers, revision and behind")
    return found


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_INTEGER


def objects(value: Any) -> list[Any]:
    if isinstance(value, Object) or not isinstance(value, list):
        raise ValueError("must be a list")
    return value


def raw_by_kind(value: Any) -> dict[str, Raw]:
    """Objects of other people's making, kept as they are: `1`, `1.0` and `true` stay three values."""
    plain = _plain(value, RAW_DEPTH)
    if not isinstance(plain, dict) or not all(isinstance(inner, dict) for inner in plain.values()):
        raise ValueError("must be an object of objects")
    return {kind: Raw(encode(inner)) for kind, inner in plain.items()}  # as they are stored: they are compared so


def _plain(value: Any, depth: int) -> Any:
    if not depth:
        raise ValueError(f"must not be nested deeper than {RAW_DEPTH} levels")
    if isinstance(value, Object):
        return {key: _plain(inner, depth - 1) for key, inner in _once(value).items()}
    if isinstance(value, list):
        return [_plain(inner, depth - 1) for inner in value]
    if type(value) in (int, float) and not abs(value) <= LARGEST_INTEGER:
        raise ValueError("must not hold numbers of more than 64 bits")
    return value


def _once(pairs: Object) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Repeated
    return found
