"""The handlers that write: each checks who it is, reads what is wanted, and hands an operation to the writer."""

from msgspec.structs import replace

from ...apply import ApplyRequest, Step, plan
from ...apply_body import read_apply
from ...auth import Identity, Scope
from ...batch import Batch
from ...changes import Change, Position
from ...errors import InvalidRequest
from ...lookalikes import warnings_of
from ...plain_body import read_template
from ...template import Template
from ...wire import encode, encode_template, merge_patch, parse
from ..description.bodies import Plan, PlanStep
from ..http.conditions import NONE, Conditions, conditions
from ..http.replies import Header, Reply, change_reply, json_reply
from ..http.requests import json_object, single, whole_number
from ..live.answer import entity_tag, path_of
from ..service import Request
from .warned import twins_of, warning_headers, warnings_about


async def template_create(request: Request) -> Reply:
    who = await _allowed(request, Scope.WRITE)
    template = read_template(await request.body())
    note, asked, registry = request.note(), conditions(request), request.service.registry
    prefix, warned = request.service.options.prefix, warning_headers(await warnings_about(request, [template]))

    def create(batch: Batch) -> Reply:
        if asked is not NONE:
            _check(asked, batch.current(template.name))
        registry.template_create(who, template, note=note)
        location = (prefix + path_of(template.name)).encode()
        return change_reply(201, batch.rows[-1], [(b"location", location), *warned])

    return await request.service.write(create, template.name)


async def template_update(request: Request) -> Reply:
    """2015's PUT: the name in the body is checked like any member, and ignored."""
    who = await _allowed(request, Scope.WRITE)
    template = replace(read_template(await request.body()), name=request.parameters["name"])
    note, asked, registry = request.note(), _conditions(request), request.service.registry

    def update(batch: Batch) -> Reply:
        _check(asked, batch.existing(template.name))
        registry.template_update(who, template, note=note)
        return change_reply(202, batch.rows[-1], warning_headers(warnings_of(template)))

    return await request.service.write(update, request.parameters["name"])


async def template_patch(request: Request) -> Reply:
    who = await _allowed(request, Scope.WRITE)
    request.query()
    patch, name = parse(await request.body()), request.parameters["name"]
    note, asked, registry = request.note(), _conditions(request), request.service.registry

    def change(batch: Batch) -> Reply:
        current = registry.template_show(name)
        _check(asked, batch.current(name))
        patched = merge_patch(current, patch)
        if patched.name != name:
            raise InvalidRequest.parameter("name", "cannot be changed")
        registry.template_replace(who, patched, note=note)
        return change_reply(200, batch.rows[-1], warning_headers(warnings_of(patched)))

    return await request.service.write(change, request.parameters["name"])


async def template_delete(request: Request) -> Reply:
    who = await _allowed(request, Scope.WRITE)
    name, replaced_by = request.parameters["name"], single(request.query(), "replaced-by") or ""
    note, asked, registry = request.note(), _conditions(request), request.service.registry

    def delete(batch: Batch) -> Reply:
        _check(asked, batch.existing(name))
        deleted = registry.template_delete(who, name, note=note, replaced_by=replaced_by)
        tag = entity_tag(batch.rows[-1].position)
        return json_reply(200, encode_template(deleted) + b"\n", [(b"etag", tag)])

    return await request.service.write(delete, request.parameters["name"])


async def template_restore(request: Request) -> Reply:
    who = await _allowed(request, Scope.WRITE)
    request.query()
    members = json_object(parse(await request.body()), ["revision"])
    revision = members.get("revision")
    if type(revision) is not int or not 1 <= revision < 2**63:
        raise InvalidRequest.parameter("revision", "must be a revision of the template")
    name, registry = request.parameters["name"], request.service.registry
    note, asked, twins = request.note(), _conditions(request), await twins_of(request, [name])

    def restore(batch: Batch) -> Reply:
        _check(asked, batch.known(name))
        restored = registry.template_restore(who, name, revision, note=note)
        return change_reply(200, batch.rows[-1], warning_headers([*warnings_of(restored), *twins]))

    return await request.service.write(restore, request.parameters["name"])


async def change_purge(request: Request) -> Reply:
    who = await _allowed(request, Scope.ADMIN)
    request.query()
    name, revision = request.parameters["name"], whole_number(request.parameters["revision"], "revision")
    note, asked, registry = request.note(), conditions(request), request.service.registry

    def purge(batch: Batch) -> Reply:
        _check(asked, batch.known(name))
        registry.change_purge(who, name, revision, note=note)
        return Reply(204, [(b"etag", entity_tag(batch.rows[-1].position))])

    return await request.service.write(purge, request.parameters["name"])


async def apply(request: Request) -> Reply:
    who = await _allowed(request, Scope.WRITE)
    request.query()
    service = request.service
    body = await request.body(request.limits.apply_bytes)
    wanted = await request.aside(service.queries, lambda: read_apply(body))
    if not wanted.note:
        wanted = replace(wanted, note=request.note())
    warned = warning_headers(await warnings_about(request, wanted.templates))
    if wanted.dry_run:
        return await _dry_run(request, wanted, warned)
    asked, registry = _conditions(request), service.registry

    def write(batch: Batch) -> Reply:
        asked.check(batch.head.position, batch.head.time, what="registry")
        steps = registry.apply(who, wanted, checked=True)
        return _plan_reply(steps, dry_run=False, headers=[(b"etag", entity_tag(batch.head.position)), *warned])

    return await service.write(write, *(template.name for template in wanted.templates), *wanted.delete)


async def _dry_run(request: Request, wanted: ApplyRequest, warned: list[Header]) -> Reply:
    model = request.service.model
    position, entries, living = model.position, model.entries.copy(), model.snapshot()
    asked, registry = conditions(request), request.service.registry

    def find(name: str) -> Template | None:
        entry = entries.get(name)
        return entry.template if entry else None

    def planned() -> Reply:
        if asked is not NONE:
            asked.check(position, registry.changed_at(), what="registry")
        steps = plan(wanted, find, lambda: [entry.template for entry in living])
        return _plan_reply(steps, dry_run=True, headers=[(b"etag", entity_tag(position)), *warned])

    return await request.aside(request.service.queries, planned)


def _plan_reply(steps: list[Step], *, dry_run: bool, headers: list[Header]) -> Reply:
    plan = [
        PlanStep(step.action, step.after.name, step.changed, 0 if dry_run and step.action != "unchanged" else revision)
        for step in steps
        for revision in [step.after.revision]
    ]
    return json_reply(200, encode(Plan(dry_run, plan)) + b"\n", headers)


async def _allowed(request: Request, scope: Scope) -> Identity:
    """Before anything of the body is read, as 2015 did."""
    who = await request.identity()
    who.require(scope)
    return who


def _conditions(request: Request) -> Conditions:
    """Of a write to what is there: a server may ask for `If-Match`."""
    return conditions(request, required=request.service.options.require_if_match)


def _check(asked: Conditions, current: Change | None) -> None:
    """Of one template, before anything is written. Raises `RevisionConflict`."""
    if current is None:
        asked.check(Position(0), None, lives=False)
    elif asked is not NONE:
        asked.check(current.position, current.time, lives=not current.deleted)
