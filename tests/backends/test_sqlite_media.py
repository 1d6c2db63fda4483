"""Folders that cannot be written, and processes that have run out of descriptors."""

import os
import pwd
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.errors import DatabaseRefused, StoreUnavailable
from binder_registry.log_store import LogStore
from binder_registry.template import Template
from binder_registry.verify import damaged_pages, verify

A = Template(name="a", image_name="i")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        Path(folder).chmod(0o700)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """As somebody who may read all of it, and write nothing."""
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("lock", [True, False], ids=["with its lock", "alone"])
def test_a_closed_database_is_read_where_nothing_can_be_written(folder: Path, lock: bool) -> None:
    path = folder / "registry.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(A)
    if not lock:
        Path(f"{path}.lock").unlink()

    with read_only(folder), closing(SQLiteLog(path, read_only=True)) as log:
        assert verify(log).problems == damaged_pages(path) == []
        assert log.head().revision == 1


def test_a_log_that_cannot_be_played_there_is_explained(folder: Path) -> None:
    path, left = folder / "registry.db", folder / "left.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(A)
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{left}{suffix}")

    with read_only(folder), pytest.raises(DatabaseRefused, match=r"newest changes are in left.db-wal.*copy"):
        SQLiteLog(left, read_only=True)


def test_a_database_that_somebody_owns_is_not_taken_for_one_that_does_not_change(folder: Path) -> None:
    path = folder / "registry.db"
    with closing(SQLiteLog(path)):
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)

        with read_only(folder), pytest.raises(DatabaseRefused, match="another server owns this database"):
            SQLiteLog(path, read_only=True)


@contextmanager
def without_descriptors() -> Iterator[None]:
    """Whatever is open stays open, and nothing else can be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    with suppress(OSError):
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    try:
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("written_before", [False, True])
def test_a_log_without_descriptors_fails_cleanly_and_goes_on(folder: Path, written_before: bool) -> None:
    path = folder / "registry.db"
    with closing(LogStore(SQLiteLog(path))) as store:
        if written_before:
            store.register_template(Template(name="before", image_name="i"))
        before = store.head().revision
        store.log._writer.drop()  # type: ignore[attr-defined]
        with without_descriptors():
            for _ in range(3):
                with pytest.raises(StoreUnavailable):
                    store.register_template(A)

        assert store.register_template(A).revision == before + 1
        with pytest.raises(DatabaseRefused, match="another server owns"):
            SQLiteLog(path, wait=0)


def test_the_first_write_needs_no_new_descriptors(folder: Path) -> None:
    with closing(SQLiteLog(folder / "registry.db")) as log, without_descriptors(), log.writing():
        pass
