"""Which changes reach a reader, and how."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ...changes import Change
from ...registry import Registry
from ...selector import Selector, matches
from .read_model import words_of

NEAR = 10  # revisions: as far apart, reading what lies between is cheaper than asking twice


class Filter:
    """`name` is exact. A template that leaves the selector is sent as deleted."""

    def __init__(self, name: str | None = None, selector: Selector = ()) -> None:
        self.name = name
        self.selector = selector

    @property
    def everything(self) -> bool:
        return self.name is None and not self.selector

    def sent(self, change: Change, labels_before: Callable[[], dict[str, str] | None]) -> str:
        """How the change reaches this reader: "" (not at all), "change" or "deleted".

        `labels_before` gives the labels that the template had before the change, or None where it did not live.
        """
        if self.name not in (None, change.name):
            return ""
        if not self.selector:
            return "change"
        if change.content is None:
            return "change"  # purged: nobody can tell any more
        before = labels_before()
        selected_before = before is not None and matches(self.selector, before)
        if change.deleted:
            return "change" if selected_before else ""
        if matches(self.selector, words_of(change.content).labels):
            return "change"
        return "deleted" if selected_before else ""


def reaching(
    registry: Registry, found: Sequence[Change], chosen: Filter, page_before: Sequence[Change] = ()
) -> Iterator[tuple[Change, bool]]:
    """What reaches a reader of these, each with whether it is sent as deleted. `page_before` need not be read again."""
    known = {change.revision: change for change in (*page_before, *found)}
    if chosen.selector:
        known |= _before(registry, {change.previous for change in found} - known.keys() - {0})
    for change in found:
        how = chosen.sent(change, partial(_labels_before, registry, change, known))
        if how:
            yield change, how == "deleted"


def change_before(registry: Registry, change: Change, known: dict[int, Change]) -> Change | None:
    """The change of the same template before; None for its first, and where it did not live then."""
    if not change.previous:
        return None
    found = known.get(change.previous)
    for before in [found] if found else registry.rows(change.previous - 1, change.previous):
        return None if before.deleted else before
    return None  # a log that lost its tail at this moment


def _before(registry: Registry, revisions: set[int]) -> dict[int, Change]:
    """These, and what lies between those that are near each other: a query for each would take most of the time of a
    reader that is far behind."""
    before: dict[int, Change] = {}
    wanted = sorted(revisions)
    while wanted:
        count = next((at for at in range(1, len(wanted)) if wanted[at] - wanted[at - 1] > NEAR), len(wanted))
        first, last = wanted[0], wanted[count - 1]
        before |= {change.revision: change for change in registry.rows(first - 1, last, limit=last - first + 1)}
        wanted = wanted[count:]
    return before


def _labels_before(registry: Registry, change: Change, known: dict[int, Change]) -> dict[str, str] | None:
    before = change_before(registry, change, known)
    if before is None or before.content is None:
        return None
    return words_of(before.content).labels
