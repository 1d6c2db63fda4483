"""The handlers that write: each finds out who it is, reads what is wanted, and hands an operation to the writer."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

from msgspec import UNSET
from msgspec.structs import replace

from ...apply import ApplyRequest
from ...apply_body import read_apply
from ...apply_promotions import PromotedStep
from ...auth import Scope
from ...batch import Batch
from ...changes import Position
from ...errors import InvalidRequest
from ...fast_body import read_template
from ...interpreter import Held, let_go_later, no_collection, rest
from ...lookalikes import warnings_of
from ...planned import PlannedStep, planned
from ...purging import last
from ...reading import Lost
from ...template import Template
from ...wire import encode, parse
from ...within_reach import require_scopes
from ..description.bodies import Plan, PlanStep
from ..http.conditions import NONE, Conditions, conditions
from ..http.replies import Header, Reply, change_reply, json_reply
from ..http.requests import json_object, single, whole_number
from ..lanes import paced
from ..live.answer import entity_tag
from ..live.entries import State
from ..live.read_model import ReadModel
from ..service import Request
from ..turns import PIECE
from .documents import apply_of_documents, is_yaml, refuse_query_beside_json
from .find_warnings import twins_of, warnings_about
from .taken_apart import taken_apart
from .warning_headers import warning_headers
from .write_operations import check, creation, deletion, patching, update

FEW = 1000  # names, or rows, of an apply that are looked at in one step


async def template_create(request: Request) -> Reply:
    who = await request.writer(Scope.WRITE)
    template = await taken_apart(request, read_template)
    note, asked = request.note(), conditions(request)
    warned = warning_headers(warnings_about(request.service.model, [template]))
    operation = creation(request.service, who, template, note, asked, warned)
    return (await request.write(operation, template.name)).reply


async def template_update(request: Request) -> Reply:
    """2015's PUT: the name in the body is checked like any member, and ignored."""
    who = await request.writer(Scope.WRITE)
    template = replace(await taken_apart(request, read_template), name=request.parameters["name"])
    operation = update(request.service, who, template, request.note(), _conditions(request))
    return (await request.write(operation, template.name)).reply


async def template_patch(request: Request) -> Reply:
    who = await request.writer(Scope.WRITE)
    request.query()
    patch, name = await taken_apart(request, parse), request.parameters["name"]
    operation = patching(request.service, who, name, patch, request.note(), _conditions(request))
    return (await request.write(operation, name)).reply


async def template_delete(request: Request) -> Reply:
    who = await request.writer(Scope.WRITE)
    name, replaced_by = request.parameters["name"], single(request.query(), "replaced-by") or ""
    operation = deletion(request.service, who, name, request.note(), _conditions(request), replaced_by)
    return await request.write(operation, name)


async def template_restore(request: Request) -> Reply:
    who = await request.writer(Scope.WRITE)
    request.query()
    members = json_object(await taken_apart(request, parse), ["revision"])
    revision = members.get("revision")
    if type(revision) is not int or not 1 <= revision < 2**63:
        raise InvalidRequest.parameter("revision", "must be a revision of the template")
    name, registry = request.parameters["name"], request.service.registry
    note, asked, twins = request.note(), _conditions(request), twins_of(request.service.model, [name])

    def restore(batch: Batch) -> Reply:
        registry.require_name(who, name)
        check(asked, batch, batch.known(name))
        restored = registry.template_restore(who, name, revision, note=note)
        return change_reply(200, batch.rows[-1], warning_headers([*warnings_of(restored), *twins]))

    return await request.write(restore, request.parameters["name"])


async def change_purge(request: Request) -> Reply:
    who = await request.writer(Scope.ADMIN)
    request.query()
    name, revision = request.parameters["name"], whole_number(request.parameters["revision"], "revision")
    note, asked, registry = request.note(), conditions(request), request.service.registry

    looked = lambda: last(paced(registry.change_copies(who, name, revision)))  # noqa: E731
    copies = await request.service.past.run(looked, request.client)

    def purge(batch: Batch) -> Reply:
        registry.require_name(who, name)
        check(asked, batch, batch.known(name))
        registry.change_purge(who, name, revision, note=note, copies=copies)
        return Reply(204, [(b"etag", entity_tag(batch.rows[-1].position))])

    return await request.write(purge, request.parameters["name"])


