"""Numbers and texts of a file of values, as its author meant them. Pure.

A number that a loader read from another spelling than Python's own may have it as its attribute `written`: `1.10` is
1.1 then, `0512` is 330 and `1:30` is 90.
"""

import math
import re
from collections.abc import Mapping
from reprlib import repr as short
from typing import Any

from ..quantities import parse_cpus, parse_memory

_OLD_YAML = re.compile(r"[-+]?0[0-9_]+|.*:.*")  # octal, base 60


class WrittenInt(int):
    written: str


class WrittenFloat(float):
    written: str


def written(value: Any) -> str:
    return str(getattr(value, "written", value))


def text_of(value: Any, *, exact: bool = False) -> str:
    """A text, number or truth as text. Raises `ValueError`.

    `exact`: only what reads as it was written, and no truth.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) and not exact:
        return str(value).lower()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{short(value)} is not a text")
    if exact and misread(value):
        raise ValueError(misread(value))
    return str(value)


def misread(value: Any) -> str:
    """What to say of a number that is not the text that stands in the file, else nothing."""
    return f"{written(value)} is read as {value}: write it in quotes" if written(value) != str(value) else ""


def memory(value: Any) -> int:
    """Bytes; units are powers of 1024, as KubeSpawner has them. Raises `ValueError`."""
    return parse_memory(value if isinstance(value, str) else str(int(_number(value))))


def cpus(value: Any) -> int | float:
    """Raises `ValueError`."""
    number = parse_cpus(value) if isinstance(value, str) else _number(value)
    return int(number) if number == int(number) else float(number)


def whole(value: Any) -> int:
    """A port, or a count of devices. Raises `ValueError`."""
    number = cpus(value)
    if not isinstance(number, int):
        raise ValueError(f"{value!r} is not a whole number")
    return number


def image_reference(value: Any) -> tuple[str, str]:
    """An image, given as text or as `name` and `tag`, and what to say of its tag. Raises `ValueError`."""
    if isinstance(value, str) and value.strip():
        return value.strip(), ""
    if not isinstance(value, Mapping) or not value.get("name"):
        raise ValueError("is not an image")
    name, tag = value["name"], value.get("tag")
    if isinstance(name, bool) or isinstance(tag, bool):
        raise ValueError("has a name or tag that is read as true or false: write it in quotes")
    if tag is None or tag == "":
        return text_of(name), ""
    return f"{text_of(name)}:{text_of(tag)}", misread(tag)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(f"{short(value)} is not a number from 0")
    if _OLD_YAML.fullmatch(written(value)):
        raise ValueError(f"{written(value)} is read as {value} by YAML, which nobody means")
    return value
