"""What a log does while its database is away, and when another one takes its place."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from secrets import token_hex
from threading import Event, Thread

import pytest

from binder_registry.backends import postgres_connect
from binder_registry.backends.postgres import PostgresLog
from binder_registry.backends.postgres_connection import Connection
from binder_registry.changes import Position
from binder_registry.conformance.logs import append
from binder_registry.conformance.reading_out import broken_links, whole_log
from binder_registry.conformance.samples import NEW, SCIPY, R
from binder_registry.errors import PositionUnknown, StoreUnavailable
from binder_registry.log_contract import Log
from binder_registry.log_store import LogStore
from binder_registry.template import Template
from tests.backends.postgres_server import PostgresServer, eventually


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer.new()
    yield server
    server.remove()


@pytest.fixture
def log(server: PostgresServer) -> Iterator[PostgresLog]:
    server.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    with closing(PostgresLog(server.url())) as log:
        yield log


def answers(log: Log) -> bool:
    with suppress(StoreUnavailable):
        log.head()
        return True
    return False


def write_until(log: Log, ended: Event, acknowledged: list[str], writer: int) -> None:
    """One new template after the other, whatever fails; `acknowledged` has the names of those that did not."""
    store, number = LogStore(log), 0
    while not ended.is_set():
        number += 1
        with suppress(StoreUnavailable):
            acknowledged.append(store.register_template(Template(name=f"{writer}.{number}", image_name="i")).name)


class Load:
    """Writers that go on until the block ends."""

    def __init__(self, *logs: Log) -> None:
        self.acknowledged: list[str] = []
        self._ended = Event()
        self._threads = [
            Thread(target=write_until, args=(log, self._ended, self.acknowledged, writer), daemon=True)
            for writer, log in enumerate(logs)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        self.goes_on()
        return self

    def goes_on(self) -> None:
        before = len(self.acknowledged)
        eventually(lambda: len(self.acknowledged) > before + 20)

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)


# ── away, and back ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_call_fails_at_once_while_the_database_is_away(server: PostgresServer, log: PostgresLog) -> None:
    append(log, "a")
    server.stop()
    calls: list[Callable[[], object]] = [log.head, log.origin, lambda: log.current("a"), lambda: log.read(0, 1)]
    calls += [lambda: log.state(1), lambda: log.wait(0, 60), lambda: log.wait(9, 60), lambda: append(log, "b")]

    try:
        for call in calls * 50:  # a wait for a connection in each of them would not end before the test's deadline
            with pytest.raises(StoreUnavailable):
                call()
    finally:
        server.start()


def test_it_recovers_by_itself_and_nothing_acknowledged_is_lost(server: PostgresServer, log: PostgresLog) -> None:
    with closing(PostgresLog(server.url())) as other, Load(log, log, other, other) as load:
        server.stop()
        server.start()
        load.goes_on()
    eventually(lambda: answers(log))  # the other may have been first

    changes = whole_log(LogStore(log))
    names = [change.name for change in changes]
    assert set(load.acknowledged) <= set(names)
    assert len(names) == len(set(names))
    assert broken_links(changes, log.origin()) == []


def test_who_waits_is_told_that_the_database_went_away_and_can_wait_again(
    server: PostgresServer, log: PostgresLog
) -> None:
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            log.wait(0, timeout=60)
        except StoreUnavailable as error:
            failed.append(error)

    thread = Thread(target=wait, daemon=True)
    thread.start()
    eventually(lambda: log._listener.listening)
    server.stop()
    thread.join(30)
    server.start()
    eventually(lambda: answers(log))
    append(log, "a")

    assert len(failed) == 1
    assert log.wait(0, timeout=60).revision == 1


def test_a_server_that_says_nothing_is_given_up(
    server: PostgresServer, log: PostgresLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(log, "a")
    monkeypatch.setattr(Connection, "answer_seconds", 0.5)
    with server.frozen():
        with pytest.raises(StoreUnavailable):
            log.head()
        eventually(lambda: not log._database._pool and log._database._away)
        for _ in range(200):
            with pytest.raises(StoreUnavailable):
                log.head()

    eventually(lambda: answers(log))
    assert [row.name for row in log.read(0, 9)] == ["a"]


def test_calls_fail_at_once_while_a_try_to_reconnect_takes_long(
    server: PostgresServer, log: PostgresLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "answer_seconds", 0.5)
    with closing(PostgresLog(f"{server.url()}?connect_timeout=3600")) as patient:
        patient.head()
        with server.frozen():
            for _ in range(200):  # a wait in each of them would not end before the test's deadline
                with pytest.raises(StoreUnavailable):
                    patient.head()

        eventually(lambda: answers(patient))


def test_a_write_that_a_standby_may_have_missed_is_not_acknowledged(server: PostgresServer, log: PostgresLog) -> None:
    """An operator who ends the wait for a standby makes COMMIT succeed, with a warning."""
    server.set(synchronous_standby_names="'nobody'")
    failed: list[BaseException] = []

    def write() -> None:
        while not failed:  # the setting takes effect a moment later
            try:
                append(log, token_hex())
            except StoreUnavailable as error:
                failed.append(error)

    thread = Thread(target=write, daemon=True)
    thread.start()
    waiting = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    eventually(lambda: server.execute(waiting))
    thread.join(30)
    server.set(synchronous_standby_names="''")

    assert [str(error.__cause__) for error in failed] == [
        "COMMIT: canceling wait for synchronous replication due to user request"
    ]


def test_an_outage_is_logged_and_no_secret_with_it(
    server: PostgresServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("PGPASSWORD", "correct horse")
    server.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    url = server.url().replace("postgres@", "postgres:hunter%202@")
    with closing(PostgresLog(url)) as log:
        server.stop()
        with pytest.raises(StoreUnavailable) as failure:
            log.head()
        server.start()
        eventually(lambda: answers(log))

    told = caplog.text + "".join(traceback.format_exception(failure.value))
    assert "the database is away" in told
    assert "horse" not in told
    assert "hunter" not in told


# ── failover ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    server = PostgresServer.new()
    yield server
    server.remove()


def standby_of(primary: PostgresServer, stack: ExitStack) -> tuple[PostgresServer, str]:
    """And the URL of both."""
    standby = primary.standby("standby")
    stack.callback(standby.remove)
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    return standby, f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"


def test_when_the_primary_is_killed_the_log_follows_to_the_promoted_standby(primary: PostgresServer) -> None:
    with ExitStack() as stack:
        standby, url = standby_of(primary, stack)
        primary.set(synchronous_standby_names="'standby'")
        logs = [stack.enter_context(closing(PostgresLog(url))) for _ in range(2)]
        with Load(*logs, *logs) as load:
            primary.kill()
            standby.promote()
            load.goes_on()
        eventually(lambda: all(answers(log) for log in logs))

        changes = whole_log(LogStore(logs[1]))
        names = [change.name for change in changes]
        assert set(load.acknowledged) <= set(names)
        assert len(names) == len(set(names))
        assert broken_links(changes, logs[1].origin()) == []
        assert [change.revision for change in changes] == list(range(1, len(changes) + 1))


def test_a_standby_that_missed_the_tail_is_shown_as_it_is(primary: PostgresServer) -> None:
    with ExitStack() as stack:
        standby, url = standby_of(primary, stack)
        store = LogStore(stack.enter_context(closing(PostgresLog(url))))
        store.register_template(SCIPY)
        shared = store.head()
        primary.wait_for(standby)
        standby.stop()
        store.register_template(R)
        lost = store.head()
        primary.kill()
        standby.start()
        standby.promote()
        eventually(lambda: answers(store.log))

        assert store.head() == shared
        store.update_template(NEW)
        assert store.head() == Position(lost.revision, store.head().mark)
        with pytest.raises(PositionUnknown):
            store.changes(since=lost)


def test_a_primary_that_became_a_standby_is_left_for_the_new_one(
    server: PostgresServer, log: PostgresLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a proxy in front of the servers keeps connections to the old one."""
    monkeypatch.setattr(postgres_connect, "POOL_SIZE", 1)
    with closing(PostgresLog(server.url())) as one:
        append(one, "a")
        with one._database.started(lambda connection: connection.execute("SET default_transaction_read_only = on")):
            pass  # as every connection to a server that was demoted

        append(one, "b")

    assert [row.name for row in log.read(0, 9)] == ["a", "b"]
