"""The parts of a running server, wired together.

    a request                                    a commit, of this server or another
        │                                                   │
    http/protocol ── plain GET ── http/fast_path        live/follower ── wait, rows ──┐
        │ all else                      │                   │ show, load              │
       app ── routes ── handlers        │                   ▼                         ▼
                         │  │ reads     └────────────► live/present              registry ── store ── log
                         │  └────────────────────────► (read_model, event_ring)       ▲
                         │ writes                           ▲ announce, written       │
                         └────────────────────────────► live/group_commit ── atomic ──┘

Streams sleep in the ring until the present shows something new; reads of the past ask the registry, in a thread.
"""

import asyncio
import gc
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from ..auth import ANYONE, Identity
from ..auth import Scope as TokenScope
from ..changes import Change, Position
from ..errors import InvalidToken, RegistryError, RevisionNotShown, StoreUnavailable, TooBusy
from ..registry import Registry
from .http.asgi import Receive, Scope
from .http.compression import Compressor
from .http.counters import Counters
from .http.identities import Identities
from .http.requests import ClientDisconnected, HTTPRequest
from .http.token_watch import TokenWatch
from .lanes import Lane
from .live.apply_lane import ApplyLane
from .live.event_ring import EventRing
from .live.events import Piece, Render
from .live.follower import Follower
from .live.group_commit import GroupCommit
from .live.head import SharedQuestion
from .live.hub_rules import ANY_HUB, HubRules
from .live.kept import Kept
from .live.pieces import Body
from .live.present import Present
from .live.read_model import ReadModel
from .live.viewing import Views
from .live.waiting_writes import ALONE, Operation
from .metrics.scrape import Metrics
from .rates import WriteRates
from .readers import Readers
from .server_options import Options
from .shares import Share
from .turns import Turns

