"""What there is as a plain list, for browsers that run no scripts."""

from collections.abc import Iterator
from functools import cache, partial
from html import escape
from itertools import islice
from string import Template as Text
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from ...errors import APIErrorResponse, Unauthorized
from ..http.error_status import logged_reply
from ..http.replies import Header, Reply
from ..http.requests import single
from ..lanes import batches, paced
from ..live.blocks import Block
from ..live.entries import Entry
from ..service import Request
from .assets import NEVER, folder, tree_digest
from .html import html_reply, upwards

MOST = 500  # on one page
LONGEST = 500  # characters of a text
AT_ONCE = 100  # rows, between two pauses
OF_BODY = (b"content-type", b"content-length")


class _Told(Struct, rename="kebab"):
    name: str
    display_name: str = ""
    image_name: str = ""
    description: str = ""
    deprecated: str = ""


_told = msgspec.json.Decoder(_Told)


async def plain_list(request: Request) -> Reply:
    """By name, a page at a time. What is refused is told in HTML, too."""
    try:
        return await _list(request)
    except APIErrorResponse as error:
        request.service.counters.refuse(error)
        return _refusal(request, error)


async def _list(request: Request) -> Reply:
    service = request.service
    await request.find_reader()
    if service.options.strong_reads:
        await service.catch_up()
    after = single(request.query(), "after") or ""
    blocks, total, revision = service.model.snapshot(), len(service.model.living), service.model.revision
    rows, last = await request.aside(service.queries, partial(_rows, blocks, after))
    there = f"{total:,} environment{'' if total == 1 else 's'} at revision {revision:,}" if total else "No environments"
    parts = [f"<p>{there}.</p>", f'<ul class="listed">\n{rows}\n</ul>' if rows else ""]
    if after:
        parts.append('<p><a href="?">The first</a></p>')
    if last:
        parts.append(f'<p><a rel="next" href="?{escape(urlencode({"after": last}))}">More</a></p>')
    return _reply(request, 200, "Environments", "\n".join(parts), [])


def _refusal(request: Request, error: APIErrorResponse) -> Reply:
    reply = logged_reply(error, request.id)
    title, way = "It could not be shown", ""
    if isinstance(error, Unauthorized):
        title = "You need to log in"
        way = (
            "<p>Only holders of a token may read here. A program sends it: "
            '<code>curl -H "Authorization: token KEY"</code> and this address. In a browser, the page with JavaScript '
            "asks for it.</p>"
        )
    more = [header for header in reply.headers if header[0] not in OF_BODY]
    return _reply(request, reply.status, title, f"<p>{escape(error.message)}</p>{way}", more)


def _reply(request: Request, status: int, title: str, content: str, more: list[Header]) -> Reply:
    up = upwards(request)
    filled = _frame().substitute(base=up, assets=f"{up}ui/assets/{tree_digest()}", title=title, content=content)
    return html_reply(status, filled.encode(), [*more, NEVER])


def _rows(blocks: list[Block[Entry]], after: str) -> tuple[str, str]:
    """The rows of a page, and the name after which the next one begins. In a lane."""
    entries = list(islice(_behind(blocks, after), MOST + 1))
    page = entries[:MOST]
    rows = "\n".join(_row(entry) for some in paced(batches(page, AT_ONCE)) for entry in some)
    return rows, page[-1].name if len(entries) > MOST else ""


def _behind(blocks: list[Block[Entry]], after: str) -> Iterator[Entry]:
    for block in blocks:
        if block.entries[-1].name > after:
            yield from (entry for entry in block.entries if entry.name > after)


def _row(entry: Entry) -> str:
    told = _told.decode(entry.content)
    name = f"<code>{escape(told.name)}</code> · " if told.display_name else ""
    text = f'<p dir="auto">{_cut(told.description)}</p>' if told.description else ""
    if told.deprecated:
        text += f'<p dir="auto"><span class="tag warn">Deprecated</span> {_cut(told.deprecated)}</p>'
    title = f"<h2><bdi>{escape(told.display_name or told.name)}</bdi></h2>"
    return f'<li>{title}<p class="quiet">{name}<code>{escape(told.image_name)}</code></p>{text}</li>'


def _cut(text: str) -> str:
    return escape(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


@cache
def _frame() -> Text:
    return Text((folder() / "plain.html").read_text())
