"""What may be asked of a new token, and what is refused."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from .auth import Reach, Scope
from .errors import InvalidRequest, MissingScope
from .globs import parse_glob
from .lengths import MOST_TOKEN_GLOBS, NOTE_BYTES, TOKEN_NAME_LENGTH
from .selector import parse_selector

DAY = 86_400  # seconds
DEFAULT_DAYS, MOST_DAYS = 90, 366
LONGEST_GRACE = 30 * DAY  # of the secret before
NAME = rf"[a-z0-9-]{{1,{TOKEN_NAME_LENGTH}}}"
_NAME = re.compile(NAME)


class NewToken(Struct, frozen=True):
    """What is asked for. `seconds` None: as long as is usual, or as whoever makes it may give."""

    name: str
    scopes: tuple[str, ...]
    templates: tuple[str, ...] = ()
    labels: str = ""
    note: str = ""
    seconds: int | None = None


def check_new(new: NewToken, held: frozenset[Scope], longest: int) -> None:
    """`held` are the scopes of who makes it, `longest` the seconds that it may last. Raises `InvalidRequest`,
    `MissingScope`."""
    if not _NAME.fullmatch(new.name):
        problem = f"must have 1 to {TOKEN_NAME_LENGTH} characters: a to z, digits and -"
        raise InvalidRequest.parameter("name", problem)
    if "\0" in new.note or not _is_text(new.note) or len(new.note.encode()) > NOTE_BYTES:
        raise InvalidRequest.parameter("note", f"must be a text of at most {NOTE_BYTES} bytes, without NUL characters")
    if not new.scopes:
        raise InvalidRequest.parameter("scopes", f"must name at least one of {', '.join(Scope)}")
    for scope in new.scopes:
        if scope not in set(Scope):
            raise InvalidRequest.parameter("scopes", f"{scope[:100]!r} is none of {', '.join(Scope)}")
        if scope not in held:
            raise MissingScope.of(scope)
    if len(new.templates) > MOST_TOKEN_GLOBS:
        raise InvalidRequest.parameter("templates", f"must not hold more than {MOST_TOKEN_GLOBS} globs")
    for glob in new.templates:
        if not glob or not _is_text(glob):
            raise InvalidRequest.parameter("templates", "must be globs of names")
        parse_glob(glob, "templates")
    reach_of((), new.labels)
    if new.seconds is not None and not 1 <= new.seconds <= longest:
        days = f", {longest // (DAY // 100) / 100:g} days" if longest >= DAY else ""  # as people ask for it
        raise InvalidRequest.parameter("expires-in", f"must be a whole number of seconds, from 1 to {longest}{days}")


def reach_of(templates: Sequence[str], labels: str) -> Reach:
    """Raises `InvalidRequest` for what is no label selector."""
    requirements = parse_selector(labels, parameter="labels") if labels else ()
    return Reach((tuple(templates),) if templates else (), tuple(requirements))


def read_new(members: dict[str, Any]) -> NewToken:
    """From the members of a JSON object. Raises `InvalidRequest`."""
    return NewToken(
        _of_type(members, "name", str, "a string"),
        _texts(members, "scopes"),
        _texts(members, "templates"),
        _of_type(members, "labels", str, "a label selector", ""),
        _of_type(members, "note", str, "a string", ""),
        _of_type(members, "expires-in", int, "a whole number of seconds", None),
    )


MEMBERS = ("name", "note", "scopes", "templates", "labels", "expires-in")
_NEEDED: Any = object()


def _of_type(members: dict[str, Any], name: str, kind: type, what: str, default: Any = _NEEDED) -> Any:
    found = members.get(name)
    if found is None and default is not _NEEDED:
        return default
    if type(found) is not kind:
        raise InvalidRequest.parameter(name, f"must be {what}")
    return found


def _texts(members: dict[str, Any], name: str) -> tuple[str, ...]:
    found = members.get(name)
    if found is None:
        return ()
    if type(found) is not list or not all(type(text) is str for text in found):  # an object is a list of pairs
        raise InvalidRequest.parameter(name, "must be a list of strings")
    return tuple(_each_once(found))


def _each_once(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _is_text(text: str) -> bool:
    """Not half of a surrogate pair, which no database keeps."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
