"""What a purge takes away: the content of a change, and of every later one of its template that holds it again."""

from collections.abc import Iterator
from functools import partial

import msgspec
from msgspec import Raw

from .batch import Batch
from .changes import Action, Change
from .errors import RevisionIsCurrent, RevisionUnknown
from .promotions import Rows, check_not_promoted, each_change
from .template import WIRE_NAMES, Template

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_BESIDE = ("time_created", "time_modified", "channels", "content_revision", "promoted", "deleted")
_NOT_CONTENT = tuple(WIRE_NAMES[member] for member in _BESIDE)
_SUCCESSOR = WIRE_NAMES["replaced_by"]

Content = dict[str, bytes]


def purge(batch: Batch, current: Change, revision: int, rows: Rows, by: str, note: str) -> None:
    """`current` is the newest change of the template, whose changes `rows` reads.

    Raises `RevisionUnknown`, `RevisionPurged`, `RevisionIsCurrent`, `RevisionIsPromoted`.
    """
    if revision == current.revision:
        raise RevisionIsCurrent
    found = rows(revision - 1, revision)
    if not found:
        raise RevisionUnknown(f"The template has no change with revision {revision}")
    found[0].readable()
    gone = [revision, *_copies(found[0], partial(rows, until=batch.head.revision))]
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


def _copies(purged: Change, rows: Rows) -> Iterator[int]:
    wanted = _content_of(purged)
    for change in each_change(rows, purged.revision):
        if change.content is not None and _is_same(_content_of(change), wanted, change.deleted or purged.deleted):
            yield change.revision


def _content_of(change: Change) -> Content:
    """Member by member, also those that a newer release added."""
    members = _members(change.content or b"{}")
    return {key: bytes(value) for key, value in members.items() if key not in _NOT_CONTENT}


def _is_same(one: Content, other: Content, is_tombstone: bool) -> bool:
    if is_tombstone:  # a deletion names a successor of its own
        one, other = ({key: value for key, value in each.items() if key != _SUCCESSOR} for each in (one, other))
    return one == other
