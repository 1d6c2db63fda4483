"""Open-loop load and event streams, in this process, on the load's core.

Open loop: requests fall due at a fixed rate, whether or not earlier ones were answered, so a server that stalls is
charged for everything that fell due meanwhile.
"""

import asyncio
import gc
import itertools
import multiprocessing
import os
import re
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Event

from .peers import cores
from .servers import API_KEY, Server
from .templates import body

TICK = 0.001  # seconds; asyncio's timers are no finer
APPLY_SECONDS = 60.0  # that an apply may take
STREAM_SECONDS = 15.0  # for all streams to open, and for the last events to arrive
_ANSWER = re.compile(rb"HTTP/1\.1 2\d\d .*?\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE | re.DOTALL)
_REVISION = re.compile(rb"^etag: *\"(\d+)-", re.IGNORECASE | re.MULTILINE)
_EVENT = re.compile(rb"^id: ?(\d+)-[^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Pace:
    """Requests at `rate` per second over `connections` connections."""

    requests: Iterator[bytes]
    rate: float
    connections: int


@dataclass(frozen=True)
class Delivery:
    expected: int  # events that all streams together should get
    complete: int  # events of the streams that got each one once, in order
    p99: float  # milliseconds from sending the write to having its event


def gets(paths: list[str]) -> Iterator[bytes]:
    heads = [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode() for path in paths]
    return itertools.cycle(heads)


def updates(names: list[str]) -> Iterator[bytes]:
    """PUTs of each template in turn, with a new image each time."""
    for number, name in enumerate(itertools.cycle(names)):
        yield _write("PUT", f"/templates/{name}", b'{"image-name":"quay.io/jupyter/scipy-notebook:%d"}' % number)


def p99_of(server: Server, measured: Pace, beside: Pace | None, seconds: float) -> float:
    """The 99th percentile, in milliseconds, of the measured requests' latency while those beside it go on."""
    return asyncio.run(_p99_of(server, measured, beside, seconds))


def apply_beside(server: Server, wanted: bytes, writes: Pace, reads: Pace) -> tuple[float, float, float]:
    """Seconds of an apply, and milliseconds of the longest write and of the longest read while it went on."""
    return asyncio.run(_apply_beside(server, wanted, writes, reads))


def deliver(server: Server, since: int, *, streams: int, rate: float, seconds: float) -> Delivery:
    """Follow the changes after revision `since` on every stream, while `rate` templates per second are registered."""
    return asyncio.run(_deliver(server, since, streams, rate, seconds))


def p99_beside_streams(server: Server, measured: Pace, streams: int, seconds: float) -> float:
    """`p99_of` while a process of its own, which costs the measured requests no time here, reads as many streams."""
    spawning = multiprocessing.get_context("spawn")
    opened = spawning.Event()
    reader = spawning.Process(target=_read_streams, args=(server.port, streams, opened), daemon=True)
    reader.start()
    try:
        if not opened.wait(STREAM_SECONDS):
            raise SystemExit("benchmarks: the event streams did not open")
        return p99_of(server, measured, None, seconds)
    finally:
        reader.terminate()
        reader.join()


class _Connection(asyncio.Protocol):
    """One request at a time; `answered` gets the head and the moment of each answer."""

    def __init__(self) -> None:
        self.answered: Callable[[bytes, float], None] = lambda head, at: None
        self._parts: list[bytes] = []
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            found = _ANSWER.match(data)
            end = data.find(b"\r\n\r\n")
            if not found or end < 0:
                raise SystemExit(f"benchmarks: not the answer of a success: {data[:500]!r}")
            self._head, self._missing = data[:end], int(found[1]) - (len(data) - end - 4)
        else:
            self._missing -= len(data)
        if not self._missing:
            self.answered(self._head, time.perf_counter())


class _Stream(asyncio.Protocol):
    """An open event stream; keeps the revision and the moment of each event."""

    def __init__(self, since: int) -> None:
        self._request = f"GET /changes?since={since} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        self.open = False
        self.revisions = array("q")
        self.times = array("d")
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request.encode())

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if not self.open and not data.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"benchmarks: not an event stream: {data[:500]!r}")
        self.open = True
        data = self._rest + data
        end = 0
        for event in _EVENT.finditer(data):
            self.revisions.append(int(event[1]))
            self.times.append(now)
            end = event.end()
        self._rest = data[max(end, data.rfind(b"\n") + 1) :]


class _Drain(asyncio.Protocol):
    """An open event stream whose events nobody looks at."""

    opened = False

    def data_received(self, data: bytes) -> None:
        self.opened = True


