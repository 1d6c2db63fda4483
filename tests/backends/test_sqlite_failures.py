"""A file that fails under the log: removed, locked, on a full disk, torn, or left by a process that was killed."""

import random
import resource
import shutil
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from binder_registry.backends import sqlite_pragmas
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.conformance.reading_out import broken_links, folded, whole_log
from binder_registry.conformance.sample_rows import append, rows_after
from binder_registry.errors import StoreUnavailable
from binder_registry.log_store import LogStore
from binder_registry.template import Template

SCIPY = Template(name="scipy", image_name="jupyter/scipy")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def store(path: Path) -> Iterator[LogStore]:
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(SCIPY)
        yield store


def assert_sound(store: LogStore) -> None:
    changes = whole_log(store)
    assert [change.revision for change in changes] == list(range(1, len(changes) + 1))
    assert broken_links(changes, store.log.origin()) == []
    assert folded(changes) == store.list_templates()


# ── removed, replaced, locked ────────────────────────────────────────────────────────────────────────────────────────


def test_a_write_to_a_file_that_was_removed_fails_and_the_next_succeeds_when_it_is_back(
    store: LogStore, path: Path
) -> None:
    aside = path.rename(path.with_name("aside"))
    with pytest.raises(StoreUnavailable):
        store.update_template(SCIPY)

    aside.rename(path)

    assert store.update_template(SCIPY).revision == 2
    assert_sound(store)


def test_a_file_that_was_removed_is_named(store: LogStore, path: Path) -> None:
    path.unlink()

    with pytest.raises(StoreUnavailable) as failed:
        store.update_template(SCIPY)

    assert str(failed.value.__cause__) == f"{path} was removed while it was in use"


