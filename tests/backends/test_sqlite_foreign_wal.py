"""A write-ahead log that does not belong to the file it lies beside."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.conformance.reading_out import broken_links, whole_log
from binder_registry.errors import DatabaseRefused
from binder_registry.log_store import LogStore
from binder_registry.template import Template

MANY = 1500  # writes after which SQLite has begun a new write-ahead log


def write(store: LogStore, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        store.register_template(Template(name=f"name {number}", image_name="i", description="x" * 500))


def copied(path: Path, to: Path) -> None:
    """As if the server had been killed now."""
    for suffix in ("", "-wal"):
        if Path(f"{path}{suffix}").exists():
            shutil.copy(f"{path}{suffix}", f"{to}{suffix}")


def count(path: Path) -> int:
    with closing(LogStore(SQLiteLog(path))) as store:
        changes = whole_log(store)
        assert broken_links(changes, store.log.origin()) == []
        return len(changes)


def refused(path: Path) -> bool:
    """Whether it is, by a server and by a reader, and whether all is left as it was."""
    before = {file.name: file.read_bytes() for file in (path, Path(f"{path}-wal")) if file.exists()}
    for read_only in (True, False):
        with pytest.raises(
            DatabaseRefused, match=r"-wal, does not belong to it.*restore-backup BACKUP --db sqlite:////"
        ):
            SQLiteLog(path, read_only=read_only, wait=0)
    return {file.name: file.read_bytes() for file in (path, Path(f"{path}-wal")) if file.exists()} == before


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A database of 50 changes, all of them in its write-ahead log."""
    with closing(LogStore(SQLiteLog(tmp_path / "live.db"))) as store:
        write(store, 50)
        copied(tmp_path / "live.db", tmp_path / "killed.db")
    return tmp_path / "killed.db"


@pytest.fixture
def older(tmp_path: Path, killed: Path) -> Path:
    """A registry's file as it was, in WAL mode and whole; `killed` is what became of it."""
    path = tmp_path / "older.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        write(store, 3)
    shutil.copy(path, tmp_path / "grown.db")
    with closing(LogStore(SQLiteLog(tmp_path / "grown.db"))) as store:
        write(store, 20, 3)
    with closing(LogStore(SQLiteLog(tmp_path / "grown.db"))) as store:
        write(store, 20, 23)
        copied(tmp_path / "grown.db", killed)
    return path


def test_what_a_killed_server_left_is_opened(killed: Path) -> None:
    assert count(killed) == 50


def test_what_servers_left_that_were_killed_one_after_the_other_is_opened(killed: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.db"
    for number in range(5):
        with closing(LogStore(SQLiteLog(killed))) as store:
            write(store, 2, 100 + 2 * number)
            copied(killed, again)
        copied(again, killed)

    assert count(killed) == 60


def test_a_backup_copied_over_the_file_is_refused(killed: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(killed)) as source, closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        source.backup(backup)
        backup.execute("PRAGMA journal_mode = DELETE")
    with closing(LogStore(SQLiteLog(tmp_path / "backup.db"))) as store:
        write(store, 1, 70)
        copied(tmp_path / "backup.db", killed)
    shutil.copy(tmp_path / "backup.db", tmp_path / "backup2.db")
    with closing(sqlite3.connect(tmp_path / "backup2.db")) as backup:
        backup.execute("PRAGMA journal_mode = DELETE")

    shutil.copy(tmp_path / "backup2.db", killed)

    assert refused(killed)


def test_an_older_file_of_the_same_registry_is_refused(older: Path, killed: Path) -> None:
    whole = count(killed)
    shutil.copy(older, killed)
    copied(killed.with_name("grown.db"), killed.with_name("other.db"))

    with closing(LogStore(SQLiteLog(killed.with_name("grown.db")))) as store:
        write(store, 1, 90)
        shutil.copy(f"{killed.with_name('grown.db')}-wal", f"{killed}-wal")

    assert whole == 43
    assert refused(killed)


def test_a_newer_file_of_the_same_registry_is_refused(killed: Path, tmp_path: Path) -> None:
    stale = Path(f"{killed}-wal").read_bytes()
    for number in range(3):
        with closing(LogStore(SQLiteLog(killed))) as store:
            write(store, 5, 60 + 5 * number)

    Path(f"{killed}-wal").write_bytes(stale)

    assert refused(killed)


def test_a_file_of_another_registry_is_refused(killed: Path, tmp_path: Path) -> None:
    with closing(LogStore(SQLiteLog(tmp_path / "other.db"))) as store:
        write(store, 3)

    shutil.copy(tmp_path / "other.db", killed)

    assert refused(killed)


@pytest.mark.parametrize("content", [b"", b"hello", b"x" * 9000], ids=["empty", "short", "long"])
def test_a_file_that_is_no_database_is_refused_and_its_log_is_kept(killed: Path, content: bytes) -> None:
    killed.write_bytes(content)

    assert refused(killed)


def test_a_log_without_its_file_is_refused_and_kept(killed: Path) -> None:
    killed.unlink()

    with pytest.raises(DatabaseRefused, match="does not belong"):
        SQLiteLog(killed, wait=0)

    assert Path(f"{killed}-wal").stat().st_size > 10_000
    assert not killed.exists()


def test_a_log_that_damages_pages_is_refused(killed: Path, tmp_path: Path) -> None:
    with closing(LogStore(SQLiteLog(tmp_path / "large.db"))) as store:
        write(store, 300)
    with closing(sqlite3.connect(tmp_path / "large.db")) as connection:
        connection.execute("VACUUM")  # other pages than the log has

    shutil.copy(tmp_path / "large.db", killed)

    assert refused(killed)


def test_a_file_with_pages_of_another_size_is_refused(killed: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "large.db")) as connection:
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("VACUUM")
    with closing(LogStore(SQLiteLog(tmp_path / "large.db"))) as store:
        write(store, 3)

    shutil.copy(tmp_path / "large.db", killed)

    assert refused(killed)


