"""What a purge takes away: the content of a change, and of every later one of its template that holds it again."""

from collections import deque
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw, Struct

from .batch import Batch
from .changes import PAGE, PAGE_BYTES, Action, Change, Position
from .errors import RevisionIsCurrent, RevisionUnknown
from .promotions import Rows, check_not_promoted
from .template import WIRE_NAMES, Template

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_BESIDE = ("time_created", "time_modified", "channels", "content_revision", "promoted", "deleted")
_NOT_CONTENT = tuple(WIRE_NAMES[member] for member in _BESIDE)
_SUCCESSOR = WIRE_NAMES["replaced_by"]

Content = dict[str, bytes]


class Copies(Struct, frozen=True):
    """The changes that hold the content of one again, of all that lie between it and `until`, which is one of them."""

    until: Position
    revisions: tuple[int, ...] = ()


def copies_of(revision: int, rows: Rows, head: int) -> Iterator[Copies]:
    """Those that there are up to `head`, a page at a time: each is what was found by then. None of what has no content.

    For `purge`, before the log is locked: there may be very many changes to look at.
    """
    if (found := rows(revision - 1, revision)) and found[0].content is not None:
        yield from _copies(found[0], Copies(found[0].position), rows, head)


def purge(
    batch: Batch, current: Change, revision: int, rows: Rows, by: str, note: str, copies: Copies | None = None
) -> None:
    """`current` is the newest change of the template, whose changes `rows` reads; `copies` are what was found before.

    Raises `RevisionUnknown`, `RevisionPurged`, `RevisionIsCurrent`, `RevisionIsPromoted`.
    """
    if revision == current.revision:
        raise RevisionIsCurrent
    found = rows(revision - 1, revision)
    if not found:
        raise RevisionUnknown(f"The template has no change with revision {revision}")
    found[0].readable()
    known = copies if copies and _stands(copies.until, rows) else Copies(found[0].position)
    known = last(_copies(found[0], known, rows, batch.head.revision)) or known
    gone = [revision, *known.revisions]
    template = batch.readable(current)
    if current.revision in gone:
        if not current.deleted:
            raise RevisionIsCurrent(
                f"The newest revision, {current.revision}, still has this content: change the template first"
            )
        template = Template(name=current.name, replaced_by=template.replaced_by, deleted=True)
    elif not current.deleted:
        check_not_promoted(current, gone)
    batch.append(Action.PURGED, template, by, note)
    batch.purged[len(batch.rows)] = gone


def last(found: Iterable[Copies]) -> Copies | None:
    """What was found in the end, if anything was looked at."""
    return next(iter(deque(found, maxlen=1)), None)


def _stands(position: Position, rows: Rows) -> bool:
    """Whether the log is still the one that had it."""
    return any(change.mark == position.mark for change in rows(position.revision - 1, position.revision))


def _copies(purged: Change, known: Copies, rows: Rows, head: int) -> Iterator[Copies]:
    """Those that are `known`, and then the others up to `head`."""
    wanted = _content_of(purged)
    while page := rows(known.until.revision, head, limit=PAGE, most_bytes=PAGE_BYTES):
        same = (
            change.revision
            for change in page
            if change.content is not None and _is_same(_content_of(change), wanted, change.deleted or purged.deleted)
        )
        known = Copies(page[-1].position, (*known.revisions, *same))
        yield known


def _content_of(change: Change) -> Content:
    """Member by member, also those that a newer release added."""
    members = _members(change.content or b"{}")
    return {key: bytes(value) for key, value in members.items() if key not in _NOT_CONTENT}


def _is_same(one: Content, other: Content, is_tombstone: bool) -> bool:
    if is_tombstone:  # a deletion names a successor of its own
        one, other = ({key: value for key, value in each.items() if key != _SUCCESSOR} for each in (one, other))
    return one == other
