"""The handlers of the log: its pages, and waiting for more."""

import asyncio
from collections.abc import Sequence
from functools import partial
from urllib.parse import urlencode

from ...changes import Position
from ...errors import InvalidRequest, RegistryError, StoreUnavailable, TemplateNotFound
from ...log_store import LogStore
from ...selector import parse_selector
from ..description.bodies import encode_change, members_changed
from ..http.replies import Header, Reply, json_reply
from ..http.requests import Request, position_of, single, whole_number
from ..live.change_filter import Filter, change_before, reaching
from ..live.event_ring import Event
from ..live.read_model import entity_tag
from .event_stream import Stream, event_stream

PAGE = 1000  # changes of one page
SCANNED = 10_000  # rows that one page looks at to find those that are asked for
WAIT_SECONDS = 60  # at most, of a long poll


async def changes(request: Request) -> Reply | Stream:
    """A page of the log, oldest first, or a stream of events for a client that accepts one."""
    query = request.query(("since", "limit", "wait", "label", "name", "order"))
    chosen = Filter(
        single(query, "name"),
        [requirement for text in query.get("label", []) for requirement in parse_selector(text, "label")],
    )
    by = await sees_by(request)
    if "text/event-stream" in (request.header(b"accept") or ""):
        return await event_stream(request, query, chosen, by=by)
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
            encode_change(change, by=by, changed=members_changed(change_before(store, change, known), change))
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
        rows += [encode_change(change, by=by, deleted=deleted) for change, deleted in reaching(store, found, chosen)]
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


async def _changed(request: Request, revision: int, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await request.service.watch.changed(revision)
    except TimeoutError:
        pass


def _since(query: dict[str, list[str]]) -> Position:
    text = single(query, "since")
    return Position(0) if text is None else position_of(text, "since")


def _limit(query: dict[str, list[str]]) -> int:
    text = single(query, "limit")
    return PAGE if text is None else whole_number(text, "limit", least=1, most=PAGE)


def _order(query: dict[str, list[str]]) -> bool:
    """Whether the newest come first."""
    order = single(query, "order")
    if order not in (None, "newest", "oldest"):
        raise InvalidRequest.parameter("order", "must be newest or oldest")
    return order == "newest"
