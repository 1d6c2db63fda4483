"""The handlers of the log: its pages, waiting for more, and the stream of events."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from urllib.parse import urlencode

from starlette.types import Send

from ...changes import Change, Position
from ...errors import InvalidRequest, RegistryError, StoreUnavailable, TemplateNotFound
from ...log_store import LogStore
from ...selector import parse_selector
from ...wire import decode_template
from ..description.bodies import encode_change, members_changed
from ..http.replies import Header, Reply, json_reply
from ..http.requests import Request, single, whole_number
from ..live.answer import entity_tag
from ..live.event_ring import Event, Filter, event

PAGE = 1000  # changes of one page
SCANNED = 10_000  # rows that one page looks at to find those that are asked for
WAIT_SECONDS = 60  # at most, of a long poll
SEND_SECONDS = 30.0  # after which a reader that takes nothing is dropped


async def changes(request: Request) -> "Reply | Stream":
    """A page of the log, oldest first, or a stream of events for a client that accepts one."""
    query = request.query(("since", "limit", "wait", "label", "name", "order"))
    chosen = Filter(
        single(query, "name"),
        [requirement for text in query.get("label", []) for requirement in parse_selector(text, "label")],
    )
    by = await sees_by(request)
    if "text/event-stream" in (request.header(b"accept") or ""):
        return await _stream(request, query, chosen, by=by)
    newest_first = _order(query)
    since, limit = _since(query), _limit(query)
    text = single(query, "wait")
    wait = 0 if text is None else whole_number(text, "wait", most=WAIT_SECONDS)
    service, store = request.service, request.service.registry.store
    end = asyncio.get_running_loop().time() + wait
    while True:
        try:
            page = await service.in_pool(partial(_page, store, since, limit, chosen, newest_first=newest_first, by=by))
        except StoreUnavailable:
            held = (
                None if newest_first or not service.watch.holds(since) else service.watch.events_after(since.revision)
            )
            if held is None:
                raise
            page = _held_page(held, since, limit, chosen, by=by)
        left = end - asyncio.get_running_loop().time()
        if page.rows or left <= 0 or newest_first or service.draining:
            break
        since = page.reached
        if not page.more:
            await _changed(request, since.revision, left)
    headers: list[Header] = [(b"etag", entity_tag(service.model.position))]
    if page.more and not newest_first:
        again = {**query, "since": [str(page.reached)]}
        again.pop("wait", None)
        target = f"{service.options.prefix}/changes?{urlencode(again, doseq=True)}"
        headers.append((b"link", f'<{target}>; rel="next"'.encode()))
    return json_reply(200, b'{"changes":[%b]}\n' % b",".join(page.rows), headers)


async def template_changes(request: Request) -> Reply:
    """One template's history, newest first, each change with the members that it changed."""
    query, name = request.query(("since", "limit", "order")), request.parameters["name"]
    since, limit = _since(query), _limit(query)
    oldest_first = "order" in query and not _order(query)
    service = request.service
    if name not in service.model.entries:
        raise TemplateNotFound
    tag = service.model.entries[name].etag
    by, store = await sees_by(request), service.registry.store

    def history() -> list[bytes]:
        found = store.changes(since=since, name=name, newest_first=not oldest_first, limit=limit)
        known = {change.revision: change for change in found}
        return [
            encode_change(change, by=by, changed=members_changed(_before(store, change, known), change))
            for change in found
        ]

    rows = await service.in_pool(history)
    return json_reply(200, b'{"changes":[%b]}\n' % b",".join(rows), [(b"etag", tag)])


async def sees_by(request: Request) -> bool:
    """Whether this caller may read who wrote what: with a valid token."""
    if request.header(b"authorization") is None:
        return False
    try:
        await request.identity()
    except RegistryError:
        return False
    return True


class Page:
    """`reached` is the position up to which the log was looked at; `more` says whether it goes on behind."""

    def __init__(self, rows: list[bytes], reached: Position, *, more: bool) -> None:
        self.rows, self.reached, self.more = rows, reached, more


