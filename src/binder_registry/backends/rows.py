"""A change as a row of an SQL table, and back. Databases differ in how they keep a time only."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..changes import ACTIONS, Action, Change, action_of

VALUES: dict[str, str] = {action: action.value for action in Action}  # quicker than the member, too
COLUMNS = "revision, mark, time, by, note, action, name, previous, first, deleted, content, digest"


def row_of(change: Change, time: Any) -> tuple[Any, ...]:
    """`time` as the database keeps it."""
    return (
        change.revision,
        change.mark,
        time,
        change.by,
        change.note,
        VALUES.get(change.action, change.action),
        change.name,
        change.previous,
        change.first,
        change.deleted,
        change.content,
        change.digest,
    )


def change_of(row: tuple[Any, ...], time_of: Callable[[Any], datetime]) -> Change:
    """`time_of` reads what the database keeps of a time, and gives it in UTC."""
    revision, mark, time, by, note, action, name, previous, first, deleted, content, digest = row
    return Change(
        revision,
        mark,
        time_of(time),
        by,
        note,
        ACTIONS.get(action) or action_of(action),
        name,
        previous,
        first,
        bool(deleted),
        content,
        digest,
    )
