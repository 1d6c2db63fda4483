"""The web page: one document for all its addresses, whose script finds out what each is of, and its files."""

import re
from functools import cache
from html import escape
from string import Template as Text

from ...errors import RouteNotFound
from ..http.accept import names
from ..http.logins import is_alone
from ..http.replies import Reply
from ..http.requests import decoded_path
from ..service import Request
from .assets import NEVER, asset_reply, assets, folder, tree_digest
from .html import document_reply, html_reply, to_page, upwards

ASSETS = "assets/"
_ADDRESS = re.compile(r'^ *\["([^"]*)", \(\) => import\(', re.MULTILINE)


async def page(request: Request) -> Reply:
    """A file of this release, or the document. Raises `RouteNotFound`, to who does not read HTML."""
    path = decoded_path(request.scope, request.service.options.prefix)
    if path == "/ui":
        return to_page(request)
    path = path.removeprefix("/ui/")
    if path.startswith(ASSETS):
        return asset_reply(request, path.removeprefix(ASSETS))
    if is_page(path):
        return document_reply(request, _filled(request))
    if not names(request.joined(b"accept") or "", "text/html"):
        raise RouteNotFound
    return html_reply(404, _filled(request), [NEVER])  # the script says so, and shows the way on


def is_page(path: str) -> bool:
    """Whether there is a page at this address, without the path above it."""
    segments = (path.removesuffix("/") or path).split("/")
    return any(
        len(address) == len(segments) and all(map(_fits, address, segments)) for address in map(_split, addresses())
    )


@cache
def addresses() -> tuple[str, ...]:
    """Of all pages, `templates/:name` say, from the script's own table."""
    return tuple(_ADDRESS.findall(assets()["pages.js"].decode()))


def _split(address: str) -> list[str]:
    return address.split("/")


def _fits(word: str, segment: str) -> bool:
    return segment not in ("", ".", "..") if word.startswith(":") else segment == word


def _filled(request: Request) -> bytes:
    options, up = request.service.options, upwards(request)
    return (
        _index()
        .substitute(
            base=up,
            assets=f"{up}ui/{ASSETS}{tree_digest()}",
            reads="protected" if options.protect_reads else "open",
            login=escape(f"{options.prefix}/ui/enter") if request.logins else "",
            grants=_grants(request),
        )
        .encode()
    )


def _grants(request: Request) -> str:
    """What a login may do here: `read` where users' servers share this origin, `all` where nobody does."""
    if request.logins is None:
        return ""
    return "all" if is_alone(request.headers, request.logins) else "read"


@cache
def _index() -> Text:
    return Text((folder() / "index.html").read_text())
