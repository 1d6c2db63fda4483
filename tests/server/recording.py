"""One protocol object in this process: a transport that records, and a loop whose clock a test moves."""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from binder_registry.auth import TokenAuthStore
from binder_registry.backends.memory import MemoryLog
from binder_registry.log_store import LogStore
from binder_registry.registry import Registry
from binder_registry.server.app import App, new_default_router
from binder_registry.template import Template

KEY = "THISISMYTOKEN"
TURNS = 12  # of the loop: more than any answer that waits for no thread takes
HIGH_WATER = 64 * 1024  # bytes, as in asyncio and uvloop
DATE = (b"date", b"Tue, 24 Nov 2026 18:28:35 GMT")


class SteppedLoop(asyncio.SelectorEventLoop):
    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead

    def turn(self, times: int = TURNS) -> None:
        """Run what is ready, and wait for nothing."""
        for _ in range(times):
            self.call_soon(self.stop)
            self.run_forever()

    def advance(self, seconds: float) -> None:
        """Let that much time pass, in steps short enough for timers that set timers."""
        while seconds > 0:
            self.ahead += min(seconds, 0.5)
            seconds -= 0.5
            self.turn(3)

    def turn_until(self, reached: Callable[[], object], seconds: float = 20.0) -> None:
        """For what a thread does meanwhile."""
        end = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < end, "not reached in time"
            self.run_until_complete(asyncio.sleep(0.002))

    def close(self) -> None:
        """What is still under way ends here: as garbage it would be another test's failure."""
        if not self.is_closed() and (left := asyncio.all_tasks(self)):
            for task in left:
                task.cancel()
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        super().close()


class RecordingTransport(asyncio.Transport):
    """A reader that takes all at once, or (`stuck`) nothing."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: HttpToolsProtocol) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", 8080)})
        self.sent = bytearray()
        self.waiting = 0  # bytes that a stuck reader has not taken
        self.stuck = False
        self.closed = False
        self.write_ended = False
        self.reading = True
        self._loop = loop
        self._protocol = protocol
        self._paused = False
        self.aborted = False
        self._lost = False

    def write(self, data: Any) -> None:
        assert not self.write_ended, "a write after write_eof"
        if self.closed:
            return
        self.sent += data
        if self.stuck:
            self.waiting += len(data)
            if self.waiting > HIGH_WATER and not self._paused:
                self._paused = True
                self._protocol.pause_writing()

    def writelines(self, parts: Iterable[Any]) -> None:
        self.write(b"".join(parts))

    def unstick(self) -> None:
        self.stuck = False
        self.waiting = 0
        if self.closed:
            self._lose()
        if self._paused:
            self._paused = False
            self._protocol.resume_writing()

    def write_eof(self) -> None:
        self.write_ended = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            if not self.waiting:
                self._lose()

    def abort(self) -> None:
        self.aborted = self.closed = True
        self._lose()

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Connection:
    """What arrives while reading is paused waits, as in a socket's buffer."""

    def __init__(self, loop: SteppedLoop, protocol_class: type[HttpToolsProtocol], app: Any, **options: Any) -> None:
        config = Config(app, http=protocol_class, ws="none", access_log=False, proxy_headers=False, **options)
        config.load()
        self.state = ServerState()
        self.state.default_headers = [DATE]
        self.loop = loop
        self.protocol = protocol_class(config, self.state, {}, loop)
        self.transport = RecordingTransport(loop, self.protocol)
        self.protocol.connection_made(self.transport)
        self._arriving: list[bytes] = []
        self._ended = False

    @property
    def sent(self) -> bytes:
        return bytes(self.transport.sent)

    @property
    def closed(self) -> bool:
        return self.transport.closed

    def receive(self, *chunks: bytes) -> bytes:
        """Feed each chunk and let the loop answer; gives the bytes that were sent for them."""
        before = len(self.transport.sent)
        for chunk in chunks:
            self.arrive(chunk)
            self.settle()
        return self.sent[before:]

    def arrive(self, chunk: bytes) -> None:
        self._arriving.append(chunk)
        self._deliver()

    def end(self) -> None:
        """The client sends no more."""
        self._ended = True
        self.settle()

    def settle(self) -> None:
        """Until nothing more comes of it without a thread or a timer."""
        before: tuple[int, ...] = ()
        while (now := (len(self.transport.sent), len(self._arriving), self.closed, self.transport.reading)) != before:
            before = now
            self.loop.turn()
            self._deliver()

    def _deliver(self) -> None:
        while self._arriving and self.transport.reading and not self.closed:
            self.protocol.data_received(self._arriving.pop(0))
        if self._ended and not self._arriving and self.transport.reading and not self.closed:
            self._ended = False
            keep_open: object = self.protocol.eof_received()  # type: ignore[func-returns-value]  # uvicorn's gives None
            if not keep_open:
                self.transport.close()


def unnamed(sent: bytes) -> bytes:
    """Answers without what only the ordinary path gives them: a name for their request."""
    return re.sub(rb"request-id: [^\r\n]+\r\n", b"", sent)


@contextmanager
def started_app(*names: str) -> Iterator[tuple[SteppedLoop, App]]:
    """The application over a registry in memory that holds a template of each name, at revision 1, 2, …"""
    store = LogStore(MemoryLog())
    for name in names:
        store.register_template(Template(name=name, image_name="jupyter/scipy-notebook", command="start"))
    with started(new_default_router(Registry(store, TokenAuthStore(KEY)))) as served:
        yield served


@contextmanager
def started(app: App) -> Iterator[tuple[SteppedLoop, App]]:
    loop = SteppedLoop()
    try:
        loop.run_until_complete(app.start())
        yield loop, app
        loop.turn()
        loop.run_until_complete(app.aclose())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
