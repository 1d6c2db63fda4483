"""docs/postgresql.md, carried out."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from binder_registry.backends import open_log
from binder_registry.backends.postgres import PostgresLog
from binder_registry.conformance.samples import NEW, SCIPY
from binder_registry.errors import DatabaseRefused
from binder_registry.log_store import LogStore
from tests.backends.postgres_server import PostgresServer

DOCUMENT = (Path(__file__).parents[2] / "docs/postgresql.md").read_text()
CREATE, GRANT, *QUERIES = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer.new()
    server.ask_for_passwords()
    server.execute(*CREATE.split(";\n")[:2])
    yield server
    server.remove()


@pytest.fixture
def owner(server: PostgresServer) -> str:
    return server.url("registry").replace("postgres@", "registry:change-me@")


@pytest.fixture
def granted(server: PostgresServer, owner: str) -> Iterator[str]:
    """The URL of the role with the least rights."""
    open_log(owner).close()
    server.execute(GRANT, database="registry")
    yield server.url("registry").replace("postgres@", "registry_server:change-me-too@")
    server.execute("DROP OWNED BY registry_server; DROP ROLE registry_server", database="registry")
    server.execute("DROP OWNED BY registry; ALTER SCHEMA public OWNER TO pg_database_owner", database="registry")


def test_the_least_rights_are_enough_to_serve(granted: str) -> None:
    with closing(PostgresLog(granted)) as log:
        store = LogStore(log)
        store.register_template(SCIPY)
        store.update_template(NEW)
        store.purge_change("scipy", 1)

        assert [change.content is None for change in store.changes()] == [True, False, False]
        assert store.wait(2, timeout=30) == store.head()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM registry_changes",
        "UPDATE registry_changes SET note = ''",
        "TRUNCATE registry_changes",
        "DROP TABLE registry_changes",
        "DELETE FROM registry_head",
        "UPDATE registry_schema SET version = 9",
        "CREATE TABLE another (a int)",
    ],
)
def test_the_least_rights_are_not_enough_to_rewrite_history(granted: str, statement: str) -> None:
    with psycopg.connect(granted) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_a_server_without_the_right_to_create_tables_says_so(server: PostgresServer) -> None:
    server.execute("CREATE ROLE nothing LOGIN PASSWORD 'x'")

    with pytest.raises(DatabaseRefused, match="permission denied"):
        open_log(server.url("registry").replace("postgres@", "nothing:x@"))


@pytest.mark.parametrize("query", QUERIES)
def test_what_to_watch_can_be_asked(server: PostgresServer, owner: str, query: str) -> None:
    open_log(owner).close()

    for statement in filter(str.strip, query.split(";\n")):
        server.execute(statement, database="registry")


def test_a_dump_is_restored_as_the_same_log(server: PostgresServer, owner: str) -> None:
    server.execute("CREATE DATABASE restored OWNER registry")
    with closing(PostgresLog(owner)) as log:
        LogStore(log).register_template(SCIPY)
        LogStore(log).delete_template("scipy")
        before = (log.origin(), log.head(), log.read(0, 9))

    server.run("pg_dump", "--format=custom", f"--file={server.folder}/dump", server.url("registry"))
    server.run("pg_restore", "--no-owner", "-d", server.url("restored"), server.folder / "dump")

    with closing(PostgresLog(server.url("restored"))) as log:
        assert (log.origin(), log.head(), log.read(0, 9)) == before
        LogStore(log).restore_template("scipy", 1)
