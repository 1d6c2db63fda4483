"""Runs the application under uvicorn: listening, signals, draining."""

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from .app import App
from .handlers.fast_writes import FastWrites
from .http.accepting import Accepting
from .http.access_log import AccessLog
from .http.counters import Counters
from .http.crowd import raise_descriptors
from .http.fast_path import fast_protocol
from .http.forwarded import TrustedProxies
from .http.patient import PatientProtocol
from .http.proxied import proxied_protocol
from .http.strong_reads import strong_protocol
from .http.unsent import keep_little
from .metrics_listener import MetricsListener

DRAIN_SECONDS = 5  # for what is in flight when the server is told to stop
CANCEL_SECONDS = 7  # for what goes on without its client
KEEP_ALIVE_SECONDS = 75  # longer than the usual proxy's, which must be the one to close
LOOK_SECONDS = 0.1  # as uvicorn: how long a signal may wait to be looked at
REFUSAL_TICKS = 100  # ten a second: how often it is logged what was refused
BACKLOG = 2048
SWITCH_SECONDS = 0.0005  # Python's 5 ms would be waited for at each step of a commit while the loop is busy
# Requests leave no garbage that has to be looked for. A look through the newest 500 objects takes half a millisecond,
# through those of three such looks two, and through all, with 2,000 connections, 70: it takes place after a million.
GARBAGE = 500, 2, 700

DroppedLines = dict[str, Callable[[], int]]  # by log: how many were dropped until now

logger = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Ends with exit status 0 on SIGTERM and SIGINT: uvicorn raises them again once it has stopped.

    Told to stop, it goes on for `drain_delay` seconds as before, while `/health` says what comes; told again, it stops.
    `metrics` is a socket of their own.
    """

    def __init__(
        self,
        app: App,
        config: uvicorn.Config,
        drain_delay: float = 0.0,
        dropped_lines: DroppedLines | None = None,
        metrics: socket.socket | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(config)
        self._app = app
        self._metrics_socket = metrics
        self._metrics: MetricsListener | None = None
        self._tell = tell
        self._dropped_lines = dropped_lines or {}
        self._drain_delay = drain_delay
        self._told_again = False

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        handled = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in handled}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._told_again = self.should_exit
        super().handle_exit(sig, frame)

    async def starts(self) -> bool:
        """Whether the application has started: False when the server is told to stop before. Raises what it raises."""
        starting = asyncio.ensure_future(self._app.start())
        while not (starting.done() or self.should_exit):
            await asyncio.wait([starting], timeout=LOOK_SECONDS)
        if starting.done():
            await starting
        starting.cancel()
        return not self.should_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        self.accepting = [Accepting(listener, self._connection) for listener in sockets or []]
        if self._metrics_socket:
            self._metrics = MetricsListener(self._app.service, self._metrics_socket)
        self._tell("READY=1")

    def _connection(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(self.config, self.server_state, self.lifespan.state)  # type: ignore[call-arg]

    async def on_tick(self, counter: int) -> bool:
        if counter % REFUSAL_TICKS == 0:
            _sum_up(self._app.service.counters.over_limits)
            _count_lines(self._app.service.counters, self._dropped_lines)
        ends = await super().on_tick(counter)
        if self._metrics:
            self._metrics.tick(self.server_state.default_headers)
        return ends

    async def main_loop(self) -> None:
        await super().main_loop()
        self._app.service.leaving = True
        self._tell("STOPPING=1")
        end, counter = asyncio.get_running_loop().time() + self._drain_delay, 0
        while not self._told_again and asyncio.get_running_loop().time() < end:
            await self.on_tick(counter)  # the `Date` of answers
            await asyncio.sleep(LOOK_SECONDS)
            counter += 1

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.service.drain()
        for accepting in self.accepting:
            accepting.close()
        if self._metrics:
            self._metrics.close()
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._cut_off)
        await super().shutdown(sockets)

    def _cut_off(self) -> None:
        """End what readers that take nothing hold up, without uvicorn's traceback for each."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _sum_up(over_limits: Counter[str]) -> None:
    """One line for all that was refused since the last one: a line for each would be one more thing to spend."""
    if over_limits:
        reasons = ", ".join(f"{number} over {limit}" for limit, number in over_limits.most_common())
        logger.warning("refused: %s", reasons)
        over_limits.clear()


def _count_lines(counters: Counters, dropped: DroppedLines) -> None:
    for log, number in dropped.items():
        if more := number() - counters.refused["line_dropped", log]:
            counters.drop("line", log, more)


def listen(host: str, port: int) -> socket.socket:
    """All interfaces for an empty host, IPv6 and IPv4, as 2015 did. Raises `OSError`."""
    host = host.removeprefix("[").removesuffix("]")  # as IPv6 stands in URLs
    dual = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual or ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, dualstack_ipv6=dual, backlog=BACKLOG)
    keep_little(listener)
    return listener


def protocol_of(app: App, access_log: AccessLog | None = None) -> type[PatientProtocol]:
    """What the application is served with."""
    options = app.service.options
    protocol = fast_protocol(
        app.service.model,
        access_log=access_log,
        counters=app.service.counters,
        open_reads=not options.protect_reads,
        writes=None if options.cors_origins else FastWrites(app.service),
        more=b"vary: origin\r\n" if options.cors_origins else b"",
        limits=options.limits,
        turns=app.service.turns,
    )
    if options.strong_reads and not options.protect_reads:
        service = app.service
        protocol = strong_protocol(protocol, service.model, service.shows_head, service.head_shown.shared)
    if options.trusted_proxies:
        protocol = proxied_protocol(protocol, TrustedProxies(options.trusted_proxies))
    return protocol


def run(
    app: App,
    listener: socket.socket,
    *,
    access_log: AccessLog | None = None,
    drain_delay: float = 0.0,
    dropped_lines: Callable[[], int] = int,
    metrics: socket.socket | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Serves until SIGTERM or SIGINT, and `drain_delay` seconds more; what is in flight then has `DRAIN_SECONDS`.

    `dropped_lines` tells how many of the process's own log nobody took; on `metrics`, the metrics are served alone;
    `tell` is told READY=1 and STOPPING=1.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*GARBAGE)
    raise_descriptors()
    config = uvicorn.Config(
        app,
        http=protocol_of(app, access_log),
        ws="none",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=CANCEL_SECONDS,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    port = listener.getsockname()[1]
    dropped: DroppedLines = {"log": dropped_lines}
    if access_log:
        dropped["access-log"] = lambda: access_log.dropped
    server = Server(app, config, drain_delay, dropped, metrics, tell)

    async def serve() -> None:
        with server.capture_signals():
            if await server.starts():
                logger.info("Serving on :%d", port)  # 2015's line
                await server.serve([listener])

    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(serve())
    finally:
        if access_log:
            access_log.close()
