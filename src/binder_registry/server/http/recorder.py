"""One request and its answer: counted, and logged under an id that the application knows."""

from collections import Counter
from collections.abc import Callable
from time import perf_counter, perf_counter_ns
from typing import Any, Protocol

from ...errors import RegistryError, TooBusy
from ..limits import Limits
from ..live.pieces import Body, Pieces
from .access_log import AccessLog, address, printable, word
from .asgi import ASGIApp, Receive, Scope, Send
from .counters import Counters
from .error_status import error_reply
from .replies import Reply, send_reply
from .request_ids import RequestIds
from .unsent import LARGE, Unsent
from .uvicorn_parts import STATUS_LINE, RequestResponseCycle

ABOUT_BODY = (b"content-type", b"content-length", b"content-encoding", b"etag", b"link", b"total-count", b"vary")
SHARED = 16 * 1024  # bytes of a piece of an endless answer, that is not copied
AT_ONCE = 1024**2  # bytes, in one turn of the loop, of all that is long to one client: a third of a millisecond
GONE = 499  # nginx's status for a client that left before its answer, in the log and the counters only


class Recorder:
    """What all connections of a server record to."""

    def __init__(self, counters: Counters, log: AccessLog | None, limits: Limits) -> None:
        self.counters = counters
        self.unsent = Unsent(limits)
        self.sliced = Counter[bytes]()  # long answers that go on in a turn of the loop to come, by client
        self.log = log
        self.ids = log.ids if log else RequestIds()

    def went_on(self, client: bytes) -> None:
        self.sliced[client] -= 1
        self.sliced += Counter()  # which drops those of nobody

    def add(self, scope: Any, status: int, sent: int, seconds: float, request_id: bytes, client: bytes) -> None:
        method, route = scope["method"], getattr(scope.get("route"), "path", "")
        self.counters.add((route, method, status), sent, seconds)
        if self.log:
            by = word(scope["by"].encode(errors="replace")) if "by" in scope else b"-"
            path = printable(scope["raw_path"])
            self.log.add(method.encode(), path, status, sent, seconds, request_id, client, by)

    def add_write(
        self, method: bytes, line: bytes, status: int, sent: int, request_id: bytes, told: bytes, started: int
    ) -> None:
        """A plain write; `line` is its first one, up to the version, which needs no escaping."""
        now = perf_counter_ns()
        self.counters.add_write(method, status, sent, (now - started) * 1e-9)
        if self.log:
            self.log.add_line(b" %b %d %d " % (line, status, sent), (now - started) // 1000, request_id, told, now)

    def add_refusal(self, reply: Reply, scope: Any, client: bytes) -> bytes:
        """An answer of the protocol's own, and its id. `scope` is that of a request whose head was read, or None."""
        client = address(scope["client"]) if scope else client
        scope = {**scope, "route": None} if scope else {"method": "-", "raw_path": b"", "headers": []}
        request_id: bytes = scope["request_id"].encode() if "request_id" in scope else self.ids.of(scope["headers"])
        self.add(scope, reply.status, len(reply.body), 0.0, request_id, client)
        return request_id


class Connection(Protocol):
    """What is asked of the protocol that a request came over."""

    client: tuple[str, int] | None
    peer: bytes
    refusal: RegistryError | None
    ended: bool
    owed: int
    on_end: Callable[[], object] | None

    @property
    def recorder(self) -> Recorder: ...

    def answer_started(self, cycle: RequestResponseCycle) -> None: ...
    def answer_ended(self) -> None: ...
    async def next_turn(self) -> None: ...
    def owe_nothing(self) -> None: ...
    def hang_up(self) -> None: ...


class Exchange:
    """Wraps the application for one request. Its `scope` gets a `request_id`, `when_ended` and `send_long`, and from
    the application a `by`."""

    def __init__(self, protocol: Connection, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        self.protocol = protocol
        self.cycle = cycle
        self.app = app
        self.status = 0
        self.sent = 0
        self.done = False
        self.start: Any = None  # the head, which goes out with the body's first piece
        scope: Any = cycle.scope
        self.peer = protocol.peer if scope["client"] is protocol.client else address(scope["client"])
        self.id = protocol.recorder.ids.of(scope["headers"])
        scope["request_id"] = self.id.decode()
        scope["when_ended"] = self.when_ended
        scope["send_long"] = self.send_long

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = perf_counter()
        try:
            await self.app(scope, receive, self.send)
            if not self.start and not self.status and self.protocol.ended:  # it took the client for gone
                disconnect(self.cycle)
                self.protocol.hang_up()
        except BaseException:
            self.status = self.status or 500  # which uvicorn answers
            raise
        finally:
            if not self.done and not self.protocol.refusal:  # a refusal is recorded in its stead
                self.status = self.status or GONE
                self.record()
            del scope["when_ended"], scope["send_long"]  # which know this, and this the scope
            self.protocol.answer_ended()

    async def send(self, message: Any) -> None:
        cycle = self.cycle
        if cycle.disconnected:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if cycle.waiting_for_100_continue:
                cycle.keep_alive = False  # whether the body still comes cannot be known
            self.start = message
            return
        start, self.start = self.start, None
        body: Any = message.get("body", b"")
        if start and not self.protocol.recorder.unsent.room(self.peer, body):
            start, message = self._refused(start, body)
            body = message["body"]
        if start and self._is_usual(start, message):
            self._write(start, body)
        elif not start and len(body) >= SHARED and message.get("more_body") and cycle.chunked_encoding:
            await self._write_shared(body)
        else:
            if start:
                await cycle.send(start)
                self.protocol.answer_started(cycle)
            await cycle.send(message)
        if cycle.scope["method"] != "HEAD":
            self.sent += len(body)
        if cycle.response_complete and not self.done:
            self.record()
        if cycle.flow.write_paused and cycle.response_complete and len(body) >= LARGE:
            await self._taken(body)

    async def _write_shared(self, piece: bytes) -> None:
        """A piece that others are sent too, which uvicorn would copy; and the system keeps little of it for us."""
        cycle = self.cycle
        if cycle.flow.write_paused:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        cycle.transport.writelines((b"%x\r\n" % len(piece), piece, b"\r\n"))

    async def send_long(self, start: Any, body: Pieces) -> None:
        """A head, and then some slices in each turn of the loop, while the reader takes them."""
        cycle, protocol = self.cycle, self.protocol
        await self.send(start)
        if cycle.disconnected:
            return
        start, self.start = self.start, None
        if not protocol.recorder.unsent.room(self.peer, body):
            for message in self._refused(start, body):
                await self.send(message)
            return
        await cycle.send(start)
        protocol.answer_started(cycle)
        protocol.owed = len(body)
        try:
            await self._write_slices(body)
        finally:
            protocol.owe_nothing()
        cycle.expected_content_length = 0
        await cycle.send({"type": "http.response.body", "body": b""})
        if cycle.response_complete:
            self.record()

    async def _write_slices(self, body: Pieces) -> None:
        """A turn is long where many have asked for much, so a list should not need twenty of them."""
        cycle, recorder, peer = self.cycle, self.protocol.recorder, self.peer
        unsent, held, written = recorder.unsent, False, 0  # in this turn
        try:
            for size, some in body.slices():
                if cycle.disconnected or cycle.transport.is_closing():
                    return
                self.protocol.owed -= size
                self.sent += size
                cycle.transport.writelines(some)
                written += size
                if not cycle.flow.write_paused and written < AT_ONCE // (1 + recorder.sliced[peer]):
                    continue
                written = 0
                recorder.sliced[peer] += 1
                try:
                    await self.protocol.next_turn()
                finally:
                    recorder.went_on(peer)
                if cycle.flow.write_paused:
                    if not held:
                        unsent.hold(peer, body)
                        held = True
                    await cycle.flow.drain()
        finally:
            if held:
                unsent.release(peer, body)

    async def _taken(self, body: Body) -> None:
        """The reader has it, or is gone."""
        unsent, peer = self.protocol.recorder.unsent, self.peer
        unsent.hold(peer, body)
        try:
            await self.cycle.flow.drain()
        finally:
            unsent.release(peer, body)

    def _refused(self, start: Any, body: Body) -> tuple[Any, Any]:
        """In the place of an answer for which there is no room."""
        recorder = self.protocol.recorder
        message = "Too much that was answered is not taken yet; read it, and try again"
        error = TooBusy(message, reason=recorder.unsent.limit_reached(self.peer, body))
        recorder.counters.refuse(error)
        reply = error_reply(error)
        self.status = reply.status
        kept = [header for header in start["headers"] if header[0] not in ABOUT_BODY]
        start = {**start, "status": reply.status, "headers": [*kept, *reply.headers]}
        return start, {"type": "http.response.body", "body": reply.body}

    def when_ended(self, call: Callable[[], object] | None) -> None:
        """`call` once the client, which may have left, sends no more; None: not any more."""
        self.protocol.on_end = call
        if call and self.protocol.ended:
            call()

    def _is_usual(self, start: Any, message: Any) -> bool:
        """Whether this is a whole answer with a body, of the application's own making, after which all goes on."""
        cycle = self.cycle
        return (
            cycle.keep_alive
            and not message.get("more_body")
            and start["status"] not in (204, 304)
            and (b"connection", b"close") not in start["headers"]
            and cycle.scope["method"] != "HEAD"
            and not cycle.flow.write_paused
        )

    def _write(self, start: Any, body: bytes) -> None:
        """What uvicorn does with the two messages, but in one piece: a packet less, and no second look at headers."""
        cycle = self.cycle
        headers = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *start["headers"])]
        cycle.transport.writelines((b"%b%b\r\n" % (STATUS_LINE[start["status"]], b"".join(headers)), body))
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        cycle.on_response()

    def record(self) -> None:
        self.done = True
        seconds = perf_counter() - self.started
        self.protocol.recorder.add(self.cycle.scope, self.status, self.sent, seconds, self.id, self.peer)


async def too_busy(scope: Scope, receive: Receive, send: Send) -> None:
    """In the place of uvicorn's answer in plain text."""
    request_id = (b"request-id", scope["request_id"].encode())
    await send_reply(scope, send, error_reply(TooBusy(reason="connections")), [(b"connection", b"close"), request_id])


def disconnect(cycle: RequestResponseCycle) -> None:
    """Tell the application that its client is gone."""
    cycle.disconnected = True
    cycle.message_event.set()


def let_end(running: RequestResponseCycle | None, flow: Any) -> None:
    """What goes on for a connection that was lost, and whoever waits to write to it."""
    flow.resume_writing()
    if running and not running.response_complete:
        disconnect(running)
