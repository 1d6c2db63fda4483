"""Hands a plain write to the writer before any of the ordinary machinery runs.

As the fast path of reads: it takes a request only when the connection is idle, when the bytes are exactly one request
whose every header is known, and when nothing is wrong with it that can be seen before the commit. All else goes to the
ordinary path untouched, which alone says what is wrong. `tests/server/test_fast_writes.py` compares the two.
"""

import re
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from ...auth import Identity
from ...changes import Change
from ...errors import RegistryError, TooBusy
from ..live.entries import Entry
from .bounded import BoundedProtocol
from .deadlines import BODY, PATIENCE
from .error_status import logged_reply
from .fast_heads import HARMLESS, HEAD, LINE
from .recorder import GONE
from .replies import Header, Reply, Written, expiry_line
from .uvicorn_parts import STATUS_LINE

LONGEST = 64 * 1024  # bytes of a body
LONGEST_HEAD = 4096
MOST_HEADS = 1024  # remembered; with LONGEST_HEAD this bounds their memory to 4 MB

_FIRST = re.compile(rb"(POST|PUT|PATCH|DELETE) (/[!-~]{1,2048})(?= HTTP/1\.1\r\n)")
_LENGTH = re.compile(rb"\d{1,5}")
_NO_MATTER = HARMLESS - {b"authorization"} | {b"accept-encoding", b"content-type"}  # no answer to a write is coded
_KEPT = (b"authorization", b"content-length", b"if-match", b"if-none-match", b"registry-note")


class WriteHead(Struct, frozen=True):
    """What a head says beside its first line; None for a header that is not there."""

    authorization: str
    length: int
    match: str | None = None
    none_match: str | None = None
    note: str = ""


def write_head(head: bytes) -> WriteHead | None:
    """What `head`, all that follows the target, says; None when it must take the ordinary path."""
    if HEAD.fullmatch(head) is None:
        return None
    found: dict[bytes, str] = {}
    for name, value in LINE.findall(head):
        name = name.lower()
        if name in _NO_MATTER:
            continue
        if name == b"connection":
            if value.lower() != b"keep-alive":
                return None
        elif name not in _KEPT or name in found:
            return None
        else:
            found[name] = value.decode("ascii")
    length = found.get(b"content-length", "0")
    if b"authorization" not in found or not _LENGTH.fullmatch(length.encode()) or int(length) > LONGEST:
        return None
    return WriteHead(
        found[b"authorization"],
        int(length),
        found.get(b"if-match"),
        found.get(b"if-none-match"),
        found.get(b"registry-note", ""),
    )


class Writes(Protocol):
    """What becomes of a plain write: above HTTP, and handed in."""

    @property
    def revision(self) -> int:
        """The one that is shown."""
        ...

    def shown(self, change: Change) -> Entry | None:
        """The answer that shows what this change wrote, where it is the newest of its template."""
        ...

    def takes(self, method: bytes, target: bytes) -> bool:
        """Whether there is such a plain write."""
        ...

    def who(self, head: WriteHead) -> Identity | None:
        """Who may write, without waiting for anybody; None where that is not so, or cannot be told."""
        ...

    def begin(self, write: "PlainWrite", head: WriteHead, body: bytes) -> bool:
        """Hand it to the writer, which will resolve it; False where it must take the ordinary path."""
        ...


class PlainWrite:
    """A write under way, with what the protocol asks of uvicorn's cycle: pipelining, half-closes, disconnects and
    draining run through the code that is there."""

    response_started = waiting_for_100_continue = False
    scope: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, protocol: "WritingProtocol", writes: Writes, method: str, target: bytes, who: Identity) -> None:
        self.method, self.target, self.who = method, target, who
        self.route = ""  # of the table of routes, for the counters
        self.keep_alive = True
        self.response_complete = self.disconnected = False
        self._protocol, self._writes = protocol, writes
        self._started = perf_counter()

    @property
    def message_event(self) -> "PlainWrite":
        """Which nobody waits for. (As an attribute it would be a cycle, and each write garbage to be looked for.)"""
        return self

    def set(self) -> None:
        """Of `message_event`."""

    def resolve(self, outcome: "Reply | Written | RegistryError") -> None:
        """Answer, as the ordinary path does. On the loop."""
        protocol, recorder = self._protocol, self._protocol.recorder
        request_id = recorder.ids.new()
        answered, head, body = self._answer(outcome, request_id)
        self.response_complete = True
        status, sent = GONE, 0
        if not self.disconnected and not protocol.transport.is_closing():
            status, sent = answered, len(body)
            shared = _lines(protocol.server_state.default_headers)
            revision = b"registry-revision: %d\r\nrequest-id: %b\r\n" % (self._writes.revision, request_id)
            revision += expiry_line(self.who.expires if self.who.token else None)
            protocol.transport.writelines((STATUS_LINE[status] + shared + revision + head, body))
            if not self.keep_alive:
                protocol.transport.close()
        key = (self.route, self.method, status)
        seconds = perf_counter() - self._started
        recorder.add_write(key, self.target, self.who.by, sent, seconds, request_id, protocol.peer)
        if not self.disconnected:
            protocol.on_response_complete()
        protocol.answer_ended()

    def _answer(self, outcome: "Reply | Written | RegistryError", request_id: bytes) -> tuple[int, bytes, bytes]:
        """Status, the lines of the head that are its own, and body. What a write left is finished bytes already."""
        if isinstance(outcome, RegistryError):
            self._protocol.recorder.counters.refuse(outcome)
            outcome = logged_reply(outcome, request_id.decode())
        elif isinstance(outcome, Written):
            shown = self._writes.shown(outcome.change)
            if shown is not None:
                head = shown.head[:-2] + _lines(outcome.more) + b"\r\n" if outcome.more else shown.head
                return outcome.status, head, shown.body
            outcome = outcome.reply
        return outcome.status, _lines(outcome.headers) + b"\r\n", outcome.body


def _lines(headers: Sequence[Header]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


class WritingProtocol(BoundedProtocol):
    """`writes` None: every write takes the ordinary path."""

    writes: ClassVar[Writes | None] = None
    heads: ClassVar[dict[bytes, WriteHead | None]]  # remembered, by their bytes

    _begun = b""  # a plain head and the beginning of its body: most clients send the two in two pieces
    _begun_at = 0.0

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
        first = _FIRST.match(data)
        end = data.find(b"\r\n\r\n", first.end(), first.end() + LONGEST_HEAD) + 4 if first else 3
        if first is None or end == 3 or self.at_limit():
            return False
        method, target = first.groups()
        head = self._head(data[first.end() : end])
        writes = self.writes
        if head is None or writes is None or not writes.takes(method, target):
            return False
        who = writes.who(head)
        missing = end + head.length - len(data)
        if who is None or missing < 0:
            return False
        try:
            self.crowd.received.take(self.whose, len(data) - begun)
        except TooBusy:
            return False
        self._holds += len(data) - begun
        if missing:
            if not begun:
                self._begun_at = self._now()
            self._begun = data
        else:
            write: Any = PlainWrite(self, writes, method.decode(), target, who)
            if not writes.begin(write, head, data[end:]):
                self._release(len(data) - begun)
                return False
            self.cycle = self._running = write
            self._answering += 1
        self.idle = False
        return True

    def _head(self, head: bytes) -> WriteHead | None:
        try:
            return self.heads[head]
        except KeyError:
            if len(self.heads) >= MOST_HEADS:
                self.heads.clear()
            found = self.heads[head] = write_head(head)
            return found

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