def _page(store: LogStore, since: Position, limit: int, chosen: Filter, *, newest_first: bool, by: bool) -> Page:
    if newest_first and chosen.selector:
        raise InvalidRequest.parameter("order", "newest does not go with label")
    rows: list[bytes] = []
    reached, scanned = since, 0
    while scanned < SCANNED:
        wanted = limit - len(rows)
        found = store.changes(since=reached, name=chosen.name, newest_first=newest_first, limit=min(wanted, PAGE))
        if newest_first:
            return Page([encode_change(change, by=by) for change in found], since, more=False)
        scanned += len(found)
        rows += [encode_change(change, by=by, deleted=deleted) for change, deleted in _sent(store, found, chosen)]
        reached = found[-1].position if found else reached
        if len(found) < min(wanted, PAGE):
            return Page(rows, reached, more=False)
        if len(rows) >= limit:
            break
    return Page(rows, reached, more=True)


def _held_page(events: Sequence[Event], since: Position, limit: int, chosen: Filter, *, by: bool) -> Page:
    """While the database is away: what is in memory."""
    rows: list[bytes] = []
    for held in events:
        since = held.change.position
        if how := chosen.sent(held.change, held.labels_before):
            rows.append(encode_change(held.change, by=by, deleted=how == "deleted"))
            if len(rows) == limit:
                return Page(rows, since, more=True)
    return Page(rows, since, more=False)


def _sent(store: LogStore, found: Sequence[Change], chosen: Filter) -> Iterator[tuple[Change, bool]]:
    """What reaches a reader of these, each with whether it is sent as deleted."""
    known = {change.revision: change for change in found}
    for change in found:
        how = chosen.sent(change, partial(_labels_before, store, change, known))
        if how:
            yield change, how == "deleted"


def _before(store: LogStore, change: Change, known: dict[int, Change]) -> Change | None:
    """The change of the same template before; None for its first, and where it did not live then."""
    if not change.previous:
        return None
    found = known.get(change.previous)
    for before in [found] if found else store.log.read(change.previous - 1, change.previous):
        return None if before.deleted else before
    return None  # a log that lost its tail at this moment


def _labels_before(store: LogStore, change: Change, known: dict[int, Change]) -> dict[str, str] | None:
    before = _before(store, change, known)
    if before is None or before.content is None:
        return None
    return decode_template(before.content).labels


async def _changed(request: Request, revision: int, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await request.service.watch.changed(revision)
    except TimeoutError:
        pass


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
        piece = b":\n\n"
        while True:
            if piece:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            if gone.done() or self._watch.closed or self._watch.epoch != self._epoch:
                return
            piece = await self._next() or (b"" if await self._watch.changed(self._position.revision) else b":\n\n")

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
            event(change, by=self._by, deleted=deleted) for change, deleted in _sent(store, found, self._chosen)
        )


async def _stream(request: Request, query: dict[str, list[str]], chosen: Filter, *, by: bool) -> Stream:
    for parameter in ("limit", "wait", "order"):
        if parameter in query:
            raise InvalidRequest.parameter(parameter, "does not go with an event stream")
    service = request.service
    asked = request.header(b"last-event-id") or single(query, "since")
    position = service.model.position if asked is None else _position(asked, "since")
    stream = Stream(request, position, chosen, by=by)
    if not service.watch.holds(position):
        # Raises `PositionUnknown` before the answer starts.
        await service.in_turn(lambda: service.registry.store.changes(since=position, limit=1))
    return stream


def _since(query: dict[str, list[str]]) -> Position:
    text = single(query, "since")
    return Position(0) if text is None else _position(text, "since")


def _limit(query: dict[str, list[str]]) -> int:
    text = single(query, "limit")
    return PAGE if text is None else whole_number(text, "limit", least=1, most=PAGE)


def _order(query: dict[str, list[str]]) -> bool:
    """Whether the newest come first."""
    order = single(query, "order")
    if order not in (None, "newest", "oldest"):
        raise InvalidRequest.parameter("order", "must be newest or oldest")
    return order == "newest"


def _position(text: str, parameter: str) -> Position:
    try:
        return Position.parse(text)
    except InvalidRequest as error:
        raise InvalidRequest.parameter(parameter, error.message) from None
