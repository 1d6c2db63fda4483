"""The handlers that point channels at revisions: they need a scope of their own, which writes nothing else."""

from collections.abc import Callable
from functools import partial

from ...auth import Identity, Scope
from ...batch import Batch
from ...changes import Change
from ...errors import InvalidRequest
from ...lengths import LARGEST_INTEGER
from ...must_understand import full_view
from ...template import Template
from ...wire import parse
from ..http.conditions import conditions
from ..http.replies import Reply, json_reply
from ..http.requests import json_object
from ..live.answer import entity_tag
from ..service import Request
from .taken_apart import taken_apart
from .write_operations import check


async def template_promote(request: Request) -> Reply:
    who = await request.writer(Scope.PROMOTE)
    revision = await taken_apart(request, _revision)
    return await _pointed(request, who, partial(request.service.registry.template_promote, revision=revision))


async def template_demote(request: Request) -> Reply:
    who = await request.writer(Scope.PROMOTE)
    return await _pointed(request, who, request.service.registry.template_demote)


async def _pointed(request: Request, who: Identity, point: Callable[..., Template]) -> Reply:
    request.query()
    name, channel = request.parameters["name"], request.parameters["channel"]
    asked = conditions(request, required=request.service.options.require_if_match)
    note, registry = request.note(), request.service.registry

    def write(batch: Batch) -> Reply:
        registry.require_name(who, name)
        check(asked, batch, batch.existing(name))
        point(who, name, channel, note=note)
        return _full_reply(batch.existing(name))

    return await request.write(write, name)


def _revision(body: bytes) -> int | None:
    """None where none is given: the newest content."""
    revision = json_object(parse(body), ["revision"]).get("revision") if body.strip() else None
    if revision is not None and (type(revision) is not int or not 1 <= revision <= LARGEST_INTEGER):
        raise InvalidRequest.parameter("revision", "must be a revision of the template")
    return revision


def _full_reply(change: Change) -> Reply:
    assert change.content is not None, "the newest content is never purged"
    body = full_view(change.content, change.revision) + b"\n"
    return json_reply(200, body, [(b"etag", entity_tag(change.position))])
