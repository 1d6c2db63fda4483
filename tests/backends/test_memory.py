import pytest

from binder_registry.backends.memory import InMemoryStore, MemoryLog
from binder_registry.conformance import LogConformance, StoreConformance
from binder_registry.log_contract import Log


class TestMemoryLog(LogConformance):
    @pytest.fixture
    def log(self) -> MemoryLog:
        return MemoryLog()

    def copy(self, log: Log) -> MemoryLog:
        copy = MemoryLog(log.origin())
        with copy.writing() as rows:
            rows += log.read(0, log.head().revision)
        return copy


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def store(self) -> InMemoryStore:
        return InMemoryStore()


def test_two_logs_have_different_origins() -> None:
    assert MemoryLog().origin() != MemoryLog().origin()
