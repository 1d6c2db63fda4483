"""The block of one commit to a SQLite log."""

import sqlite3
import threading
from typing import TYPE_CHECKING

from ..changes import Change, Head
from .sqlite_failures import Failures
from .sqlite_file import refuse_replaced
from .sqlite_waiting import Waiting
from .sqlite_write_connection import Writer


class SQLiteWriting:
    """What `SQLiteLog` has of its contract."""

    if TYPE_CHECKING:
        _name: str
        _inode: int
        _closed: bool
        _head: Head | None
        _format: int
        _blanked: list[int]
        _local: threading.local
        _writing: threading.Lock
        _waiting: Waiting
        _writer: Writer | None
        _failures: Failures

    def writing(self) -> "_Block":
        return _Block(self)

    def _begin(self) -> None:
        self._blanked = []
        if self._closed:
            raise sqlite3.ProgrammingError("the log is closed")
        if self._writer is None:
            raise sqlite3.ProgrammingError("the log was opened to be read")
        refuse_replaced(self._name, self._inode)
        if self._writer.begin():  # somebody else wrote
            self._head, self._format = None, 0
        self._local.writes = True

    def _commit(self, rows: list[Change]) -> None:
        assert self._writer is not None
        self._head = None
        self._writer.commit(rows, self._blanked)
        refuse_replaced(self._name, self._inode)
        if rows:
            self._head = Head(rows[-1].revision, rows[-1].mark, rows[-1].time)
        if self._writer.wrote:
            self._writer.tend(purged=bool(self._blanked))

    def _fail(self, error: BaseException) -> None:
        try:
            self._failures.meet(error)
        finally:
            self._give_up()

    def _give_up(self) -> None:
        try:
            if self._writer:
                self._writer.drop()
        finally:
            self._head, self._format = None, 0
            self._local.writes = False
            self._writing.release()


class _Block:
    """A class, since each commit is one: a generator takes ten times as long."""

    __slots__ = ("_log", "_rows")

    def __init__(self, log: SQLiteWriting) -> None:
        self._log = log

    def __enter__(self) -> list[Change]:
        log = self._log
        log._writing.acquire()
        try:
            log._begin()
        except BaseException as failure:
            log._fail(failure)
            raise
        self._rows: list[Change] = []
        return self._rows

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        log = self._log
        if kind is not None:
            log._give_up()
            return
        try:
            log._commit(self._rows)
        except BaseException as failure:
            log._fail(failure)
            raise
        log._local.writes = False
        log._writing.release()
        log._waiting.tell(log._head)
