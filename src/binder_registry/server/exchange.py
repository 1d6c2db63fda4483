"""One request and its answer: counted, and logged under an id that the application knows."""

from time import perf_counter
from typing import TYPE_CHECKING, Any

from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from ..errors import TooBusy
from .access_log import AccessLog, RequestIds, printable
from .counters import Counters
from .errors import error_reply
from .replies import send_reply

if TYPE_CHECKING:
    from .protocol import SafeProtocol

GONE = 499  # nginx's status for a client that left before its answer, in the log and the counters only


class Recorder:
    """What all connections of a server record to."""

    def __init__(self, counters: Counters, log: AccessLog | None) -> None:
        self.counters = counters
        self.log = log
        self.ids = log.ids if log else RequestIds()

    def add(self, method: str, target: bytes, route: str, status: int, sent: int, seconds: float, number: int) -> None:
        self.counters.add((route, method, status), sent, seconds)
        if self.log:
            self.log.add(method.encode(), printable(target), status, sent, seconds, number)


class Exchange:
    """Wraps the application for one request. Its `scope` gets a `request_id`."""

    def __init__(self, protocol: "SafeProtocol", cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self.protocol = protocol
        self.cycle = cycle
        self.app = app
        self.number = protocol.recorder.ids.next()
        self.status = 0
        self.sent = 0
        self.done = False
        scope: Any = cycle.scope
        scope["request_id"] = protocol.recorder.ids.text(self.number)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        self.started = perf_counter()
        try:
            await self.app(scope, receive, self.send)
        except BaseException:
            self.status = self.status or 500  # which uvicorn answers
            raise
        finally:
            if not self.done and not self.protocol.refusal:  # a refusal is recorded in its stead
                self.status = self.status or GONE
                self.record()

    async def send(self, message: ASGISendEvent) -> None:
        cycle = self.cycle
        if cycle.disconnected:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if cycle.waiting_for_100_continue:
                cycle.keep_alive = False  # whether the body still comes cannot be known
            await cycle.send(message)
            self.protocol.answer_started(cycle)
            return
        await cycle.send(message)
        if message["type"] == "http.response.body" and cycle.scope["method"] != "HEAD":
            self.sent += len(message.get("body", b""))
        if cycle.response_complete and not self.done:
            self.record()

    def record(self) -> None:
        self.done = True
        scope: Any = self.cycle.scope
        route = getattr(scope.get("route"), "path", "")
        seconds = perf_counter() - self.started
        self.protocol.recorder.add(
            scope["method"], scope["raw_path"], route, self.status, self.sent, seconds, self.number
        )


async def too_busy(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """In the place of uvicorn's answer in plain text."""
    await send_reply(send, error_reply(TooBusy()), [(b"connection", b"close")])  # type: ignore[arg-type]
