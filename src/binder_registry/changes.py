"""The log's own values: a change, its action, a position, and the chain of marks."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

import msgspec
from msgspec import Struct, structs

from .channels import Promotion
from .errors import InvalidRequest, PositionUnknown, RevisionPurged
from .kept_members import promotion_of
from .lengths import LARGEST_INTEGER
from .template import Template
from .wire import decode_template

PAGE = 1000  # changes, or templates, of one read and, at most, of one answer
PAGE_BYTES = 4 * 1024**2  # of contents, of one read: a row more may be as large as it likes
MARK_BYTES = 8
DIGEST_BYTES = 16

_encode = msgspec.json.Encoder().encode
_digest, _mark = blake2b(digest_size=DIGEST_BYTES), blake2b(digest_size=MARK_BYTES)  # copied, which is quicker


class Action(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    RESTORED = "restored"
    DELETED = "deleted"  # a tombstone: holds the template that was deleted, and its `replaced-by`
    PURGED = "purged"  # an older change's content was blanked; carries the template unchanged
    PROMOTED = "promoted"  # a channel was pointed elsewhere, or ended; carries the template unchanged


ACTIONS = {action.value: action for action in Action}  # quicker than the enumeration, for each row at the start
_WORD = re.compile("[a-z]{1,64}")


def action_of(text: str) -> Action | str:
    """One that is not known stays its text: a newer release added it. Raises `ValueError` for what is no word."""
    known = ACTIONS.get(text)
    if known is None and not (isinstance(text, str) and _WORD.fullmatch(text)):
        raise ValueError(f"{text!r} is no action")
    return known or text


class Position(Struct, frozen=True, gc=False):
    """A place in one particular log: `<revision>-<mark in hex>`. People may leave the mark out; then it is empty."""

    revision: int
    mark: bytes = b""

    def __str__(self) -> str:
        return f"{self.revision}-{self.mark.hex()}" if self.mark else str(self.revision)

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Raises `InvalidRequest`."""
        revision, dash, mark = text.partition("-")
        try:
            if not (revision.isascii() and revision.isdigit() and len(revision) <= 19):
                raise ValueError
            position = cls(int(revision), bytes.fromhex(mark))
            if position.revision > LARGEST_INTEGER:
                raise ValueError
            if dash and (len(position.mark) != MARK_BYTES or mark != position.mark.hex()):
                raise ValueError
        except ValueError:
            raise InvalidRequest(f"{text[:100]!r} is not a position: <revision> or <revision>-<mark>") from None
        return position

    def agrees(self, other: "Position | int") -> bool:
        """Whether both name the same state, as far as they say."""
        if isinstance(other, int):
            return self.revision == other
        return self.revision == other.revision and (not self.mark or not other.mark or self.mark == other.mark)


class Head(Struct, frozen=True, gc=False):
    """The newest position of a log, and the time of its newest change (None in an empty log)."""

    revision: int
    mark: bytes
    time: datetime | None = None

    @property
    def position(self) -> Position:
        return Position(self.revision, self.mark)


class Change(Struct, frozen=True, gc=False):
    """One row of the log. `content` is the template's JSON (`wire.encode_template`), with `kept_members`; None when it
    was purged. An action that a newer release added is its text."""

    revision: int
    mark: bytes
    time: datetime
    by: str
    note: str
    action: Action | str
    name: str
    previous: int  # revision of the same template's change before; 0 for its first
    first: int  # first revision of the same apply
    deleted: bool  # the template is gone as of this change
    content: bytes | None
    digest: bytes  # of the content; outlives a purge, so that the mark still verifies

    @property
    def position(self) -> Position:
        return Position(self.revision, self.mark)

    @property
    def template(self) -> Template | None:
        """Decoded at each use; None when the content was purged."""
        return None if self.content is None else decode_template(self.content, self.revision)

    @property
    def promotion(self) -> Promotion | None:
        """What it did to a channel."""
        return promotion_of(self.content) if self.content and self.action == Action.PROMOTED else None

    def readable(self) -> Template:
        """The same. Raises `RevisionPurged`."""
        template = self.template
        if template is None:
            raise RevisionPurged
        return template


class Seen(Struct, frozen=True):
    """A state of the log that a writer knows without asking. `find` gives the newest change of a name, a tombstone too;
    when, by whom and what came before need not be in there. None: there never was one."""

    head: Head
    format: int
    find: Callable[[str], Change | None]
    asks: Callable[[str], bool] | None = None  # whether `find` would ask the log for a name, one by one
    others: Sequence[Change] = ()  # those that `followed_by` put in there

    def followed_by(self, others: Sequence[Change], head: Head, kept: int) -> "Seen | None":
        """The same with these behind it, up to `head`, in a log of the format `kept`; None where they are not all that
        there is, or are of another log."""
        mark = next_mark(self.head.mark, others[0]) if others else self.head.mark
        if mark != (others[0].mark if others else head.mark) or self.head.revision + len(others) != head.revision:
            return None
        newest, find, asks = {change.name: change for change in others}, self.find, self.asks
        return Seen(
            head,
            kept,
            lambda name: newest.get(name) or find(name),
            lambda name: name not in newest and asks is not None and asks(name),
            others,
        )


def head_after(rows: Sequence[Change], head: Head) -> Head:
    """The head of a log that ended with `head`, with these behind it."""
    return Head(rows[-1].revision, rows[-1].mark, rows[-1].time) if rows else head


Newest = tuple[str, int, bytes, bool, bytes | None]
"""Of the newest change of a name: the name, its revision and mark, whether it is a tombstone, and the content, which of
a tombstone is left out."""


def size_of(changes: Iterable[Change]) -> int:
    """Bytes of their contents."""
    return sum(len(change.content or b"") for change in changes)


def content_digest(content: bytes) -> bytes:
    digest = _digest.copy()
    digest.update(content)
    return digest.digest()


def next_mark(before: bytes, change: Change) -> bytes:
    """The mark of `change`, whose own mark is not looked at, in the chain after the mark `before`."""
    of, first = change, change.first
    row = of.revision, of.time, of.by, of.note, of.action, of.name, of.previous, first
    return mark_after(before, row, change.digest)


def mark_after(before: bytes, row: tuple[int, datetime, str, str, str, str, int, int], digest: bytes) -> bytes:
    """`row`: what `next_mark` looks at, in its order."""
    mark = _mark.copy()
    mark.update(before + _encode(row) + digest)
    return mark.digest()


def place(rows: Sequence[Change], head: Head) -> None:
    """Rows that have no revision, mark and `first` yet get those that they have as one group after `head`. They
    themselves do: to copy them takes as long as all else of it, and they are placed while others wait."""
    first, mark = head.revision + 1, head.mark
    give = structs.force_setattr
    for revision, row in enumerate(rows, first):
        of = revision, row.time, row.by, row.note, row.action, row.name, row.previous, first
        mark = mark_after(mark, of, row.digest)
        give(row, "revision", revision)
        give(row, "mark", mark)
        give(row, "first", first)


def chained(before: bytes, change: Change) -> Change:
    return structs.replace(change, mark=next_mark(before, change))


def known_position(position: Position | int, mark_at: bytes | None) -> int:
    """The revision of `position`, when the log's mark there (None: no such revision) agrees.

    Raises `PositionUnknown`.
    """
    if isinstance(position, int):
        position = Position(position)
    if mark_at is None or (position.mark and position.mark != mark_at):
        raise PositionUnknown(f"The position {position} is not in this log: list again, then follow from there")
    return position.revision
