"""The parts of a running server, wired together: registry, read model, writer, follower, watch."""

import asyncio
import gc
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr

from ..auth import Identity
from ..changes import Change, Position
from ..errors import RevisionNotShown, StoreUnavailable, TooBusy
from ..registry import Registry
from .handlers import event_stream
from .handlers.event_stream import Piece
from .http.compression import Compressor
from .http.counters import Counters
from .http.places import normal_origins, normal_prefix
from .live.event_ring import Watch
from .live.follower import Follower, read_state
from .live.group_commit import Operation, Writer
from .live.read_model import ForkedLog, ReadModel

POOL_THREADS = 2
POOL_WAITING = 64  # expensive reads that may wait for one of these threads
SHOWN_SECONDS = 5.0  # how long a request waits for the revision that it names
NEAR = 100  # a revision is waited for when it is at most so far from what is in the log

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Options(Struct, frozen=True):
    """How a server behaves towards its clients. Raises `ValueError` for what could never match.

    `prefix` is the path below which everything is served; it is kept percent-encoded, without a slash at its end.
    `strong_reads` asks the database for its head before every read of the present. `cors_origins` are kept as browsers
    write them, and may hold `*`.
    """

    protect_reads: bool = False
    require_if_match: bool = False
    strong_reads: bool = False
    cors_origins: tuple[str, ...] = ()
    prefix: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "prefix", normal_prefix(self.prefix))
        force_setattr(self, "cors_origins", normal_origins(self.cors_origins))


