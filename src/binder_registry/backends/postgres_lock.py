"""The write lock of all servers: the row that holds the log's head."""

from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, NamedTuple

from ..changes import Change, Head
from .postgres_connection import Connection
from .postgres_many import patient
from .postgres_queries import LOCKED_HEAD
from .rows import COLUMNS, change_of

OTHERS = 500  # changes: of more, it is quicker to ask for what is looked at
LARGE = 8192  # bytes of a content which is not told with the lock, nor is what comes after it
# A statement that sums lengths up takes longer to plan than all else of a small commit.
BEHIND = (
    f"SELECT {COLUMNS.replace('content', f'CASE WHEN octet_length(content) <= {LARGE} THEN content END')}"
    f" FROM registry_changes WHERE revision > %s ORDER BY revision LIMIT {OTHERS}"
)


class Locked(NamedTuple):
    head: Head
    format: int  # of the log
    others: list[Change]


def lock_head(connection: Connection, behind: int | None = None) -> Locked:
    """With the changes `behind` a revision, as far as they are few and small, in the same round trip."""

    def lock() -> Locked:
        others = None
        with connection.pipeline():
            connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            locked = connection.execute(LOCKED_HEAD, binary=True)
            if behind is not None:  # sees what was committed while the lock was waited for
                others = connection.execute(BEHIND, (behind,), binary=True)
        [(*head, kept)] = locked.fetchall()
        changes = [change_of(row, in_utc) for row in others.fetchall()] if others else []
        return Locked(head_of([head]), kept, [*takewhile(lambda change: change.content is not None, changes)])

    return patient(connection, lock)


def head_of(rows: list[Any]) -> Head:
    [(revision, mark, time)] = rows
    return Head(revision, mark, time and in_utc(time))


def in_utc(time: datetime) -> datetime:
    """Connections give times in the zone of their session."""
    return time.astimezone(UTC)