def test_a_log_that_sqlite_began_by_itself_is_told_apart_too(tmp_path: Path) -> None:
    path, early, late = tmp_path / "registry.db", tmp_path / "early.db", tmp_path / "late.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        for number in range(MANY // 10):
            if number == MANY // 30:
                shutil.copy(path, early)
            with store.atomic():
                write(store, 10, 10 * number)
        copied(path, late)
    assert count(late) == MANY

    with closing(LogStore(SQLiteLog(path))) as store:
        for number in range(MANY // 10):
            with store.atomic():
                write(store, 10, MANY + 10 * number)
        copied(path, late)
    shutil.copy(early, late)

    assert refused(late)


def test_without_the_stale_log_the_file_is_opened_as_it_is(older: Path, killed: Path) -> None:
    shutil.copy(older, killed)
    Path(f"{killed}-wal").unlink()

    assert count(killed) == 3


def test_a_log_that_is_cut_off_within_its_first_commit_holds_nothing_and_is_taken(older: Path, killed: Path) -> None:
    log = Path(f"{killed}-wal").read_bytes()
    shutil.copy(older, killed)
    Path(f"{killed}-wal").write_bytes(log[:3000])

    assert count(killed) == 3


def test_a_reader_takes_the_log_of_a_live_server(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        for number in range(20):
            write(store, 1, number)
            with closing(SQLiteLog(path, read_only=True)) as reader:
                assert reader.head() == store.log.head()


def test_a_look_at_the_file_does_not_give_up_the_locks_of_its_owner(tmp_path: Path) -> None:
    """Else the next process that opens and closes the file would delete the log under us."""
    path = tmp_path / "registry.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        write(store, 2)
        SQLiteLog(path, read_only=True).close()
        inode = Path(f"{path}-wal").stat().st_ino

        program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM changes'); c.close()"
        subprocess.run([sys.executable, "-c", program, path], check=True)

        assert Path(f"{path}-wal").stat().st_ino == inode


STARTING = """
import os, signal, sys
from binder_registry.backends.sqlite import SQLiteLog
number = int(sys.argv[2])
def trace(frame, event, argument):
    global number
    if "/backends/sqlite" in frame.f_code.co_filename and event == "line":
        number -= 1
        if number == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace
sys.settrace(trace)
SQLiteLog(sys.argv[1])
sys.settrace(None)
"""


@pytest.mark.parametrize("line", range(25, 150, 9))
def test_a_server_that_is_killed_while_it_starts_leaves_what_the_next_one_opens(tmp_path: Path, line: int) -> None:
    path = tmp_path / "registry.db"

    killed = subprocess.run([sys.executable, "-c", STARTING, path, str(line)], check=False)

    assert killed.returncode in (0, -signal.SIGKILL)
    assert count(path) == 0
    assert os.path.getsize(path) > 0  # noqa: PTH202


def test_a_file_of_the_first_schema_is_opened_with_its_log(tmp_path: Path) -> None:
    path, left = tmp_path / "registry.db", tmp_path / "left.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        write(store, 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("PRAGMA journal_mode = DELETE")
        old.execute("DROP TABLE wal_token")
        old.execute("ALTER TABLE origin DROP COLUMN format")
        old.execute("DROP TABLE tokens")
        old.execute("DROP TABLE token_audit")
        old.execute("PRAGMA user_version = 1")
        old.execute("VACUUM")
        old.execute("PRAGMA journal_mode = WAL")
        old.execute("UPDATE changes SET deleted = deleted")
        copied(path, left)

    with closing(SQLiteLog(left, read_only=True)) as reader:
        assert reader.head().revision == 3
    assert count(left) == 3
