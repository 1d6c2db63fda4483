"""The one connection that writes to a SQLite file, and the write-ahead log that it tends."""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..changes import Change
from .rows import COLUMNS, VALUES
from .sqlite_foreign_wal import WriteAheadLog, renew
from .sqlite_microseconds import microseconds_of
from .sqlite_pragmas import carry_over_at_commits, carry_wal_over, data_version
from .sqlite_stage import SQLiteStage

MANY = 50  # rows of one statement: quicker, and other threads get in between two of these only, each for 5 ms at most
_ROW = f"({', '.join('?' * len(COLUMNS.split(', ')))})"
_INSERT = f"INSERT INTO changes ({COLUMNS}) VALUES {_ROW}"
# Any failure ends the transaction, so that nothing is kept to undo a single statement.
_INSERT_MANY = f"INSERT OR ROLLBACK INTO changes ({COLUMNS}) VALUES {', '.join([_ROW] * MANY)}"

logger = logging.getLogger(__name__)


def _row(change: Change) -> tuple[Any, ...]:
    """As `row_of`, but its bytes as arrays and its flag as a number: for each value of any other type the driver looks
    for an adapter, and that takes as long as all else of an insert."""
    content = change.content
    return (
        change.revision,
        bytearray(change.mark),
        microseconds_of(change.time),
        change.by,
        change.note,
        VALUES.get(change.action, change.action),
        change.name,
        change.previous,
        change.first,
        int(change.deleted),
        None if content is None else bytearray(content),
        bytearray(change.digest),
    )


class Writer:
    """Its caller lets one thread in at a time. Raises `sqlite3.Error`."""

    def __init__(self, path: Path, connect: Callable[[], sqlite3.Connection]) -> None:
        self.connection: sqlite3.Connection | None = connect()
        self._path, self._connect, self._log = path, connect, WriteAheadLog(path)
        self._version: int | None = None  # of the data, as this connection saw it
        self._wal = b""  # the salts of the write-ahead log
        self._changes = 0  # of this connection, before the transaction
        self.stage: SQLiteStage | None = None
        self.staged_at: int | None = None  # where its rows are among those of the transaction that is open
        self.wrote = False  # in the transaction that is open, or was the last
        self._new_log = False  # the next commit is the first of a new one
        self._traces = False  # what was purged is still in the write-ahead log

    def start(self) -> None:
        """Begin with an empty log: what a server left that was killed may hold what was purged."""
        self.erase_traces()
        self._wal = self._log.salts()
        self._others_wrote()

    def begin(self) -> bool:
        """Takes the write lock; says whether others may have written since the last commit."""
        if self.connection is None:
            self.connection, self._version = self._connect(), None
        self.connection.execute("BEGIN IMMEDIATE")
        self.staged_at = None
        self._changes = self.connection.total_changes
        before = self._version
        if not self._others_wrote():
            return False
        if before is not None:
            logger.warning("%s: somebody else wrote to this file", self._path)
        self._wal, self._new_log = self._log.salts(), False
        return True

    def commit(self, rows: Sequence[Change], blanked: Sequence[int]) -> None:
        assert self.connection is not None, "after begin()"
        if self.stage is not None and self.staged_at is not None:
            staged = slice(self.staged_at, self.staged_at + self.stage.count)
            self._insert(rows[: staged.start])
            self.stage.write(rows[staged])
            carry_over_at_commits(self.connection, on=False)  # until it is unstaged
            rows = rows[staged.stop :]
        self._insert(rows)
        for revision in blanked:
            self.connection.execute("UPDATE changes SET content = NULL WHERE revision = ?", (revision,))
        self.wrote = self.connection.total_changes > self._changes  # tokens, too, and what else is kept beside the log
        if self._new_log and self.wrote:
            renew(self.connection)
        self.connection.execute("COMMIT")

    def _insert(self, rows: Sequence[Change]) -> None:
        assert self.connection is not None, "in a transaction"
        # One by one: that many tuples at once would be looked through for garbage, over and over.
        many = len(rows) - len(rows) % MANY
        if many:
            pieces = (rows[at : at + MANY] for at in range(0, many, MANY))
            self.connection.executemany(_INSERT_MANY, map(_values, pieces))
        self.connection.executemany(_INSERT, map(_row, rows[many:] if many else rows))

    def tend(self, *, purged: bool) -> None:
        """After a commit that wrote something. That is durable, whatever happens here."""
        self._traces = self._traces or purged
        try:
            if (wal := self._log.salts()) != self._wal:
                if not self._new_log:  # SQLite began a new one, when all that was in the old one was carried over
                    self._renew()
                self._wal, self._new_log = wal, False
            if self._traces:
                self.erase_traces()
        except (sqlite3.Error, OSError) as error:
            logger.error("%s: %s: %s", self._path, type(error).__name__, error)
            self.drop()

    def erase_traces(self) -> None:
        """Carry the write-ahead log over and cut it to nothing: it holds what was purged. Not while a reader needs it:
        then at the next occasion."""
        if self.connection is None:
            return
        if carry_wal_over(self.connection):
            self._traces, self._new_log = False, True

    def look_after(self) -> None:
        """When nothing was written for a while."""
        if self._traces:
            self.erase_traces()

    def new_stage(self, let_go: Callable[[SQLiteStage], None]) -> SQLiteStage | None:
        """Between transactions; None where the last one failed."""
        self.unstage()
        if self.connection is not None:
            self.stage = SQLiteStage(self.connection, let_go)
        return self.stage

    def unstage(self) -> None:
        """Between transactions."""
        if self.stage is None:
            return
        stage, self.stage = self.stage, None
        try:
            stage.drop()
            if self.connection is not None:
                carry_over_at_commits(self.connection, on=True)
        except sqlite3.Error as error:
            logger.error("%s: %s: %s", self._path, type(error).__name__, error)
            self.drop()

    def drop(self) -> None:
        """Rolls back. A connection that has failed once is not trusted again: the next write opens a new one."""
        if self.connection is not None:
            connection, self.connection, self.stage = self.connection, None, None
            connection.close()
        self._log.close()

    def _others_wrote(self) -> bool:
        assert self.connection is not None, "in a transaction"
        before = self._version
        self._version = data_version(self.connection)
        return before != self._version

    def _renew(self) -> None:
        assert self.connection is not None, "after a commit"
        self.connection.execute("BEGIN IMMEDIATE")
        if not self._others_wrote():
            renew(self.connection)
        self.connection.execute("COMMIT")


def _values(changes: Iterable[Change]) -> list[Any]:
    return [value for change in changes for value in _row(change)]
