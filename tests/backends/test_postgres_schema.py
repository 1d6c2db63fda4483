"""The schema in PostgreSQL: what it refuses, and how an old one becomes today's."""

from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files

import psycopg
import pytest

from binder_registry.auth import Identity, Scope
from binder_registry.backends import postgres_lock, postgres_queries, postgres_schema
from binder_registry.backends.postgres import PostgresLog
from binder_registry.log_store import LogStore
from binder_registry.template import Template
from binder_registry.token_rules import NewToken
from binder_registry.token_uses import TokenUses

A = Template(name="a", image_name="i")


@pytest.fixture
def old(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of schema 1, with history."""
    with monkeypatch.context() as patched:
        patched.setattr(postgres_schema, "SCHEMA", 1)
        patched.setattr(postgres_lock, "LOCKED_HEAD", "SELECT revision, mark, time, 1 FROM registry_head FOR UPDATE")
        with closing(LogStore(PostgresLog(postgres_url))) as store:
            for number in range(5):
                store.register_template(Template(name=str(number), image_name="i"))
            store.update_template(Template(name="0", image_name="j"))
    return postgres_url


@pytest.fixture
def connection(postgres_url: str) -> Iterator[psycopg.Connection]:
    PostgresLog(postgres_url).close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def test_two_changes_that_follow_the_same_one_are_refused_by_the_database(connection: psycopg.Connection) -> None:
    row = "now(), '', '', 'updated', 'a', 0, 1, false, '{}', ''"
    insert = "INSERT INTO registry_changes VALUES (%s, '', " + row + ")"
    connection.execute(insert.encode(), (1,))

    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(insert.encode(), (2,))


def test_an_old_database_is_migrated_with_its_rows(old: str) -> None:
    with closing(LogStore(PostgresLog(old))) as store:
        assert store.head().revision == 6
        assert store.update_template(Template(name="0", image_name="k")).revision == 7

    with psycopg.connect(old) as connection:
        indexes = connection.execute("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()").fetchall()
        assert connection.execute("SELECT version FROM registry_schema").fetchone() == (4,)
    assert ("registry_changes_by_previous",) in indexes
    assert ("registry_changes_by_name",) not in indexes


def test_a_server_of_the_release_before_works_beside_one_of_today(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(LogStore(PostgresLog(old))) as today:
        monkeypatch.setattr(postgres_schema, "SCHEMA", postgres_schema.SCHEMA - 1)
        with closing(LogStore(PostgresLog(old))) as before:
            before.register_template(A)

            assert today.get_template("a").revision == 7


def test_an_old_database_that_is_only_read_has_the_first_format(old: str) -> None:
    with closing(PostgresLog(old, read_only=True)) as log:
        assert log.format() == 1


def test_every_migration_is_in_the_package() -> None:
    folder = files(postgres_schema.__package__) / "migrations"

    assert all((folder / f"postgres_{version}.sql").is_file() for version in range(1, postgres_schema.SCHEMA + 1))


@pytest.mark.parametrize("query", ["current", "history", "as of", "state"])
def test_no_query_of_a_name_reads_the_whole_table(connection: psycopg.Connection, query: str) -> None:
    connection.execute(
        "INSERT INTO registry_changes SELECT n, '', now(), '', '', 'updated', 'name ' || (n % 100),"
        " greatest(n - 100, 0), n, false, '{}', '' FROM generate_series(1, 20000) AS n"
    )
    connection.execute("ANALYZE registry_changes")
    of_name = f"SELECT * FROM registry_changes {postgres_queries.OF_NAME} ORDER BY previous"
    statement = {
        "current": "SELECT * FROM registry_changes WHERE name = %(name)s ORDER BY previous DESC LIMIT 1",
        "history": f"{of_name} LIMIT 10",
        "as of": f"{of_name} DESC LIMIT 1",
        "state": postgres_queries.NEWEST_OF_NEXT_NAME.format("%(name)s"),
    }[query]
    given = {"name": "name 7", "since": 10_000, "until": 15_000, "revision": 15_000}

    plan = "\n".join(
        line for [line] in connection.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}".encode(), given)
    )

    assert "registry_changes_by_previous" in plan
    assert "Seq Scan" not in plan


def test_an_old_database_gets_a_place_for_tokens(old: str) -> None:
    with closing(PostgresLog(old, read_only=True)) as log:
        before = (log.tokens(), log.audit(0, limit=10))

    with closing(LogStore(PostgresLog(old))) as store:
        token, _ = TokenUses(store).make(Identity("key", frozenset(Scope)), NewToken("ci", ("read",)))

    with closing(PostgresLog(old, read_only=True)) as log:
        assert (before, log.tokens()) == (((0, []), []), (1, [token]))
