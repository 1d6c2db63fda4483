"""The newest changes in one ring, from which every event stream reads at a place of its own.

A stream holds no queue: a reader that takes nothing costs the server one revision number.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from itertools import islice
from typing import Protocol

from ...changes import Action, Change, Position
from .change_filter import Filter
from .read_model import Entry

PIECE = 1000  # changes, at most, that are sent in one go
RING = 10_000  # changes; a stream that fell behind them reads on from the store
WAKE_SECONDS = 0.05  # at most every so often streams wake, and send what is new in one piece
AT_ONCE = 5  # streams woken in one turn of the loop, so that a write is not answered after a thousand of them
YIELD_SECONDS = 0.001  # between two such turns while a write is under way: its thread needs the interpreter

Piece = tuple[bytes, Position]  # what to send, and the position that the reader has then


class Render(Protocol):
    """The bytes of one event; `deleted` for a reader whose selector the template left."""

    def __call__(self, change: Change, *, by: bool, deleted: bool = False) -> bytes: ...


class Event:
    """One change, rendered once for each kind of reader."""

    def __init__(self, change: Change, before: Entry | None, render: Render) -> None:
        self.change = change
        self._before = before
        self._render = render

    @cached_property
    def with_by(self) -> bytes:
        return self._render(self.change, by=True)

    @cached_property
    def without_by(self) -> bytes:
        return self._render(self.change, by=False)

    def for_reader(self, chosen: Filter, *, by: bool) -> bytes:
        sent = chosen.sent(self.change, self.labels_before)
        if sent == "deleted":
            return self._render(self.change, by=by, deleted=True)
        return b"" if not sent else self.with_by if by else self.without_by

    def labels_before(self) -> dict[str, str] | None:
        return self._before.words.labels if self._before and not self._before.deleted else None


class EventRing:
    """`writing` says whether a write is under way; every `heartbeat` seconds all that sleep are woken."""

    def __init__(self, position: Position, *, writing: Callable[[], bool], render: Render, heartbeat: float) -> None:
        self._writing, self._render, self._heartbeat_seconds = writing, render, heartbeat
        self.closed = False
        self.epoch = 0  # grows when another log takes the place of this one: a stream of before is to end
        self._ring: deque[Event] = deque(maxlen=RING)
        self._purges = 0
        self._begins = self.newest = position  # what comes before the first event of the ring, and its last one
        self._sleeping: list[asyncio.Future[bool]] = []
        self._loop = asyncio.get_running_loop()
        self._wake_at: asyncio.TimerHandle | None = None
        self._heartbeat = self._loop.call_later(self._heartbeat_seconds, self._beat)
        self._pieces: dict[tuple[int, bool], Piece] = {}  # what unfiltered readers are sent next

    @property
    def streams(self) -> int:
        return len(self._sleeping)

    @property
    def unchanged(self) -> tuple[int, int]:
        """As long as this is the same, so is what was read of the past."""
        return self.epoch, self._purges

    def publish(self, changes: Sequence[tuple[Change, Entry | None]]) -> None:
        passed_over = changes[:-RING]  # more than the ring holds
        if passed_over:
            self._purges += sum(change.action is Action.PURGED for change, _ in passed_over)
            self._ring.clear()
            self._begins = self.newest = passed_over[-1][0].position
        for change, before in changes[-RING:]:
            if change.action is Action.PURGED:
                self._purges += 1
                self._ring.clear()  # it may hold what was purged: older events are read from the store again
                self._begins = self.newest
            elif len(self._ring) == self._ring.maxlen:
                self._begins = self._ring[0].change.position
            self._ring.append(Event(change, before, self._render))
            self.newest = change.position
        self._pieces.clear()
        if self._sleeping:
            self._wake_soon()

    def reset(self, position: Position) -> None:
        """Another log has taken the place of this one: all streams end, and their readers start over."""
        self.epoch += 1
        self._ring.clear()
        self._pieces.clear()
        self._begins = self.newest = position
        self._rouse_all(new=True)

    def close(self) -> None:
        self.closed = True
        self._heartbeat.cancel()
        if self._wake_at:
            self._wake_at.cancel()
        self._rouse(self._sleeping, new=False, at_once=len(self._sleeping))
        self._sleeping = []

    def holds(self, position: Position) -> bool:
        """Whether the ring goes on from `position`, and its mark is the one of this log."""
        behind = self.newest.revision - position.revision
        if not 0 <= behind <= len(self._ring):
            return False
        return position.agrees(self._begins if behind == len(self._ring) else self._ring[-behind - 1].change.position)

    def events_after(self, revision: int, limit: int = RING) -> Sequence[Event] | None:
        """None where the ring no longer reaches back so far."""
        behind = self.newest.revision - revision
        if behind > len(self._ring):
            return None
        first = len(self._ring) - behind
        return list(islice(self._ring, first, first + limit)) if behind > 0 else []

    def piece_after(self, position: Position, *, by: bool, chosen: Filter) -> Piece | None:
        """What to send to a reader that has everything up to `position`, and the position it has then."""
        key = (position.revision, by)
        if chosen.everything and key in self._pieces:
            return self._pieces[key]
        events = self.events_after(position.revision, PIECE)
        if events is None:
            return None
        piece = b"".join(event.for_reader(chosen, by=by) for event in events)
        found = (piece, events[-1].change.position if events else position)
        if chosen.everything:
            self._pieces[key] = found
        return found

    async def changed(self, revision: int) -> bool:
        """Sleep until there is something after `revision` (True), or it is time for a heartbeat (False)."""
        if self.closed:
            return True
        if self.newest.revision > revision:
            self._wake_soon()
        sleeper: asyncio.Future[bool] = self._loop.create_future()
        self._sleeping.append(sleeper)
        return await sleeper

    def _beat(self) -> None:
        self._heartbeat = self._loop.call_later(self._heartbeat_seconds, self._beat)
        self._rouse_all(new=False)

    def _wake_soon(self) -> None:
        if self._wake_at is None:
            self._wake_at = self._loop.call_later(WAKE_SECONDS, self._wake)

    def _wake(self) -> None:
        self._wake_at = None
        self._rouse_all(new=True)

    def _rouse_all(self, *, new: bool) -> None:
        sleeping, self._sleeping = self._sleeping, []
        self._rouse(sleeping, new=new, at_once=AT_ONCE)

    def _rouse(self, sleeping: list["asyncio.Future[bool]"], *, new: bool, at_once: int) -> None:
        for sleeper in sleeping[:at_once]:
            if not sleeper.done():
                sleeper.set_result(new)
        if len(sleeping) <= at_once:
            return
        rest = partial(self._rouse, sleeping[at_once:], new=new, at_once=at_once)
        if self._writing():
            self._loop.call_later(YIELD_SECONDS, rest)
        else:
            self._loop.call_soon(rest)