USES_SECONDS = 60.0  # between two notes of which tokens were used
TOLD_SECONDS = 0.1  # after which who writes is asked about again, when the body is here
SHOWN_SECONDS = 5.0  # how long a request waits for the revision that it names
NEAR = 100  # a revision is waited for when it is at most so far from what is in the log

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Service:
    """Runs on the event loop between `start` and `close`.

    `describe` gives the description of the API, `render` the row of a change; `heartbeat` is in seconds.
    """

    def __init__(
        self,
        registry: Registry,
        options: Options,
        describe: Callable[[], bytes],
        *,
        hub: HubRules = ANY_HUB,
        render: Render,
        heartbeat: float,
    ) -> None:
        self._describe = describe
        self._description: asyncio.Future[bytes] | None = None
        self._render, self._heartbeat = render, heartbeat
        self.registry = registry
        self.options = options
        self.model = ReadModel(options.prefix, registry.content_of, partial(registry.rows_at, ANYONE))
        self.compressor, self.view_compressor = Compressor(), Compressor()  # no view keeps the list waiting
        self.counters = Counters()
        self.turns = Turns()
        limits = options.limits
        self.streams = Share("streams", limits.streams, limits.streams_per_client)  # and long polls
        self.counts: dict[tuple[object, ...], int] = {}  # of listings, by epoch, revision and filters
        self.listings = Kept[tuple[Any, Body]](options.limits.listing_bytes)  # their pages and bodies
        self.views = Views(hub, options.limits)
        self.leaving = False  # `/health` says that the server is about to stop; all else goes on
        self.pieces = Kept[Piece](options.limits.past_bytes)  # of streams that read the past through a filter
        self.page: tuple[tuple[int, int], Sequence[Change]] = (0, 0), []  # of the past, that a stream read last
        self.draining = False
        self.running = False
        self.applies = ApplyLane(options.limits.waiting_apply_bytes)
        self.identities = Identities(registry.auth_store, options.limits)
        self.write_rates = WriteRates(options.limits)
        self.token_watch = TokenWatch(self.identities)
        most, seconds = options.limits.waiting_queries, options.limits.query_seconds
        self.queries = Lane("queries", most=most, seconds=seconds)  # of the present: they take the processor's time
        self.past = Lane("past", most=most, seconds=seconds)  # which takes the database's
        self.patterns = Lane("patterns", most=most, seconds=seconds)
        self.bodies = Lane("bodies", most=limits.waiting_writes, seconds=seconds)  # of writes, that are work to read
        self.viewed = Lane("views", most=limits.waiting_views, seconds=seconds)
        self.users = Lane("users", most=most, seconds=seconds)  # of a hub, which may be silent
        # The short reads of streams, each of which has one at a time: however many resume at once, all are served.
        most, seconds = limits.waiting_documents, limits.document_seconds
        bounds = ("waiting-documents", "document-seconds")
        self.documents = Lane("documents", most=most, seconds=seconds, limits=bounds)
        self.readers = Readers(options.reader, limits.reading_bytes) if options.reader else None
        self.resumed = Lane("streams", threads=1)
        others = (self.past, self.patterns, self.bodies, self.viewed, self.users, self.documents, self.resumed)
        self.lanes: Sequence[Lane] = (self.queries, *others)
        self.metrics = Metrics(self)
        self._head_pool = ThreadPoolExecutor(1, thread_name_prefix="head")
        self._head = SharedQuestion(self._ask_head)
        self.head_shown = SharedQuestion(self._show_head)  # for `strong_reads`

    async def start(self) -> None:
        """Raises `StoreUnavailable`."""
        registry = self.registry
        gc.collect()
        await asyncio.get_running_loop().run_in_executor(None, lambda: self.model.load_present(*registry.present()))
        position = self.model.position
        gc.freeze()  # a hundred thousand entries that stay would be looked through again and again
        writing: Callable[[], bool] = lambda: self.group_commit.unanswered > 0  # noqa: E731
        self.ring = EventRing(
            position, writing=writing, render=self._render, heartbeat=self._heartbeat, limits=self.options.limits
        )
        self.present = Present(self.model, self.ring, registry.wake)
        self.follower = Follower(registry, self.present)
        self.group_commit = GroupCommit(registry, self.present, most_waiting=self.options.limits.waiting_writes)
        self.follower.start()
        self.running = True
        self._note_uses()
        logger.info("%s: %d templates, revision %d", registry, len(self.model.living), position.revision)

    def drain(self) -> None:
        """From now on streams end, and `/health` says so."""
        self.draining = True
        if self.running:
            self.ring.close()

    async def close(self) -> None:
        """Finishes the writes that wait. May be called twice. The store stays open: who opened it closes it."""
        self.drain()
        if self.running:
            self._note_uses()
            self.running = False
            self._uses_timer.cancel()
            await self.group_commit.close()
            await asyncio.to_thread(self.follower.close)
            self.applies.close()
            for lane in self.lanes:
                lane.close()
            if self.readers:
                await asyncio.to_thread(self.readers.close)
            self._head_pool.shutdown(wait=False, cancel_futures=True)
            self.identities.close()
            self.metrics.close()
            self.compressor.close()
            self.view_compressor.close()

    def _note_uses(self) -> None:
        """Now and then, write down which tokens came since the last time."""
        self._uses_timer = asyncio.get_running_loop().call_later(USES_SECONDS, self._note_uses)
        used = frozenset(self.identities.used)
        if used:
            with suppress(RegistryError):  # then the next time
                self.group_commit.put(lambda _: self.registry.tokens.note_uses(used), (), lambda _: None)
                self.identities.used -= used

    async def write(self, operation: Operation[T], *names: str, alone: bool = False) -> T:
        """`names` are the templates that the operation will look at; `alone`: in a commit of its own."""
        return await self.group_commit.submit(operation, ALONE if alone else names)

    async def description(self) -> bytes:
        """Of the API. To make it is some 30 ms of work, once, for which nobody else waits."""
        if self._description is None:
            self._description = asyncio.ensure_future(asyncio.to_thread(self._describe))
        return await asyncio.shield(self._description)

    async def shows(self, revision: int) -> None:
        """Wait, for a bounded time, until the read model shows `revision`.

        Raises `RevisionNotShown`, `TooBusy`; `StoreUnavailable` for one that is far from what it shows.
        """
        if self.model.revision >= revision:
            return
        if self.present.waiting >= self.options.limits.waiting_revisions:
            raise TooBusy("Too many requests wait for a revision already; try again", reason="waiting-revisions")
        newest = self.model.revision
        if revision > newest + NEAR:  # another server may have written so much
            newest = (await self._head.answer()).revision
        try:
            async with asyncio.timeout(SHOWN_SECONDS if revision <= newest + NEAR else 0):
                await self.present.when_shown(revision)
        except (TimeoutError, StoreUnavailable):
            raise RevisionNotShown(f"This server shows revision {self.model.revision}, not {revision} yet") from None

    async def _ask_head(self) -> Position:
        if known := self.registry.known_head():
            return known
        return await asyncio.get_running_loop().run_in_executor(self._head_pool, self.registry.head)

    def shows_head(self) -> bool:
        """Whether all that the log holds is shown, where that can be told at once."""
        known = self.registry.known_head()
        return known is not None and known == self.model.position

    async def catch_up(self) -> None:
        """What the log holds now is shown. Raises `StoreUnavailable`, `TooBusy`."""
        if not self.shows_head():
            await self.head_shown.answer()

    async def _show_head(self) -> None:
        """What the database holds now is shown. Raises `StoreUnavailable`, `TooBusy`."""
        shown = self.model.position
        head = await self._ask_head()  # not together with others: who waits here waits for each turn of the loop
        if head.revision < shown.revision or not head.agrees(shown if head.revision == shown.revision else head):
            raise StoreUnavailable  # another log took the place of the one that is shown, which is met with soon
        try:
            await self.shows(head.revision)
        except RevisionNotShown as error:
            raise StoreUnavailable from error


