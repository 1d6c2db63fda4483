"""Every store does what a plain dict does, over any sequence of writes: so all do the same."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings

from binder_registry.backends import open_store
from binder_registry.backends.memory import InMemoryStore
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.log_store import LogStore
from tests.apply_machine import ApplyMachine
from tests.backends.postgres_server import new_registry
from tests.times import TIMES


class MemoryMachine(ApplyMachine):
    def open(self) -> LogStore:
        return InMemoryStore()


class SQLiteMachine(ApplyMachine):
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


class PostgresMachine(ApplyMachine):
    def open(self) -> LogStore:
        self.resources = ExitStack()
        self.url = self.resources.enter_context(new_registry())
        return open_store(self.url)

    def reopen(self) -> LogStore:
        self.store.close()
        return open_store(self.url)

    def teardown(self) -> None:
        with self.resources:
            super().teardown()


TestMemory = MemoryMachine.TestCase
TestMemory.settings = settings(max_examples=20 * TIMES, stateful_step_count=40, deadline=None)
TestSQLite = SQLiteMachine.TestCase
TestSQLite.settings = settings(max_examples=6 * TIMES, stateful_step_count=25, deadline=None)
TestPostgres = PostgresMachine.TestCase
TestPostgres.settings = settings(max_examples=6 * TIMES, stateful_step_count=20, deadline=None)
