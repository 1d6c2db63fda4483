"""How a SQLite log takes rows before its lock is taken, while others write."""

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from ..changes import Change
from ..errors import StoreUnavailable
from ..log_contract import Stage
from .sqlite_failures import Failures
from .sqlite_pragmas import carry_over_beside
from .sqlite_stage import SQLiteStage
from .sqlite_write_connection import Writer

PIECE = 500  # rows that are taken at once, in some milliseconds: writes get in between


class SQLiteStaging:
    """What `SQLiteLog` has beside its contract."""

    if TYPE_CHECKING:
        _writing: Lock
        _writer: Writer | None
        _failures: Failures

        def _reader(self) -> AbstractContextManager[sqlite3.Connection]: ...

    def stage(self, rows: Iterable[Change]) -> SQLiteStage | None:
        rows, stage = iter(rows), None
        while piece := list(islice(rows, PIECE)):
            with self._writing, self._failures:
                if self._writer is None:
                    return None
                stage = stage or self._writer.new_stage(self._let_go)
                if stage is None or stage is not self._writer.stage:
                    return None
                stage.add(piece)
        return stage

    def write_staged(self, stage: Stage, at: int) -> None:
        assert self._writer is not None, "inside `writing()`"
        if stage is self._writer.stage:  # else they were let go of, and are written as other rows are
            self._writer.staged_at = at

    def _let_go(self, stage: SQLiteStage) -> None:
        if stage.written:
            with suppress(StoreUnavailable), self._reader() as connection:
                carry_over_beside(connection)
        with self._writing:
            if self._writer is not None and stage is self._writer.stage:
                self._writer.unstage()
