"""The web page: its files under addresses that name their content, and one document for all its addresses."""

from functools import cache
from hashlib import blake2b
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template as Text

from ...errors import RouteNotFound
from ..http.replies import Header, Reply
from ..http.requests import matches_tag
from ..service import Request

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = b"public, max-age=31536000, immutable"
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_SAFE: list[Header] = [(b"content-security-policy", POLICY), (b"x-content-type-options", b"nosniff")]


async def page(request: Request) -> Reply:
    """An asset of this release, or the document, whose script finds out what the address is of."""
    path = request.parameters["page"]
    if path.startswith("assets/"):
        return _asset(*path.removeprefix("assets/").partition("/")[::2])
    return _document(request)


def _asset(digest: str, name: str) -> Reply:
    """Raises `RouteNotFound`, for what another release had too."""
    content = assets().get(name)
    if content is None or digest != tree_digest():
        raise RouteNotFound
    kind = TYPES[name[name.rindex(".") :]]
    return _reply(kind, content, [(b"cache-control", FOREVER)])


def _document(request: Request) -> Reply:
    options = request.service.options
    text = Text((_folder() / "index.html").read_text()).substitute(
        base=escape(options.prefix),
        assets=escape(f"{options.prefix}/ui/assets/{tree_digest()}"),
        reads="protected" if options.protect_reads else "open",
        login="",
    )
    content = text.encode()
    tag = b'"%b"' % blake2b(content, digest_size=16).hexdigest().encode()
    headers = [(b"etag", tag), (b"cache-control", b"no-cache")]
    if matches_tag(request.joined(b"if-none-match"), [tag]):
        return Reply(304, headers)
    return _reply("text/html", content, headers)


def _reply(kind: str, content: bytes, more: list[Header]) -> Reply:
    first = [(b"content-type", f"{kind}; charset=utf-8".encode()), (b"content-length", b"%d" % len(content))]
    return Reply(200, [*first, *_SAFE, *more], content)


@cache
def assets() -> dict[str, bytes]:
    """All files but the document, by their path in the folder."""
    return dict(_under(_folder(), ""))


@cache
def tree_digest() -> str:
    """Of all files together: a module names others beside it, so that they are one."""
    parts = (part for name, content in sorted(assets().items()) for part in (name.encode(), b"\0", content, b"\0"))
    return blake2b(b"".join(parts), digest_size=12).hexdigest()


def _under(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found = list[tuple[str, bytes]]()
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _under(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(tuple(TYPES)):
            found.append((path + entry.name, entry.read_bytes()))
    return found


def _folder() -> Traversable:
    return files("binder_registry.server") / "ui"
