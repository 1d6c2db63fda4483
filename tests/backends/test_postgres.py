from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.backends.postgres_server import drop_database, new_database

from binder_registry.backends.postgres import PostgresLog
from binder_registry.conformance import LogConformance, StoreConformance
from binder_registry.log import Log
from binder_registry.log_store import LogStore


@pytest.fixture
def url() -> Iterator[str]:
    url = new_database()
    yield url
    drop_database(url)


class TestPostgresLog(LogConformance):
    threads = 8
    blocks_per_thread = 10

    @pytest.fixture
    def log(self, url: str) -> Iterator[PostgresLog]:
        with closing(PostgresLog(url)) as log:
            yield log

    @pytest.fixture(autouse=True)
    def _also(self, url: str) -> Iterator[None]:
        self.url = url
        self.also: list[PostgresLog] = []
        yield
        for log in self.also:
            log.close()

    def reopen(self, log: Log) -> PostgresLog:
        log.close()
        self.also.append(PostgresLog(self.url))
        return self.also[-1]


class TestPostgresStore(StoreConformance):
    threads = 8
    writes_per_thread = 40

    @pytest.fixture
    def store(self, url: str) -> Iterator[LogStore]:
        with closing(LogStore(PostgresLog(url))) as store:
            yield store
