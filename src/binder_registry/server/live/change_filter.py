"""Which changes reach a reader, and how."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

from ...auth import Identity
from ...changes import Change
from ...registry import Registry
from ...selector import Selector, matches
from .entries import words_of

Labels = dict[str, str] | Literal["purged"] | None
"""Of a template before a change: None where it did not live; "purged" where nobody can tell any more."""


class Filter:
    """`name` is exact. A template that leaves the selector is sent as deleted. Of a `channel`: see `channel_feed`."""

    def __init__(self, name: str | None = None, selector: Selector = (), channel: str = "") -> None:
        self.name = name
        self.selector = selector
        self.channel = channel
        self.key = name, tuple(selector), channel  # the same for all that are sent the same

    @property
    def everything(self) -> bool:
        return self.name is None and not self.selector and not self.channel

    def sent(
        self, change: Change, labels_before: Callable[[], Labels], labels: Callable[[], dict[str, str]] | None = None
    ) -> str:
        """How the change reaches this reader: "" (not at all), "change" or "deleted". `labels`: where they are known.

        Where nobody can tell any more, it does: a reader can take a deletion too many, and must not miss one.
        """
        if self.name not in (None, change.name):
            return ""
        if not self.selector:
            return "change"
        if change.content is None:
            return "change"
        before = labels_before()
        selected_before = before == "purged" or (before is not None and matches(self.selector, before))
        if change.deleted:
            return "change" if selected_before else ""
        if matches(self.selector, labels() if labels else words_of(change.content).labels):
            return "change"
        return "deleted" if selected_before else ""


def reaching(
    registry: Registry, who: Identity, found: Sequence[Change], chosen: Filter, page_before: Sequence[Change] = ()
) -> Iterator[tuple[Change, bool]]:
    """What reaches a reader of these, each with whether it is sent as deleted. `page_before` need not be read again."""
    labels: dict[int, Labels] = {}
    if chosen.selector:
        near = {change.revision: change for change in (*page_before, *found)}
        before = {change.previous for change in found} - {0}
        labels = {revision: _labels(near[revision]) for revision in before & near.keys()}
        labels |= {change.revision: _labels(change) for change in registry.rows_at(who, before - near.keys())}
    for change in found:
        # One that a log does not have, which lost its tail at this moment, is like none.
        how = chosen.sent(change, partial(labels.get, change.previous))
        if how:
            yield change, how == "deleted"


def change_before(registry: Registry, who: Identity, change: Change, known: dict[int, Change]) -> Change | None:
    """The change of the same template before; None for its first, and where it did not live then."""
    if not change.previous:
        return None
    found = known.get(change.previous)
    for before in [found] if found else registry.rows_at(who, [change.previous]):
        return None if before.deleted else before
    return None  # a log that lost its tail at this moment


def _labels(before: Change) -> Labels:
    if before.deleted:
        return None
    return "purged" if before.content is None else words_of(before.content).labels
