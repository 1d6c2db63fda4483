"""Answers a plain GET of something current before any of the ordinary machinery runs.

Written for speed, and ugly for it in one function: at 100,000 requests a second, every attribute looked up is felt
(`benchmarks/` has the figures). The rule that keeps it right: it answers only when the connection is idle, when the
buffer is exactly one request whose every header is known not to matter, and when the bytes are those that the ordinary
path would send. Everything else goes to the ordinary path untouched; `tests/server/test_fast_path_fuzz.py` compares
the two.
"""

import re
from time import perf_counter_ns
from typing import Any

from ...changes import Position
from ..limits import Limits
from ..live.answer import VARIES
from ..live.read_model import ReadModel
from ..turns import READ, Turns
from .access_log import MICROSECONDS, AccessLog, said, told
from .compression import negotiated, tags
from .counters import BOUNDS, Counters, Series
from .crowd import Crowd
from .fast_heads import HARMLESS, HEAD, LINE
from .fast_writes import Writes
from .patient import PatientProtocol
from .plain_writes import Beginnings
from .recorder import Recorder
from .unsent import LARGE

LONGEST = 4096  # bytes of a request; longer ones are no readers' usual ones
MOST_HEADS = 1024  # remembered; with LONGEST this bounds their memory to 4 MB
MOST_READY = 256  # requests whose whole answer is remembered; with LONGEST and LONGEST_READY some 5 MB
LONGEST_READY = 16 * 1024  # bytes of a body
VARY = b"%b: %b\r\n" % VARIES
DEFAULTS = Limits()
QUICK = int(BOUNDS[0] * 1e9)  # nanoseconds: what the first bucket counts
NEVER = 2**64  # no revision is as high

_TAG = re.compile(rb'"[!#-+\--~]*"')
_REVISION = re.compile(rb"\d{1,19}")

# What a head asks: the one tag of `If-None-Match`, the least revision, `Accept-Encoding`, and whether to close after.
Asked = tuple[bytes, int, bytes, bool]
NOT_PLAIN: Asked = (b"", NEVER, b"", False)

# A whole answer, the size of its body, where it is counted, and what the access log says of it.
Ready = tuple[bytes, int, Series, bytes]


def asked(head: bytes) -> Asked:
    """What `head`, all that follows the target, asks; NOT_PLAIN when it must take the ordinary path."""
    if HEAD.fullmatch(head) is None:
        return NOT_PLAIN
    tag, least, accepted, closes = b"", 0, b"", head.startswith(b" HTTP/1.0")
    seen = set()
    for name, value in LINE.findall(head):
        name = name.lower()
        if name in HARMLESS:
            continue
        if name in seen:
            return NOT_PLAIN
        seen.add(name)
        if name == b"accept-encoding":
            accepted = value
        elif name == b"if-none-match" and _TAG.fullmatch(value):
            tag = value
        elif name == b"registry-revision" and _REVISION.fullmatch(value):
            least = int(value)
        elif name == b"connection" and value.lower() in (b"keep-alive", b"close"):
            closes = closes or value.lower() == b"close"
        else:
            return NOT_PLAIN
    return tag, least, accepted, closes


class SharedHead:
    """The beginning of every answer, renewed when uvicorn's headers (each second) or the revision changed."""

    __slots__ = ("headers", "more", "ok", "position", "unchanged")

    def __init__(self, more: bytes) -> None:
        self.more = more
        self.renew([], Position(0))

    def renew(self, headers: list[tuple[bytes, bytes]], position: Position) -> None:
        self.headers = headers
        self.position = position
        first = b"".join([b"%b: %b\r\n" % header for header in headers])
        lines = b"%bregistry-revision: %d\r\n%b" % (first, position.revision, self.more)
        self.ok = b"HTTP/1.1 200 OK\r\n" + lines
        self.unchanged = b"HTTP/1.1 304 Not Modified\r\n" + lines