def test_a_write_to_a_file_that_was_replaced_fails_and_changes_neither(
    store: LogStore, path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    SQLiteLog(other).close()
    before = other.read_bytes()
    aside = path.rename(tmp_path / "aside")
    other.rename(path)

    with pytest.raises(StoreUnavailable):
        store.update_template(SCIPY)

    assert path.read_bytes() == before
    aside.rename(path)
    assert store.update_template(SCIPY).revision == 2
    assert_sound(store)


def test_reads_never_come_from_a_file_that_took_the_place_of_ours(store: LogStore, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    SQLiteLog(other).close()
    store.list_templates()  # opens the connection that is taken away below
    with closing(sqlite3.connect(path)) as beside:
        beside.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.rename(tmp_path / "aside")
    other.rename(path)

    def revisions() -> list[int] | None:
        try:
            return [template.revision for template in store.list_templates()]
        except StoreUnavailable:
            return None

    with store.log._reader():  # type: ignore[attr-defined] # so that the next read has to connect anew
        assert revisions() in ([1], None)


def test_a_write_beside_a_program_that_keeps_the_file_locked_fails_and_reads_go_on(
    store: LogStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_pragmas, "BUSY_SECONDS", 0.05)
    store.log._writer.drop()  # type: ignore[attr-defined]
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            store.update_template(SCIPY)
        read = store.list_templates()

    assert [template.revision for template in read] == [1]
    assert store.update_template(SCIPY).revision == 2


# ── full disks ───────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def files_may_not_grow_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_commit_that_fails_leaves_no_trace(store: LogStore, path: Path) -> None:
    """The rows fit SQLite's cache; what does not fit the file is what COMMIT writes to the write-ahead log."""
    before = store.head()

    with files_may_not_grow_beyond(Path(f"{path}-wal").stat().st_size), pytest.raises(StoreUnavailable):
        store.update_template(SCIPY)

    assert store.head() == before
    assert store.update_template(SCIPY).revision == 2
    assert_sound(store)


def test_a_group_whose_commit_fails_again_and_again_leaves_no_trace(store: LogStore, path: Path) -> None:
    store.update_template(replace(SCIPY, command="c"))
    before = store.changes()

    def write_group() -> None:
        with store.atomic():
            store.register_template(replace(SCIPY, name="lost"))
            store.purge_change("scipy", 1)

    with files_may_not_grow_beyond(Path(f"{path}-wal").stat().st_size):
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                write_group()

        assert store.changes() == before

    write_group()
    assert [change.content is None for change in store.changes()] == [True, False, False, False]
    assert_sound(store)


def fill(store: LogStore, acknowledged: list[Template]) -> None:
    for number in range(1_000):
        template = Template(name=str(number), image_name="i", description="x" * 9_000)
        acknowledged.append(store.register_template(template))


@pytest.mark.parametrize("at", [0, 60, 110])
def test_many_rows_of_which_one_cannot_be_written_leave_no_trace(path: Path, at: int) -> None:
    with closing(SQLiteLog(path)) as log:
        [scipy] = append(log, "scipy")
        rows = rows_after(log.head(), [f"lab-{number}" for number in range(111)])
        rows[at] = replace(rows[at], name="scipy")  # as if it had never been written before

        with pytest.raises(StoreUnavailable), log.writing() as written:
            written += rows

        assert log.read(0, 1000) == [scipy]
        assert append(log, *(f"lab-{number}" for number in range(111))) == log.read(1, 1000)


def test_a_full_disk_fails_the_write_and_nothing_else(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1024**2))
    with closing(LogStore(SQLiteLog(small_disk / "registry.db"))) as store:
        acknowledged: list[Template] = []
        with pytest.raises(StoreUnavailable):
            fill(store, acknowledged)
        full = sorted(store.list_templates(), key=lambda template: template.revision)

        ballast.unlink()
        store.register_template(SCIPY)

        assert len(acknowledged) > 10
        assert full == acknowledged
        assert store.head().revision == len(acknowledged) + 1
        assert_sound(store)


# ── a write-ahead log whose end is torn ──────────────────────────────────────────────────────────────────────────────

COMMITS = 12
WAL_HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24  # https://www.sqlite.org/fileformat2.html#walformat


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as a machine that lost power leaves it: all commits, of one to three changes, in the log beside it."""
    folder = tmp_path_factory.mktemp("power")
    path = folder / "registry.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        for commit in range(COMMITS):
            with store.atomic():
                for part in range(commit % 3 + 1):
                    store.register_template(Template(name=f"{commit}.{part}", image_name="i", description="x" * 3_000))
        shutil.copy(path, folder / "left.db")
        shutil.copy(f"{path}-wal", folder / "left.db-wal")
    return folder / "left.db"


def ends_of_commits(wal: bytes) -> list[int]:
    """Where in the write-ahead log each commit is complete: after a frame whose header names the size of the file."""
    [page] = struct.unpack(">I", wal[8:12])
    frame = FRAME_HEADER_BYTES + page
    starts = range(WAL_HEADER_BYTES, len(wal) - frame + 1, frame)
    return [start + frame for start in starts if struct.unpack(">I", wal[start + 4 : start + 8]) != (0,)]


def found_after(left_behind: Path, target: Path, wal: bytes) -> list[str]:
    """The names in the database with this write-ahead log, which must be sound and take a write."""
    shutil.copy(left_behind, target)
    Path(f"{target}-wal").write_bytes(wal)
    with closing(LogStore(SQLiteLog(target))) as store:
        assert_sound(store)
        names = [change.name for change in store.changes()]
        assert store.register_template(SCIPY).revision == len(names) + 1
    return names


def names_of(commits: int) -> list[str]:
    return [f"{commit}.{part}" for commit in range(commits) for part in range(commit % 3 + 1)]


def test_the_commits_of_the_torn_log_are_where_they_are_thought_to_be(left_behind: Path, tmp_path: Path) -> None:
    wal = Path(f"{left_behind}-wal").read_bytes()

    assert len(ends_of_commits(wal)) == COMMITS
    assert found_after(left_behind, tmp_path / "whole.db", wal) == names_of(COMMITS)


@pytest.mark.parametrize("commits", range(COMMITS))
@pytest.mark.parametrize("beyond", [0, 1, 23, 24, 4_000])
def test_a_log_that_was_cut_holds_every_commit_up_to_there(
    left_behind: Path, tmp_path: Path, commits: int, beyond: int
) -> None:
    wal = Path(f"{left_behind}-wal").read_bytes()
    end = [WAL_HEADER_BYTES, *ends_of_commits(wal)][commits]

    assert found_after(left_behind, tmp_path / "cut.db", wal[: end + beyond]) == names_of(commits)


@pytest.mark.parametrize("commits", range(COMMITS))
@pytest.mark.parametrize("mask", [b"\1", b"\xff" * 512], ids=["one bit", "512 bytes"])
def test_a_log_that_was_garbled_holds_every_commit_up_to_there(
    left_behind: Path, tmp_path: Path, commits: int, mask: bytes
) -> None:
    wal = Path(f"{left_behind}-wal").read_bytes()
    start = [WAL_HEADER_BYTES, *ends_of_commits(wal)][commits] + 100

    flipped = bytes(byte ^ flip for byte, flip in zip(wal[start:], mask, strict=False))
    garbled = wal[:start] + flipped + wal[start + len(mask) :]

    assert found_after(left_behind, tmp_path / "garbled.db", garbled) == names_of(commits)


# ── killed while writing ─────────────────────────────────────────────────────────────────────────────────────────────

WRITER = """
import sys
from itertools import count
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.log_store import LogStore
from binder_registry.template import Template

store = LogStore(SQLiteLog(sys.argv[1]))
for number in count():
    with store.atomic():
        for part in "abc":
            stored = store.register_template(Template(name=f"{sys.argv[2]} {number}{part}", image_name="i"))
    print(stored.revision, flush=True)
"""


def test_a_writer_that_is_killed_loses_nothing_that_it_acknowledged(path: Path) -> None:
    rounds, chance = 3, random.Random(20151007)
    for number in range(rounds):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(number)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(chance.randint(1, 200))]
            writer.kill()
            lines += writer.stdout.readlines()
        acknowledged = [int(line) for line in lines if line.endswith("\n")]

        with closing(LogStore(SQLiteLog(path))) as store:
            assert_sound(store)
            revision = store.head().revision
        assert revision >= acknowledged[-1]
        assert revision % 3 == 0  # no group of three is half-written
