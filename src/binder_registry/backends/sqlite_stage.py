"""Rows of a large commit, in memory beside the file that they are to be written to.

What takes long is to hand them to SQLite one by one. That is done before the lock is taken; under it SQLite copies them
by itself, while other threads run. To the file nothing is new: they come into it in their one commit, as all rows do.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..changes import MARK_BYTES, Change
from .rows import COLUMNS, VALUES
from .sqlite_microseconds import microseconds_of

MANY = 50  # rows of one statement, as elsewhere
_STAGED = "time, action, name, previous, deleted, content, digest"
_ROW = f"({', '.join('?' * len(_STAGED.split(', ')))})"
_FOUND = {
    "revision": "number + ?1",
    "mark": f"substr(?2, number * {MARK_BYTES} - {MARK_BYTES - 1}, {MARK_BYTES})",
    "by": "?3",
    "note": "?4",
    "first": "?5",
}
_WRITE = (
    f"INSERT OR ROLLBACK INTO main.changes ({COLUMNS})"
    f" SELECT {', '.join(_FOUND.get(column, column) for column in COLUMNS.split(', '))}"
    " FROM staged.rows ORDER BY number"
)


class SQLiteStage:
    """On one connection, which has no other one, and outside of its transactions. `let_go` is how it is closed."""

    def __init__(self, connection: sqlite3.Connection, let_go: Callable[["SQLiteStage"], None]) -> None:
        self.count = 0
        self.written = False  # in a transaction, which may have failed
        self._connection, self._let_go = connection, let_go
        connection.execute("ATTACH ':memory:' AS staged")
        connection.execute(f"CREATE TABLE staged.rows (number INTEGER PRIMARY KEY, {_STAGED})")

    def add(self, rows: Sequence[Change]) -> None:
        for at in range(0, len(rows), MANY):
            piece = rows[at : at + MANY]
            insert = f"INSERT INTO staged.rows ({_STAGED}) VALUES {', '.join([_ROW] * len(piece))}"
            self._connection.execute(insert, _values(piece))
        self.count += len(rows)

    def write(self, rows: Sequence[Change]) -> None:
        """In a transaction: all of them, with the places that they have in `rows`."""
        assert len(rows) == self.count, "they are what was staged"
        self.written = True
        first, marks = rows[0], b"".join([row.mark for row in rows])
        self._connection.execute(_WRITE, (first.revision - 1, marks, first.by, first.note, first.first))

    def drop(self) -> None:
        self._connection.execute("DETACH staged")

    def close(self) -> None:
        self._let_go(self)


def _values(rows: Iterable[Change]) -> list[Any]:
    values: list[Any] = []
    for row in rows:
        assert row.content is not None, "nothing that is new was purged"
        content, digest = bytearray(row.content), bytearray(row.digest)  # quicker, as in all rows
        values += (microseconds_of(row.time), VALUES[row.action], row.name, row.previous, int(row.deleted))
        values += (content, digest)
    return values
