"""Whether what a holder writes lies in their reach. Asked of what was written, whichever verb did it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Protocol

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


class _State(Struct, rename="kebab", frozen=True):
    labels: dict[str, str] = {}
    replaced_by: str = ""


# A template that a verb looked at: its name, how to find what it was before, and what it is now; None where it stays as
# it is, or where nothing of it matters.
Touched = tuple[str, Callable[[], State | None], State | None]
_decode = msgspec.json.Decoder(_State).decode


def require_reach(who: Identity, touched: Iterable[Touched], current: Callable[[str], State | None]) -> None:
    """Its name, its labels before and after, and the successor that it is newly given; `current` finds that one.

    Raises `OutOfReach`, naming the first.
    """
    reach = who.reach
    for name, find_before, after in touched:
        if not reach.names_it(name):
            raise OutOfReach.of(name)
        if reach.labels:
            before = find_before()
            if before is not None and not reach.holds(before.labels):
                raise OutOfReach.of(name)
            moved = after is not None and (before is None or before.labels != after.labels)
            if after is not None and moved and not reach.holds(after.labels):
                raise OutOfReach.of(name)
        if after is not None and after.replaced_by and not _reaches(reach, after.replaced_by, current):
            before = find_before()
            if before is None or before.replaced_by != after.replaced_by:
                raise OutOfReach.of(after.replaced_by)


def touched_by_rows(batch: Batch, start: int, reach: Reach, named: Iterable[str] | None = None) -> Iterator[Touched]:
    """What the rows after the first `start` did, by a verb that writes each template at most once.

    `named`: all that it looked at, where it may leave some as they are.
    """
    rows = {row.name: row for row in batch.rows[start:]}
    for name in rows if named is None else named:
        row = rows.get(name)
        if row is None:
            yield name, partial(_current, batch, name), None
        else:
            matters = reach.labels or (row.content and b'"replaced-by"' in row.content)
            yield name, partial(_before, batch, row), state_of(row) if matters else None


def touched_by_steps(steps: Iterable[Step]) -> Iterator[Touched]:
    for step in steps:
        yield step.after.name, partial(_same, step.before), None if step.action == "unchanged" else step.after


def touched_by_plan(plan: Planned) -> Iterator[Touched]:
    for step in plan.steps:
        drafted = plan.drafts.get(step.name)
        yield step.name, partial(plan.find, step.name), _decode(drafted.content(b"")) if drafted else None


def state_of(change: Change | None) -> State | None:
    return _decode(change.content) if change and change.content else None


def _current(batch: Batch, name: str) -> State | None:
    return state_of(batch.current(name))


def _before(batch: Batch, row: Change) -> State | None:
    return state_of(batch.before(row))


def _same(state: State | None) -> State | None:
    return state


def _reaches(reach: Reach, name: str, current: Callable[[str], State | None]) -> bool:
    if not reach.names_it(name):
        return False
    state = current(name) if reach.labels else None
    return state is None or reach.holds(state.labels)
