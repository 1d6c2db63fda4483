import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.conformance import LogConformance, StoreConformance
from binder_registry.log import Log
from binder_registry.log_store import LogStore


class TestSQLiteLog(LogConformance):
    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[SQLiteLog]:
        with closing(SQLiteLog(tmp_path / "registry.db")) as log:
            yield log

    def reopen(self, log: Log) -> SQLiteLog:
        assert isinstance(log, SQLiteLog)
        log.close()
        self.also = SQLiteLog(log.path)
        return self.also

    def copy(self, log: Log) -> SQLiteLog:
        assert isinstance(log, SQLiteLog)
        self.also = SQLiteLog(copied(log.path, log.path.with_name("copy.db")))
        return self.also

    @pytest.fixture(autouse=True)
    def _closed(self) -> Iterator[None]:
        yield
        if hasattr(self, "also"):
            self.also.close()


class TestSQLiteStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[LogStore]:
        with closing(LogStore(SQLiteLog(tmp_path / "registry.db"))) as store:
            yield store


def copied(path: Path, target: Path) -> Path:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target
