"""Cross-origin reads and writes from browsers: off unless origins are named (the Fetch standard's protocol)."""

from collections.abc import Sequence

from .replies import Header, Reply
from .requests import HTTPRequest

EXPOSED = (
    b"ETag, Link, Location, Registry-Error, Registry-Revision, Registry-Token-Expires, Registry-Warning, Request-Id, "
    b"Retry-After, Total-Count"
)
_SENT = (
    b"Authorization, Content-Type, If-Match, If-None-Match, If-Unmodified-Since, Last-Event-ID, Registry-Note, "
    b"Registry-Revision"
)


def cors_headers(request: HTTPRequest, origins: Sequence[str]) -> list[Header]:
    """For every answer, once origins are named: caches must not mix them up."""
    origin = request.header(b"origin")
    if origin is None or not ("*" in origins or origin in origins):
        return [(b"vary", b"origin")]
    allowed = b"*" if "*" in origins else origin.encode("latin-1")
    return [
        (b"vary", b"origin"),
        (b"access-control-allow-origin", allowed),
        (b"access-control-expose-headers", EXPOSED),
    ]


def preflight(request: HTTPRequest, allowed: Sequence[str], origins: Sequence[str]) -> Reply:
    """The answer to OPTIONS; to a browser that asks before it sends, also which headers it may."""
    methods = ", ".join(allowed).encode()
    headers: list[Header] = [(b"allow", methods)]
    if origins and request.header(b"access-control-request-method"):
        headers += [
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", _SENT),
            (b"access-control-max-age", b"600"),
        ]
    return Reply(204, headers)
