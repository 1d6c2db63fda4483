"""An apply that is planned before the log is locked, and brought up to date under the lock. Pure."""

from collections.abc import Callable, Iterable, Set

from msgspec import Struct

from .apply import ApplyRequest, Step, plan, plan_again
from .changes import Action, Position
from .draft_changes import Draft, draft
from .strict_json import no_collection
from .template import Template

Find = Callable[[str], Template | None]


class Planned(Struct, frozen=True):
    """`position` is the state that it was planned against; `drafts` are by name, in the order of the steps."""

    position: Position
    steps: list[Step]
    drafts: dict[str, Draft]


@no_collection()
def planned(request: ApplyRequest, position: Position, find: Find, living: Callable[[], Iterable[Template]]) -> Planned:
    """As `plan`, against the state at `position`."""
    steps = plan(request, find, living)
    return Planned(position, steps, _drafts(steps, {}))


def brought_up(before: Planned, request: ApplyRequest, position: Position, moved: Set[str], find: Find) -> Planned:
    """To the state at `position`: only `moved`, the names that were written since, are looked at again."""
    steps = plan_again(before.steps, request, moved, find)
    return Planned(
        position, steps, _drafts(steps, {name: one for name, one in before.drafts.items() if name not in moved})
    )


def _drafts(steps: Iterable[Step], known: dict[str, Draft]) -> dict[str, Draft]:
    drafts: dict[str, Draft] = {}
    newest = 1
    for step in steps:
        if step.action == "unchanged":
            continue
        name = step.after.name
        drafts[name] = one = known.get(name) or draft(Action(step.action), step.after, step.before, format=newest)
        newest = one.format
    return drafts