class Service:
    """Runs on the event loop between `start` and `close`. `describe` gives the description of the API."""

    def __init__(self, registry: Registry, options: Options, describe: Callable[[], bytes]) -> None:
        self.describe = describe
        self.registry = registry
        self.options = options
        self.model = ReadModel(options.prefix)
        self.compressor = Compressor()
        self.counters = Counters()
        self.counts: dict[tuple[object, ...], int] = {}  # of listings, by epoch, revision and filters
        self.leaving = False  # `/health` says that the server is about to stop; all else goes on
        self.pieces: dict[tuple[object, ...], Piece] = {}  # of streams that read the past through a filter
        self.page: tuple[tuple[int, int], Sequence[Change]] = (0, 0), []  # of the past, that a stream read last
        self.draining = False
        self.running = False
        self._pool = ThreadPoolExecutor(POOL_THREADS, thread_name_prefix="reader")
        self._in_pool = 0
        self._streams = ThreadPoolExecutor(1, thread_name_prefix="streams")
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="asking")
        self._asked: dict[str, asyncio.Future[Identity]] = {}  # by token
        self._shown: list[tuple[int, asyncio.Future[None]]] = []

    async def start(self) -> None:
        """Raises `StoreUnavailable`."""
        store, loop = self.registry.store, asyncio.get_running_loop()
        position, newest = await loop.run_in_executor(self._pool, read_state, store)
        self.model.load(position, newest)
        gc.collect()
        gc.freeze()  # a hundred thousand entries that stay would be looked through again and again
        self.watch = Watch(
            position,
            writing=lambda: self.writer.unanswered > 0,
            render=event_stream.event,
            heartbeat=event_stream.HEARTBEAT_SECONDS,
        )
        self.follower = Follower(store, self.model, show=self._show, load=self._load)
        self.writer = Writer(store, expect=self.follower.expect, show=self._written, caught_up=self.follower.catch_up)
        self.follower.start()
        self.running = True
        logger.info("%s: %d templates, revision %d", store.log, len(self.model.living), position.revision)

    def drain(self) -> None:
        """From now on streams end, and `/health` says so."""
        self.draining = True
        if self.running:
            self.watch.close()

    async def close(self) -> None:
        """Finishes the writes that wait. May be called twice. The store stays open: who opened it closes it."""
        self.drain()
        if self.running:
            self.running = False
            await self.writer.close()
            await asyncio.to_thread(self.follower.close)
            for pool in (self._pool, self._streams, self._asking):
                pool.shutdown(wait=False, cancel_futures=True)

    async def write(self, operation: Operation[T], *names: str) -> T:
        """`names` are the templates that the operation will look at."""
        return await self.writer.submit(operation, names)

    async def in_pool(self, call: Callable[[], T]) -> T:
        """Run what may take long. Raises `TooBusy`: nobody can stall the server with it."""
        if self._in_pool >= POOL_THREADS + POOL_WAITING:
            raise TooBusy
        self._in_pool += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        finally:
            self._in_pool -= 1

    async def in_turn(self, call: Callable[[], T]) -> T:
        """The short reads of streams, one after the other: however many resume at once, all are served."""
        return await asyncio.get_running_loop().run_in_executor(self._streams, call)

    async def identity(self, token: str) -> Identity:
        """For answers that go on, each of which asks again and again: one question for all that hold the same token, in
        a thread of its own, so that whom to ask being slow holds up nobody else. Raises what `identify` does."""
        store = self.registry.auth_store
        if not store.blocking:
            return store.identify(token)
        asked = self._asked.get(token)
        if asked is None:
            asked = asyncio.get_running_loop().run_in_executor(self._asking, store.identify, token)
            self._asked[token] = asked
            asked.add_done_callback(lambda _: self._asked.pop(token))
        return await asyncio.shield(asked)

    async def shows(self, revision: int) -> None:
        """Wait, for a bounded time, until the read model shows `revision`.

        Raises `RevisionNotShown`; `StoreUnavailable` and `TooBusy` for one that is far from what it shows.
        """
        if self.model.revision >= revision:
            return
        newest = self.model.revision
        if revision > newest + NEAR:  # another server may have written so much
            newest = (await self.in_pool(self.registry.store.head)).revision
        try:
            async with asyncio.timeout(SHOWN_SECONDS if revision <= newest + NEAR else 0):
                await self._when_shown(revision)
        except (TimeoutError, StoreUnavailable):
            raise RevisionNotShown(f"This server shows revision {self.model.revision}, not {revision} yet") from None

    async def shows_head(self) -> None:
        """For `strong_reads`: what the database holds now is shown. Raises `StoreUnavailable`, `TooBusy`."""
        shown = self.model.position
        head = await self.in_pool(self.registry.store.head)
        if head.revision < shown.revision or not head.agrees(shown if head.revision == shown.revision else head):
            raise StoreUnavailable  # another log took the place of the one that is shown, which is met with soon
        try:
            await self.shows(head.revision)
        except RevisionNotShown as error:
            raise StoreUnavailable from error

    def _when_shown(self, revision: int) -> "asyncio.Future[None]":
        shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.model.revision >= revision:
            shown.set_result(None)
        else:
            self._shown.append((revision, shown))
        return shown

    def _written(self, rows: Sequence[Change]) -> "asyncio.Future[None]":
        try:
            self._show(rows)
        except ForkedLog:
            self.follower.expect([])  # it will meet the fork itself, and load the other log
        if rows and self.model.revision < rows[0].revision:
            self.follower.expect([])  # another server's rows come before these: the follower brings them all
        return self._when_shown(rows[-1].revision if rows else 0)

    def _show(self, changes: Sequence[Change]) -> None:
        new = self.model.apply(changes)
        if not new:
            return
        self.watch.publish(new)
        self._resolve(lambda revision: revision <= self.model.revision)

    def _load(self, position: Position, newest: Sequence[Change]) -> None:
        self.model.load(position, newest)
        self.counts.clear()
        self.watch.reset(position)
        self._resolve(lambda revision: True, StoreUnavailable())
        logger.critical("the log was read anew: it is at %s, with %d templates", position, len(self.model.living))

    def _resolve(self, settled: Callable[[int], bool], failure: Exception | None = None) -> None:
        waiting, self._shown = self._shown, []
        for revision, shown in waiting:
            if shown.done():
                continue
            if not settled(revision):
                self._shown.append((revision, shown))
            elif failure:
                shown.set_exception(failure)
            else:
                shown.set_result(None)
