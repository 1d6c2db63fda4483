"""Whether what a holder writes lies in their reach. Asked of what was written, whichever verb did it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

import msgspec
from msgspec import Struct

from .apply import Step
from .auth import Identity, Reach
from .batch import Batch
from .changes import Change
from .errors import OutOfReach
from .planned import Planned


class State(Protocol):
    """Of a template, or of the tombstone that it left: whoever takes its name takes its history."""

    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def replaced_by(self) -> str: ...


class Touched(NamedTuple):
    """A template that a verb looked at; `after` None where it stays as it is."""

    name: str
    before: State | None
    after: State | None


class _State(Struct, rename="kebab", frozen=True):
    labels: dict[str, str] = {}
    replaced_by: str = ""


_decode = msgspec.json.Decoder(_State).decode


def require_reach(who: Identity, touched: Iterable[Touched], current: Callable[[str], State | None]) -> None:
    """Its name, its labels before and after, and the successor that it is newly given; `current` finds that one.

    Raises `OutOfReach`, naming the first.
    """
    reach = who.reach
    for name, before, after in touched:
        same = before is not None and after is not None and before.labels == after.labels
        if not (reach.names_it(name) and _holds(reach, before) and (same or _holds(reach, after))):
            raise OutOfReach.of(name)
        successor = after.replaced_by if after else ""
        is_new = successor and successor != (before.replaced_by if before else "")
        if is_new and not (reach.names_it(successor) and _holds(reach, current(successor))):
            raise OutOfReach.of(successor)


def touched_by_rows(batch: Batch, start: int, named: Iterable[str] | None = None) -> Iterator[Touched]:
    """What the rows after the first `start` did, by a verb that writes each template at most once.

    `named`: all that it looked at, where it may leave some as they are.
    """
    rows = {row.name: row for row in batch.rows[start:]}
    for name in rows if named is None else named:
        row = rows.get(name)
        yield Touched(name, state_of(batch.before(row) if row else batch.current(name)), state_of(row))


def touched_by_steps(steps: Iterable[Step]) -> Iterator[Touched]:
    for step in steps:
        yield Touched(step.after.name, step.before, None if step.action == "unchanged" else step.after)


def touched_by_plan(plan: Planned) -> Iterator[Touched]:
    for step in plan.steps:
        drafted = plan.drafts.get(step.name)
        yield Touched(step.name, plan.find(step.name), _decode(drafted.content(b"")) if drafted else None)


def state_of(change: Change | None) -> State | None:
    return _decode(change.content) if change and change.content else None


def _holds(reach: Reach, state: State | None) -> bool:
    return state is None or not reach.labels or reach.holds(state.labels)