async def apply(request: Request) -> Reply:
    who = await request.writer(Scope.WRITE, Scope.PROMOTE)
    service = request.service
    lane, registry = service.applies, service.registry
    lost: list[Lost] | None = None
    if is_yaml(request):
        who.require(Scope.WRITE)
        body, lost = await apply_of_documents(request)
        parts = [body]
        del body
    else:
        refuse_query_beside_json(request)
        parts = await request.parts(request.limits.apply_bytes, partial(service.turns.turn, request.client, PIECE))
    async with lane.turn(sum(map(len, parts))):
        wanted = await lane.run(lambda: read_apply(_joined(parts)))
        require_scopes(who, writes=wanted.writes, promotes=wanted.promote is not None)
        if not wanted.note:
            wanted = replace(wanted, note=request.note())
        warned = warning_headers(await lane.run(lambda: warnings_about(service.model, wanted.templates)))
        all_names = wanted.dry_run and bool(
            who.reach.labels
        )  # of what is promoted, and of successors, labels are asked
        position, find, living = await _seen(service.model, wanted, all_names=all_names)
        if wanted.dry_run:
            asked = conditions(request)

            def dry() -> Reply:
                if asked is not NONE:
                    asked.check(position, registry.changed_at(), what="registry")
                steps = registry.apply_dry(who, wanted, position, find, living)
                return _plan_reply(steps, 0, [(b"etag", entity_tag(position)), *warned], lost)

            return await lane.run(dry)
        asked = _conditions(request)
        plan = await lane.run(lambda: planned(wanted, position, find, living))
        before, staged = await lane.run(lambda: registry.prepared(who, wanted, plan))
        if staged and (drawing := service.model.draw()):
            await lane.run(partial(drawing.add, staged.rows))

        def write(batch: Batch) -> tuple[list[PlannedStep | PromotedStep], int, Position]:
            asked.check(batch.head.position, batch.head.time, what="registry")
            first = batch.head.revision + 1
            return registry.apply_planned(who, wanted, before, staged), first, batch.head.position

        held: list[Held] = []
        try:
            steps, first, newest = await request.write(write, alone=True)
            held += [steps, before.steps, plan.steps, before.drafts, plan.drafts]  # which the loop had to clear away
            service.write_rates.add(who, max(0, newest.revision - first))
            headers = [(b"etag", entity_tag(newest)), *warned]
            return await lane.run(lambda: _plan_reply(steps, first, headers, lost))
        finally:
            service.model.drawing = None
            if staged:  # also where the client left: a write that is not done yet does without
                lane.start(staged.close)
            let_go_later(*held)


def _joined(parts: list[bytes]) -> bytes:
    """Which are let go: they may be large."""
    body = b"".join(parts)
    parts.clear()
    return body


async def _seen(
    model: ReadModel, wanted: ApplyRequest, *, all_names: bool = False
) -> tuple[Position, Callable[[str], Template | None], Callable[[], list[Template]]]:
    """What an apply is planned against, for another thread: the state that is shown now. It is looked at some names at
    a time, unless something is written meanwhile, or what the request does not name is to be found, too: then it is
    copied at once."""
    position, entries = model.position, model.entries.copy() if all_names else dict[str, State]()
    named = () if all_names else chain((template.name for template in wanted.templates), wanted.delete)
    for number, name in enumerate(named, 1):
        if entry := model.entries.get(name):
            entries[name] = entry
        if number % FEW == 0:
            await asyncio.sleep(0)
            if model.position is not position:
                position, entries = model.position, model.entries.copy()
                break
    shown = model.snapshot() if wanted.prune is not None or wanted.promote is not None else []

    def find(name: str) -> Template | None:
        entry = entries.get(name)
        return entry.template if entry else None

    return model.position, find, lambda: [entry.template for block in shown for entry in block.entries]


@no_collection()
def _plan_reply(
    steps: list[PlannedStep | PromotedStep], first: int, headers: list[Header], lost: list[Lost] | None
) -> Reply:
    """`first` is the revision of the first change; 0 for a dry run."""
    head, _, tail = encode(Plan(not first, [], UNSET if lost is None else lost)).partition(b"[]")
    return json_reply(200, b"%b[%b]%b\n" % (head, b",".join(_rows(steps, first)), tail), headers)


def _rows(steps: list[PlannedStep | PromotedStep], first: int) -> Iterator[bytes]:
    """Some at a time, each with commas between its rows."""
    revision = first
    for at in range(0, len(steps), FEW):
        if at:
            rest()
        rows: list[PlanStep] = []
        for step in steps[at : at + FEW]:
            changes = step.action != "unchanged"
            row = PlanStep(step.action, step.name, step.changed, revision if changes else step.revision)  # type: ignore[arg-type]
            if isinstance(step, PromotedStep):
                row = replace(row, promoted=step.promotion or UNSET, reason=step.reason)
            rows.append(row)
            revision += changes and bool(first)
        yield encode(rows)[1:-1]


def _conditions(request: Request) -> Conditions:
    """Of a write to what is there: a server may ask for `If-Match`."""
    return conditions(request, required=request.service.options.require_if_match)
