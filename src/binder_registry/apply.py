"""Declarative apply: what is asked for, and the plan that leads there. Pure: nothing here writes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from .apply_promotions import Promote, PromotedStep, promoted, read_promote
from .channels import Promotion
from .differences import changed_members
from .errors import HINTS, ErrorHint, InvalidRequest, InvalidTemplate
from .interpreter import no_collection
from .lengths import NOTE_BYTES
from .rules import check, name_problem, successor_problem
from .selector import Requirement, Selector, matches, parse_selector
from .template import Template, plain
from .wire import TWICE, Object, template_from_members

MESSAGES = 10  # of what is wrong, that one error says


class ApplyRequest(Struct, frozen=True):
    """`templates` are whole desired states; `delete` maps names to the `replaced-by` of their tombstones ("": the one
    that the template names itself); `prune` deletes what it selects and `templates` does not name (an empty list
    selects all, None nothing); `promote` comes after all else."""

    templates: list[Template] = []
    delete: dict[str, str] = {}
    prune: list[Requirement] | None = None
    dry_run: bool = False
    note: str = ""
    promote: Promote | None = None

    @property
    def writes(self) -> bool:
        """Whether anything is written but promotions."""
        return bool(self.templates or self.delete) or self.prune is not None or self.promote is None


class Step(Struct, frozen=True, omit_defaults=True):
    """What one template needs. `before` is its state, a tombstone too; `after` what it becomes; `changed` the paths of
    the members that an update changes."""

    action: Literal["created", "updated", "deleted", "promoted", "unchanged"]
    after: Template
    before: Template | None = None
    changed: list[str] = []
    promotion: Promotion | None = None  # of a promoted one: its `to` is 0 for what is yet to be written
    reason: str = ""  # why a template that was selected stays as it is


@no_collection()
def plan(
    request: ApplyRequest, find: Callable[[str], Template | None], living: Callable[[], Iterable[Template]]
) -> list[Step]:
    """The steps, in the order of the request. `find` gives templates and tombstones; `living` is asked for pruning."""
    return list(each_step(request.templates, request, find, living))


def promotions(
    request: ApplyRequest, steps: Iterable[Step], living: Callable[[], Iterable[Template]]
) -> list[PromotedStep]:
    """What comes after these steps."""
    if request.promote is None:
        return []
    written = ((step.after, step.action in ("created", "updated")) for step in steps)
    return promoted(request.promote, written, living, dry=request.dry_run)


def told(promotions: Iterable[PromotedStep], find: Callable[[str], Template | None]) -> list[Step]:
    """The same as steps, of what is found."""
    steps = list[Step]()
    for one in promotions:
        template = find(one.name) or Template(name=one.name)
        action: Literal["promoted", "unchanged"] = "promoted" if one.promotion else "unchanged"
        steps.append(Step(action, template, promotion=one.promotion, reason=one.reason))
    return steps


def each_step(
    templates: Iterable[Template],
    request: ApplyRequest,
    find: Callable[[str], Template | None],
    living: Callable[[], Iterable[Template]],
) -> Iterator[Step]:
    """The same one by one, with `templates` in the place of the request's."""
    named = set(request.delete)
    for template in templates:
        named.add(template.name)
        yield wanted(template, find(template.name))
    for name, successor in request.delete.items():
        yield unwanted(name, successor, find(name))
    if request.prune is not None:
        yield from pruned_among((template for template in living() if template.name not in named), request.prune)


def pruned_among(living: Iterable[Template], prune: Selector) -> Iterator[Step]:
    for template in living:
        if matches(prune, template.labels):
            yield unwanted(template.name, "", template)


def wanted(template: Template, before: Template | None) -> Step:
    if before is None or before.deleted:
        return Step("created", plain(template), before)
    after = replace(
        template, time_created=before.time_created, time_modified=before.time_modified, channels=before.channels
    )
    if changed := changed_members(before, after):
        return Step("updated", after, before, changed)
    return Step("unchanged", before, before)


def unwanted(name: str, successor: str, before: Template | None) -> Step:
    if before is None:
        return Step("unchanged", Template(name=name, deleted=True))
    if before.deleted and successor in ("", before.replaced_by):
        return Step("unchanged", before, before)
    return Step("deleted", replace(before, deleted=True, replaced_by=successor or before.replaced_by), before)


