"""A change as a row of SQLite's table, and back."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ..changes import Action, Change

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = "revision, mark, time, by, note, action, name, previous, first, deleted, content, digest"


def time_of(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def row_of(change: Change) -> tuple[Any, ...]:
    return (
        change.revision,
        change.mark,
        (change.time - EPOCH) // timedelta(microseconds=1),
        change.by,
        change.note,
        change.action.value,
        change.name,
        change.previous,
        change.first,
        change.deleted,
        change.content,
        change.digest,
    )


def change_of(row: tuple[Any, ...]) -> Change:
    revision, mark, time, by, note, action, name, previous, first, deleted, content, digest = row
    return Change(
        revision, mark, time_of(time), by, note, Action(action), name, previous, first, bool(deleted), content, digest
    )
