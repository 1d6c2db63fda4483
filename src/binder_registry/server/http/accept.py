"""Which media types a client would have (RFC 9110, 12.5.1)."""

import re
from collections.abc import Iterator

_QUOTED = r'"(?:\\.|[^"\\])*(?:"|\\?$)'  # to the end, where it is not closed: what is sent cannot cost much to read
_ELEMENT = re.compile(rf"(?:{_QUOTED}|[^,\"])+", re.DOTALL)
_PARAMETER = re.compile(rf"(?:{_QUOTED}|[^;\"])+", re.DOTALL)


def names(accept: str, media: str) -> bool:
    """Whether `media` itself is wanted: a range such as `*/*`, which takes it, does not name it."""
    return any(name == media and quality > 0 for name, quality in _ranges(accept))


def prefers(accept: str, media: str, other: str) -> bool:
    """Whether `media` is wanted more than `other`, or as much and by its name."""
    quality, exactness = _wanted(accept, media)
    against, _ = _wanted(accept, other)
    return quality > against or (quality == against > 0 and exactness == 2)


def _wanted(accept: str, media: str) -> tuple[float, int]:
    """From 0 (not at all) to 1, and how exactly it is named: as `*/*` 0, as `type/*` 1, by its name 2."""
    ranges = ("*/*", f"{media.partition('/')[0]}/*", media)
    found = (0.0, -1)
    for name, quality in _ranges(accept):
        if name in ranges and ranges.index(name) > found[1]:
            found = quality, ranges.index(name)
    return found


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for element in _ELEMENT.findall(accept.lower()):
        name, *parameters = (piece.strip() for piece in _PARAMETER.findall(element) or [""])
        yield name, _quality(parameters)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(0.0, float(value)), 1.0)
            except ValueError:
                return 0.0
    return 1.0
