import pytest

from binder_registry.backends.memory import InMemoryStore
from binder_registry.conformance import StoreConformance


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def store(self) -> InMemoryStore:
        return InMemoryStore()
