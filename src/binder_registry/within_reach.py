"""Whether what a holder writes lies in their reach. Asked of what was written, whichever verb did it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from .apply import Step
from .apply_promotions import PromotedStep
from .auth import Identity, Reach, Scope
from .batch import Batch
from .changes import Change
from .errors import OutOfReach
from .log_store import LogStore
from .planned import Planned
from .template import Template


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
T = TypeVar("T")
_decode = msgspec.json.Decoder(_State).decode


def require_name(who: Identity, name: str) -> None:
    """Before anything is looked at: whose reach does not hold a name is not told whether there is such a template.

    Raises `OutOfReach`.
    """
    if not (who.reach.is_everything or who.reach.names_it(name)):
        raise OutOfReach.of(name)


def written_within_reach(
    store: LogStore, who: Identity, name: str, write: Callable[[], T], *, gives_before: bool = False
) -> T:
    """What `write` gives, whose one row is undone where it is out of reach: the template as it is then, or not."""
    reach = who.reach
    if reach.is_everything:
        return write()
    if not reach.names_it(name):
        raise OutOfReach.of(name)
    batch = store.batch
    if batch is None:
        with store.atomic():
            return written_within_reach(store, who, name, write, gives_before=gives_before)
    given = write()
    after = given if isinstance(given, Template) and not gives_before else None
    if (
        after is not None
        and not after.replaced_by
        and (not reach.labels or (not batch.rows[-1].previous and reach.holds(after.labels)))
    ):
        return given  # the usual cases, without a call
    try:
        _require_reach_of_one(reach, batch, after)
    except OutOfReach:
        rows, tokens = batch.length
        batch.cut_back((rows - 1, tokens))
        raise
    return given


def applied_within_reach(store: LogStore, who: Identity, write: Callable[[], T], named: Collection[str]) -> T:
    """The same for one that looks at all that are `named`, and may leave some as they are."""
    if who.reach.is_everything:
        return write()
    with store.atomic() as batch:
        start = len(batch.rows)
        given = write()
        if who.reach.labels:
            batch.look_up(named)
        touched = _touched_by_rows(batch, start, who.reach, named)
        require_reach(who, touched, lambda name: _state_of(batch.current(name)))
        return given


def require_scopes(who: Identity, *, writes: bool, promotes: bool) -> None:
    """Of an apply. Raises `MissingScope`."""
    if writes:
        who.require(Scope.WRITE)
    if promotes:
        who.require(Scope.PROMOTE)


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


def _require_reach_of_one(reach: Reach, batch: Batch, after: State | None = None) -> None:
    """The same of the newest row of a batch, but for its name; `after` is what it left, where that is at hand."""
    row = batch.rows[-1]
    if after is None:
        after = _after(row, reach)
    successor = after.replaced_by if after is not None else ""
    labels = reach.labels
    if not (labels or successor):
        return
    change = batch.before(row) if row.previous else None
    before = batch.readable(change) if change else None
    if labels:
        holds = reach.holds
        if after is not None and not holds(after.labels):
            raise OutOfReach.of(row.name)
        moved = before is not None and (after is None or before.labels != after.labels)
        if moved and before is not None and not holds(before.labels):
            raise OutOfReach.of(row.name)
    points_anew = successor and (before is None or before.replaced_by != successor)
    if points_anew and not _reaches(reach, successor, lambda name: _state_of(batch.current(name))):
        raise OutOfReach.of(successor)


def _touched_by_rows(batch: Batch, start: int, reach: Reach, named: Iterable[str]) -> Iterator[Touched]:
    """What the rows after the first `start` did, by a verb that wrote each template at most once, and looked at all
    that are `named`."""
    rows = {row.name: row for row in batch.rows[start:]}
    for name in named:
        row = rows.get(name)
        if row is None:
            yield name, partial(_current, batch, name), None
        else:
            yield name, partial(_before, batch, row), _after(row, reach)


def touched_by_steps(steps: Iterable[Step]) -> Iterator[Touched]:
    for step in steps:
        yield step.after.name, partial(_same, step.before), None if step.action == "unchanged" else step.after


def touched_by_plan(plan: Planned) -> Iterator[Touched]:
    for step in plan.steps:
        drafted = plan.drafts.get(step.name)
        yield step.name, partial(plan.find, step.name), _decode(drafted.content(b"")) if drafted else None


def touched_by_promotions(steps: Iterable[PromotedStep], find: Callable[[str], State | None]) -> Iterator[Touched]:
    for step in steps:
        yield step.name, partial(find, step.name), None


def _state_of(change: Change | None) -> State | None:
    return _decode(change.content) if change and change.content else None


def _after(row: Change, reach: Reach) -> State | None:
    """None where nothing of it matters."""
    return _state_of(row) if reach.labels or (row.content and b'"replaced-by"' in row.content) else None


def _current(batch: Batch, name: str) -> State | None:
    return _state_of(batch.current(name))


def _before(batch: Batch, row: Change) -> State | None:
    return _state_of(batch.before(row))


def _same(state: State | None) -> State | None:
    return state


def _reaches(reach: Reach, name: str, current: Callable[[str], State | None]) -> bool:
    if not reach.names_it(name):
        return False
    state = current(name) if reach.labels else None
    return state is None or reach.holds(state.labels)