@no_collection()
def parse_apply(value: Any) -> ApplyRequest:
    """From a body as `wire.parse` gives it, or with `Template`s in it that keep all rules.

    All errors at once: `InvalidRequest`, or `InvalidTemplate` with hints like `templates[3].limits.memory`. `null` is
    an absent member.
    """
    if not isinstance(value, Object):
        raise InvalidRequest("the body must be a JSON object", [ErrorHint("Request", "body", "invalid")])
    members = {key: member for key, member in dict(value).items() if member is not None}
    problems = _Problems()
    for key, _ in value:
        if key not in ("templates", "delete", "prune", "promote", "allow-empty", "dry-run", "note"):
            problems.add(key, "is not a member of an apply")
    for key in _twice(value):
        problems.add(key, TWICE)
    dry_run, note = members.get("dry-run", False), members.get("note", "")
    for flag in ("dry-run", "allow-empty"):
        if not isinstance(members.get(flag, False), bool):
            problems.add(flag, "must be true or false")
    if not isinstance(note, str) or "\0" in note or len(note.encode()) > NOTE_BYTES:
        problems.add("note", f"must be a string of at most {NOTE_BYTES} bytes, without NUL characters")
    prune = _prune(members.get("prune"), problems)
    if prune is not None and members.get("templates", []) == [] and members.get("allow-empty", False) is False:
        # Whoever made the request may have failed to find them.
        problems.add("templates", 'is empty, so that prune deletes all that it selects: "allow-empty": true lets it')
    templates = _templates(members.get("templates", []), problems)
    delete = _delete(members.get("delete", Object()), {template.name for template in templates}, problems)
    promote = read_promote(members.get("promote"), problems.add)
    if problems.hints:
        raise InvalidTemplate(problems.message, problems.hints)
    return ApplyRequest(templates, delete, prune, dry_run, note, promote)


class _Problems:
    """The first of them; others are counted only."""

    def __init__(self) -> None:
        self.hints: list[ErrorHint] = []
        self._messages: list[str] = []
        self._more = 0
        self._not_read = 0  # templates

    @property
    def message(self) -> str:
        more = [f"and {self._more} more"] if self._more else []
        not_read = [f"and {self._not_read} templates were not looked at"] if self._not_read else []
        return "; ".join([*self._messages, *more, *not_read])

    @property
    def are_many(self) -> bool:
        return len(self.hints) >= HINTS

    def leave(self, templates: int) -> None:
        """So many are not looked at any more."""
        self._not_read = templates

    def add(self, field: str, problem: str) -> None:
        if self.are_many:  # there may be millions
            self._more += 1
            return
        self.take(InvalidRequest(f"{field} {problem}", [ErrorHint("Request", field, "invalid")]))

    def take(self, error: InvalidRequest, *, at: str = "", within: str = "") -> None:
        """`at` begins its message, `within` the fields of its hints."""
        room = HINTS - len(self.hints)
        self.hints += [replace(hint, field=within + hint.field) for hint in error.errors[:room]]
        self._more += max(0, len(error.errors) - room)
        if len(self._messages) < MESSAGES:
            self._messages.append(at + error.message)


def _prune(text: Any, problems: _Problems) -> list[Requirement] | None:
    if text is None:
        return None
    if not isinstance(text, str):
        problems.add("prune", "must be a label selector, or '*' for everything")
        return None
    try:
        return [] if text == "*" else parse_selector(text, parameter="prune")
    except InvalidRequest as error:
        problems.take(error)
        return None


def _templates(entries: Any, problems: _Problems) -> list[Template]:
    if isinstance(entries, Object) or not isinstance(entries, list):
        problems.add("templates", "must be a list")
        return []
    wanted: list[Template] = []
    for index, entry in enumerate(entries):
        if problems.are_many:
            problems.leave(len(entries) - index)
            break
        if isinstance(entry, Template):  # which was read and checked already
            wanted.append(entry)
            continue
        where = f"templates[{index}]"
        try:
            wanted.append(template_from_members(entry, where))
        except InvalidTemplate as error:
            problems.take(error)
            continue
        try:
            check(wanted[-1])
        except InvalidTemplate as error:
            problems.take(error, at=f"{where}: ", within=f"{where}.")
    for name, times in Counter(template.name for template in wanted).items():
        if name and times > 1:
            problems.add("templates", f"names {name!r} {times} times")
    return wanted


def _delete(entries: Any, wanted: Set[str], problems: _Problems) -> dict[str, str]:
    if not isinstance(entries, Object):
        problems.add("delete", "must be an object")
        return {}
    delete: dict[str, str] = {}
    for name in _twice(entries):
        problems.add(f"delete.{name}", TWICE)
    for name, successor in entries:
        if problem := name_problem(name):
            problems.add(f"delete.{name}", problem)
        if name in wanted:
            problems.add(f"delete.{name}", "is among the templates too")
        if not isinstance(successor, str | None) or (successor and successor_problem(name, successor)):
            problems.add(f"delete.{name}", "must be the name of another template, or null")
        delete[name] = successor or ""
    return delete


def _twice(pairs: Object) -> list[str]:
    return [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
