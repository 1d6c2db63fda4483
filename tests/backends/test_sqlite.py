from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.conformance import StoreConformance
from binder_registry.log_store import LogStore


class TestSQLiteStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[LogStore]:
        with closing(LogStore(SQLiteLog(tmp_path / "registry.db"))) as store:
            yield store
