import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Thread

import pytest
from msgspec.structs import replace

from binder_registry.auth import Identity, Scope
from binder_registry.backends import sqlite_file, sqlite_pragmas
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.conformance import LogConformance, StoreConformance
from binder_registry.conformance.reading_out import run_in_threads
from binder_registry.errors import DatabaseRefused, StoreUnavailable
from binder_registry.log_contract import Log
from binder_registry.log_store import LogStore
from binder_registry.server.live.read_model import ReadModel
from binder_registry.template import Template
from binder_registry.token_rules import NewToken
from binder_registry.token_uses import TokenUses

SCIPY = Template(name="scipy", image_name="jupyter/scipy")


class TestSQLiteLog(LogConformance):
    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[SQLiteLog]:
        with ExitStack() as self.opened:
            yield self.open(tmp_path / "registry.db")

    def open(self, path: Path) -> SQLiteLog:
        return self.opened.enter_context(closing(SQLiteLog(path)))

    def reopen(self, log: Log) -> SQLiteLog:
        log.close()
        return self.open(path_of(log))

    def copy(self, log: Log) -> SQLiteLog:
        path = path_of(log)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(f"{path}.copy")) as copy:
            source.backup(copy)
        return self.open(Path(f"{path}.copy"))


class TestSQLiteStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[LogStore]:
        with closing(LogStore(SQLiteLog(tmp_path / "registry.db"))) as store:
            yield store


