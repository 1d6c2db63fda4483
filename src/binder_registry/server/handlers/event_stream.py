"""`GET /changes` as a stream of events: its bytes, its heartbeat, and how it goes on until somebody leaves."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from ...auth import Identity
from ...changes import PAGE, Change, Position
from ...errors import InvalidRequest, RegistryError
from ..description.bodies import encode_change
from ..http.asgi import Send
from ..http.replies import Header
from ..http.requests import position_of, single
from ..live.change_filter import Filter
from ..live.channel_feed import reaching_of
from ..live.events import Piece, framed
from ..service import Request, Service
from ..turns import PIECE
from .log_pages import Span, steps
from .read_permission import Reader

HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b":\n\n"
SEND_SECONDS = 30.0  # after which a reader that takes nothing is dropped
LARGE = 16 * 1024  # bytes of a piece, after which others have their turn
SMALL = 1024  # bytes; what a filter leaves of a page of the past is kept, if it is no more


def event(change: Change, *, by: bool, deleted: bool = False) -> bytes:
    return framed(change.position, encode_change(change, by=by, deleted=deleted))


def heartbeat(position: Position) -> bytes:
    """With a place to resume from. Without `data:` it is no event, but its `id:` counts (WHATWG HTML, 9.2.6)."""
    return b":\nid: %b\n\n" % str(position).encode()


class Stream:
    """An answer without an end: the events after `position`, in pieces, until the reader or the server goes."""

    headers: Sequence[Header] = (
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    )

    def __init__(self, request: Request, position: Position, chosen: Filter, *, by: bool) -> None:
        self._request, self._chosen, self._by = request, chosen, by
        self._reader = Reader(request, by=by)
        self._position = position
        self._told: Position | None = None  # the last `id:` that the reader was sent
        self._ring = request.service.ring
        self._epoch = self._ring.epoch
        self._sends_since: float | None = None  # loop time at which a piece was given that is not taken yet
        self._ends = ""  # why, where it is not the reader who leaves

    async def send(self, send: Send, first: Sequence[Header]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*first, *self.headers]})
        gone = asyncio.create_task(self._request.gone())
        try:
            if self._request.scope["method"] != "HEAD":
                with self._while_the_token_is_good():
                    await self._until_it_ends(send, gone)
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()

    async def _until_it_ends(self, send: Send, gone: "asyncio.Task[None]") -> None:
        """Also for a reader that took nothing for too long, or may not read any more, or a log that cannot be read: the
        reader resumes from what it has."""
        counters, me = self._request.service.counters, asyncio.current_task()
        assert me is not None, "in a task"
        self._look(me)
        try:
            await self._follow(send, gone)
        except asyncio.CancelledError:
            if not self._ends:
                raise
            me.uncancel()
            if self._ends == "silence":
                counters.drop("reader", "event-stream")
        except RegistryError as error:
            counters.refuse(error)
        finally:
            self._looks.cancel()

    def _look(self, me: "asyncio.Task[object]") -> None:
        """Whether the reader took nothing for too long; again when it may have. Not a timer for each piece: one
        event is a piece for each of a thousand readers."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        until = (now if self._sends_since is None else self._sends_since) + SEND_SECONDS
        if until <= now:
            self._end(me, "silence")
        else:
            self._looks = loop.call_at(until, self._look, me)

    def _end(self, me: "asyncio.Task[object]", why: str) -> None:
        if not self._ends:
            self._ends = why
            me.cancel()

    def _while_the_token_is_good(self) -> AbstractContextManager[None]:
        """What somebody opened with a token that ends, or with a key, ends with it: sooner than others are asked about,
        who are not told from memory."""
        request, me = self._request, asyncio.current_task()
        holder = request.holder
        if holder is None or (holder.expires is None and holder.kind != "key") or me is None:
            return nullcontext()
        return request.service.token_watch.watched(request.token(), partial(self._end, me, "token"))

    async def _follow(self, send: Send, gone: "asyncio.Task[None]") -> None:
        now, service = asyncio.get_running_loop().time, self._request.service
        piece = HEARTBEAT
        while True:
            if piece:
                self._sends_since = now()
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                self._sends_since = None
            if self._reader.is_due:
                await self._reader.still_may()
            if len(piece) > LARGE or self._ring.is_far_behind(self._position):
                await service.turns.turn(self._request.client, PIECE)
            if gone.done() or self._ring.closed or self._ring.epoch != self._epoch:
                return
            piece = await self._next() or (b"" if await self._ring.changed(self._position.revision) else self._beat())

    async def _next(self) -> bytes:
        """What there is to send; nothing where all is sent. A page of the past that holds nothing gives its place."""
        before, held = self._position, self._ring.piece_after(self._position, by=self._by, chosen=self._chosen)
        piece, self._position = held or await self._older()
        if piece and self._chosen.everything:
            self._told = self._position
        return piece or (self._beat() if held is None and self._position != before else b"")

    def _beat(self) -> bytes:
        if self._position.revision == self._ring.newest.revision:
            self._position = self._ring.newest  # a reader may have named it without its mark
        if self._told == self._position:
            return HEARTBEAT
        self._told = self._position
        return heartbeat(self._position)

    async def _older(self) -> Piece:
        """What lies before the ring, from the store."""
        past = partial(_past, self._request.service, self._request.who, self._position, self._chosen, by=self._by)
        return await self._request.service.resumed.run(past, self._request.client)


def _past(service: Service, who: Identity, since: Position, chosen: Filter, *, by: bool) -> Piece:
    """Past the pages that are known to hold nothing, one more. Readers with the same filter meet at the ends of pages:
    however many resume, the log is gone through once."""
    unchanged = service.ring.unchanged
    reader = (unchanged, chosen.key, by)
    while kept := service.pieces.get((*reader, since.revision)):
        if kept[0]:
            return kept
        since = kept[1]
    end, place, rows, size = since.revision - since.revision % PAGE + PAGE, since, list[bytes](), 0
    for found in steps(service.registry, who, Span(since, None, newest_first=False, limit=end - since.revision), None):
        page_before = service.page[1] if service.page[0] == unchanged else []
        for change, deleted in reaching_of(service.registry, who, found, chosen, page_before):
            rows.append(event(change, by=by, deleted=deleted))
            size += len(rows[-1])
            if size >= service.options.limits.piece_bytes:
                return b"".join(rows), change.position
        place = found[-1].position
        service.page = unchanged, found
    if not chosen.everything and size <= SMALL and place.revision == end:
        service.pieces.keep((*reader, since.revision), (b"".join(rows), place), size + len(repr(reader)))
    return b"".join(rows), place


async def event_stream(request: Request, query: dict[str, list[str]], chosen: Filter, *, by: bool) -> Stream:
    """Raises `PositionUnknown`, before the answer starts."""
    for parameter in ("limit", "wait", "order", "before"):
        if parameter in query:
            raise InvalidRequest.parameter(parameter, "does not go with an event stream")
    service = request.service
    given = [
        position_of(text, parameter)
        for parameter, text in (("Last-Event-ID", request.joined(b"last-event-id")), ("since", single(query, "since")))
        if text
    ]
    position = given[0] if given else service.model.position
    stream = Stream(request, position, chosen, by=by)
    if not service.ring.holds(position):
        await request.aside(service.resumed, lambda: service.registry.changes(request.who, since=position, limit=1))
    return stream
