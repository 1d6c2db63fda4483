"""One change as an event, and what its readers are sent: rows, pieces of a stream, pages."""

from typing import Protocol

from msgspec import Struct

from ...changes import Change, Position
from .channels import ChannelsEntry, InState, in_channel
from .entries import Entry, State, words_of

EVENT_BYTES = 1000  # of memory, that an event takes beside contents

Piece = tuple[bytes, Position]  # what to send, and the position that the reader has then


class Render(Protocol):
    """The row of one change; `deleted` for a reader whose selector the template left."""

    def __call__(self, change: Change, *, by: bool, deleted: bool = False) -> bytes: ...


class Event(Struct, eq=False, gc=False):
    """One change, with the state of its template before; and after, where that has channels. `event_of` makes it."""

    change: Change
    size: int
    before: Entry | None = None  # where it was not deleted
    after: ChannelsEntry | None = None
    _labels: dict[str, str] | None = None
    _labels_before: dict[str, str] | None = None

    def show(self, after: State | None) -> None:
        if isinstance(after, ChannelsEntry):
            self.after = after
            self.size += after.size

    def in_channel(self, channel: str) -> tuple[InState, InState]:
        """What the channel showed before, and shows after it."""
        return in_channel(self.before, channel), in_channel(self.after, channel)

    def labels(self) -> dict[str, str]:
        if self._labels is None:
            self._labels = words_of(self.change.content).labels if self.change.content else {}
        return self._labels

    def labels_before(self) -> dict[str, str] | None:
        if self._labels_before is None and self.before:
            self._labels_before = words_of(self.before.content).labels
        return self._labels_before


def event_of(change: Change, before: State | None, after: State | None = None) -> Event:
    size = EVENT_BYTES + len(change.content or b"")
    if before is None or not isinstance(before, Entry):
        event = Event(change, size)
    else:
        event = Event(
            change, size + len(before.body) + (before.size if isinstance(before, ChannelsEntry) else 0), before
        )
    if after is not None:
        event.show(after)
    return event


class Rows(Struct):
    """What reaches a reader of some events in a row; `more` says whether the ring goes on behind `reached`."""

    changes: list[tuple[Position, bytes]]
    reached: Position
    more: bool


class NearPage(Struct):
    body: bytes
    count: int
    reached: Position
    more: bool


def page_body(rows: list[bytes]) -> bytes:
    return b'{"changes":[%b]}\n' % b",".join(rows)


def framed(position: Position, row: bytes) -> bytes:
    """A row as an event of a stream."""
    return b"id: %b\ndata: %b\n\n" % (str(position).encode(), row)
