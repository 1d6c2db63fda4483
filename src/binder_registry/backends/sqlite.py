"""The log in one SQLite file: the default."""

import json
import logging
import os
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..changes import Action, Change, Head, Newest, size_of
from ..errors import DatabaseRefused
from ..log_contract import LARGEST, bounded, within
from .file_lock import FileLock, create
from .rows import COLUMNS, change_of
from .sqlite_failures import Failures
from .sqlite_file import mode_to_read, owned, prepare, refusal, refuse_replaced
from .sqlite_foreign_wal import RawFile, refuse_foreign_log
from .sqlite_microseconds import time_of
from .sqlite_pragmas import connect_to_log
from .sqlite_readers import Readers
from .sqlite_staging import SQLiteStaging
from .sqlite_state import AS_OF, OF_NAME, present_rows
from .sqlite_tokens import SQLiteTokens
from .sqlite_waiting import Known, Waiting
from .sqlite_write_connection import Writer
from .sqlite_writing import SQLiteWriting

POLL_SECONDS = 0.2  # how often a reader beside the owner looks for what the owner wrote
OWNER_SECONDS = 10.0  # how long to wait for another server to let go of the file: a rolling update

logger = logging.getLogger(__name__)


class SQLiteLog(SQLiteTokens, SQLiteStaging, SQLiteWriting):
    """Owns the file at `path` until `close`, unless `read_only`: then it reads beside the owner.

    Raises `DatabaseRefused` when the file is not ours to open, `StoreUnavailable` when it fails later.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False, wait: float = OWNER_SECONDS) -> None:
        # SQLite, too, keeps what lies beside a file where a symbolic link leads: one lock for all its names.
        self.path = Path(os.path.realpath(path))
        self._name = str(self.path)  # which every commit looks for
        self.mode = "ro" if read_only else "rw"
        self._lock: FileLock | None = None
        self._writing = threading.Lock()
        self._waiting = Waiting(self.head)
        self._writer: Writer | None = None
        self._file: RawFile | None = None
        self._failures = Failures(self.path)
        self._readers = Readers(self._connect)
        self._local = threading.local()  # `writes`: this thread is inside `writing()`
        self._blanked: list[int] = []
        self._head: Head | None = None  # as of our last commit
        self._format = 0  # as we read it last; 0: to be read
        self._closed = False
        self._inode = 0  # of the file that was opened; 0 until then
        try:
            self._open(wait)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise DatabaseRefused(f"{self.path}: {refusal(error)}") from error
        except DatabaseRefused:
            self.close()
            raise

    def __str__(self) -> str:
        return self._name

    def origin(self) -> bytes:
        return self._rows("SELECT mark FROM origin")[0][0]  # type: ignore[no-any-return]

    def head(self) -> Head:
        return self._head or self._newest()

    def known_head(self) -> Head | None:
        return self._head

    def _newest(self) -> Head:
        rows = self._rows("SELECT revision, mark, time FROM changes ORDER BY revision DESC LIMIT 1")
        return Head(rows[0][0], rows[0][1], time_of(rows[0][2])) if rows else Head(0, self.origin())

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
        self,
        since: int,
        until: int,
        *,
        name: str | None = None,
        newest_first: bool = False,
        limit: int = 1000,
        most_bytes: int = LARGEST,
    ) -> list[Change]:
        since, until, limit = bounded(since), bounded(until), bounded(limit)
        order = "DESC" if newest_first else "ASC"
        if name is None:
            found = f"WHERE revision > ? AND revision <= ? ORDER BY revision {order} LIMIT ?"
            return self._changes(found, since, until, limit, most_bytes=most_bytes)
        found = f"{OF_NAME} ORDER BY previous {order} LIMIT ?4"
        return self._changes(found, name, since, until, limit, most_bytes=most_bytes)

    def count(self, name: str, since: int, until: int, actions: Collection[Action]) -> int:
        query = f"SELECT count(*) FROM changes {OF_NAME} AND action IN ({', '.join(['?'] * len(actions))})"
        return self._rows(query, name, bounded(since), bounded(until), *actions)[0][0]  # type: ignore[no-any-return]

    def read_each(self, revisions: Collection[int], *, most_bytes: int = LARGEST) -> list[Change]:
        # As one parameter: their number is limited.
        possible = json.dumps([revision for revision in revisions if 0 < revision <= LARGEST])
        found = "WHERE revision IN (SELECT value FROM json_each(?)) ORDER BY revision"
        return self._changes(found, possible, most_bytes=most_bytes)

    def state(
        self, revision: int, *, after: str = "", limit: int = 1000, deleted: bool = False, most_bytes: int = LARGEST
    ) -> list[Change]:
        revision, limit = bounded(revision), bounded(limit)
        found: list[Change] = []
        while len(found) < limit and most_bytes > 0:
            page = self._changes("", after, revision, limit, among=AS_OF, most_bytes=most_bytes)
            if not page:
                break
            after = page[-1].name
            kept = page if deleted else [change for change in page if not change.deleted]
            found += kept
            if len(found) >= limit:
                break
            most_bytes -= size_of(kept)
        return found[:limit]

    def present(self) -> Iterator[Newest]:
        with self._reader() as connection, closing(connection.cursor()) as cursor:
            yield from present_rows(cursor)

    def wait(self, since: int, timeout: float) -> Head:
        return self.wait_beyond(lambda: since, timeout)

    def wait_beyond(self, known: Known, timeout: float) -> Head:
        head = self._waiting.wait(known, timeout, POLL_SECONDS if self._reads_only else timeout)
        if head.revision <= known() and not self._reads_only:
            self._look_after()
            head = self.head()
        return head

    def wake(self) -> None:
        self._waiting.tell()

    def blank(self, revision: int) -> None:
        self._blanked.append(revision)

    def format(self) -> int:
        if not self._format:
            [[_, *kept]] = self._rows("SELECT * FROM origin")
            self._format = kept[0] if kept else 1  # a file that is only read may be older than this column
        return self._format

    def raise_format(self, number: int) -> None:
        with self._failures:
            self._writes_on().execute("UPDATE origin SET format = max(format, ?)", (number,))
        self._format = 0

    def adopt(self, origin: bytes) -> None:
        """For a copy: see `copying.Target`."""
        with self.writing(), self._failures:
            if self.head().revision:
                raise DatabaseRefused(f"{self.path}: this database holds a registry already")
            self._writes_on().execute("UPDATE origin SET mark = ?", (origin,))

    def close(self) -> None:
        with self._writing:
            self._closed = True
            self._head = None
            if self._writer:
                self._writer.drop()
            self._readers.close()
            if self._file:
                self._file.close()
            if self._lock:
                self._lock.close()
        self._waiting.tell()

    @property
    def _reads_only(self) -> bool:
        return self.mode != "rw"

    def _open(self, wait: float) -> None:
        if self._reads_only:
            self._file = RawFile(self.path)
            self.mode, self._lock = mode_to_read(self.path)
            with closing(self._connect()) as connection:
                prepare(connection, self.path, read_only=True)
        else:
            self._lock = owned(self.path, wait)
            refuse_foreign_log(self.path)
            create(self.path)
            self._file = RawFile(self.path)
            # It stays open: the first write finds all that it needs, also where descriptors have run out.
            self._writer = Writer(self.path, self._connect)
            prepare(self._writes_on(), self.path, read_only=False)
            self._writer.start()
        self._inode = os.stat(self.path).st_ino

    def _connect(self) -> sqlite3.Connection:
        if self._inode:
            refuse_replaced(self._name, self._inode)
        return connect_to_log(self.path, self.mode)

    def _look_after(self) -> None:
        """When nothing comes: did others write, is the lock there, does the log still hold what was purged?"""
        with self._failures:
            newest = self._newest()
        if (head := self._head) is not None and newest.revision > head.revision:
            self._head = None
        if self._writer is None or not self._writing.acquire(blocking=False):
            return
        try:
            if self._lock and not self._closed and not self._lock.stands:
                self._lock = self._lock.taken_again()
            self._writer.look_after()
        except sqlite3.Error as error:
            logger.error("%s: %s: %s", self.path, type(error).__name__, error)
            self._writer.drop()
        finally:
            self._writing.release()

    def _writes_on(self) -> sqlite3.Connection:
        """Inside `writing()`."""
        assert self._writer is not None
        assert self._writer.connection is not None
        return self._writer.connection

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._failures:
            if self._closed:
                raise sqlite3.ProgrammingError("the log is closed")
            if getattr(self._local, "writes", False):
                # Nothing is written before the block's end, and this connection has the newest pages at hand.
                yield self._writes_on()
                return
            with self._readers.one() as connection:
                yield connection

    def _rows(self, query: str, *parameters: Any) -> list[Any]:
        with self._reader() as connection:
            return connection.execute(query, parameters).fetchall()

    def _changes(
        self, clauses: str, *parameters: Any, among: str = "changes", most_bytes: int = LARGEST
    ) -> list[Change]:
        with self._reader() as connection, closing(connection.cursor()) as cursor:
            rows = cursor.execute(f"SELECT {COLUMNS} FROM {among} {clauses}", parameters)
            return within((change_of(row, time_of) for row in rows), most_bytes)
