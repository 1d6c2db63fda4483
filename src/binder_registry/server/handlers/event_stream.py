"""`GET /changes` as a stream of events: its bytes, its heartbeat, and how it goes on until somebody leaves."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from starlette.types import Send

from ...changes import Change, Position
from ...errors import InvalidRequest, RegistryError
from ..description.bodies import encode_change
from ..http.replies import Header
from ..http.requests import Request, position_of, single
from ..live.change_filter import Filter, reaching

HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b":\n\n"
PAGE = 1000  # changes that are read from the store at once
SEND_SECONDS = 30.0  # after which a reader that takes nothing is dropped


def event(change: Change, *, by: bool, deleted: bool = False) -> bytes:
    row = encode_change(change, by=by, deleted=deleted)
    return b"id: %b\ndata: %b\n\n" % (str(change.position).encode(), row)


class Stream:
    """An answer without an end: the events after `position`, in pieces, until the reader or the server goes."""

    headers: Sequence[Header] = (
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    )

    def __init__(self, request: Request, position: Position, chosen: Filter, *, by: bool) -> None:
        self._request, self._chosen, self._by = request, chosen, by
        self._position = position
        self._watch = request.service.watch
        self._epoch = self._watch.epoch

    async def send(self, send: Send, first: Sequence[Header]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*first, *self.headers]})
        gone = asyncio.create_task(self._request.gone())
        try:
            if self._request.scope["method"] != "HEAD":
                # Also for a reader that took nothing for too long, or a log that cannot be read: it ends, and the
                # reader resumes from what it has.
                with suppress(TimeoutError, RegistryError):
                    await self._follow(send, gone)
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()

    async def _follow(self, send: Send, gone: "asyncio.Task[None]") -> None:
        piece = HEARTBEAT
        while True:
            if piece:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            if gone.done() or self._watch.closed or self._watch.epoch != self._epoch:
                return
            piece = await self._next() or (b"" if await self._watch.changed(self._position.revision) else HEARTBEAT)

    async def _next(self) -> bytes:
        found = self._watch.piece_after(self._position, by=self._by, chosen=self._chosen)
        if found is not None:
            piece, self._position = found
            return piece
        return await self._request.service.in_turn(self._older)

    def _older(self) -> bytes:
        """What lies before the ring, from the store."""
        store = self._request.service.registry.store
        found = store.changes(since=self._position, limit=PAGE)
        self._position = found[-1].position if found else self._position
        return b"".join(
            event(change, by=self._by, deleted=deleted) for change, deleted in reaching(store, found, self._chosen)
        )


async def event_stream(request: Request, query: dict[str, list[str]], chosen: Filter, *, by: bool) -> Stream:
    """Raises `PositionUnknown`, before the answer starts."""
    for parameter in ("limit", "wait", "order"):
        if parameter in query:
            raise InvalidRequest.parameter(parameter, "does not go with an event stream")
    service = request.service
    asked = request.header(b"last-event-id") or single(query, "since")
    position = service.model.position if asked is None else position_of(asked, "since")
    stream = Stream(request, position, chosen, by=by)
    if not service.watch.holds(position):
        await service.in_turn(lambda: service.registry.store.changes(since=position, limit=1))
    return stream