class Request(HTTPRequest):
    """One request to one service."""

    who: Identity  # who reads, once `find_reader` has told

    def __init__(self, service: Service, scope: Scope, receive: Receive) -> None:
        options = service.options
        super().__init__(scope, receive, service.identities, options.limits, options.logins, options.prefix)
        self.service = service

    async def find_reader(self, *, anew: bool = False) -> None:
        """Sets `who`: anyone, unless reads are protected. Raises what `identity` does, and `MissingScope`."""
        self.who = await self.identity(anew=anew) if self.service.options.protect_reads else ANYONE
        self.who.require(TokenScope.READ)

    async def writer(self, scope: TokenScope | None, other: TokenScope | None = None) -> Identity:
        """Who writes, before anything of the body is read, as 2015 did; `other` is a scope that may do, which the body
        tells. It counts as one write. Raises what `identity` does, `MissingScope` and `TooManyRequests`."""
        who = await self.identity()
        if scope is not None and other not in who.scopes:
            who.require(scope)
        self.service.write_rates.take(who)
        self._writer, self._told_at = who, asyncio.get_running_loop().time()
        return who

    async def write(self, operation: Operation[T], *names: str, alone: bool = False) -> T:
        """As the service does, for who `writer` told, if they still may: a body can take its time, and a token that was
        revoked meanwhile writes no more. Raises what `identity` does."""
        if asyncio.get_running_loop().time() >= self._told_at + TOLD_SECONDS:
            before, self.holder = self._writer, None
            who = await self.identity()
            if who.by != before.by or not who.scopes >= before.scopes or who.reach != before.reach:
                raise InvalidToken  # not what it was: what is asked for was never looked at with this
        return await self.service.write(operation, *names, alone=alone)

    async def aside(self, lane: Lane, call: Callable[[], T]) -> T:
        """In the lane, in this client's turn, and only while it is there: one that sends no more counts as gone, for
        one that closed looks like that. Raises `TooBusy`, `ClientDisconnected`, and what `call` does."""
        job = asyncio.ensure_future(lane.run(call, self.client))
        with self.leaving() as leaves:
            leaves.add_done_callback(partial(_cancel, job))
            try:
                return await job
            except asyncio.CancelledError:
                if leaves.done():
                    raise ClientDisconnected from None
                raise
            finally:
                del job  # it knows its error, which knows this frame: garbage that would have to be looked for


def _cancel(job: "asyncio.Future[Any]", _: object) -> None:
    job.cancel()
