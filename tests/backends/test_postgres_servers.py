"""Several servers over one database: each is a `PostgresLog` here."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from secrets import token_hex
from threading import Thread, get_ident
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from msgspec.structs import replace

from binder_registry.backends import (
    open_log,
    postgres,
    postgres_connect,
    postgres_listen,
    postgres_lock,
    postgres_pieces,
)
from binder_registry.backends.postgres import PostgresLog
from binder_registry.backends.postgres_schema import SCHEMA
from binder_registry.changes import Head
from binder_registry.conformance.logs import append, rows_after
from binder_registry.conformance.reading_out import broken_links, run_in_threads, whole_log
from binder_registry.conformance.samples import NEW, SCIPY, R
from binder_registry.errors import DatabaseRefused, RevisionConflict, StoreUnavailable, TemplateExists
from binder_registry.log_store import LogStore
from tests.backends.postgres_server import eventually, superuser_url

NEVER = 3600.0  # seconds


@pytest.fixture
def logs(postgres_url: str) -> Iterator[list[PostgresLog]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(PostgresLog(postgres_url))) for _ in range(4)]


@pytest.fixture
def operator(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection of somebody else to the same tables."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def listeners(operator: psycopg.Connection) -> list[int]:
    rows = operator.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'binder-registry listen'")
    return [row[0] for row in rows]


class Waiting:
    """Waits in a thread for a revision after `since`."""

    def __init__(self, log: PostgresLog, since: int) -> None:
        self.found: list[Head] = []
        self.thread = Thread(target=lambda: self.found.append(log.wait(since, timeout=60)), daemon=True)
        self.thread.start()

    def end(self) -> list[Head]:
        self.thread.join(30)
        return self.found


# ── conflicts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_servers_that_create_one_name_one_wins(logs: list[PostgresLog]) -> None:
    lost: list[str] = []

    def create(server: int) -> None:
        for number in range(20):
            try:
                LogStore(logs[server]).register_template(replace(R, name=f"r {number}"))
            except TemplateExists:
                lost.append(f"r {number}")

    run_in_threads(create, 4)

    changes = whole_log(LogStore(logs[0]))
    assert sorted(change.name for change in changes) == sorted(f"r {number}" for number in range(20))
    assert len(lost) == 60


def test_of_servers_that_update_one_revision_one_wins(logs: list[PostgresLog]) -> None:
    LogStore(logs[0]).register_template(SCIPY)
    lost: list[int] = []

    def update(server: int) -> None:
        store = LogStore(logs[server])
        for _ in range(20):
            read = store.get_template("scipy").revision
            try:
                store.update_template(replace(SCIPY, command=str(server)), expected=read)
            except RevisionConflict:
                lost.append(server)

    run_in_threads(update, 4)

    changes = whole_log(LogStore(logs[0]))
    assert len(changes) - 1 + len(lost) == 80
    assert [change.previous for change in changes] == list(range(len(changes)))


def test_the_writes_of_fifty_threads_on_each_server_make_one_log(logs: list[PostgresLog]) -> None:
    def create(number: int) -> None:
        LogStore(logs[number % 4]).register_template(replace(R, name=f"r {number}"))

    run_in_threads(create, 200)

    changes = whole_log(LogStore(logs[0]))
    assert [change.revision for change in changes] == list(range(1, 201))
    assert sorted(change.name for change in changes) == sorted(f"r {number}" for number in range(200))
    assert broken_links(changes, logs[0].origin()) == []
    assert sorted(change.time for change in changes) == [change.time for change in changes]


def test_a_write_does_not_wait_for_ever_for_another_server(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    with operator.transaction():
        operator.execute("SELECT * FROM registry_head FOR UPDATE")
        with pytest.raises(StoreUnavailable):
            append(logs[0], "a")

    append(logs[0], "b")

    assert [row.name for row in logs[1].read(0, 9)] == ["b"]


class Tries:
    """How often a write has begun to wait for another server's lock."""

    def __init__(self, operator: psycopg.Connection) -> None:
        self.operator, self.seen = operator, set[object]()

    def are_many(self) -> bool:
        waiting = "SELECT query_start FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'registry_head'"
        self.seen.update(self.operator.execute(waiting).fetchall())
        return len(self.seen) > 2


