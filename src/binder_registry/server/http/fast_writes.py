"""Hands a plain write to the writer before any of the ordinary machinery runs.

As the fast path of reads: it takes a request only when the connection is idle, when the bytes are exactly one request
whose every header is known, and when nothing is wrong with it that can be seen before the commit. All else goes to the
ordinary path untouched, which alone says what is wrong. `tests/server/test_fast_writes.py` compares the two.
"""

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, ClassVar, Protocol

from ...auth import Identity
from ...errors import TooBusy
from .access_log import told, word
from .bounded import BoundedProtocol
from .deadlines import BODY, PATIENCE
from .plain_writes import Beginnings, PlainWrite
from .replies import expiry_line
from .write_heads import LONGEST_HEAD, MOST_HEADS, NOT_PLAIN, FirstLine, WriteHead, write_head


class Writes(Protocol):
    """What becomes of a plain write: above HTTP, and handed in."""

    first_line: FirstLine

    def who(self, token: str) -> Identity | None:
        """Who may write, without waiting for anybody; None where that is not so, or cannot be told."""
        ...

    def stays(self, token: str, who: Identity) -> Callable[[], bool] | None:
        """See `auth.stays`."""
        ...

    def begin(self, write: PlainWrite, named: bytes | None, head: WriteHead, body: bytes) -> bool:
        """Hand it to the writer, which will resolve it; False where it must take the ordinary path."""
        ...


class WritingProtocol(BoundedProtocol):
    """`writes` None: every write takes the ordinary path."""

    writes: ClassVar[Writes | None] = None
    heads: ClassVar[dict[bytes, WriteHead]]  # remembered, by their bytes
    beginnings: ClassVar[Beginnings]

    _begun = b""  # a plain head and the beginning of its body: most clients send the two in two pieces
    _begun_at = 0.0
    _who: Identity | None = None  # who wrote last,
    _from = b""  # from where,
    told_who = b""  # what the access log says of them,
    ends = b""  # and the header that says when their token ends

    def data_received(self, data: bytes) -> None:
        if self._begun:
            begun, self._begun = self._begun, b""
            if not self._take(begun + data, begun=len(begun)):
                self._hand_over(begun, data)
        elif not (self.idle and self.writes and data[:1] in b"PD" and self._take(data)):
            super().data_received(data)

    def at_limit(self) -> bool:
        limit = self.limit_concurrency
        return limit is not None and (len(self.connections) >= limit or len(self.tasks) >= limit)

    def _take(self, data: bytes, *, begun: int = 0) -> bool:
        """Whether this was taken, as a whole or until the rest of its body comes. `begun`: bytes of it that were taken
        before."""
        writes: Any = self.writes
        first_line: FirstLine = writes.first_line
        if data.startswith(first_line.post):
            method, name, at = b"POST", None, first_line.post_ends
        elif first := first_line.to_name(data):
            method, name = first.groups()
            at = first.end()
        else:
            return False
        end = data.find(b"\r\n\r\n", at, at + LONGEST_HEAD) + 4
        if end == 3 or (self.limit_concurrency is not None and self.at_limit()):
            return False
        head = self.heads.get(data[at:end]) or self._read(data[at:end])
        if head.stays is None or not head.stays():
            self._find_out(head)
        who = head.who
        size, missing = len(data) - begun, end + head.length - len(data)
        if who is None or missing < 0:
            return False
        try:
            self.crowd.received.take(self.sender, size)
        except TooBusy:
            return False
        self._holds += size
        if missing:
            if not begun:
                self._begun_at = self._now()
            self._begun = data
            self.idle = False
        else:
            write: Any = PlainWrite(self, method, data[:at], who, perf_counter_ns())
            if not writes.begin(write, name, head, data[end:]):
                self._release(size)
                return False
            if who is not self._who or self.peer is not self._from:
                self._who, self._from = who, self.peer
                self.told_who = told(self.peer, word(who.by.encode(errors="replace")))
                self.ends = expiry_line(who.expires) if who.token else b""
            self.cycle = self._running = write
            self._answering += 1
            self.idle = None
        return True

    def _read(self, head: bytes) -> WriteHead:
        read = write_head(head)
        if len(self.heads) >= MOST_HEADS:
            self.heads.clear()
        self.heads[head] = read
        return read

    def _find_out(self, head: WriteHead) -> None:
        """Who sends it."""
        writes: Any = self.writes
        who = None if head is NOT_PLAIN else writes.who(head.token)
        head.who, head.stays = who, writes.stays(head.token, who) if who else None

    def write_ended(self, write: PlainWrite) -> None:
        """What `on_response_complete` and `answer_ended` do: at once, where nothing came over this connection
        meanwhile."""
        if self.idle is None and not self.transport.is_closing():
            self.server_state.total_requests += 1
            self.since = self._now()
            self._answering -= 1
            self.crowd.received.give_back(self.whose, self._holds - self._silence)
            self._holds = self._silence
            self.idle = True
            return
        if not write.disconnected:
            self.on_response_complete()
        self.answer_ended()

    def _hand_over(self, begun: bytes, data: bytes = b"") -> None:
        """To the ordinary path, with what is left of the time for its body."""
        self._release(len(begun))
        super().data_received(begun + data)
        if not self.transport.is_closing() and self._stage == BODY:
            self.since = self._begun_at

    def _give_up(self) -> None:
        if self._begun:
            data, self._begun = self._begun, b""
            self._hand_over(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        self._give_up()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._begun:
            data, self._begun = self._begun, b""
            self._parse(data)  # so that the request is recorded as every one that was left
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self._give_up()
        super().shutdown()

    def _settle(self) -> None:
        super()._settle()
        if self._begun:
            self.idle = False

    def _deadline(self) -> float:
        return self._begun_at + PATIENCE if self._begun else super()._deadline()

    def _expire(self) -> None:
        self._give_up()
        super()._expire()
