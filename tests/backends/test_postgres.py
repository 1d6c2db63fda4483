from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from binder_registry.backends.copying import copy_log
from binder_registry.backends.postgres import PostgresLog
from binder_registry.conformance import LogConformance, StoreConformance
from binder_registry.log_contract import Log
from binder_registry.log_store import LogStore
from tests.backends.postgres_server import new_registry


class TestPostgresLog(LogConformance):
    threads = 8
    blocks_per_thread = 10

    @pytest.fixture
    def log(self, postgres_url: str) -> Iterator[PostgresLog]:
        with closing(PostgresLog(postgres_url)) as log:
            yield log

    @pytest.fixture(autouse=True)
    def _also(self, postgres_url: str) -> Iterator[None]:
        self.url = postgres_url
        with ExitStack() as self.also:
            yield

    def reopen(self, log: Log) -> PostgresLog:
        log.close()
        return self.also.enter_context(closing(PostgresLog(self.url)))

    def copy(self, log: Log) -> PostgresLog:
        copy = self.also.enter_context(closing(PostgresLog(self.also.enter_context(new_registry()))))
        copy_log(log, copy)
        return copy


class TestPostgresStore(StoreConformance):
    threads = 8
    writes_per_thread = 40

    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[LogStore]:
        with closing(LogStore(PostgresLog(postgres_url))) as store:
            yield store
