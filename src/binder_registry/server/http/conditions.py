"""Conditions of a request (RFC 9110, 13): the states that it was decided on, and those that it must not meet.

An ETag is a position, which is unique to its state. A weak one, or one to which a proxy appended a content coding, is
the same state.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import Struct

from ...changes import Position
from ...errors import ErrorHint, InvalidRequest, RevisionConflict, RevisionRequired
from .requests import HTTPRequest, position_of

_ITEM = re.compile(r'[ \t]*((?:W/)?"[^"]*"|[^\s",]*)[ \t]*(?:,|$)')
_OPAQUE = re.compile(r'(?:W/)?"[^"]*"')
_OF_A_CHANNEL = re.compile(r'(?:W/)?"[0-9]{1,19}-[0-9a-f]{16}-[a-z][a-z0-9.;-]*"')  # nothing is written over that


class Tags(Struct, frozen=True):
    """What `If-Match` or `If-None-Match` names: `whatever` is `*`."""

    positions: tuple[Position, ...] = ()
    whatever: bool = False

    def name(self, position: Position, *, lives: bool) -> bool:
        """Whether they name the state at `position`. Revision 0 names what is not there, a tombstone too."""
        if self.whatever:
            return lives
        states = [position] if lives else [position, Position(0)]
        return any(named.agrees(state) for named in self.positions for state in states)


class Conditions(Struct, frozen=True):
    """None is a header that the request does not have. `unmodified_since` counts only without `match`."""

    match: Tags | None = None
    none_match: Tags | None = None
    unmodified_since: datetime | None = None

    def check(self, position: Position, time: datetime | None, *, lives: bool = True, what: str = "template") -> None:
        """`time`: when the state at `position` was written, None where it never was. Raises `RevisionConflict`."""
        if self.match is not None:
            if not self.match.name(position, lives=lives):
                raise _conflict("If-Match", f"The {what} was changed since it was read", position)
        elif self.unmodified_since and time and time.replace(microsecond=0) > self.unmodified_since:
            raise _conflict("If-Unmodified-Since", f"The {what} was changed since that time", position)
        if self.none_match is not None and self.none_match.name(position, lives=lives):
            raise _conflict("If-None-Match", "There is what If-None-Match excludes", position)


def conditions(request: HTTPRequest, *, required: bool = False) -> Conditions:
    """Raises `InvalidRequest`; `RevisionRequired` without `If-Match`, where that is `required`."""
    names = (b"if-match", b"if-none-match", b"if-unmodified-since")
    return conditions_of(*(request.joined(name) for name in names), required=required)


def conditions_of(
    match: str | None, none_match: str | None, since: str | None = None, *, required: bool = False
) -> Conditions:
    """Of the values of `If-Match`, `If-None-Match` and `If-Unmodified-Since`."""
    if match is None and required:
        raise RevisionRequired(errors=[ErrorHint("Request", "If-Match", "missing")])
    if match is None and none_match is None and since is None:
        return NONE
    return Conditions(
        None if match is None else _tags(match, "If-Match"),
        None if none_match is None else _tags(none_match, "If-None-Match"),
        None if since is None else _date(since, "If-Unmodified-Since"),
    )


NONE = Conditions()


def check_read(request: HTTPRequest, tag: bytes) -> None:
    """`If-Match` of a read, whose state has this ETag. Raises `RevisionConflict`."""
    match = request.joined(b"if-match")
    if match is not None:
        Conditions(_tags(match, "If-Match")).check(position_of(tag.decode(), "ETag"), None)


def check_read_of_tags(
    request: HTTPRequest, tags: Iterable[bytes], position: Position, *, what: str = "The template was"
) -> None:
    """The same, of what has ETags that are no positions."""
    match = request.joined(b"if-match")
    if match is None or match.strip() == "*":
        return
    given = {item.removeprefix("W/").encode("latin-1") for item in _items(match, "If-Match")}
    if given.isdisjoint(tags):
        raise _conflict("If-Match", f"{what} changed since it was read", position)


def _conflict(header: str, message: str, position: Position) -> RevisionConflict:
    return RevisionConflict(message, [ErrorHint("Request", header, "invalid")], current=str(position))


def _tags(text: str, header: str) -> Tags:
    if text.strip() == "*":
        return Tags(whatever=True)
    positions, items = [], list(_items(text, header))
    for item in items:
        try:
            positions.append(position_of(item, header))
        except InvalidRequest:
            # A tag that is not ours is none of our states: among others it says nothing, and to avoid it is no mistake.
            # To go on from it alone is one.
            alone = header == "If-Match" and len(items) == 1
            if not _OPAQUE.fullmatch(item) or (alone and not _OF_A_CHANNEL.fullmatch(item)):
                raise
    return Tags(tuple(positions))


def _items(text: str, header: str) -> Iterator[str]:
    at, some = 0, False
    while at < len(text):
        found = _ITEM.match(text, at)
        if found is None:
            break
        at = found.end()
        if found[1]:
            some = True
            yield found[1]
    if at < len(text) or not some:
        raise InvalidRequest.parameter(header, "must be ETags, a revision or *")


def _date(text: str, header: str) -> datetime:
    try:
        if text.count(",") > 1:  # two dates, of which Python would take the first
            raise ValueError
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for numbers that no clock shows
        raise InvalidRequest.parameter(header, "must be a date such as Sun, 06 Nov 1994 08:49:37 GMT") from None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
