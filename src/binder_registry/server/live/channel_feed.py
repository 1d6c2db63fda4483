"""The feed as a reader of one channel sees it: what is promoted is created, updated or gone; all else does not concern
them, but for a right that was given or taken away."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from ...auth import Identity
from ...changes import Action, Change, content_digest
from ...kept_members import channels_of, promotion_of
from ...registry import Registry
from ...selector import matches
from .change_filter import Filter, reaching
from .channels import InChannel, InState, entry_of, in_channel, pointed_at, read_contents

AT_ONCE = 32  # rows whose contents, and those before them, are in memory at once

Told = tuple[Change, bool]
"""A change as it is sent, and whether as a deletion of what is still there."""


def told(chosen: Filter, change: Change, before: InState, after: InState) -> Told | None:
    """None: it does not reach this reader. Where nobody can tell any more, it does."""
    if chosen.name not in (None, change.name):
        return None
    if change.content is None or after == "purged":
        return replace(change, content=None), False
    was = before == "purged" or _selected(chosen, before)
    if change.deleted or not _selected(chosen, after):
        return (change, not change.deleted) if was else None
    assert isinstance(after, InChannel)
    if was and isinstance(before, InChannel) and before.body == after.body:
        return None
    action = Action.CREATED if before is None else Action.UPDATED
    content = after.beside
    return replace(change, action=action, content=content, digest=content_digest(after.content)), False


def reaching_of(
    registry: Registry, who: Identity, found: Sequence[Change], chosen: Filter, page_before: Sequence[Change] = ()
) -> Iterator[Told]:
    """What of these reaches a reader, of a channel or of none. `page_before` need not be read again."""
    of = _reaching_in_channel if chosen.channel else reaching
    return of(registry, who, found, chosen, page_before)


def _reaching_in_channel(
    registry: Registry, who: Identity, found: Sequence[Change], chosen: Filter, page_before: Sequence[Change]
) -> Iterator[Told]:
    near = {change.revision: change for change in (*page_before, *found)}
    concerned = [change for change in found if _concerns(chosen, change)]
    for at in range(0, len(concerned), AT_ONCE):
        some = concerned[at : at + AT_ONCE]
        wanted = {change.previous for change in some} - {0}
        before = {revision: near[revision] for revision in wanted & near.keys()}
        before |= {change.revision: change for change in registry.rows_at(who, wanted - before.keys())}
        rows = (*some, *before.values())
        pointed = {revision for row in rows for revision in _pointed_at(row, chosen.channel)}
        contents = read_contents(lambda revisions: registry.rows_at(who, revisions), pointed)
        for change in some:
            states = (state_in(row, chosen.channel, contents) for row in (before.get(change.previous), change))
            if reaches := told(chosen, change, *states):
                yield reaches


def state_in(row: Change | None, channel: str, contents: dict[int, bytes]) -> InState:
    if row is None or row.deleted:
        return None
    if row.content is None:
        return "purged"
    return in_channel(entry_of(row.name, row.revision, row.mark, row.content, contents), channel)


def _pointed_at(row: Change, channel: str) -> set[int]:
    if row.content is None or row.deleted:
        return set()
    pointer = channels_of(row.content).get(channel)
    return {pointer.revision} & pointed_at(row.content, row.revision) if pointer else set()


def _concerns(chosen: Filter, change: Change) -> bool:
    """A quick look at the row alone."""
    if chosen.name not in (None, change.name):
        return False
    if change.content is None or change.deleted or chosen.channel in channels_of(change.content):
        return True
    promotion = promotion_of(change.content)
    return promotion is not None and promotion.channel == chosen.channel


def _selected(chosen: Filter, state: InState) -> bool:
    return isinstance(state, InChannel) and (not chosen.selector or matches(chosen.selector, state.words.labels))
