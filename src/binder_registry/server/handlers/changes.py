"""The handlers of the log: its pages, and waiting for more."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from ...changes import PAGE, Change, Position
from ...errors import InvalidRequest, StoreUnavailable, TemplateNotFound
from ...registry import Registry
from ...selector import parse_selector
from ..description.bodies import encode_change, members_changed
from ..description.parameters import LONGEST_WAIT
from ..http.accept import prefers
from ..http.replies import Header, Reply, json_reply
from ..http.requests import position_of, single, whole_number
from ..lanes import go_on, turn_is_over
from ..live.answer import entity_tag, path_of
from ..live.change_filter import Filter, change_before, reaching
from ..live.event_ring import Event
from ..service import Request
from .event_stream import Stream, event_stream
from .readers import may_read, sees_by

SCANNED = 10_000  # rows that one page looks at to find those that are asked for


class Span(Struct, frozen=True):
    """What a page is of: at most `limit` changes between `since` and `before` (None: no end), both exclusive."""

    since: Position
    before: Position | None
    newest_first: bool
    limit: int


class Page(Struct):
    """`reached` is the position up to which the log was looked at; `more` says whether it goes on behind."""

    rows: list[bytes]
    reached: Position
    more: bool


async def changes(request: Request) -> Reply | Stream:
    """A page of the log, oldest first, or a stream of events for a client that accepts one."""
    query = request.query()
    chosen = Filter(
        single(query, "name"),
        parse_selector(*query.get("label", []), parameter="label"),
    )
    by = await sees_by(request)
    if prefers(request.joined(b"accept") or "", "text/event-stream", "application/json"):
        return await event_stream(request, query, chosen, by=by)
    span, wait = _span(query, newest_first=False), _wait(query)
    if span.newest_first and chosen.selector:
        raise InvalidRequest.parameter("order", "newest does not go with label")
    service = request.service
    end = asyncio.get_running_loop().time() + wait
    while True:
        tag = entity_tag(service.model.position)  # of no more than the page holds: a reader may go on from it
        try:
            page = await request.aside(service.past, partial(_page, service.registry, span, chosen, by=by))
        except StoreUnavailable:
            held = _held(request, span)
            if held is None:
                raise
            page = _held_page(held, span, chosen, by=by)
        left = end - asyncio.get_running_loop().time()
        if page.rows or left <= 0 or service.draining:
            break
        span = replace(span, since=page.reached)
        if not page.more:
            await _changed(request, span.since.revision, left)
            await may_read(request)
            by = by and await sees_by(request)
    headers: list[Header] = [(b"etag", tag)]
    if page.more:
        headers.append(_next(f"{service.options.prefix}/changes", query, page.reached, newest_first=span.newest_first))
    return json_reply(200, b'{"changes":[%b]}\n' % b",".join(page.rows), headers)


async def template_changes(request: Request) -> Reply:
    """One template's history, newest first, each change with the members that it changed."""
    query, name = request.query(), request.parameters["name"]
    span, service = _span(query, newest_first=True), request.service
    entry = service.model.entries.get(name)
    if entry is None:
        raise TemplateNotFound
    by, registry = await sees_by(request), service.registry

    def history() -> Page:
        found = _read(registry, span, name, span.limit + 1)
        page, more = found[: span.limit], len(found) > span.limit
        known = {change.revision: change for change in found}
        rows = [
            encode_change(change, by=by, changed=members_changed(change_before(registry, change, known), change))
            for change in page
        ]
        return Page(rows, page[-1].position if page else span.since, more)

    page = await request.aside(service.past, history)
    headers: list[Header] = [(b"etag", entry.etag)]
    if page.more:
        path = f"{service.options.prefix}{path_of(name)}/changes"
        headers.append(_next(path, query, page.reached, newest_first=span.newest_first))
    return json_reply(200, b'{"changes":[%b]}\n' % b",".join(page.rows), headers)


def _page(registry: Registry, span: Span, chosen: Filter, *, by: bool) -> Page:
    if span.newest_first:
        found = _read(registry, span, chosen.name, span.limit + 1)
        page, more = found[: span.limit], len(found) > span.limit
        return Page([encode_change(change, by=by) for change in page], page[-1].position if more else span.since, more)
    rows: list[bytes] = []
    reached, scanned = span.since, 0
    while scanned < SCANNED:
        go_on()
        wanted = min(span.limit - len(rows), PAGE)
        found = _read(registry, replace(span, since=reached), chosen.name, wanted)
        scanned += len(found)
        rows += [encode_change(change, by=by, deleted=deleted) for change, deleted in reaching(registry, found, chosen)]
        reached = found[-1].position if found else reached
        if len(found) < wanted:
            return Page(rows, reached, more=False)
        if len(rows) >= span.limit or turn_is_over():
            break
    return Page(rows, reached, more=True)


def _read(registry: Registry, span: Span, name: str | None, limit: int) -> list[Change]:
    """Raises `PositionUnknown`."""
    return registry.changes(
        since=span.since, before=span.before, name=name, newest_first=span.newest_first, limit=limit
    )


def _held(request: Request, span: Span) -> Sequence[Event] | None:
    """While the database is away: what is in memory; None where that is not enough."""
    ring = request.service.ring
    if span.newest_first or span.before or not ring.holds(span.since):
        return None
    return ring.events_after(span.since.revision)


def _held_page(events: Sequence[Event], span: Span, chosen: Filter, *, by: bool) -> Page:
    rows: list[bytes] = []
    reached = span.since
    for held in events:
        reached = held.change.position
        if how := chosen.sent(held.change, held.labels_before):
            rows.append(encode_change(held.change, by=by, deleted=how == "deleted"))
            if len(rows) == span.limit:
                return Page(rows, reached, more=True)
    return Page(rows, reached, more=False)


async def _changed(request: Request, revision: int, seconds: float) -> None:
    with request.service.streams.place(request.client), suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await request.service.ring.changed(revision)


def _next(path: str, query: dict[str, list[str]], reached: Position, *, newest_first: bool) -> Header:
    again = {**query, "before" if newest_first else "since": [str(reached)]}
    again.pop("wait", None)
    return b"link", f'<{path}?{urlencode(again, doseq=True)}>; rel="next"'.encode()


def _span(query: dict[str, list[str]], *, newest_first: bool) -> Span:
    """`newest_first`: where the query does not say."""
    order, since, before = (single(query, parameter) for parameter in ("order", "since", "before"))
    if order not in (None, "newest", "oldest"):
        raise InvalidRequest.parameter("order", "must be newest or oldest")
    limit = single(query, "limit")
    return Span(
        Position(0) if since is None else position_of(since, "since"),
        None if before is None else position_of(before, "before"),
        newest_first if order is None else order == "newest",
        PAGE if limit is None else whole_number(limit, "limit", least=1, most=PAGE),
    )


def _wait(query: dict[str, list[str]]) -> int:
    """Seconds. What is to come is neither before something nor the newest."""
    text = single(query, "wait")
    wait = 0 if text is None else whole_number(text, "wait", most=LONGEST_WAIT)
    if wait and ("before" in query or query.get("order") == ["newest"]):
        raise InvalidRequest.parameter("wait", "does not go with before, nor with order=newest")
    return wait