def fast_protocol(
    model: ReadModel,
    *,
    access_log: AccessLog | None,
    counters: Counters,
    open_reads: bool = True,
    more: bytes = b"",
    limits: Limits = DEFAULTS,
    writes: Writes | None = None,
    turns: Turns | None = None,
) -> type[PatientProtocol]:
    """The protocol class for uvicorn's `Config(http=…)`.

    Without `open_reads` nothing is answered fast. `more` are header lines that
    every answer carries after `registry-revision`. `writes` takes plain writes.
    """

    class Protocol(PatientProtocol):
        pass

    Protocol.recorder, Protocol.crowd = Recorder(counters, access_log, limits), Crowd(limits)
    Protocol.writes, Protocol.heads, Protocol.beginnings = writes, {}, Beginnings(model)
    Protocol.turns = turns or Turns()
    if not open_reads:
        return Protocol

    recorder = Protocol.recorder
    ids, last_digits, room = recorder.ids, recorder.ids.last_digits, recorder.unsent.room
    parts, most = (access_log.parts, access_log.most) if access_log else ([], 0)
    shared = SharedHead(more)
    heads: dict[bytes, Asked] = {}
    ready: dict[bytes, Ready] = {}  # by whole requests, for as long as `shared` stays as it is

    def series(route: str, status: int) -> Series:
        return counters.fast.setdefault((route, "GET", status), Series())

    indexes, lists, templates = series("/", 200), series("/templates", 200), series("/templates/{name}", 200)
    same_lists, same_templates = series("/templates", 304), series("/templates/{name}", 304)

    class FastProtocol(Protocol):
        held: bytes | None = None  # a list that was sent, and is not taken yet

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.told = told(self.peer)

        def data_received(self, data: bytes) -> None:
            started = perf_counter_ns()
            known = ready.get(data) if self.idle else None
            if (
                known is None
                or model.position is not shared.position
                or self.server_state.default_headers is not shared.headers
            ):
                if data[:5] == b"GET /":
                    self._look_up(data, started)
                else:
                    PatientProtocol.data_received(self, data)
                return
            answer, sent, count, line = known
            self.transport.write(answer)
            self.since = self._now()
            took = perf_counter_ns() - started
            if took >= QUICK:
                count.add(sent, took * 1e-9)
            else:
                count.buckets[0] += 1
                count.sent += sent
                count.seconds += took * 1e-9
            if access_log is not None:
                if started >= access_log.stamp_until:
                    access_log.renew_stamp()
                if len(parts) < most:
                    number = last_digits()  # which may change their beginning
                    spent = MICROSECONDS[took // 1000] if took < QUICK else b"%d " % (took // 1000)
                    parts.extend((access_log.stamp, line, spent, ids.beginning, number, self.told))
                else:
                    access_log.refused += 1

        def _look_up(self, data: bytes, started: int) -> None:
            if not self.idle or len(data) > LONGEST:
                super().data_received(data)
                return
            end = data.find(b" HTTP/1.")
            target = data[4:end]
            answer = model.answers.get(target)
            if answer is None:
                super().data_received(data)
                return
            ask = heads.get(data[end:])
            if ask is None:
                ask = asked(data[end:])
                if len(heads) >= MOST_HEADS:
                    heads.clear()
                heads[data[end:]] = ask
            tag, least, accepted, closes = ask
            if self.server_state.default_headers is not shared.headers or model.position is not shared.position:
                shared.renew(self.server_state.default_headers, model.position)
                ready.clear()
            if least > shared.position.revision or (self.limit_concurrency is not None and self.at_limit()):
                super().data_received(data)
                return

            varies = answer.encodings is not None
            if tag and (tag == answer.etag or (varies and tag in tags(answer))):
                status = 304
                count = same_lists if varies else same_templates
                head, body = b"etag: %b\r\n%b\r\n" % (tag, VARY if varies else b""), b""
                first = shared.unchanged
            else:
                if varies:
                    answer = negotiated(answer, accepted)
                    if answer is None or not isinstance(answer.body, bytes) or not room(self.peer, answer.body):
                        super().data_received(data)
                        return
                    if len(answer.body) >= LARGE and not self.may_begin():  # it is copied into the system's buffers
                        self.put_off(data, READ)
                        return
                    count = lists
                elif answer.etag:
                    count = templates
                elif b"text/html" in data.lower():  # perhaps the page is wanted, in the place of the index
                    super().data_received(data)
                    return
                else:
                    count = indexes
                status = 200
                first, head, body = shared.ok, answer.head, answer.body  # type: ignore[assignment]  # in one piece
            if closes:
                self.idle = False
                self.transport.writelines((first + head[:-2], b"connection: close\r\n\r\n", body))
                self.transport.close()
            else:
                self.transport.writelines((first + head, body))
                stays = (status == 304 or not varies) and self.limit_concurrency is None
                if stays and len(ready) < MOST_READY and len(body) <= LONGEST_READY:
                    ready[data] = first + head + body, len(body), count, said(b"GET", target, status, len(body))
            if varies and self.flow.write_paused and len(body) >= LARGE:
                self.held = body
                recorder.unsent.hold(self.peer, body)
            self.since = self._now()
            now = perf_counter_ns()
            count.add(len(body), (now - started) * 1e-9)
            if access_log is not None:
                what = said(b"GET", target, status, len(body))
                access_log.add_line(what, (now - started) // 1000, ids.new(), self.told, now)

        def in_turn(self, data: bytes) -> None:
            FastProtocol.data_received(self, data)

        def resume_writing(self) -> None:
            self._let_go()
            super().resume_writing()

        def connection_lost(self, exc: Exception | None) -> None:
            self._let_go()
            super().connection_lost(exc)

        def _let_go(self) -> None:
            if self.held is not None:
                recorder.unsent.release(self.peer, self.held)
                self.held = None

    return FastProtocol
