"""What only the owner may read, and what nobody may read any more."""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.changes import Head
from binder_registry.conformance.sample_rows import rows_after
from binder_registry.errors import StoreUnavailable
from binder_registry.log_store import LogStore
from binder_registry.template import Template

SECRET = "hunter2-" * 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def rights(folder: Path) -> dict[str, int]:
    return {entry.name: entry.stat().st_mode & 0o777 for entry in folder.iterdir()}


# ── rights ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077, 0o277, 0o777], indirect=True, ids=oct)
def test_only_the_owner_may_read_what_is_created(umask: None, path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(Template(name="a", image_name="i"))

        assert rights(path.parent) == dict.fromkeys(
            ["registry.db", "registry.db-wal", "registry.db-shm", "registry.db.lock"], 0o600
        )


def test_a_file_was_never_open_to_others(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    before = os.umask(0)
    monkeypatch.setattr(os, "fchmod", lambda descriptor, mode: seen.append(os.fstat(descriptor).st_mode & 0o777))
    try:
        SQLiteLog(path).close()
    finally:
        os.umask(before)

    assert seen == [0o600, 0o600]  # the lock and the database, before they are given their rights


def test_a_file_that_is_there_keeps_its_rights(path: Path) -> None:
    path.touch()
    path.chmod(0o640)
    Path(f"{path}.lock").touch()
    Path(f"{path}.lock").chmod(0o660)

    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(Template(name="a", image_name="i"))

        assert rights(path.parent) == {
            "registry.db": 0o640,
            "registry.db-wal": 0o640,
            "registry.db-shm": 0o640,
            "registry.db.lock": 0o660,
        }


def test_a_file_behind_a_link_is_created_for_its_owner_and_has_one_lock(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "real" / "registry.db")
    SQLiteLog(tmp_path / "link.db").close()

    assert rights(tmp_path / "real") == {"registry.db": 0o600, "registry.db.lock": 0o600}


# ── what was purged ──────────────────────────────────────────────────────────────────────────────────────────────────


def traces(path: Path) -> list[str]:
    beside = [path, *(Path(f"{path}{suffix}") for suffix in ("-wal", "-shm", "-journal"))]
    return [file.name for file in beside if file.exists() and b"hunter2" in file.read_bytes()]


def purged(store: LogStore, name: str, text: str) -> None:
    first = store.register_template(Template(name=name, image_name="i", description=text)).revision
    store.update_template(Template(name=name, image_name="j", description="clean"))
    store.purge_change(name, first)


@pytest.mark.parametrize("length", [1, 8, 150])  # in a page, in more than one of them, in many
def test_what_was_purged_leaves_no_trace_while_the_server_runs(path: Path, length: int) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        purged(store, "a", SECRET * length)

        assert traces(path) == []


def test_what_was_purged_among_many_leaves_no_trace(path: Path) -> None:
    chance = random.Random(7)
    with closing(LogStore(SQLiteLog(path))) as store:
        for number in range(150):
            text = SECRET * chance.choice([1, 2, 8, 40])
            store.register_template(Template(name=f"other {chance.random()}", image_name="i", description="x" * 900))
            if number % 3 == 0:
                purged(store, f"name {chance.random()}", text)

        assert traces(path) == []


def test_a_purge_in_a_group_leaves_no_trace(path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        with store.atomic():
            purged(store, "a", SECRET)
            purged(store, "b", SECRET)

        assert traces(path) == []


def test_what_was_purged_leaves_no_trace_while_a_large_apply_is_under_way(path: Path) -> None:
    with closing(SQLiteLog(path)) as log, closing(LogStore(log)) as store:
        stage = log.stage(rows_after(Head(0, b""), ["b", "c"], content=SECRET.encode()))
        purged(store, "a", SECRET)

        assert stage is not None
        assert traces(path) == []


def test_what_was_purged_leaves_no_trace_of_its_copies(path: Path) -> None:
    """The registry copies a content where it is restored, promoted or deleted, and where something else is purged."""
    secret = Template(name="a", image_name="i", description=SECRET * 8)
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(secret)
        store.promote_template("a", "stable")
        store.update_template(replace(secret, description="clean"))
        store.restore_template("a", 1)
        store.purge_change("a", 3)
        store.delete_template("a", replaced_by="b")

        store.purge_change("a", 1)

        assert traces(path) == []
        assert [change.revision for change in store.changes() if change.content is None] == [1, 2, 3, 4, 5, 6]


def test_deleted_content_is_overwritten_whatever_sqlite_was_built_with(path: Path) -> None:
    with closing(SQLiteLog(path)) as log:
        assert log._connect().execute("PRAGMA secure_delete").fetchone() == (1,)


def reading(path: Path) -> sqlite3.Connection:
    """A reader that needs the write-ahead log as it is, such as a backup."""
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM changes").fetchone()
    return reader


def test_what_a_reader_still_needs_is_erased_by_the_next_write_after_it(path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(Template(name="a", image_name="i", description=SECRET))
        store.update_template(Template(name="a", image_name="j", description="clean"))
        with closing(reading(path)):
            store.purge_change("a", 1)
            kept = traces(path)

        store.register_template(Template(name="b", image_name="i"))

        assert kept
        assert traces(path) == []


def test_what_a_reader_still_needs_is_erased_while_nothing_is_written(path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(Template(name="a", image_name="i", description=SECRET))
        store.update_template(Template(name="a", image_name="j", description="clean"))
        with closing(reading(path)):
            store.purge_change("a", 1)

        store.wait(3, timeout=0)

        assert traces(path) == []


def test_a_server_erases_what_one_that_was_killed_left(path: Path, tmp_path: Path) -> None:
    left = tmp_path / "left.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(Template(name="a", image_name="i", description=SECRET))
        store.update_template(Template(name="a", image_name="j", description="clean"))
        with closing(reading(path)):
            store.purge_change("a", 1)
            for suffix in ("", "-wal"):
                Path(f"{left}{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())

    with closing(SQLiteLog(left)):
        assert traces(left) == []


def test_a_write_is_not_kept_waiting_by_who_reads(path: Path) -> None:
    with closing(LogStore(SQLiteLog(path))) as store:
        purged(store, "a", "x")
        [waits] = store.log._writer.connection.execute("PRAGMA busy_timeout").fetchone()  # type: ignore[attr-defined]

        assert waits == 5000  # as before: only the erasing did not wait


def test_a_reader_cannot_purge(path: Path) -> None:
    SQLiteLog(path).close()
    with closing(SQLiteLog(path, read_only=True)) as log, pytest.raises(StoreUnavailable), log.writing():
        log.blank(1)