def path_of(log: Log) -> Path:
    assert isinstance(log, SQLiteLog)
    return log.path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def written(path: Path) -> Path:
    """A database with one template, and no owner."""
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(SCIPY)
    return path


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def refusal(path: Path, *, read_only: bool = False) -> str:
    with pytest.raises(DatabaseRefused) as refused:
        SQLiteLog(path, read_only=read_only, wait=0)
    return str(refused.value)


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_file_is_ours_and_has_a_write_ahead_log(written: Path) -> None:
    with closing(sqlite3.connect(written)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x62726567,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (4,)


@pytest.mark.parametrize("name", ["a b.db", "50%.db", "what?.db", "#1.db", "ü 😀.db", "%41.db"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    with closing(LogStore(SQLiteLog(tmp_path / name))) as store:
        store.register_template(SCIPY)

    assert {entry.name for entry in tmp_path.iterdir()} == {name, f"{name}.lock"}


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()

    with closing(SQLiteLog(path)) as log:
        assert log.head().revision == 0


def test_two_changes_that_follow_the_same_one_are_refused_by_the_database(written: Path) -> None:
    columns = "mark, time, by, note, action, name, previous, first, deleted, content, digest"

    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE.*name.*previous"):
        changed(written, f"INSERT INTO changes (revision, {columns}) SELECT 2, {columns} FROM changes")


def test_two_files_have_different_origins(tmp_path: Path) -> None:
    with closing(SQLiteLog(tmp_path / "1.db")) as one, closing(SQLiteLog(tmp_path / "2.db")) as other:
        assert one.origin() != other.origin()


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_of_a_newer_release_is_refused(written: Path, read_only: bool) -> None:
    changed(written, "PRAGMA user_version = 99")

    assert refusal(written, read_only=read_only) == (
        f"{written}: written by a newer binder-registry (schema 99, this program knows 4)"
    )


@pytest.mark.parametrize("content", [b"hello", b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_database_is_refused_and_left_as_it_is(path: Path, content: bytes, read_only: bool) -> None:
    path.write_bytes(content)

    assert refusal(path, read_only=read_only) == f"{path}: this is not a database"
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE theirs (x)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"]
)
def test_a_database_of_another_program_is_refused_and_left_as_it_is(path: Path, statement: str) -> None:
    changed(path, statement)
    before = path.read_bytes()

    assert refusal(path) == f"{path}: this is not a database of binder-registry"
    assert path.read_bytes() == before


def test_a_file_in_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing" / "registry.db").endswith("No such file or directory")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    assert refusal(tmp_path / "folder").endswith("this is a folder: name a file")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write to every file: for a while this process is a user who may not."""
    if os.geteuid() != 0:
        yield
        return
    nobody = pwd.getpwnam("nobody")
    os.seteuid(nobody.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_is_read_only_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder) / "registry.db"
        SQLiteLog(path).close()
        path.chmod(0o444)
        Path(f"{path}.lock").chmod(0o666)

        with as_nobody():
            message = refusal(path)

    assert message == f"{path}: the file is read-only"


def test_a_file_that_another_server_owns_is_refused_naming_that_process(path: Path) -> None:
    program = (
        "import sys; from binder_registry.backends.sqlite import SQLiteLog\n"
        "log = SQLiteLog(sys.argv[1]); print('open', flush=True); input(); log.close()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        owner.stdout.readline()

        message = refusal(path)

        owner.communicate("\n", timeout=30)
    assert "another server owns this database" in message
    assert f"host {socket.gethostname()}, pid {owner.pid}, since 20" in message


def test_a_server_waits_for_the_one_before_to_let_go(written: Path) -> None:
    before = SQLiteLog(written)
    thread = Thread(target=before.close)

    thread.start()
    with closing(SQLiteLog(written, wait=30)) as after:
        revision = after.head().revision
    thread.join()

    assert revision == 1


def test_a_refused_file_is_not_kept_locked(written: Path) -> None:
    changed(written, "PRAGMA user_version = 99")
    refusal(written)
    changed(written, "PRAGMA user_version = 4")

    with closing(SQLiteLog(written, wait=0)) as log:
        assert log.head().revision == 1


def test_a_database_that_another_program_keeps_locked_is_refused(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_pragmas, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(written)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")

        message = refusal(written)

    assert message == f"{written}: another process holds the database locked"


# ── reading beside the owner ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_reader_opens_the_live_file_beside_its_owner(path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as owner:
        stored = owner.register_template(SCIPY)

        with closing(LogStore(SQLiteLog(path, read_only=True))) as reader:
            first = reader.list_templates()
            updated = owner.update_template(SCIPY)
            second = reader.list_templates()

    assert (first, second) == ([stored], [updated])


def test_a_reader_waits_for_what_the_owner_writes(path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as owner, closing(LogStore(SQLiteLog(path, read_only=True))) as reader:
        found = []
        thread = Thread(target=lambda: found.append(reader.wait(0, timeout=60)), daemon=True)
        thread.start()

        owner.register_template(SCIPY)

        thread.join(30)
        assert found == [owner.head()]


def test_a_reader_cannot_write(written: Path) -> None:
    with closing(LogStore(SQLiteLog(written, read_only=True))) as reader:
        with pytest.raises(StoreUnavailable):
            reader.update_template(SCIPY)

        assert reader.head().revision == 1


def test_a_reader_does_not_create_a_file(path: Path) -> None:
    assert refusal(path, read_only=True) == f"{path}: No such file or directory"
    assert not path.exists()


# ── threads, closing ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_many_threads_read_at_once(written: Path) -> None:
    with closing(LogStore(SQLiteLog(written))) as store:
        expected = store.list_templates()
        found: list[object] = []

        run_in_threads(lambda _: found.extend(store.list_templates() for _ in range(100)), 16)

    assert found == [expected] * 1600


def test_a_closed_log_is_unavailable(written: Path) -> None:
    store = LogStore(SQLiteLog(written))
    store.update_template(SCIPY)
    store.close()

    with pytest.raises(StoreUnavailable):
        store.head()
    with pytest.raises(StoreUnavailable):
        store.list_templates()
    with pytest.raises(StoreUnavailable):
        store.update_template(SCIPY)


def test_closing_wakes_who_waits(written: Path) -> None:
    log = SQLiteLog(written)
    LogStore(log).update_template(SCIPY)
    outcomes: list[object] = []

    def wait() -> None:
        try:
            log.wait(2, timeout=60)
        except StoreUnavailable as error:
            outcomes.append(type(error))

    thread = Thread(target=wait, daemon=True)
    thread.start()
    log.close()
    thread.join(30)

    assert outcomes == [StoreUnavailable]


def test_errors_of_the_block_itself_pass_through(written: Path) -> None:
    with closing(SQLiteLog(written)) as log, pytest.raises(FileNotFoundError), log.writing():
        Path("/missing/file").read_bytes()


def test_a_file_of_the_release_before_gets_a_place_for_tokens(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_file, "SCHEMA", 3)
        SQLiteLog(path).close()
    with closing(SQLiteLog(path, read_only=True)) as log:
        before = (log.tokens(), log.audit(0, limit=10))

    with closing(LogStore(SQLiteLog(path))) as store:
        token, _ = TokenUses(store).make(Identity("key", frozenset(Scope)), NewToken("ci", ("read",)))

    with closing(SQLiteLog(path, read_only=True)) as log:
        assert (before, log.tokens()) == (((0, []), []), (1, [token]))


def test_a_write_ahead_log_that_began_with_a_token_is_known_as_ours(path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(SCIPY)
        store.update_template(replace(SCIPY, command="c"))
        store.purge_change("scipy", 1)  # which begins a new log
        TokenUses(store).make(Identity("key", frozenset(Scope)), NewToken("ci", ("read",)))
        copy = path.with_name("copy.db")
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")

    with closing(SQLiteLog(copy)) as log:
        assert [token.name for token in log.tokens()[1]] == ["ci"]


@pytest.mark.parametrize(
    "change",
    ["action = 'burnt 🔥'", "time = 'soon'", f"time = {2**62}", "content = 'text'", "content = NULL"],
)
def test_a_row_that_cannot_be_a_change_is_not_shown_at_a_start(path: Path, change: str) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(SCIPY)
        store.register_template(Template(name="a", image_name="i"))
    changed(path, f"UPDATE changes SET {change} WHERE revision = 1")

    unreadable = pytest.raises((ValueError, TypeError, OverflowError, AssertionError))
    with closing(LogStore(SQLiteLog(path))) as store, unreadable:
        ReadModel().load_present(*store.present())


def test_what_is_written_while_the_present_is_read_is_not_in_it(path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        for name in ("c", "b", "a"):
            store.register_template(Template(name=name, image_name="i"))
        _, present = store.present()
        begun = iter(present)
        first = next(begun)
        store.update_template(Template(name="a", image_name="j"))
        store.register_template(Template(name="aa", image_name="i"))

        rows = [first, *begun]

    assert [(name, revision) for name, revision, *_ in rows] == [("c", 1), ("b", 2), ("a", 3)]


def test_a_present_that_cannot_be_read_to_its_end_is_unavailable(path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(SCIPY)
        changed(path, "ALTER TABLE changes RENAME COLUMN action TO act")
        _, present = store.present()

        with pytest.raises(StoreUnavailable):
            list(present)
