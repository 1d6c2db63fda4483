from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings

from binder_registry.backends.memory import InMemoryStore
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.log_store import LogStore
from tests.store_machine import StoreMachine


class MemoryMachine(StoreMachine):
    def open(self) -> LogStore:
        return InMemoryStore()


class SQLiteMachine(StoreMachine):
    def open(self) -> LogStore:
        self.folder = TemporaryDirectory()
        return LogStore(SQLiteLog(Path(self.folder.name) / "registry.db"))

    def reopen(self) -> LogStore:
        self.store.close()
        return LogStore(SQLiteLog(Path(self.folder.name) / "registry.db"))

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.folder.cleanup()


TestMemory = MemoryMachine.TestCase
TestMemory.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestSQLite = SQLiteMachine.TestCase
TestSQLite.settings = settings(max_examples=10, stateful_step_count=25, deadline=None)
