"""Declarative apply: what is asked for, and the plan that leads there. Pure: nothing here writes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from .errors import APIErrorResponse, ErrorHint, InvalidRequest, InvalidTemplate
from .selector import Requirement, matches, parse_selector
from .template import Template, changed_members, check, name_problem
from .wire import Object, template_from_members

NOTE_BYTES = 1024


class ApplyRequest(Struct, frozen=True):
    """`templates` are whole desired states; `delete` maps names to the `replaced-by` of their tombstones ("": none);
    `prune` deletes what it selects and `templates` does not name (an empty list selects all, None nothing)."""

    templates: list[Template] = []
    delete: dict[str, str] = {}
    prune: list[Requirement] | None = None
    dry_run: bool = False
    note: str = ""


class Step(Struct, frozen=True, omit_defaults=True):
    """What one template needs. `before` is its state, a tombstone too; `after` what it becomes."""

    action: Literal["created", "updated", "deleted", "unchanged"]
    after: Template
    before: Template | None = None

    @property
    def changed(self) -> list[str]:
        """The wire names of the members that differ."""
        if self.action == "deleted":
            return []
        living = self.before if self.before and not self.before.deleted else None
        return changed_members(living, self.after)


def plan(
    request: ApplyRequest, find: Callable[[str], Template | None], living: Callable[[], Iterable[Template]]
) -> list[Step]:
    """The steps, in the order of the request. `find` gives templates and tombstones; `living` is asked for pruning."""
    steps = [_wanted(template, find(template.name)) for template in request.templates]
    steps += [_unwanted(name, successor, find(name)) for name, successor in request.delete.items()]
    if request.prune is not None:
        named = {step.after.name for step in steps}
        steps += [
            _unwanted(template.name, "", template)
            for template in living()
            if template.name not in named and matches(request.prune, template.labels)
        ]
    return steps


def _wanted(template: Template, before: Template | None) -> Step:
    if before is None or before.deleted:
        return Step("created", template, before)
    after = replace(template, time_created=before.time_created, time_modified=before.time_modified)
    return Step("updated" if changed_members(before, after) else "unchanged", after, before)


def _unwanted(name: str, successor: str, before: Template | None) -> Step:
    if before is None:
        return Step("unchanged", Template(name=name, deleted=True))
    if before.deleted and successor in ("", before.replaced_by):
        return Step("unchanged", before, before)
    return Step("deleted", replace(before, deleted=True, replaced_by=successor), before)


def parse_apply(value: Any) -> ApplyRequest:
    """From a body as `wire.parse` gives it. All errors at once: `InvalidRequest`, or `InvalidTemplate` with hints
    like `templates[3].limits.memory`."""
    if not isinstance(value, Object):
        raise InvalidRequest("the body must be a JSON object", [ErrorHint("Request", "body", "invalid")])
    members, hints, messages = dict(value), list[ErrorHint](), list[str]()

    def wrong(field: str, problem: str) -> None:
        hints.append(ErrorHint("Request", field, "invalid"))
        messages.append(f"{field} {problem}")

    for key in members.keys() - {"templates", "delete", "prune", "dry-run", "note"}:
        wrong(key, "is not a member of an apply")
    templates, delete = members.get("templates") or [], members.get("delete") or Object()
    prune, dry_run, note = members.get("prune"), members.get("dry-run") or False, members.get("note") or ""
    if isinstance(templates, Object) or not isinstance(templates, list):
        wrong("templates", "must be a list")
        templates = []
    if not isinstance(delete, Object):
        wrong("delete", "must be an object")
        delete = Object()
    if not isinstance(dry_run, bool):
        wrong("dry-run", "must be true or false")
    if not isinstance(note, str) or len(note.encode(errors="replace")) > NOTE_BYTES:
        wrong("note", f"must be a string of at most {NOTE_BYTES} bytes")
    requirements: list[Requirement] | None = None
    try:
        if prune is not None and not isinstance(prune, str):
            wrong("prune", "must be a label selector")
        elif prune is not None:
            requirements = [] if prune == "*" else parse_selector(prune, "prune")
    except InvalidRequest as error:
        _collect(error, hints, messages)
    wanted = list(_templates(templates, hints, messages))
    names = [template.name for template in wanted]
    for name in {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ():
        wrong("templates", f"names {name!r} twice")
    for name, successor in delete:
        if problem := name_problem(name):
            wrong(f"delete.{name}", problem)
        if name in names:
            wrong(f"delete.{name}", "is among the templates too")
        if not isinstance(successor, str | None) or (successor and name_problem(successor)) or successor == name:
            wrong(f"delete.{name}", "must be the name of another template, or null")
    if hints:
        raise InvalidTemplate("; ".join(messages[:10]), hints)
    return ApplyRequest(wanted, {name: successor or "" for name, successor in delete}, requirements, dry_run, note)


def _templates(entries: list[Any], hints: list[ErrorHint], messages: list[str]) -> Iterator[Template]:
    for index, entry in enumerate(entries):
        where = f"templates[{index}]"
        try:
            template = template_from_members(entry, where)
            yield template
            check(template)
        except InvalidTemplate as error:
            _collect(error, hints, messages, where)


def _collect(error: APIErrorResponse, hints: list[ErrorHint], messages: list[str], where: str = "") -> None:
    for hint in error.errors:
        field = hint.field if hint.field.startswith(where) else f"{where}.{hint.field}"
        hints.append(ErrorHint(hint.resource, field, hint.code))
    messages.append(f"{where}: {error.message}" if where else error.message)
