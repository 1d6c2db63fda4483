"""The handlers that read templates: now, as they were, and by query."""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs

from msgspec import Struct
from msgspec.structs import replace

from ...changes import Position
from ...errors import ChannelNotFound, InvalidRequest, RevisionPurged, TemplateNotFound
from ...kept_members import shown
from ..http.accept import names
from ..http.compression import negotiated, tags, wanted_coding
from ..http.conditions import check_read, check_read_of_tags
from ..http.replies import Header, Reply, answer_reply, body_reply, change_reply, not_modified
from ..http.requests import matches_tag, whole_number
from ..live.answer import Answer, CodedAnswer, entity_tag
from ..live.blocks import Block
from ..live.channels import channel_tag
from ..live.entries import Entry
from ..live.pieces import Body, array, body_of
from ..live.read_model import ReadModel
from ..service import Request
from .asked_channel import asked_channel
from .channels_past import entry_in_past
from .html import to_page
from .listing import (
    Listing,
    Page,
    next_target,
    page_of_past,
    page_of_present,
    page_with_tombstones,
    parse_listing,
    present,
)
from .resolved import asked_options, line_reply, resolved_reply

COUNTS = 1000  # listings whose total is remembered


async def index(request: Request) -> Reply:
    model = request.service.model
    if request.service.options.ui and names(request.joined(b"accept") or "", "text/html"):
        return to_page(request)
    return answer_reply(model.answers[f"{model.prefix}/".encode()])


async def template_index(request: Request) -> Reply:
    query = request.query()
    if not query:
        answer = request.service.model.list_answer()
        check_read(request, answer.etag)
        return await _whole_list(request, answer)
    channel, fallback = asked_channel(query)
    if not channel or query.keys() - {"channel", "fallback"}:
        return await _listing(request, query)
    answer = request.service.model.channel_list_answer(channel, fallback=fallback)
    check_read_of_tags(request, tags(answer), request.service.model.position)
    return await _whole_list(request, answer)


async def _whole_list(request: Request, answer: CodedAnswer) -> Reply:
    known = request.joined(b"if-none-match")
    if matches_tag(known, tags(answer)):
        return not_modified(_tag_sent(known, tags(answer)), varies=True)
    accepted = (request.header(b"accept-encoding") or "").encode("latin-1")
    form = negotiated(answer, accepted) or await request.service.compressor.form(answer, wanted_coding(accepted))
    return answer_reply(form or answer)


async def template_show(request: Request) -> Reply:
    query = _lenient_query(request)
    asked = asked_options(query)
    found = await _one(request, query)
    if asked:
        return await resolved_reply(request, found.content, asked)
    if matches_tag(request.joined(b"if-none-match"), [found.tag]):
        return not_modified(found.tag)
    return found.reply()


async def template_docker_run(request: Request) -> Reply:
    query = _lenient_query(request)
    asked = asked_options(query)
    return await line_reply(request, (await _one(request, query)).content, asked)


class _Found(Struct):
    """One state of a template: its content, the tag of it, and what answers with it."""

    content: bytes
    tag: bytes
    reply: Callable[[], Reply]


async def _one(request: Request, query: dict[str, list[str]]) -> _Found:
    """The template that is asked for: now, as it was, or as a channel shows it."""
    service, name = request.service, request.parameters["name"]
    revision = _revision(query)
    channel, fallback = asked_channel(query)
    if channel:
        return await _one_of_channel(request, channel, revision, fallback=fallback)
    if revision is not None:
        change = await request.aside(service.past, lambda: service.registry.template_as_of(request.who, name, revision))
        if change.content is None:
            raise RevisionPurged
        tag = entity_tag(change.position)
        check_read(request, tag)
        return _Found(shown(change.content), tag, partial(change_reply, 200, change))
    entry = service.model.entries.get(name)
    if not isinstance(entry, Entry) or entry.deleted:
        raise TemplateNotFound
    check_read(request, entry.etag)
    return _Found(entry.content, entry.etag, partial(answer_reply, entry))


