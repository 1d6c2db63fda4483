"""What a server says of itself: its health, the description of its API, and the page that shows it."""

from importlib.resources import files

from ...errors import InvalidRequest
from ...wire import encode
from ..description.bodies import Health
from ..http.replies import Reply, json_reply
from ..service import Request


async def health(request: Request) -> Reply:
    """200 while all is well; `?for=reads` asks for reads alone."""
    service = request.service
    writes = not (service.group_commit.down or service.follower.down)
    reads = not service.draining
    leaving = service.leaving or service.draining
    asked = request.query().get("for", ["all"])
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
    return json_reply(200, request.service.describe())


async def docs(request: Request) -> Reply:
    page = (files("binder_registry.server.description") / "docs.html").read_bytes()
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(page))]
    policy = b"default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'"
    return Reply(200, [*headers, (b"content-security-policy", policy), (b"x-content-type-options", b"nosniff")], page)
