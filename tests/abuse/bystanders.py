"""Others who use the registry meanwhile, little and evenly: one who reads, one who writes, one who follows.

They come from an address of their own. Each request has a moment when it is due, and its time counts from then: a
server that stalls for a second makes all those wait that were due in it.
"""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import count
from math import ceil
from typing import TypeVar

from msgspec import Struct, field

from .wire import EVENTS, NONE, TOKEN, Answer, answer, connected, request

ADDRESS = "127.0.0.2"
NAMES = 20
READS, WRITES = 100.0, 5.0  # a second
KEPT = 10  # connections that each keeps, as clients do: a new one stands behind all that are being opened
LIST, LIST_BYTES = 3, 50_000_000  # of how many reads one is of the list, while lists take no more a second
ROOM = 2**22  # bytes that they take before they make the server wait
ID, OURS = b"\nid: ", b'"name":"bystander-'  # that begin an event, and that tell ours
PATIENCE = 30.0  # seconds for one answer, and at the end for the last event

T = TypeVar("T")


class Figures(Struct):
    """Of one stretch of time; in seconds from when each was due."""

    reads: list[float] = field(default_factory=list)  # of one template
    lists: list[float] = field(default_factory=list)  # reads of the whole list
    writes: list[float] = field(default_factory=list)
    events: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    lost: int = 0  # writes that were answered and are no events


def p99(times: list[float]) -> float:
    return sorted(times)[ceil(len(times) * 0.99) - 1] if times else 0.0


class Bystanders:
    """In a thread of their own while the block lasts."""

    def __init__(self, port: int, reads: float = READS) -> None:
        self._port, self._reads = port, reads
        self._figures = Figures()
        self._due: dict[int, tuple[float, Figures]] = {}  # by revision, of what no event was seen of yet
        self._early: dict[int, float] = {}  # events that came before the answer
        self._position = ""
        self._list, self._listing = LIST, False  # one at a time
        self._following = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> "Bystanders":
        self._thread.start()
        assert self._following.wait(PATIENCE), "there is no event stream"
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def during(self, work: Callable[[], T]) -> tuple[T, Figures]:
        """What it gives, and what they saw while it went on."""
        figures = self._figures = Figures()
        given = work()
        self._figures = Figures()
        until = time.monotonic() + PATIENCE
        while self._awaited(figures) and time.monotonic() < until:
            time.sleep(0.02)
        figures.lost = self._awaited(figures)
        figures.refused += self._figures.refused  # which may be why
        return given, figures

    def _awaited(self, figures: Figures) -> int:
        return sum(of is figures for _, of in list(self._due.values()))

    async def _run(self) -> None:
        loops = [self._read(), self._write(), self._follow()]
        tasks = [asyncio.ensure_future(loop) for loop in loops]
        while not self._ended.is_set():
            await asyncio.sleep(0.02)
            for task in tasks:
                if task.done():
                    task.result()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        async def once(number: int, due: float, asked: "Asked") -> None:
            figures = self._figures
            all_ = number % self._list == 0 and not self._listing
            self._listing |= all_
            path = "/templates" if all_ else f"/templates/bystander-{number % NAMES}"
            got = await asked(request("GET", path), whole=not all_)
            if all_:
                length = int(got.headers.get("content-length", 0))
                self._list, self._listing = max(LIST, ceil(length * self._reads / LIST_BYTES)), False
            if got.status == 200:
                (figures.lists if all_ else figures.reads).append(time.monotonic() - due)
            else:
                figures.refused[f"GET {got.status or 'unanswered'}"] += 1

        await self._evenly(self._reads, once)

    async def _write(self) -> None:
        async def once(number: int, due: float, asked: "Asked") -> None:
            figures = self._figures
            body = json.dumps({"command": f"at {number}"}).encode()
            got = await asked(request("PUT", f"/templates/bystander-{number % NAMES}", TOKEN, body=body))
            if got.status != 202:
                figures.refused[f"PUT {got.status or 'unanswered'}"] += 1
                return
            figures.writes.append(time.monotonic() - due)
            revision = int(got.headers["etag"].strip('"').partition("-")[0])
            if seen := self._early.pop(revision, None):
                figures.events.append(seen - due)
            else:
                self._due[revision] = (due, figures)

        await self._evenly(WRITES, once)

    async def _evenly(self, rate: float, once: Callable[[int, float, "Asked"], Coroutine[None, None, None]]) -> None:
        """Each when it is due, whatever became of those before: on a connection that is free, or on a new one."""
        free = [Asked(self._port) for _ in range(KEPT)]

        async def one(number: int, due: float) -> None:
            asked = free.pop() if free else Asked(self._port)
            try:
                await once(number, due, asked)
                free.append(asked)
            except asyncio.CancelledError:
                asked.close()
                raise

        try:
            for asked in free:
                await asked(request("GET", "/"))
            begun = time.monotonic()
            async with asyncio.TaskGroup() as tasks:
                for number in count():
                    due = begun + number / rate
                    await asyncio.sleep(due - time.monotonic())
                    tasks.create_task(one(number, due))
        finally:
            for asked in free:
                asked.close()

    async def _follow(self) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                async with connected(self._port, ADDRESS) as (reader, writer):
                    since = [f"Last-Event-ID: {self._position}"] if self._position else []
                    writer.write(request("GET", "/changes", EVENTS, *since))
                    status = (await reader.readline()).split()
                    if status[1:2] == [b"200"]:
                        self._following.set()
                        await self._events(reader)
                    else:
                        self._figures.refused[f"stream {status[1].decode() if status else 'unanswered'}"] += 1
            await asyncio.sleep(0.1)

    async def _events(self, reader: asyncio.StreamReader) -> None:
        """Looks for what is ours only: an abuse may write hundreds of megabytes."""
        rest = b"\n"
        while got := await reader.read(2**20):
            whole, end, rest = (rest + got).rpartition(b"\n\n")
            rest = end[:1] + rest
            ours = -1
            while (ours := whole.find(OURS, ours + 1)) >= 0:
                self._arrived(int(_position_before(whole, ours).partition("-")[0]))
            if ID in whole:
                self._position = _position_before(whole, len(whole))

    def _arrived(self, revision: int) -> None:
        now = time.monotonic()
        if revision in self._due:
            due, figures = self._due.pop(revision)
            figures.events.append(now - due)
        else:
            self._early[revision] = now


def _position_before(whole: bytes, place: int) -> str:
    begins = whole.rfind(ID, 0, place) + len(ID)
    return whole[begins:].partition(b"\n")[0].decode()  # an event may end with its id


class Asked:
    """One connection after the other: the next one when the one before broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __call__(self, sent: bytes, *, whole: bool = True) -> Answer:
        """`NONE` where none comes."""
        try:
            async with asyncio.timeout(PATIENCE):
                if not self._streams:
                    self._streams = await asyncio.open_connection(
                        "127.0.0.1", self._port, local_addr=(ADDRESS, 0), limit=ROOM
                    )
                reader, writer = self._streams
                writer.write(sent)
                got = await answer(reader, whole=whole)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            got = NONE
        if self._streams and (not got.status or got.headers.get("connection") == "close"):
            self.close()
        return got

    def close(self) -> None:
        if self._streams:
            self._streams[1].transport.abort()
        self._streams = None
