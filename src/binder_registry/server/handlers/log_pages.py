"""Pages of the log, read from the store in short steps and bounded in bytes. Runs in a thread."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from ...auth import Identity
from ...changes import Change, Position, size_of
from ...registry import Registry
from ..description.bodies import encode_change, members_changed
from ..lanes import go_on, turn_is_over
from ..live.change_filter import Filter, change_before
from ..live.channel_feed import reaching_of
from ..live.events import NearPage, page_body

SCANNED = 10_000  # rows that one page looks at to find those that are asked for
STEP = 32  # rows of the first read of a page
LONGEST_STEP = 1000
STEP_BYTES = 1024**2  # of contents that are in memory at once, but for a last one, which may be larger


class Span(Struct, frozen=True):
    """What a page is of: at most `limit` changes between `since` and `before` (None: no end), both exclusive."""

    since: Position
    before: Position | None
    newest_first: bool
    limit: int


class Page(Struct):
    """`reached` is the position up to which the log was looked at; `more` says whether it goes on behind."""

    rows: list[bytes]
    reached: Position
    more: bool


def whole(page: Page) -> NearPage:
    return NearPage(page_body(page.rows), len(page.rows), page.reached, page.more)


def steps(registry: Registry, who: Identity, span: Span, name: str | None) -> Iterator[list[Change]]:
    """The changes of `span`, some at a time. Raises `PositionUnknown`."""
    left, size = span.limit, STEP
    while left > 0:
        go_on()
        wanted = min(left, size)
        found = registry.changes(
            who,
            since=span.since,
            before=span.before,
            name=name,
            newest_first=span.newest_first,
            limit=wanted,
            most_bytes=STEP_BYTES,
        )
        if found:
            yield found
        ended_early = size_of(found) >= STEP_BYTES
        if len(found) < wanted and not ended_early:
            return
        left -= len(found)
        reached = found[-1].position
        span = replace(span, before=reached) if span.newest_first else replace(span, since=reached)
        size = min(2 * size, LONGEST_STEP)


def page(registry: Registry, who: Identity, span: Span, chosen: Filter, *, by: bool, most: int) -> Page:
    """`most`: bytes after which it ends. It holds a change at least, where there is one among the next `SCANNED`."""
    rows: list[bytes] = []
    reached, size = span.since, 0
    # One more of the newest, to tell whether more follow; of the oldest, as many as it takes to find some.
    read = replace(
        span, limit=span.limit + 1 if span.newest_first else SCANNED if not chosen.everything else span.limit
    )
    scanned = 0
    for found in steps(registry, who, read, chosen.name):
        scanned += len(found)
        for change, deleted in reaching_of(registry, who, found, chosen):
            if len(rows) == span.limit or size >= most:
                return Page(rows, reached, more=True)
            rows.append(encode_change(change, by=by, deleted=deleted))
            size += len(rows[-1])
            reached = change.position
            if len(rows) == span.limit and not span.newest_first:
                return Page(rows, reached, more=True)
        if not span.newest_first:
            reached = found[-1].position
            if turn_is_over():
                return Page(rows, reached, more=True)
    return Page(rows, reached, more=not span.newest_first and scanned >= read.limit)


def history(registry: Registry, who: Identity, span: Span, name: str, *, by: bool, most: int) -> Page:
    """One template's changes, newest first or oldest first, each with the members that it changed."""
    rows: list[bytes] = []
    reached, size = span.since, 0
    for found in steps(registry, who, replace(span, limit=span.limit + 1), name):
        known = {change.revision: change for change in found}
        for change in found:
            if len(rows) == span.limit or size >= most:
                return Page(rows, reached, more=True)
            changed = members_changed(change_before(registry, who, change, known), change)
            rows.append(encode_change(change, by=by, changed=changed))
            size += len(rows[-1])
            reached = change.position
    return Page(rows, reached, more=False)
