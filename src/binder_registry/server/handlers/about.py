"""What a server says of itself: its health, the description of its API, and the page that shows it."""

from importlib.resources import files
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ...errors import InvalidRequest
from ...wire import encode
from ..http.replies import Reply, json_reply
from ..http.requests import Request


class Health(Struct):
    status: Annotated[Literal["ok", "draining", "writes fail"], Meta(description="In words")]
    revision: Annotated[int, Meta(description="The newest revision that this server shows")]
    reads: Annotated[bool, Meta(description="Whether reads are served")]
    writes: Annotated[bool, Meta(description="Whether writes are served")]


async def health(request: Request) -> Reply:
    """200 while all is well; `?for=reads` asks for reads alone."""
    service = request.service
    writes = not (service.writer.down or service.follower.down)
    reads = not service.draining
    leaving = service.leaving or service.draining
    asked = request.query(["for"]).get("for", ["all"])
    if asked not in (["all"], ["reads"]):
        raise InvalidRequest.parameter("for", "must be all or reads")
    fine = reads and not leaving and (writes or asked == ["reads"])
    body = Health(
        "draining" if leaving else "ok" if writes else "writes fail",
        service.model.revision,
        reads,
        reads and writes,
    )
    return json_reply(200 if fine else 503, encode(body) + b"\n", [] if fine else [(b"retry-after", b"2")])


async def description(request: Request) -> Reply:
    from ..description.openapi import described  # it looks at the route table, which holds this handler

    options = request.service.options
    return json_reply(200, described(options.prefix, protect_reads=options.protect_reads))


async def docs(request: Request) -> Reply:
    page = (files("binder_registry.server.description") / "docs.html").read_bytes()
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(page))]
    policy = b"default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'"
    return Reply(200, [*headers, (b"content-security-policy", policy), (b"x-content-type-options", b"nosniff")], page)
