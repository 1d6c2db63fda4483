"""HTML as it is sent: under a policy that lets nothing in but our own files, with addresses relative to its own."""

from collections.abc import Sequence
from hashlib import blake2b
from urllib.parse import quote

from ..http.replies import Header, Reply
from ..http.requests import decoded_path, matches_tag
from ..live.answer import OF_INDEX
from ..service import Request

POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
SAFE: list[Header] = [
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


def html_reply(status: int, content: bytes, more: Sequence[Header] = ()) -> Reply:
    kind: Header = (b"content-type", b"text/html; charset=utf-8")
    return Reply(status, [kind, (b"content-length", b"%d" % len(content)), *SAFE, *more], content)


def document_reply(request: Request, content: bytes) -> Reply:
    """A document that is asked for again each time, and sent where it is another one."""
    tag = b'"%b"' % blake2b(content, digest_size=16).hexdigest().encode()
    headers: list[Header] = [(b"etag", tag), (b"cache-control", b"no-cache")]
    if matches_tag(request.joined(b"if-none-match"), [tag]):
        return Reply(304, headers)
    return html_reply(200, content, headers)


def to_page(request: Request) -> Reply:
    """303, from the root or from `/ui`."""
    location = f"{_above(request)}/ui/".encode("latin-1")
    return Reply(303, [(b"location", location), (b"content-length", b"0"), *OF_INDEX])


def _above(request: Request) -> str:
    """The path of the registry as it was asked for, below whatever it is mounted; or its prefix, which was stripped."""
    prefix = request.service.options.prefix
    seen = _raw(request).decode("latin-1").rstrip("/")
    if decoded_path(request.scope, prefix).strip("/"):
        seen = seen.rpartition("/")[0]
    return seen if seen.endswith(prefix) else prefix


def upwards(request: Request) -> str:
    """From the address of this request to where the registry is, `../../` say: right below whatever path a proxy
    serves it, also where it tells us nothing of that."""
    path = decoded_path(request.scope, request.service.options.prefix)
    return "../" * (path.count("/") - _raw(request).lower().count(b"%2f") - 1) or "./"


def _raw(request: Request) -> bytes:
    """The path as it was asked for, percent-encoded."""
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return raw.partition(b"?")[0]
