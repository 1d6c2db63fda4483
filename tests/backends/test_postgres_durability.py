"""A write that was answered is durable, whatever was set by others; and who cannot promise it is not served from."""

from collections.abc import Iterator
from contextlib import closing, suppress

import psycopg
import pytest

from binder_registry.backends import open_log
from binder_registry.backends.postgres import PostgresLog
from binder_registry.errors import DatabaseRefused
from tests.backends.postgres_server import PostgresServer, eventually, shared_server


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


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_what_is_turned_off_while_a_server_runs_is_told(caplog: pytest.LogCaptureFixture, setting: str) -> None:
    own = PostgresServer.new()
    try:
        own.set(fsync="on")
        with closing(PostgresLog(own.url())) as log:
            log.wait(0, timeout=1)  # which begins to listen
            before = caplog.text
            own.set(**{setting: "off"})
            eventually(lambda: f"{setting} is off" in caplog.text)
    finally:
        own.remove()

    assert f"{setting} is off" not in before


@pytest.mark.parametrize(("commit", "told"), [("local", True), ("remote_write", False), ("on", False), ("off", False)])
def test_synchronous_standbys_that_are_not_waited_for_are_told(
    caplog: pytest.LogCaptureFixture, commit: str, told: bool
) -> None:
    own = PostgresServer.new()
    try:
        own.set(synchronous_commit="local", synchronous_standby_names="'*'")  # to create the schema
        PostgresLog(own.url()).close()
        caplog.clear()

        PostgresLog(f"{own.url()}?options=-csynchronous_commit%3D{commit}").close()
    finally:
        own.remove()

    assert ("standbys are not waited for" in caplog.text) == told


def test_a_standby_is_refused(server: PostgresServer) -> None:
    standby = server.standby("durability")
    try:
        for attributes in ("", "?target_session_attrs=primary", "?target_session_attrs=any"):
            with pytest.raises(DatabaseRefused):
                open_log(standby.url() + attributes)
    finally:
        with suppress(psycopg.Error):
            standby.remove()
