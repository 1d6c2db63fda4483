"""What others wrote while an apply was planned. Most of it is looked at before the log is locked: they would wait."""

from collections.abc import Iterator, Set
from itertools import islice

from .apply import ApplyRequest
from .changes import PAGE, PAGE_BYTES, Change, Position
from .errors import PositionUnknown
from .log_contract import ReadsMany
from .log_store import LogStore
from .planned import Find, Planned, brought_up
from .template import Template

FEW = 100  # changes that are left for the lock
MOST = 100_000  # changes, of more than which a plan is not caught up
TIMES = 5  # of looking: others may write as quickly as what they wrote is read


def caught_up(store: LogStore, before: Planned, request: ApplyRequest) -> Planned:
    """The plan for the state that there is now, but for what others write meanwhile."""
    now, named = before, {step.name for step in before.steps}
    for _ in range(TIMES):
        head = store.head()
        if head.revision - now.position.revision <= FEW:
            break
        moved = moved_between(store, now.position, head, MOST)
        if moved is None:
            break
        # What is found may be newer than the head was: then it is looked at again.
        found = dict(_newest(store, moved if request.prune is not None else moved & named))
        now = brought_up(now, request, head, moved, _found_in(found, now.find))
    return now


def moved_between(store: LogStore, seen: Position, head: Position, most: int) -> set[str] | None:
    """The names that were written in between; None where these are more changes than `most`, or of another log."""
    if not 0 < head.revision - seen.revision <= most:
        return None
    names, at = set[str](), seen
    try:
        while (left := head.revision - at.revision) > 0:
            page = store.changes(since=at, limit=min(left, PAGE), most_bytes=PAGE_BYTES)
            names.update(change.name for change in page)
            at = page[-1].position
    except PositionUnknown:
        return None
    return names


def _found_in(found: dict[str, Template | None], before: Find) -> Find:
    return lambda name: found[name] if name in found else before(name)


def _newest(store: LogStore, names: Set[str]) -> Iterator[tuple[str, Template | None]]:
    """Tombstones too; each of them has been written."""
    left = iter(names)
    while some := list(islice(left, PAGE)):
        rows: list[Change | None]
        if isinstance(store.log, ReadsMany):
            rows = [*store.log.current_of(some)]
        else:
            rows = [store.log.current(name) for name in some]
        yield from ((row.name, row.template) for row in rows if row)
