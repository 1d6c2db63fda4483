"""The body of every error, kept so small that nobody can make it large."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

HINTS = 100  # of one error; what else is wrong is counted
HINTS_BYTES = 32 * 1024
MESSAGE_LENGTH = 4096  # characters
FIELD_LENGTH = 400  # characters of a hint: longer than the path of a label, whatever it is within

HintCode = Literal["missing", "missing_field", "invalid", "already_exists"]


class ErrorHint(Struct, frozen=True):
    """Where an error lies. `code` is one of GitHub's, which 2015 mirrored: see `HintCode`."""

    resource: str = ""
    field: str = ""
    code: str = ""


class APIErrorResponse(Exception):
    """The body of every error: `{"message": …}`, and `errors`, a list of hints, when there are any."""

    def __init__(self, message: str, errors: Sequence[ErrorHint] = ()) -> None:
        self.errors = _first(errors)
        left_out = len(errors) - len(self.errors)
        self.message = _shortened(message, MESSAGE_LENGTH) + (f"; and {left_out} more" if left_out else "")
        super().__init__(self.message)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, APIErrorResponse):
            return NotImplemented
        return (type(self), self.message, self.errors) == (type(other), other.message, other.errors)

    def __hash__(self) -> int:
        return hash((type(self), self.message, self.errors))


def _first(errors: Sequence[ErrorHint]) -> tuple[ErrorHint, ...]:
    """So many that a body stays small, whoever sent a million faults or a field of a megabyte."""
    found: list[ErrorHint] = []
    room = HINTS_BYTES
    for hint in errors[:HINTS]:
        field = _shortened(hint.field, FIELD_LENGTH)
        plain = field.isascii() and field.isprintable() and not any(mark in field for mark in '<>&"\\')
        room -= (len(field) if plain else 6 * len(field)) + 60  # as JSON, at most
        if found and room < 0:
            break
        found.append(replace(hint, field=field))
    return tuple(found)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
