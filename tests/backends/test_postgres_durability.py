"""A write that was answered is durable, whatever was set by others; and who cannot promise it is not served from."""

from collections.abc import Iterator
from contextlib import closing, suppress

import psycopg
import pytest

from binder_registry.backends import open_log
from binder_registry.backends.postgres import PostgresLog
from binder_registry.errors import DatabaseRefused
from tests.backends.postgres_server import PostgresServer, shared_server


@pytest.fixture(scope="module")
def server() -> PostgresServer:
    return shared_server()


@pytest.fixture
def role(server: PostgresServer) -> Iterator[str]:
    """The URL of a role, and a database of its own."""
    server.execute("CREATE ROLE ann LOGIN", "CREATE DATABASE anns OWNER ann")
    yield f"postgresql://ann@127.0.0.1:{server.port}/anns"
    server.execute("DROP DATABASE anns WITH (FORCE)", "DROP ROLE ann")


def synchronous(log: PostgresLog) -> object:
    return log._rows("SELECT current_setting('synchronous_commit')")[0][0]


@pytest.mark.parametrize("found", ["on", "local", "remote_write", "remote_apply"])
def test_what_is_durable_stays_as_it_was_set(role: str, found: str) -> None:
    with closing(PostgresLog(f"{role}?options=-csynchronous_commit%3D{found}")) as log:
        assert synchronous(log) == found


def test_off_in_the_url_is_on(role: str) -> None:
    with closing(PostgresLog(f"{role}?options=-csynchronous_commit%3Doff")) as log:
        assert synchronous(log) == "on"


@pytest.mark.parametrize("whose", ["ROLE ann", "DATABASE anns", "ROLE ann IN DATABASE anns"])
def test_off_for_a_role_or_a_database_is_on(server: PostgresServer, role: str, whose: str) -> None:
    server.execute(f"ALTER {whose} SET synchronous_commit = off")

    with closing(PostgresLog(role)) as log:
        assert synchronous(log) == "on"


def test_a_database_that_takes_no_writes_is_refused(server: PostgresServer, role: str) -> None:
    server.execute("ALTER DATABASE anns SET default_transaction_read_only = on")

    for url in (role, f"{role}?target_session_attrs=primary"):
        with pytest.raises(DatabaseRefused, match=r"read-only|takes no writes"):
            open_log(url)


def test_fsync_that_is_off_is_told(role: str, caplog: pytest.LogCaptureFixture) -> None:
    PostgresLog(role).close()

    assert "fsync is off" in caplog.text  # as the servers of these tests have it


def test_a_standby_is_refused(server: PostgresServer) -> None:
    standby = server.standby("durability")
    try:
        for attributes in ("", "?target_session_attrs=primary", "?target_session_attrs=any"):
            with pytest.raises(DatabaseRefused):
                open_log(standby.url() + attributes)
    finally:
        with suppress(psycopg.Error):
            standby.remove()
