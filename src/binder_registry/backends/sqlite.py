"""The log in one SQLite file: the default."""

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from secrets import token_bytes
from typing import Any
from urllib.parse import quote

from ..changes import MARK_BYTES, Action, Change, Head
from ..errors import DatabaseRefused, StoreUnavailable
from .file_lock import FileLock

SCHEMA = 1  # PRAGMA user_version
APPLICATION_ID = 0x62726567  # "breg": tells our files from other programs' databases
BUSY_SECONDS = 5.0  # how long to wait for a lock that a process beside the server holds
POLL_SECONDS = 0.2  # how often a reader beside the owner looks for what the owner wrote
OWNER_SECONDS = 10.0  # how long to wait for another server to let go of the file: a rolling update
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger(__name__)

_COLUMNS = "revision, mark, time, by, note, action, name, previous, first, deleted, content, digest"


class SQLiteLog:
    """Owns the file at `path` until `close`, unless `read_only`: then it reads beside the owner.

    Raises `DatabaseRefused` when the file is not ours to open, `StoreUnavailable` when it fails later.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False, wait: float = OWNER_SECONDS) -> None:
        self.path = Path(path).absolute()
        self._read_only = read_only
        self._lock: FileLock | None = None
        self._writing = threading.Lock()
        self._committed = threading.Condition()
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []  # idle ones
        self._local = threading.local()  # `writes`: this thread is inside `writing()`
        self._blanked: list[int] = []
        self._head: Head | None = None  # as of our last commit: nobody else writes
        self._closed = False
        self._inode = 0  # of the file that was opened; 0 until then
        try:
            if not read_only:
                self._lock = FileLock(Path(f"{self.path}.lock"), wait)
            with closing(self._connect()) as connection:
                self._prepare(connection)
            self._inode = os.stat(self.path).st_ino
        except sqlite3.Error as error:
            self.close()
            raise DatabaseRefused(f"{self.path}: {_REFUSALS.get(_code(error), error)}") from error
        except OSError as error:
            self.close()
            raise DatabaseRefused(f"{self.path}: {error.strerror}") from error
        except DatabaseRefused:
            self.close()
            raise

    def __str__(self) -> str:
        return str(self.path)

    def origin(self) -> bytes:
        return self._rows("SELECT mark FROM origin")[0][0]  # type: ignore[no-any-return]

    def head(self) -> Head:
        if (head := self._head) is not None:
            return head
        rows = self._rows("SELECT revision, mark, time FROM changes ORDER BY revision DESC LIMIT 1")
        return Head(rows[0][0], rows[0][1], _time(rows[0][2])) if rows else Head(0, self.origin())

    def current(self, name: str) -> Change | None:
        rows = self._changes("WHERE name = ? ORDER BY previous DESC LIMIT 1", name)
        return rows[0] if rows else None

    def current_of(self, names: Collection[str]) -> list[Change]:
        return self._changes(
            "WHERE revision IN (SELECT (SELECT revision FROM changes WHERE name = value ORDER BY previous DESC LIMIT 1)"
            " FROM json_each(?))",
            json.dumps(list(names)),
        )

    def read(
        self, since: int, until: int, *, name: str | None = None, newest_first: bool = False, limit: int = 1000
    ) -> list[Change]:
        order = "DESC" if newest_first else "ASC"
        between = "revision > ? AND revision <= ?"
        if name is None:
            return self._changes(f"WHERE {between} ORDER BY revision {order} LIMIT ?", since, until, limit)
        return self._changes(
            f"WHERE name = ? AND {between} ORDER BY previous {order} LIMIT ?", name, since, until, limit
        )

    def state(self, revision: int, *, after: str = "", limit: int = 1000, deleted: bool = False) -> list[Change]:
        found: list[Change] = []
        while len(found) < limit:
            page = self._changes(
                "WHERE revision IN (SELECT max(revision) FROM changes WHERE name > ? AND revision <= ?"
                " GROUP BY name ORDER BY name LIMIT ?) ORDER BY name",
                after,
                revision,
                limit,
            )
            if not page:
                break
            after = page[-1].name
            found += page if deleted else [change for change in page if not change.deleted]
        return found[:limit]

    def wait(self, since: int, timeout: float) -> Head:
        until = time.monotonic() + timeout
        with self._committed:
            while (head := self.head()).revision <= since and (left := until - time.monotonic()) > 0:
                self._committed.wait(min(left, POLL_SECONDS) if self._read_only else left)
            return head

    @contextmanager
    def writing(self) -> Iterator[list[Change]]:
        with self._writing:
            rows: list[Change] = []
            self._blanked = []
            try:
                with self._failures():
                    self._begin()
                self._local.writes = True
                yield rows
                with self._failures():
                    self._commit(rows)
            except BaseException:
                # Rolls back. A connection that has failed once is not trusted again: the next write opens a new one.
                self._drop_writer()
                raise
            finally:
                self._local.writes = False
        with self._committed:
            self._committed.notify_all()

    def blank(self, revision: int) -> None:
        self._blanked.append(revision)

    def adopt(self, origin: bytes) -> None:
        """For a copy: see `copying.Target`."""
        with self.writing(), self._failures():
            if self.head().revision:
                raise DatabaseRefused(f"{self.path}: this database holds a registry already")
            assert self._writer is not None, "inside writing()"
            self._writer.execute("UPDATE origin SET mark = ?", (origin,))

    def close(self) -> None:
        with self._writing:
            self._closed = True
            self._head = None
            self._drop_writer()
            self._close_readers()
            if self._lock:
                self._lock.release()
        with self._committed:
            self._committed.notify_all()

    def _connect(self) -> sqlite3.Connection:
        if self._inode:
            self._check_file()
        mode = "ro" if self._read_only else "rw" if self._inode else "rwc"
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Create or migrate the schema. Raises `DatabaseRefused` for what is not ours or newer than this program."""
        [[found]] = connection.execute("PRAGMA user_version")
        [[application]] = connection.execute("PRAGMA application_id")
        [[tables]] = connection.execute("SELECT count(*) FROM sqlite_schema")
        if application != APPLICATION_ID and (application or tables or found or self._read_only):
            raise DatabaseRefused(f"{self.path}: this is not a database of binder-registry")
        if found > SCHEMA:
            raise DatabaseRefused(
                f"{self.path}: written by a newer binder-registry (schema {found}, this program knows {SCHEMA})"
            )
        if self._read_only:
            return
        if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise DatabaseRefused(f"{self.path}: the file system does not allow SQLite's write-ahead log")
        connection.execute("BEGIN IMMEDIATE")  # fails now, and not at the first write, where the file is read-only
        for version in range(found + 1, SCHEMA + 1):
            for statement in (files(__package__) / f"migrations/sqlite_{version}.sql").read_text().split(";\n"):
                connection.execute(statement)
        if not found:
            connection.execute("INSERT INTO origin (mark) VALUES (?)", (token_bytes(MARK_BYTES),))
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new file's own entry
        finally:
            os.close(folder)

    def _check_file(self) -> None:
        # Writes to a file that was removed or replaced would succeed, and be gone with the process.
        if os.stat(self.path).st_ino != self._inode:
            raise OSError(f"{self.path} was replaced while the server ran")

    def _begin(self) -> None:
        if self._closed:
            raise sqlite3.ProgrammingError("the log is closed")
        self._check_file()
        if self._writer is None:
            self._writer = self._connect()
        self._writer.execute("BEGIN IMMEDIATE")

    def _commit(self, rows: list[Change]) -> None:
        assert self._writer is not None, "after _begin()"
        self._writer.executemany(
            f"INSERT INTO changes ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [_row(row) for row in rows]
        )
        self._writer.executemany(
            "UPDATE changes SET content = NULL WHERE revision = ?", [(revision,) for revision in self._blanked]
        )
        self._head = None
        self._writer.execute("COMMIT")
        self._check_file()
        if rows:
            self._head = Head(rows[-1].revision, rows[-1].mark, rows[-1].time)

    def _drop_writer(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()

    def _close_readers(self) -> None:
        while (connection := self._idle_reader()) is not None:
            connection.close()

    def _idle_reader(self) -> sqlite3.Connection | None:
        try:
            return self._readers.pop()
        except IndexError:
            return None

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._failures():
            if self._closed:
                raise sqlite3.ProgrammingError("the log is closed")
            if getattr(self._local, "writes", False):
                # Nothing is written before the block's end, and this connection has the newest pages at hand.
                assert self._writer is not None, "inside writing()"
                yield self._writer
                return
            connection = self._idle_reader() or self._connect()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._readers.append(connection)
            if self._closed:  # meanwhile
                self._close_readers()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            logger.error("%s: %s: %s", self.path, type(error).__name__, error)
            raise StoreUnavailable from error

    def _rows(self, query: str, *parameters: Any) -> list[Any]:
        with self._reader() as connection:
            return connection.execute(query, parameters).fetchall()

    def _changes(self, clauses: str, *parameters: Any) -> list[Change]:
        return [_change(row) for row in self._rows(f"SELECT {_COLUMNS} FROM changes {clauses}", *parameters)]


_REFUSALS = {
    sqlite3.SQLITE_NOTADB: "this is not a database",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened or created",
    sqlite3.SQLITE_BUSY: "another process holds the database locked",
}


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code: the extended ones refine it


def _time(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _row(change: Change) -> tuple[Any, ...]:
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


def _change(row: tuple[Any, ...]) -> Change:
    revision, mark, time, by, note, action, name, previous, first, deleted, content, digest = row
    return Change(
        revision, mark, _time(time), by, note, Action(action), name, previous, first, bool(deleted), content, digest
    )