def _read_streams(port: int, streams: int, opened: Event) -> None:
    os.sched_setaffinity(0, {cores()[1]})

    async def read() -> None:
        loop = asyncio.get_running_loop()
        protocols = []
        for _ in range(streams):
            transport, protocol = await loop.create_connection(_Drain, "127.0.0.1", port)
            transport.write(b"GET /changes HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
            protocols.append(protocol)
        await _until(lambda: all(protocol.opened for protocol in protocols))
        opened.set()
        await asyncio.sleep(600)  # its parent ends it

    asyncio.run(read())


async def _paced(
    server: Server,
    pace: Pace,
    seconds: float,
    note: Callable[[bytes, float, float], None],
    ended: Callable[[], bool] = lambda: False,
) -> None:
    """`note(head, sent, answered)` for each request; `sent` is when it fell due, as near as this process could tell.
    It may have `ended` before so many seconds."""
    loop = asyncio.get_running_loop()
    due: deque[float] = deque()
    idle = deque([await _connect(server) for _ in range(pace.connections)])
    waiting = 0

    def send() -> None:
        nonlocal waiting
        while due and idle:
            connection, sent = idle.popleft(), due.popleft()

            def answered(head: bytes, at: float, connection: _Connection = connection, sent: float = sent) -> None:
                nonlocal waiting
                note(head, sent, at)
                waiting -= 1
                idle.append(connection)
                send()

            connection.answered = answered
            waiting += 1
            connection.transport.write(next(pace.requests))

    count, start = 0, loop.time()
    while (elapsed := loop.time() - start) < seconds or waiting or due:
        if ended():
            seconds = min(seconds, elapsed)
        if elapsed > seconds + STREAM_SECONDS:
            raise SystemExit(f"benchmarks: {waiting + len(due)} of {count} requests were not answered")
        if elapsed < seconds:
            # The moment of this tick, not the exact due time: a late tick is this process's fault, not the server's.
            now, fallen_due = time.perf_counter(), int(elapsed * pace.rate) + 1
            due.extend([now] * (fallen_due - count))
            count = fallen_due
        send()
        await asyncio.sleep(TICK)
    for connection in idle:
        connection.transport.abort()


async def _connect(server: Server) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", server.port)
    return connection


async def _p99_of(server: Server, measured: Pace, beside: Pace | None, seconds: float) -> float:
    latencies = array("d")
    gc.disable()  # a collection here would count as the server's
    try:
        async with asyncio.TaskGroup() as group:
            if beside:
                group.create_task(_paced(server, beside, seconds, lambda head, sent, at: None))
            group.create_task(_paced(server, measured, seconds, lambda head, sent, at: latencies.append(at - sent)))
    finally:
        gc.enable()
    return _percentile_99(latencies) * 1000


async def _apply_beside(server: Server, wanted: bytes, writes: Pace, reads: Pace) -> tuple[float, float, float]:
    times, ended = (array("d"), array("d")), asyncio.Event()
    gc.disable()
    try:
        async with asyncio.TaskGroup() as group:
            for pace, of_pace in zip((writes, reads), times, strict=True):
                note = partial(_note_in, of_pace)
                group.create_task(_paced(server, pace, APPLY_SECONDS, note, ended.is_set))
            await asyncio.sleep(1)
            applied, begun = asyncio.get_running_loop().create_future(), time.perf_counter()
            connection = await _connect(server)
            connection.answered = lambda head, at: applied.set_result(at - begun)
            connection.transport.write(_write("POST", "/apply", wanted))
            seconds: float = await applied
            connection.transport.abort()
            await asyncio.sleep(1)
            ended.set()
    finally:
        gc.enable()
    return seconds, max(times[0]) * 1000, max(times[1]) * 1000


def _note_in(times: "array[float]", head: bytes, sent: float, at: float) -> None:
    times.append(at - sent)


async def _deliver(server: Server, since: int, streams: int, rate: float, seconds: float) -> Delivery:
    loop = asyncio.get_running_loop()
    open_streams = [
        (await loop.create_connection(lambda: _Stream(since), "127.0.0.1", server.port))[1] for _ in range(streams)
    ]
    await _until(lambda: all(stream.open for stream in open_streams))
    sent_at: dict[int, float] = {}

    def note(head: bytes, sent: float, at: float) -> None:
        found = _REVISION.search(head)
        assert found, "a stored template's answer has its position as ETag"
        sent_at[int(found[1])] = sent

    posts = (_write("POST", "/templates", body(f"event-{since + number:06}")) for number in itertools.count())
    await _paced(server, Pace(posts, rate, 4), seconds, note)
    expected = sorted(sent_at)
    await _until(lambda: all(len(stream.revisions) >= len(expected) for stream in open_streams))
    for stream in open_streams:
        stream.transport.abort()
    complete = sum(list(stream.revisions) == expected for stream in open_streams)
    latencies = array("d")
    for stream in open_streams:
        arrivals = zip(stream.revisions, stream.times, strict=True)
        latencies.extend(at - sent_at[revision] for revision, at in arrivals if revision in sent_at)
    return Delivery(streams * len(expected), complete * len(expected), _percentile_99(latencies) * 1000)


async def _until(condition: Callable[[], bool]) -> None:
    """Polls for at most `STREAM_SECONDS`; what is missing then is counted as missing."""
    loop = asyncio.get_running_loop()
    end = loop.time() + STREAM_SECONDS
    while not condition() and loop.time() < end:
        await asyncio.sleep(0.05)


def _write(method: str, path: str, content: bytes) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token {API_KEY}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


def _percentile_99(values: "array[float]") -> float:
    return sorted(values)[int(len(values) * 0.99)] if values else float("inf")