@pytest.fixture
def two(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[PostgresLog]]:
    """Servers that do not wait long for a lock."""
    monkeypatch.setitem(postgres_connect.SETTINGS, "lock_timeout", "50ms")
    with closing(PostgresLog(postgres_url)) as one, closing(PostgresLog(postgres_url)) as other:
        yield [one, other]


def test_a_write_waits_for_many_rows_of_another_server(two: list[PostgresLog], operator: psycopg.Connection) -> None:
    tries, writes = Tries(operator), Thread(target=append, args=(two[1], "b"), daemon=True)

    with two[0].writing() as rows:
        two[0].announce_many()
        writes.start()
        eventually(tries.are_many)
        rows += rows_after(two[0].head(), ["a"])
    writes.join(30)

    assert [row.name for row in two[0].read(0, 9)] == ["a", "b"]


@pytest.mark.parametrize("written", [[], ["a"]])
def test_rows_that_are_appended_wait_for_many_of_another_server_and_do_not_follow_them(
    two: list[PostgresLog], operator: psycopg.Connection, written: list[str]
) -> None:
    head = two[1].head()
    tries, rows, appended = Tries(operator), rows_after(head, ["b"]), list[bool]()
    appends = Thread(target=lambda: appended.append(two[1].append_after(head, rows)), daemon=True)

    with two[0].writing() as many:
        two[0].announce_many()
        appends.start()
        eventually(tries.are_many)
        many += rows_after(head, written)
    appends.join(30)

    assert appended == [not written]
    assert [row.name for row in two[0].read(0, 9)] == (written or ["b"])


