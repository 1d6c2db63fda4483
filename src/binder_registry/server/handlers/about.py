"""What a server says of itself: its health, the description of its API, and the page that shows it."""

from functools import cache
from string import Template as Text

from ...errors import InvalidRequest
from ...wire import encode
from ..description.bodies import Health
from ..http.replies import Reply, json_reply
from ..service import Request
from .assets import asset_reply, folder, tree_digest
from .html import document_reply, upwards

DOCS_FILES = ("docs.css", "docs.js", "dom.js", "icon.svg")  # which are there without the web page, too


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
    return json_reply(200, await request.service.description())


async def docs(request: Request) -> Reply:
    up = upwards(request)
    page = _docs().substitute(base=up, assets=f"{up}docs/assets/{tree_digest()}")
    return document_reply(request, page.encode())


async def docs_file(request: Request) -> Reply:
    return asset_reply(request, request.parameters["file"], DOCS_FILES)


@cache
def _docs() -> Text:
    return Text((folder() / "docs.html").read_text())
