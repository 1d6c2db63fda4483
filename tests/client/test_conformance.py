"""A client of a real server is a store like any other."""

import pytest

from binder_registry import Client, Store
from binder_registry.conformance import StoreConformance


class TestClientOfARealServer(StoreConformance):
    threads = 8
    writes_per_thread = 40

    @pytest.fixture
    def store(self, client: Client) -> Store:
        return client
