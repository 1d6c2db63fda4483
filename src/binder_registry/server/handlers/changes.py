"""The handlers of the log: its pages, and waiting for more."""

import asyncio
from contextlib import nullcontext
from urllib.parse import urlencode

from msgspec.structs import replace

from ...changes import PAGE, Position
from ...errors import InvalidRequest, StoreUnavailable, TemplateNotFound, TooBusy
from ...selector import parse_selector
from ..description.parameters import LONGEST_WAIT
from ..http.accept import prefers
from ..http.replies import Header, Reply, json_reply
from ..http.requests import position_of, single, whole_number
from ..live.answer import entity_tag, path_of
from ..live.change_filter import Filter
from ..live.events import NearPage
from ..service import Request
from ..turns import PIECE
from .asked_channel import channel_of
from .event_stream import Stream, event_stream
from .log_pages import Span, history, page, whole
from .read_permission import sees_by


async def changes(request: Request) -> Reply | Stream:
    """A page of the log, oldest first, or a stream of events for a client that accepts one."""
    query = request.query()
    chosen = Filter(
        single(query, "name"),
        parse_selector(*query.get("label", []), parameter="label"),
        channel_of(single(query, "channel")),
    )
    by = await sees_by(request)
    if prefers(request.joined(b"accept") or "", "text/event-stream", "application/json"):
        return await event_stream(request, query, chosen, by=by)
    span, wait = _span(query, newest_first=False), _wait(query)
    if span.newest_first and (chosen.selector or chosen.channel):
        raise InvalidRequest.parameter("order", f"newest does not go with {'label' if chosen.selector else 'channel'}")
    service, loop = request.service, asyncio.get_running_loop()
    end, woken, asked_at = loop.time() + wait, False, -1  # the heartbeat at which it was asked who reads
    with request.leaving() if wait else nullcontext() as leaves:
        while True:
            tag = entity_tag(service.model.position)  # of no more than the page holds: a reader may go on from it
            found = await _found(request, span, chosen, by=by, woken=woken)
            left = end - loop.time()
            if found.count or left <= 0 or service.draining or leaves is None or leaves.done():
                break
            span = replace(span, since=found.reached)
            if found.more:
                await asyncio.sleep(0)
                continue
            if service.ring.beats != asked_at:
                asked_at = service.ring.beats
                await request.find_reader(anew=True)
                by = by and await sees_by(request, anew=True)
            beats = by or service.options.protect_reads
            with service.streams.place(request.client):
                await service.ring.news(span.since.revision, left, leaves, beats=beats)
            woken = True
            await request.find_reader()
            by = by and await sees_by(request)
    headers: list[Header] = [(b"etag", tag)]
    if found.more:
        target = f"{service.options.prefix}/changes"
        headers.append(_next(target, query, found.reached, newest_first=span.newest_first))
    return json_reply(200, found.body, headers)


async def template_changes(request: Request) -> Reply:
    """One template's history, newest first, each change with the members that it changed."""
    query, name = request.query(), request.parameters["name"]
    span, service = _span(query, newest_first=True), request.service
    entry = service.model.entries.get(name)
    if entry is None:
        raise TemplateNotFound
    by, registry = await sees_by(request), service.registry

    found = await request.aside(
        service.past,
        lambda: whole(history(registry, request.who, span, name, by=by, most=service.options.limits.page_bytes)),
    )
    headers: list[Header] = [(b"etag", entry.etag)]
    if found.more:
        path = f"{service.options.prefix}{path_of(name)}/changes"
        headers.append(_next(path, query, found.reached, newest_first=span.newest_first))
    return json_reply(200, found.body, headers)


async def _found(request: Request, span: Span, chosen: Filter, *, by: bool, woken: bool) -> NearPage:
    """From memory, if that is all there is or `woken` by it; else from the log, while it can be asked."""
    service, ring = request.service, request.service.ring
    near = None
    onward = not span.newest_first and span.before is None
    if onward and ring.is_far_behind(span.since):
        await service.turns.turn(request.client, PIECE)
    if onward and ring.holds(span.since):
        near = ring.page_after(span.since, by=by, chosen=chosen, limit=span.limit)
        if near and (woken or not near.more or near.count == span.limit):
            return near
    most = service.options.limits.page_bytes
    try:
        return await request.aside(
            service.past, lambda: whole(page(service.registry, request.who, span, chosen, by=by, most=most))
        )
    except (StoreUnavailable, TooBusy):
        if near is None:
            raise
        return near


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