@pytest.fixture
def three_at_most(logs: list[PostgresLog], operator: psycopg.Connection) -> None:
    """The database of these takes no statement with more rows."""
    operator.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF (SELECT count(*) > 3 OR sum(length(content)) > 3000 FROM new) THEN RAISE 'too many at once'; END IF;
            RETURN NULL; END $$;
        CREATE TRIGGER refuse AFTER INSERT ON registry_changes REFERENCING NEW TABLE AS new
            FOR EACH STATEMENT EXECUTE FUNCTION refuse()""")


@pytest.mark.usefixtures("three_at_most")
@pytest.mark.parametrize("count", [1, 3, 4, 6, 7, 100])
def test_a_large_group_is_written_by_statements_that_are_short(
    logs: list[PostgresLog], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(postgres_pieces, "STATEMENT_ROWS", 3)

    rows = append(logs[0], *(f"ü {number}" for number in range(count)))

    assert logs[1].read(0, 1000) == rows
    assert logs[1].head().mark == rows[-1].mark


@pytest.mark.usefixtures("three_at_most")
def test_a_statement_of_a_large_group_is_short_in_bytes_too(
    logs: list[PostgresLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_pieces, "STATEMENT_BYTES", 2000)

    rows = append(logs[0], *"abcdef", content=bytes(1500))

    assert logs[1].read(0, 1000) == rows


@pytest.mark.usefixtures("three_at_most")
def test_a_large_group_that_fails_at_its_end_has_written_nothing(
    logs: list[PostgresLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_pieces, "STATEMENT_ROWS", 3)

    def write() -> None:
        with logs[0].writing() as rows:
            rows += rows_after(logs[0].head(), [f"{number}" for number in range(7)])
            rows[-1] = replace(rows[-1], content=bytes(4000))

    with pytest.raises(StoreUnavailable):
        write()

    assert (logs[1].head().revision, logs[1].read(0, 99)) == (0, [])


def test_the_newest_changes_of_any_number_of_names_are_asked_for_in_pages(
    logs: list[PostgresLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "STATEMENT_NAMES", 3)
    names = [f"{number}" for number in range(10)]
    rows = append(logs[0], *names)

    found = logs[0].current_of([*names, "never", "\0"])

    assert sorted(found, key=lambda row: row.revision) == rows


@pytest.mark.parametrize(("names", "patience"), [("abc", "10s"), ("abcd", "1min")])
def test_a_large_group_may_think_longer_than_others(
    logs: list[PostgresLog], monkeypatch: pytest.MonkeyPatch, names: str, patience: str
) -> None:
    monkeypatch.setattr(postgres, "STATEMENT_NAMES", 3)
    asked = "SELECT current_setting('idle_in_transaction_session_timeout')"

    with logs[0].writing():
        logs[0].current_of(names)
        within = logs[0]._rows(asked)

    assert within == [(patience,)]
    assert logs[0]._rows(asked) == [("10s",)]


def test_a_server_that_loses_its_connection_in_a_write_has_written_nothing(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    append(logs[0], "a")
    before = logs[0].head()

    def write() -> None:
        with logs[0].writing() as rows:
            rows += rows_after(before, ["lost"])
            operator.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            )

    with pytest.raises(StoreUnavailable):
        write()

    assert logs[0].head() == before
    append(logs[0], "b")
    assert [row.name for row in logs[1].read(0, 9)] == ["a", "b"]


def test_a_connection_that_died_while_it_was_idle_is_replaced_unseen(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    append(logs[0], "a")
    operator.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'binder-registry'"
    )

    append(logs[0], "b")

    assert logs[1].head().revision == 2


def test_rows_are_appended_on_a_new_connection_when_the_one_that_was_idle_died(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    before = append(logs[0], "a")
    rows = rows_after(logs[0].head(), ["b"])
    operator.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'binder-registry'"
    )

    appended = logs[0].append_after(logs[0].head(), rows)

    assert appended
    assert logs[1].read(0, 9) == before + rows


def test_rows_that_are_appended_wait_for_another_servers_commit_and_do_not_follow_it(logs: list[PostgresLog]) -> None:
    start, appended = logs[0].head(), list[bool]()
    writer = Thread(target=lambda: appended.append(logs[1].append_after(start, rows_after(start, ["b"]))), daemon=True)
    with logs[0].writing() as rows:
        writer.start()
        eventually(lambda: logs[2]._rows("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"))
        rows += rows_after(start, ["a"])
    writer.join(30)

    assert appended == [False]
    assert logs[1].read(0, 9) == rows


# ── news ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_listen, "POLL_SECONDS", NEVER)


@pytest.mark.usefixtures("no_polling")
def test_a_write_through_one_server_wakes_who_waits_at_another(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    waiting = Waiting(logs[1], 0)
    eventually(lambda: listeners(operator))

    append(logs[0], "a")

    assert waiting.end() == [logs[0].head()]


@pytest.mark.usefixtures("no_polling")
def test_a_server_that_writes_too_hears_of_what_others_wrote_behind_it(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    waiting = Waiting(logs[1], 1)
    eventually(lambda: listeners(operator) and logs[1]._listener.listening)
    append(logs[1], "a")

    append(logs[0], "b")

    assert waiting.end() == [logs[0].head()]


def test_everyone_who_waits_at_one_server_shares_one_connection(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    waiting = [Waiting(logs[1], 0) for _ in range(20)]
    eventually(lambda: listeners(operator))
    connections = len(listeners(operator))

    append(logs[0], "a")

    assert connections == 1
    assert [each.end() for each in waiting] == [[logs[0].head()]] * 20


def test_news_that_come_soon_after_others_are_heard_at_once_by_who_is_in_a_hurry(
    logs: list[PostgresLog], operator: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_listen, "PAUSE_SECONDS", NEVER)
    first = Waiting(logs[1], 0)
    eventually(lambda: listeners(operator) and logs[1]._listener.listening)
    append(logs[0], "a")
    heard = [head.revision for head in first.end()]
    second = Waiting(logs[1], 1)
    append(logs[0], "b")

    logs[1].wake()

    assert (heard, [head.revision for head in second.end()]) == ([1], [2])


def test_who_knows_of_a_commit_of_its_own_is_not_woken_by_it(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    known, asked, found = [0], list[int](), list[Head]()

    def look() -> int:
        asked.append(get_ident())
        return known[0]

    waiting = Thread(target=lambda: found.append(logs[0].wait_beyond(look, 60)), daemon=True)
    waiting.start()
    eventually(lambda: logs[0]._listener.listening and logs[0]._listener.newest)
    before, known[0] = asked.count(waiting.ident or 0), 1

    append(logs[0], "a")
    unwoken = asked.count(waiting.ident or 0) == before
    append(logs[1], "b")
    waiting.join(30)

    assert (unwoken, [head.revision for head in found]) == (True, [2])


def test_what_others_commit_while_the_lock_is_waited_for_comes_with_it(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    append(logs[0], "a")
    found: list[str] = []

    def write() -> None:
        with logs[1].writing_behind(0) as (_, others):
            found.extend(change.name for change in others)

    writer = Thread(target=write, daemon=True)
    with logs[0].writing() as rows:
        writer.start()
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'registry_head'"
        eventually(lambda: operator.execute(waits).fetchall())
        rows += rows_after(logs[0].head(), ["b"])
    writer.join(30)

    assert found == ["a", "b"]


@pytest.mark.parametrize("most", [3, 0])
def test_of_many_only_the_first_come_with_the_lock(
    logs: list[PostgresLog], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    append(logs[0], *(str(number) for number in range(postgres_lock.OTHERS + 5)))

    with logs[1].writing_behind(most) as (_, others):
        revisions = [change.revision for change in others]

    assert revisions == list(range(most + 1, most + 1 + postgres_lock.OTHERS))


def test_without_listen_the_head_is_polled(
    logs: list[PostgresLog], operator: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_listen, "RETRY_SECONDS", (NEVER, NEVER))
    waiting = Waiting(logs[1], 0)
    eventually(lambda: listeners(operator))
    operator.execute("SELECT pg_terminate_backend(%s, 10000)", listeners(operator))
    eventually(lambda: not logs[1]._listener.listening)

    append(logs[0], "a")

    assert waiting.end() == [logs[0].head()]


def test_after_its_connection_was_lost_a_server_listens_again(
    logs: list[PostgresLog], operator: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Waiting(logs[1], 0)
    eventually(lambda: listeners(operator))
    [lost] = listeners(operator)
    operator.execute("SELECT pg_terminate_backend(%s, 10000)", [lost])
    eventually(lambda: listeners(operator) not in ([], [lost]) and logs[1]._listener.listening)
    monkeypatch.setattr(postgres_listen, "POLL_SECONDS", NEVER)

    append(logs[0], "a")

    assert waiting.end() == [logs[0].head()]


@pytest.mark.parametrize("engine", ["says nothing", "refuses"])
def test_an_engine_whose_notify_does_not_work_is_polled(
    postgres_url: str, operator: psycopg.Connection, engine: str
) -> None:
    schema = operator.execute("SELECT current_schema()").fetchall()[0][0]
    does = "SELECT" if engine == "says nothing" else "SELECT 1 / 0"
    operator.execute(f"CREATE FUNCTION pg_notify(text, text) RETURNS void LANGUAGE SQL AS '{does}'".encode())
    url = postgres_url.replace(f"search_path%3D{schema}", f"search_path%3D{schema},pg_catalog")
    with closing(PostgresLog(url)) as one, closing(PostgresLog(url)) as other:
        waiting = Waiting(one, 0)
        eventually(lambda: one._listener.occasions > 5)  # as many, while nothing is written, only when it polls

        append(other, "a")

        assert waiting.end() == [other.head()]


# ── start ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ten_servers_may_start_at_once(postgres_url: str) -> None:
    with ExitStack() as stack:
        logs: list[PostgresLog] = []

        run_in_threads(lambda _: logs.append(stack.enter_context(closing(PostgresLog(postgres_url)))), 10)

        assert len({log.origin() for log in logs}) == 1
        append(logs[0], "a")
        assert {log.head() for log in logs} == {logs[0].head()}


def test_a_server_works_with_the_schema_of_the_next_version(postgres_url: str, operator: psycopg.Connection) -> None:
    open_log(postgres_url).close()
    operator.execute("UPDATE registry_schema SET version = version + 1")

    with closing(open_log(postgres_url)) as log:
        append(log, "a")

    assert operator.execute("SELECT version FROM registry_schema").fetchall() == [(SCHEMA + 1,)]


def test_a_schema_two_versions_newer_is_refused(postgres_url: str, operator: psycopg.Connection) -> None:
    open_log(postgres_url).close()
    operator.execute("UPDATE registry_schema SET version = version + 2")

    with pytest.raises(DatabaseRefused, match="newer"):
        open_log(postgres_url)


def test_a_database_without_a_registry_is_not_read(postgres_url: str, operator: psycopg.Connection) -> None:
    with pytest.raises(DatabaseRefused, match="no registry"):
        open_log(postgres_url, read_only=True)

    assert operator.execute("SELECT to_regclass('registry_schema')").fetchall() == [(None,)]


def test_a_reader_sees_what_servers_write_and_cannot_write(postgres_url: str) -> None:
    with closing(PostgresLog(postgres_url)) as log, closing(PostgresLog(postgres_url, read_only=True)) as reader:
        waiting = Waiting(reader, 0)
        append(log, "a")

        assert waiting.end() == [log.head()]
        with pytest.raises(StoreUnavailable):
            append(reader, "b")
        assert log.head().revision == 1


def test_a_database_in_another_encoding_is_refused() -> None:
    name = f"registry_{token_hex(4)}"
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0".encode())
        try:
            with pytest.raises(DatabaseRefused, match="UTF8"):
                open_log(urlunsplit(urlsplit(superuser_url())._replace(path=f"/{name}")))
        finally:
            connection.execute(f"DROP DATABASE {name}".encode())


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_longest_names_can_be_written_and_found(logs: list[PostgresLog]) -> None:
    names = sorted(token_hex(1024) for _ in range(50))  # 2048 bytes that do not compress well

    append(logs[0], *names)

    assert [row.name for row in logs[1].state(50)] == names
    assert [row.name for row in logs[1].read(0, 50, name=names[7])] == [names[7]]


def test_a_state_skips_any_number_of_tombstones(logs: list[PostgresLog]) -> None:
    append(logs[0], *(f"gone {number:04}" for number in range(500)), deleted=True)
    append(logs[0], "here")

    assert [row.name for row in logs[1].state(501, limit=1)] == ["here"]


def test_what_a_session_sets_does_not_change_times(postgres_url: str) -> None:
    with (
        closing(PostgresLog(postgres_url)) as log,
        closing(PostgresLog(f"{postgres_url}%20-cTimeZone%3DAsia/Tokyo")) as far,
    ):
        LogStore(log).register_template(SCIPY)
        LogStore(far).update_template(NEW)

        assert log.read(0, 2) == far.read(0, 2)
        assert broken_links(far.read(0, 2), far.origin()) == []


def test_names_are_ordered_by_code_point_whatever_the_database_does(
    logs: list[PostgresLog], operator: psycopg.Connection
) -> None:
    found = operator.execute(
        "SELECT collation_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = 'registry_changes' AND column_name = 'name'"
    )

    assert found.fetchall() == [("C",)]


def test_a_log_is_called_by_its_place_and_nobodys_name(logs: list[PostgresLog]) -> None:
    server = urlsplit(superuser_url())

    assert str(logs[0]) == f"PostgreSQL, {server.path[1:]} at {server.hostname}:{server.port}"
