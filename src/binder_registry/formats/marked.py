"""Values that remember where they stand in a file, and those that nobody knows before a program ran. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Text(str):
    __slots__ = ("file", "first", "line")

    file: str
    line: int
    first: int  # the line of its first character, which can be below the one that announces it

    @property
    def at(self) -> str:
        return f"{self.file}, line {self.line}"


class Unknown(Struct, frozen=True):
    """Of a custom tag, say, or of a call in Python."""

    what: str
    at: str
    lost: bool = False  # it was known, and others hold it now: what is added to it is lost too

    def __str__(self) -> str:
        return f"{self.at}: {self.what} cannot be known from the file"


def text_at(value: str, file: str, line: int, first: int = 0) -> Text:
    text = Text(value)
    text.file, text.line, text.first = file, line, first or line
    return text


def place_of(value: Any) -> str:
    return getattr(value, "at", "")


def unknowns(value: Any) -> list[Unknown]:
    """All that are within it, in their order, keys too."""
    if isinstance(value, Unknown):
        return [value]
    if isinstance(value, Mapping):
        return [found for pair in value.items() for part in pair for found in unknowns(part)]
    return [found for part in value for found in unknowns(part)] if isinstance(value, (list, tuple)) else []


def plain(value: Any, done: dict[int, Any] | None = None) -> Any:
    """Without marks, and without what is not known. Numbers go on to remember how they were written."""
    done = {} if done is None else done
    if isinstance(value, Text):
        return str(value)
    if not isinstance(value, (Mapping, list, tuple)):
        return value
    if id(value) not in done:  # aliases lead to the same again
        if isinstance(value, Mapping):
            done[id(value)] = {
                plain(key): plain(inner, done)
                for key, inner in value.items()
                if not isinstance(inner, Unknown) and not isinstance(key, Unknown)
            }
        else:
            done[id(value)] = [plain(inner, done) for inner in value if not isinstance(inner, Unknown)]
    return done[id(value)]
