"""What is refused before there is a log, and that nobody reads a password in it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from binder_registry.backends import open_log
from binder_registry.backends.postgres_connect import beginning_with, connect, parameters
from binder_registry.conformance.logs import append
from binder_registry.errors import DatabaseRefused
from binder_registry.installing import installs
from tests.backends.postgres_server import PostgresServer


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_database_that_is_down_is_refused(scheme: str, closed_port: int) -> None:
    with pytest.raises(DatabaseRefused, match="refused") as refused:
        open_log(f"{scheme}://ann:hunter2@127.0.0.1:{closed_port}/registry")

    assert "hunter2" not in str(refused.value)


def test_a_database_that_says_nothing_is_refused(silent_port: int) -> None:
    with pytest.raises(DatabaseRefused, match="timeout"):
        open_log(f"postgresql://ann:hunter2@127.0.0.1:{silent_port}/registry")


def test_a_host_that_says_nothing_does_not_keep_from_the_next(postgres_url: str, silent_port: int) -> None:
    with psycopg.connect(postgres_url) as connection:
        host, port = connection.info.host, connection.info.port
    hosts = postgres_url.replace(f"{host}:{port}", f"127.0.0.1:{silent_port},{host}:{port}")
    with closing(open_log(hosts)) as log:
        append(log, "a")

        assert log.head().revision == 1


def test_the_host_that_was_reached_is_tried_first(postgres_url: str) -> None:
    with connect(parameters(postgres_url, read_only=False)) as connection:
        host, port = connection.info.host, str(connection.info.port)
        given = {"host": f"first,{host},{host},last", "port": f"1,2,{port},4", "dbname": "db"}

        assert beginning_with(connection, given) == {
            "host": f"{host},first,{host},last",
            "port": f"{port},1,2,4",
            "dbname": "db",
        }


def test_a_password_is_taken_from_a_passfile_and_a_wrong_one_is_not_repeated(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = PostgresServer.new()
    try:
        server.execute("CREATE ROLE ann LOGIN PASSWORD 'hunter2'", "CREATE DATABASE registry OWNER ann")
        server.ask_for_passwords()
        passfile = f"{tmp_path}/passfile"
        with open(os.open(passfile, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:  # noqa: PTH123
            file.write(f"127.0.0.1:{server.port}:*:ann:hunter2\n")
        url = f"postgresql://ann@127.0.0.1:{server.port}/registry"

        with closing(open_log(f"{url}?passfile={passfile}")) as log:
            append(log, "a")
        monkeypatch.setenv("PGPASSWORD", "hunter2")
        with closing(open_log(url)) as log:
            assert log.head().revision == 1
        monkeypatch.setenv("PGPASSWORD", "a wrong one")
        with pytest.raises(DatabaseRefused, match="authentication") as refused:
            open_log(url)
        assert "wrong" not in str(refused.value)
    finally:
        server.remove()


@pytest.mark.parametrize(
    "authority",
    [
        "ann:hun/ter2@127.0.0.1",
        "ann:hun@ter2@127.0.0.1",
        "ann:hun?ter2@127.0.0.1",
        "ann:hun?ter2=3@127.0.0.1",
        "ann:hun%ter2@127.0.0.1",
        "ann:hun%00ter2@127.0.0.1",
        "ann:hun[ter2@127.0.0.1",
        "ann:hun:ter2@127.0.0.1:notaport",
        "127.0.0.1:hunter2",
    ],
)
def test_a_password_that_is_not_encoded_is_not_repeated(authority: str, closed_port: int) -> None:
    with pytest.raises(DatabaseRefused) as refused:
        open_log(f"postgresql://{authority}:{closed_port}/registry")

    told = f"{refused.value!r} {refused.value.__cause__!r}"
    assert "hun" not in told
    assert "ter2" not in told


def test_the_url_has_the_last_word_on_how_to_connect() -> None:
    given = parameters(
        "postgresql:///db?connect_timeout=9&target_session_attrs=primary&sslmode=verify-full", read_only=False
    )

    assert (given["connect_timeout"], given["target_session_attrs"], given["sslmode"]) == (
        "9",
        "primary",
        "verify-full",
    )


def test_a_server_looks_for_a_primary_and_a_reader_takes_any() -> None:
    url = "postgresql://one,two/db"

    assert parameters(url, read_only=False)["target_session_attrs"] == "read-write"
    assert "target_session_attrs" not in parameters(url, read_only=True)


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("db?sslmod=require", "did you mean sslmode?"),
        ("db?SSLMODE=require", "did you mean sslmode?"),
        ("db?sslmode=require&hunter2=1", "parameter 2"),
        ("db?hunter2", "parameter 1"),
        ("db?sslmode=require&sslmode=disable", "sslmode more than once"),
        ("db#hunter2", "fragment"),
        ("db?target_session_attrs=any", "needs the primary"),
        ("db?target_session_attrs=prefer-standby", "needs the primary"),
        ("db ", "blanks"),
        ("db\n", "blanks"),
        ("db?sslmode=require\t", "blanks"),
        ("d%ffb", "not UTF-8"),
        ("db?application_name=%e4", "not UTF-8"),
        ("db?replication=database", "replication"),
        ("db?replication=true", "replication"),
        ("db?autocommit=1", "none of libpq's"),
    ],
)
def test_what_is_unknown_in_a_url_is_refused_with_what_was_meant(rest: str, told: str) -> None:
    with pytest.raises(DatabaseRefused) as refused:
        open_log(f"postgresql://ann:hunter2@127.0.0.1:1/{rest}")

    assert told in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("module", ["psycopg", "psycopg_pool"])
def test_without_the_extra_its_name_is_told(module: str) -> None:
    program = f"""
import sys
sys.modules[{module!r}] = None
from binder_registry.backends import open_log
from binder_registry.errors import DatabaseRefused
try:
    open_log("postgresql://ann:hunter2@127.0.0.1/registry")
except DatabaseRefused as refused:
    print(refused)
"""

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert told == f"PostgreSQL needs an extra: {installs('binder-registry[postgres]')}\n"


def test_other_databases_do_not_import_the_driver() -> None:
    program = """
import sys
from binder_registry.backends import open_log
open_log("memory:")
print("psycopg" in sys.modules)
"""

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert told == "False\n"
