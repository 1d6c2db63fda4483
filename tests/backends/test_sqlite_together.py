"""Two owners of one file: what must not be, and comes about where somebody removes the lock file."""

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.conformance.reading_out import broken_links, whole_log
from binder_registry.errors import DatabaseRefused
from binder_registry.log_store import LogStore
from binder_registry.template import Template


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def first(path: Path) -> Iterator[LogStore]:
    with closing(LogStore(SQLiteLog(path))) as store:
        store.register_template(Template(name="a", image_name="i"))
        yield store


@pytest.fixture
def second(first: LogStore, path: Path) -> Iterator[LogStore]:
    """Another server, which the removed lock file lets in."""
    Path(f"{path}.lock").unlink()
    with closing(LogStore(SQLiteLog(path, wait=0))) as store:
        yield store


def test_the_first_sees_what_the_second_writes(first: LogStore, second: LogStore) -> None:
    second.register_template(Template(name="b", image_name="i"))

    assert first.wait(1, timeout=0) == second.head()
    assert first.head() == second.head()


def test_the_first_writes_after_what_the_second_wrote(
    first: LogStore, second: LogStore, caplog: pytest.LogCaptureFixture
) -> None:
    second.register_template(Template(name="b", image_name="i"))

    written = first.register_template(Template(name="c", image_name="i"))

    assert written.revision == 3
    assert "somebody else wrote to this file" in caplog.text


def test_what_both_write_in_turn_is_one_sound_log(first: LogStore, second: LogStore, path: Path) -> None:
    for number in range(40):
        (first, second)[number // 3 % 2].register_template(Template(name=str(number), image_name="i"))
        if number % 10 == 0:
            first.update_template(Template(name="0", image_name=str(number)))
            first.purge_change("0", first.changes(name="0")[-2].revision)

    changes = whole_log(second)
    assert [change.revision for change in changes] == list(range(1, 50))
    assert broken_links(changes, second.log.origin()) == []
    first.close()
    second.close()
    with closing(SQLiteLog(path)) as log:
        assert log.head().revision == 49


def test_what_one_writes_for_itself_is_nobody_elses(first: LogStore, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(20):
        first.update_template(Template(name="a", image_name=str(number)))
    first.purge_change("a", 2)
    first.wait(22, timeout=0)
    first.update_template(Template(name="a", image_name="last"))

    assert caplog.messages == []


def test_a_lock_file_that_was_removed_is_made_again(
    first: LogStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Path(f"{path}.lock").unlink()

    first.wait(1, timeout=0)

    with pytest.raises(DatabaseRefused, match="another server owns this database"):
        SQLiteLog(path, wait=0)
    assert "was removed" in caplog.text


def test_a_lock_that_another_server_took_is_told(
    first: LogStore, second: LogStore, caplog: pytest.LogCaptureFixture
) -> None:
    first.wait(1, timeout=0)

    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "not this server's alone" in caplog.text