async def _one_of_channel(request: Request, channel: str, revision: int | None, *, fallback: bool) -> _Found:
    service, name = request.service, request.parameters["name"]
    if revision is None:
        entry = service.model.entries.get(name)
    else:
        as_of = partial(entry_in_past, service.registry, request.who, name, channel, revision)
        entry = await request.aside(service.past, as_of)
    if not isinstance(entry, Entry):
        raise TemplateNotFound
    found = entry.channels.get(channel) or (entry if fallback else None)
    if found is None:
        raise ChannelNotFound.of(name, channel)
    tag = channel_tag(Position(found.revision, found.mark), channel)
    check_read_of_tags(request, [tag], Position(found.revision, found.mark))
    body = found.body
    return _Found(found.content, tag, lambda: answer_reply(Answer(body, tag)))


def _lenient_query(request: Request) -> dict[str, list[str]]:
    """All of it: of one template, what is no parameter is ignored, as in 2015."""
    text = request.scope["query_string"].decode("latin-1")
    return parse_qs(text, keep_blank_values=True, errors="surrogateescape")


async def _listing(request: Request, query: dict[str, list[str]]) -> Reply:
    service, model = request.service, request.service.model
    listing = present(parse_listing(query), model.revision)
    revision = model.revision if listing.revision is None else listing.revision
    counted = (service.ring.epoch, revision, listing.filters)
    headers: list[Header] = []
    tag = entity_tag(model.position) if listing.revision is None else b'"%d"' % revision
    if listing.channel:
        position = model.position if listing.revision is None else Position(revision)
        tag = channel_tag(position, listing.channel)
        check_read_of_tags(request, [tag], position)
    else:
        check_read(request, tag)
    if listing.revision is None:
        if matches_tag(request.joined(b"if-none-match"), [tag]):
            return not_modified(tag)
        headers.append((b"etag", tag))
        call: Callable[[], Page]
        if listing.deleted:
            call = partial(page_with_tombstones, listing, service.registry, request.who, revision)
        else:
            call = partial(page_of_present, listing, _blocks(model, listing), service.options.limits.listing_bytes)
    else:
        known = service.counts.get(counted)
        call = lambda: page_of_past(listing, service.registry, request.who, known)  # noqa: E731
    asked = (service.ring.unchanged, revision, listing)

    lane = service.queries if listing.revision is None else service.past

    def rendered() -> tuple[Page, Body]:
        return service.listings.get(asked) or _joined(call())

    found: tuple[Page, Body] | None = service.listings.get(asked)
    page, body = found if found is not None else await request.aside(lane, rendered)
    service.listings.keep(asked, (replace(page, contents=[]), body), len(body))
    if len(service.counts) >= COUNTS:
        service.counts.clear()
    service.counts[counted] = page.total
    headers.append((b"total-count", b"%d" % page.total))
    if page.last:
        target = next_target(f"{service.options.prefix}/templates", listing, query, page.last, revision)
        headers.append((b"link", f'<{target}>; rel="next"'.encode()))
    return body_reply(body, headers)


def _blocks(model: ReadModel, listing: Listing) -> list[Block[Entry]]:
    if not listing.channel:
        return model.snapshot()
    return model.channel_blocks(listing.channel, fallback=listing.fallback).seen()


def _joined(page: Page) -> tuple[Page, Body]:
    return page, body_of(array(page.contents))


def _tag_sent(header: str | None, tags: list[bytes]) -> bytes:
    """The tag of a 304: the one that the client holds, when it names just one."""
    given = (header or "").encode("latin-1")
    return given if given in tags else tags[0]


def _revision(query: dict[str, list[str]]) -> int | None:
    """`revision` of the query, whose other parameters but options are ignored here, as 2015 did."""
    found = query.get("revision")
    if not found:
        return None
    if len(found) > 1:
        raise InvalidRequest.parameter("revision", "is given twice")
    return whole_number(found[0], "revision")
