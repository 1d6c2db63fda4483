import random
from collections.abc import Iterator
from contextlib import ExitStack, closing

import psycopg
import pytest
from msgspec.structs import replace

from binder_registry.backends.copying import copy_log
from binder_registry.backends.postgres import PostgresLog
from binder_registry.conformance import LogConformance, StoreConformance
from binder_registry.log_contract import Log
from binder_registry.log_store import LogStore
from binder_registry.template import Template
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


def tables_with(url: str, text: bytes) -> list[str]:
    """And what lies beside them, in pieces, since it is long."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT oid::regclass::text, reltoastrelid::regclass::text FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace ORDER BY relname"
        ).fetchall()
        names = [*(table for table, _ in tables), *(beside for _, beside in tables if beside != "-")]
        return [name.partition(".")[0] for name in names if text in everything_of(connection, name)]


def everything_of(connection: psycopg.Connection, table: str) -> bytes:
    values = (value for row in connection.execute(f"SELECT * FROM {table}".encode()) for value in row)
    return b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


def test_what_was_purged_is_in_no_row_with_its_copies(postgres_url: str) -> None:
    """The registry copies a content where it is restored, promoted or deleted, and where something else is purged."""
    chance = random.Random(7)  # so that it is not packed, and lies beside the table
    text = "hunter2" + chance.randbytes(4500).hex()
    secret = Template(name="a", image_name="i", description=text)
    with closing(LogStore(PostgresLog(postgres_url))) as store:
        store.register_template(secret)
        store.promote_template("a", "stable")
        store.update_template(replace(secret, description="clean"))
        store.restore_template("a", 1)
        store.purge_change("a", 3)
        store.delete_template("a", replaced_by="b")
        before = tables_with(postgres_url, b"hunter2")

        store.purge_change("a", 1)

        assert (before, tables_with(postgres_url, b"hunter2")) == (["registry_changes", "pg_toast"], [])
