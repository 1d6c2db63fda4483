"""The newest changes in one ring, from which every event stream reads at a place of its own.

A stream holds no queue: a reader that takes nothing costs the server one revision number.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from ...changes import Action, Change, Position
from ...interpreter import Held
from ..limits import Limits
from .change_filter import Filter
from .channel_feed import told
from .entries import State
from .events import Event, NearPage, Piece, Render, Rows, event_of, framed, page_body
from .kept import Kept

PIECE = 1000  # changes, at most, that are looked at, and sent, in one go
WAKE_SECONDS = 0.05  # at most every so often streams wake, and send what is new in one piece
QUICK = 50  # changes that are looked through without waiting for a turn
MEET = 64  # readers at different places meet at multiples of it, and are sent the same pieces from there on
AT_ONCE = 5  # streams woken in one turn of the loop, so that a write is not answered after a thousand of them
YIELD_SECONDS = 0.001  # between two such turns while a write is under way: its thread needs the interpreter


class EventRing:
    """`writing` says whether a write is under way; every `heartbeat` seconds all that sleep are woken."""

    def __init__(
        self, position: Position, *, writing: Callable[[], bool], render: Render, heartbeat: float, limits: Limits
    ) -> None:
        self._writing, self._render, self._heartbeat_seconds, self._limits = writing, render, heartbeat, limits
        self.closed = False
        self.beats = 0  # heartbeats until now
        self.epoch = 0  # grows when another log takes the place of this one: a stream of before is to end
        self._ring: deque[Event] = deque()
        self._size = 0  # bytes of all events
        self._purges = 0
        self._begins = self.newest = position  # what comes before the first event of the ring, and its last one
        self._sleeping: dict[asyncio.Future[bool], None] = {}  # streams
        self._polling: dict[asyncio.Future[bool], None] = {}  # who sleeps through heartbeats
        self._loop = asyncio.get_running_loop()
        self._wake_at: asyncio.TimerHandle | None = None
        self._heartbeat = self._loop.call_later(self._heartbeat_seconds, self._beat)
        self._rows = Kept[bytes](limits.rendered_bytes // 2)
        self._pieces = Kept[Piece](limits.rendered_bytes // 4)  # what unfiltered readers are sent next, if more follows
        self._ends = Kept[Piece](limits.rendered_bytes // 8)  # and if it is all there is
        self._pages = Kept[NearPage](limits.rendered_bytes // 8)

    @property
    def streams(self) -> int:
        return len(self._sleeping)

    @property
    def unchanged(self) -> tuple[int, int]:
        """As long as this is the same, so is what was read of the past."""
        return self.epoch, self._purges

    @property
    def rendered(self) -> int:
        """Bytes of what is kept rendered."""
        return self._rows.size + self._pieces.size + self._ends.size + self._pages.size

    @property
    def most(self) -> int:
        return self._limits.ring_changes

    def publish(self, changes: Sequence[tuple[Change, State | None, State | None]]) -> None:
        """Each with what there was before it, and after it."""
        most = self._limits.ring_changes
        passed_over = changes[:-most]  # more than the ring holds
        if passed_over:
            self._purges += sum(change.action is Action.PURGED for change, _, _ in passed_over)
            self._clear()
            self._begins = self.newest = passed_over[-1][0].position
        self.take([event_of(*shown) for shown in changes[-most:]])

    def take(self, events: Sequence[Event]) -> None:
        """Of changes that follow; no more than there is room for."""
        newest, purged = self.newest, Action.PURGED
        for event in events:
            change = event.change
            if change.action is purged:
                self._purges += 1
                self._clear()  # it may hold what was purged: older events are read from the store again
                self._begins = newest
            self._ring.append(event)
            self._size += event.size
            newest = change.position
        self._make_room()
        self._show(newest)

    def take_group(self, begins: Position, events: deque[Event], size: int) -> list[Held]:
        """The same, of many, with the bytes of them all: in little time, however many they are. What comes up to
        `begins` and is not here is for the store. None is a purge. Gives what gave way, for others to clear away."""
        gone, newest = list[Held](), events[-1].change.position
        if begins.revision > self.newest.revision or len(events) >= self.most:
            gone = self._clear()
            self._ring, self._size, self._begins = events, size, begins
        else:
            self._ring.extend(events)
            self._size += size
        gone.append(self._make_room())
        self._show(newest)
        return gone

    def _make_room(self) -> list[Event]:
        """Gives what gave way."""
        most_bytes, most, ring, size = self._limits.ring_bytes, self.most, self._ring, self._size
        gone = list[Event]()
        while size > most_bytes or len(ring) > most:
            oldest = ring.popleft()
            size -= oldest.size
            gone.append(oldest)
        if gone:
            self._size, self._begins = size, gone[-1].change.position
        return gone

    def _show(self, newest: Position) -> None:
        self.newest = newest
        self._ends.clear()
        self._pages.clear()
        if self._sleeping or self._polling:
            self._wake_soon()

    def reset(self, position: Position) -> None:
        """Another log has taken the place of this one: all streams end, and their readers start over."""
        self.epoch += 1
        self._clear()
        self._begins = self.newest = position
        self._rouse_all(new=True)

    def close(self) -> None:
        self.closed = True
        self._heartbeat.cancel()
        if self._wake_at:
            self._wake_at.cancel()
        sleeping = [*self._sleeping, *self._polling]
        self._rouse(sleeping, new=False, at_once=len(sleeping))

    def holds(self, position: Position) -> bool:
        """Whether the ring goes on from `position`, and its mark is the one of this log."""
        behind = self.newest.revision - position.revision
        if not 0 <= behind <= len(self._ring):
            return False
        return position.agrees(self._begins if behind == len(self._ring) else self._ring[-behind - 1].change.position)

    def rows_after(
        self, position: Position, *, by: bool, chosen: Filter, limit: int = PIECE, most: int = PIECE
    ) -> Rows | None:
        """At most `limit` of the next `most`, and no more than a piece has bytes, but at least one; None before the
        ring begins."""
        behind = self.newest.revision - position.revision
        if not 0 <= behind <= len(self._ring):
            return None
        first = len(self._ring) - behind
        rows, reached, size = list[tuple[Position, bytes]](), position, 0
        for event in islice(self._ring, first, first + most):
            reached = event.change.position
            if chosen.channel:
                found = told(chosen, event.change, *event.in_channel(chosen.channel))
                if not found:
                    continue
                row = self._row(found[0], by=by, deleted=found[1], channel=chosen.channel)
            else:
                how = chosen.sent(event.change, event.labels_before, event.labels)
                if not how:
                    continue
                row = self._row(event.change, by=by, deleted=how == "deleted")
            rows.append((reached, row))
            size += len(rows[-1][1])
            if size >= self._limits.piece_bytes or len(rows) >= limit:
                break
        return Rows(rows, reached, more=reached.revision < self.newest.revision)

    def is_far_behind(self, position: Position) -> bool:
        """Whether there is so much to look through, or to send, that it takes a turn of its own."""
        return self.newest.revision - position.revision > QUICK

    def piece_after(self, position: Position, *, by: bool, chosen: Filter) -> Piece | None:
        """What to send to a reader that has everything up to `position`, and the position it has then."""
        key = (position.revision, by)
        if chosen.everything and (kept := self._pieces.get(key) or self._ends.get(key)):
            return kept
        most = MEET - position.revision % MEET if chosen.everything else PIECE
        rows = self.rows_after(position, by=by, chosen=chosen, most=most)
        if rows is None:
            return None
        piece = b"".join([framed(place, row) for place, row in rows.changes]), rows.reached
        if chosen.everything:
            (self._pieces if rows.more else self._ends).keep(key, piece, len(piece[0]))
        return piece

    def page_after(self, position: Position, *, by: bool, chosen: Filter, limit: int) -> NearPage | None:
        """What a poll is answered: one body for all that ask the same."""
        key = (position.revision, by, limit, chosen.key)
        if kept := self._pages.get(key):
            return kept
        rows = self.rows_after(position, by=by, chosen=chosen, limit=limit)
        if rows is None:
            return None
        page = NearPage(page_body([row for _, row in rows.changes]), len(rows.changes), rows.reached, rows.more)
        self._pages.keep(key, page, len(page.body))
        return page

    async def changed(self, revision: int) -> bool:
        """Sleep until there is something after `revision` (True), or it is time for a heartbeat (False)."""
        if self.closed:
            return True
        sleeper = self._sleeper(revision, self._sleeping)
        try:
            return await sleeper
        except asyncio.CancelledError:
            self._sleeping.pop(sleeper, None)
            raise

    async def news(self, revision: int, seconds: float, leaves: "asyncio.Future[None]", *, beats: bool) -> None:
        """Sleep until there is something after `revision`, for at most `seconds`, or until the reader leaves.

        `beats`: or until it is time for a heartbeat, at which who reads is looked at again.
        """
        if self.closed:
            return
        among = self._sleeping if beats else self._polling
        sleeper = self._sleeper(revision, among)
        try:
            await asyncio.wait((sleeper, leaves), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            among.pop(sleeper, None)

    def _sleeper(self, revision: int, among: dict["asyncio.Future[bool]", None]) -> "asyncio.Future[bool]":
        if self.newest.revision > revision:
            self._wake_soon()
        sleeper: asyncio.Future[bool] = self._loop.create_future()
        among[sleeper] = None
        return sleeper

    def _row(self, change: Change, *, by: bool, deleted: bool, channel: str = "") -> bytes:
        key = (change.revision, by, deleted, channel)
        row = self._rows.get(key)
        if row is None:
            row = self._render(change, by=by, deleted=deleted)
            self._rows.keep(key, row, len(row))
        return row

    def _clear(self) -> list[Held]:
        """Gives what there was."""
        held, self._ring, self._size = [*self._ring], deque(), 0
        return [held, self._rows.clear(), self._pieces.clear(), self._ends.clear(), self._pages.clear()]

    def _beat(self) -> None:
        self.beats += 1
        self._heartbeat = self._loop.call_later(self._heartbeat_seconds, self._beat)
        self._rouse(self._taken(self._sleeping), new=False, at_once=AT_ONCE)

    def _wake_soon(self) -> None:
        if self._wake_at is None:
            self._wake_at = self._loop.call_later(WAKE_SECONDS, self._wake)

    def _wake(self) -> None:
        self._wake_at = None
        self._rouse_all(new=True)

    def _rouse_all(self, *, new: bool) -> None:
        self._rouse([*self._taken(self._sleeping), *self._taken(self._polling)], new=new, at_once=AT_ONCE)

    @staticmethod
    def _taken(among: dict["asyncio.Future[bool]", None]) -> list["asyncio.Future[bool]"]:
        sleeping = list(among)
        among.clear()
        return sleeping

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
