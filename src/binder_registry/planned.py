"""An apply that is planned before the log is locked, and brought up to date under the lock. Pure.

Each template is held once, as the content that is to be written: there may be hundreds of thousands.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from operator import is_
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from .apply import ApplyRequest, Step, each_step, promotions, pruned_among, unwanted, wanted
from .apply_promotions import PromotedStep
from .changes import ACTIONS, Position
from .draft_changes import Draft, draft
from .interpreter import no_collection
from .template import Template, plain

T = TypeVar("T")
Find = Callable[[str], Template | None]


class PlannedStep(Struct, frozen=True, gc=False):
    """What is told of a step. `revision` is that of the template where it stays as it is."""

    action: str
    name: str
    changed: list[str]
    revision: int


class Planned(Struct, frozen=True):
    """`position` is the state that it was planned against, and `find` what was found there; `drafts` are by name, in
    the order of the steps."""

    position: Position
    find: Find
    steps: list[PlannedStep]
    drafts: dict[str, Draft]
    promotions: list[PromotedStep] = []
    writes: bool = True  # anything but these

    def wanted(self, step: PlannedStep) -> Template:
        """What was asked for, of a step that is not a deletion."""
        drafted = self.drafts.get(step.name)
        template = drafted.template if drafted else self.find(step.name)
        assert template is not None, "it is there, and is what was asked for"
        return replace(plain(template), time_created=None, time_modified=None, revision=0)

    def drafts_taken(self) -> Iterator[Draft]:
        """Each ends as its row begins."""
        for name in list(self.drafts):
            yield self.drafts.pop(name).undated()

    def has_drafts_of(self, other: "Planned") -> bool:
        """The very same, in the same order."""
        mine, others = self.drafts, other.drafts
        return mine is others or (len(mine) == len(others) and all(map(is_, mine.values(), others.values())))


@no_collection()
def planned(request: ApplyRequest, position: Position, find: Find, living: Callable[[], Iterable[Template]]) -> Planned:
    """As `plan`, against the state at `position`. Takes the templates out of the request, one by one."""
    writes = request.writes
    now = _planned(each_step(_taken(request.templates), request, find, living), request, position, find, living)
    return replace(now, writes=writes)


@no_collection()
def planned_anew(
    before: Planned, request: ApplyRequest, position: Position, find: Find, living: Callable[[], Iterable[Template]]
) -> Planned:
    """As if it had not been planned before."""
    templates = (before.wanted(step) for step in before.steps if _is_wanted(step, request))
    now = _planned(each_step(templates, request, find, living), request, position, find, living)
    return replace(now, writes=before.writes)


def brought_up(before: Planned, request: ApplyRequest, position: Position, moved: Set[str], find: Find) -> Planned:
    """To the state at `position`: only `moved`, the names that were written since, are looked at again."""
    if request.prune is None and not any(step.name in moved for step in before.steps):
        return Planned(position, before.find, before.steps, before.drafts, before.promotions, before.writes)
    now = Planned(position, find, [], {}, before.promotions, before.writes)
    for step in before.steps:
        if step.name not in moved:
            now.steps.append(step)
            if step.name in before.drafts:
                now.drafts[step.name] = before.drafts[step.name]
        elif step.name in request.delete:
            _add(now, unwanted(step.name, request.delete[step.name], find(step.name)))
        elif _is_wanted(step, request):
            _add(now, wanted(before.wanted(step), find(step.name)))
    if request.prune is not None:
        others = map(find, sorted(moved - {step.name for step in now.steps}))
        for other in pruned_among((one for one in others if one and not one.deleted), request.prune):
            _add(now, other)
    return now


def drafted(steps: Iterable[Step]) -> Iterator[Draft]:
    """Of those that change something."""
    newest = 1
    for step in steps:
        if step.action != "unchanged":
            yield (one := draft(ACTIONS[step.action], step.after, step.before, format=newest))
            newest = one.format


def _planned(
    steps: Iterable[Step],
    request: ApplyRequest,
    position: Position,
    find: Find,
    living: Callable[[], Iterable[Template]],
) -> Planned:
    now = Planned(position, find, [], {})
    if request.promote is not None:
        return replace(now, promotions=promotions(request, _each_added(now, steps), living))
    newest = 1
    for step in steps:
        newest = _add(now, step, newest)
    return now


def _each_added(to: Planned, steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        _add(to, step)
        yield step


def _add(to: Planned, step: Step, newest: int = 1) -> int:
    """Gives the newest format among the drafts, where `newest` was that before."""
    name = step.after.name
    if step.action == "unchanged":
        to.steps.append(PlannedStep(step.action, name, _NONE, step.after.revision))
        return newest
    to.steps.append(PlannedStep(step.action, name, step.changed or _NONE, 0))
    to.drafts[name] = one = draft(ACTIONS[step.action], step.after, step.before, format=newest)
    return one.format


_NONE: list[str] = []


def _is_wanted(step: PlannedStep, request: ApplyRequest) -> bool:
    """Whether it is one of its templates: others are deleted, or named to be."""
    return step.action != "deleted" and step.name not in request.delete


def _taken(items: list[T]) -> Iterator[T]:
    items.reverse()
    while items:
        yield items.pop()
