"""The files of the web page, below addresses that name the content of them all."""

from collections.abc import Container
from functools import cache
from gzip import compress
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable

from ...errors import RouteNotFound
from ..http.compression import SMALLEST, wanted_coding
from ..http.error_status import error_reply
from ..http.replies import Header, Reply
from ..live.answer import VARIES
from ..service import Request
from .html import SAFE

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER: Header = (b"cache-control", b"public, max-age=31536000, immutable")
NEVER: Header = (b"cache-control", b"no-store")
GZIP = b"gzip"


def asset_reply(request: Request, path: str, among: Container[str] | None = None) -> Reply:
    """The file of `path`, `<digest>/<name>`; of `among`, where only these are served."""
    digest, _, name = path.partition("/")
    content = assets().get(name)
    if content is None or digest != tree_digest() or (among is not None and name not in among):
        return _missing(request)
    accepted = (request.joined(b"accept-encoding") or "").encode("latin-1")
    more = [FOREVER, VARIES]
    if len(content) >= SMALLEST and wanted_coding(accepted, [GZIP]):
        content = _compressed(name)
        more.append((b"content-encoding", GZIP))
    kind = f"{TYPES[_ending(name)]}; charset=utf-8".encode()
    return Reply(200, [(b"content-type", kind), (b"content-length", b"%d" % len(content)), *SAFE, *more], content)


def _missing(request: Request) -> Reply:
    """Perhaps of another release, which a server beside this one may have: nobody is to keep it."""
    error = RouteNotFound()
    request.service.counters.refuse(error)
    reply = error_reply(error)
    reply.headers.append(NEVER)
    return reply


@cache
def assets() -> dict[str, bytes]:
    """All files but the documents, by their path in the folder."""
    return dict(_under(folder(), ""))


@cache
def tree_digest() -> str:
    """Of all files together: a module names others beside it, so that they are one."""
    parts = (part for name, content in sorted(assets().items()) for part in (name.encode(), b"\0", content, b"\0"))
    return blake2b(b"".join(parts), digest_size=12).hexdigest()


@cache
def _compressed(name: str) -> bytes:
    """Of one of `assets`, so that there are as many."""
    return compress(assets()[name], mtime=0)


def _under(place: Traversable, path: str) -> list[tuple[str, bytes]]:
    found = list[tuple[str, bytes]]()
    for entry in place.iterdir():
        if entry.is_dir():
            found += _under(entry, f"{path}{entry.name}/")
        elif _ending(entry.name) in TYPES:
            found.append((path + entry.name, entry.read_bytes()))
    return found


def _ending(name: str) -> str:
    return name[name.rfind(".") :]


def folder() -> Traversable:
    return files("binder_registry.server") / "ui"
