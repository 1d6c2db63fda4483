from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from binder_registry.backends import open_log
from binder_registry.backends.copying import Target, copy_log
from binder_registry.backends.memory import MemoryLog
from binder_registry.changes import Head, chained
from binder_registry.conformance.logs import append
from binder_registry.conformance.samples import NEW, SCIPY, R
from binder_registry.errors import DatabaseRefused
from binder_registry.log_contract import Log
from binder_registry.log_store import LogStore


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    urls = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path}/copy.db"}
    with closing(open_log(urls.get(request.param) or request.getfixturevalue("postgres_url"))) as log:
        yield log


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Log]:
    """Created, updated, deleted, restored, purged, and an apply of several rows."""
    with closing(open_log(f"sqlite:///{tmp_path}/source.db")) as log:
        store = LogStore(log)
        store.register_template(SCIPY, by="ann", note="ünï 😀")
        store.update_template(NEW, by="bob")
        with store.atomic():
            store.register_template(R)
            store.delete_template("scipy")
        store.restore_template("scipy", 1)
        store.purge_change("scipy", 2)
        yield log


def everything(log: Log) -> tuple[object, ...]:
    head = log.head()
    return log.origin(), head, log.read(0, head.revision), log.state(head.revision, deleted=True)


def test_a_copy_is_the_same_log(source: Log, target: Target) -> None:
    head = copy_log(source, target)

    assert head == source.head()
    assert everything(target) == everything(source)


def test_a_copy_can_be_copied_back(source: Log, postgres_url: str, tmp_path: Path) -> None:
    with closing(open_log(postgres_url)) as there, closing(open_log(f"sqlite:///{tmp_path}/back.db")) as back:
        copy_log(source, there)
        copy_log(there, back)

        assert everything(back) == everything(source)


def test_a_copy_of_an_empty_log_begins_as_it_does(target: Target) -> None:
    source = MemoryLog()

    copy_log(source, target)

    assert target.origin() == source.origin()
    assert target.head() == source.head()


def test_a_copy_goes_on_where_it_was_broken_off(target: Target) -> None:
    source = MemoryLog()
    append(source, *(f"name {number}" for number in range(2500)))
    copied: list[int] = []

    def break_off(step: str, revision: int, last: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_log(source, target, break_off)
    reached = target.head().revision
    copy_log(source, target, lambda step, revision, last: copied.append(revision) if step == "copying" else None)

    assert reached == 1000
    assert copied == [2000, 2500]
    assert everything(target) == everything(source)


def test_a_second_copy_brings_what_came_after_the_first(source: Log, target: Target) -> None:
    copy_log(source, target)
    LogStore(source).update_template(SCIPY)

    copy_log(source, target)

    assert everything(target) == everything(source)


def test_what_was_purged_after_it_was_copied_is_blanked_in_the_copy(source: Log, target: Target) -> None:
    LogStore(source).update_template(replace(NEW, command="clean"))
    copy_log(source, target)
    LogStore(source).purge_change("scipy", 1)

    copy_log(source, target)

    assert [change.content is None for change in target.read(0, 2)] == [True, True]
    assert everything(target) == everything(source)


def test_progress_is_told_for_both_steps(source: Log) -> None:
    told: list[tuple[str, int, int]] = []

    copy_log(source, MemoryLog(), lambda *step: told.append(step))

    assert told == [("copying", 6, 6), ("verifying", 6, 6)]


def test_a_target_with_another_registry_is_refused(source: Log, target: Target) -> None:
    LogStore(target).register_template(R)
    before = everything(target)

    with pytest.raises(DatabaseRefused):
        copy_log(source, target)

    assert everything(target) == before


def test_a_target_that_went_its_own_way_is_refused(source: Log, target: Target) -> None:
    copy_log(source, target)
    LogStore(target).update_template(R)

    with pytest.raises(DatabaseRefused):
        copy_log(source, target)


def test_only_an_empty_log_adopts_an_origin(target: Target) -> None:
    LogStore(target).register_template(R)
    origin = target.origin()

    with pytest.raises(DatabaseRefused):
        target.adopt(b"another1")

    assert target.origin() == origin


def test_a_source_whose_chain_is_broken_is_told(source: Log) -> None:
    forged = MemoryLog(source.origin())
    with forged.writing() as rows:
        rows += source.read(0, 99)
        rows[2] = replace(rows[2], by="somebody else")

    with pytest.raises(DatabaseRefused, match="revision 3"):
        copy_log(forged, MemoryLog())


def test_content_that_is_not_what_was_written_is_told(source: Log) -> None:
    forged = MemoryLog(source.origin())
    with forged.writing() as rows:
        rows += source.read(0, 99)
        rows[0] = replace(rows[0], content=b'{"name":"scipy","image-name":"forged"}')

    with pytest.raises(DatabaseRefused, match="revision 1"):
        copy_log(forged, MemoryLog())


def test_a_copy_that_differs_is_told(source: Log) -> None:
    target = MemoryLog(source.origin())
    with target.writing() as rows:
        rows += source.read(0, 99)
        rows[0] = replace(rows[0], note="another")

    with pytest.raises(DatabaseRefused, match="differs"):
        copy_log(source, target)


def test_a_copy_that_begins_otherwise_is_told(source: Log) -> None:
    target = MemoryLog(b"another1")
    with target.writing() as rows:
        rows += source.read(0, 99)

    with pytest.raises(DatabaseRefused, match="begin"):
        copy_log(source, target)


def test_somebody_else_who_writes_to_the_target_is_noticed(target: Target) -> None:
    source = MemoryLog()
    append(source, *(f"name {number}" for number in range(2500)))

    def write(step: str, revision: int, last: int) -> None:
        append(target, "another")

    with pytest.raises(DatabaseRefused, match="somebody else"):
        copy_log(source, target, write)

    assert target.head().revision == 1001


class Forking(MemoryLog):
    """A source that says one head, and then has other rows: its database was replaced by a fork of it."""

    said: Head

    def head(self) -> Head:
        return self.said


def test_a_source_that_forks_while_it_is_copied_is_told(source: Log) -> None:
    fork = Forking(source.origin())
    fork.said = source.head()
    with fork.writing() as rows:
        rows += source.read(0, 5)
        rows += [chained(rows[-1].mark, replace(source.read(5, 6)[0], note="the fork"))]

    with pytest.raises(DatabaseRefused, match="past"):
        copy_log(fork, MemoryLog())


def test_a_source_that_went_backwards_is_told(source: Log) -> None:
    restored = Forking(source.origin())
    restored.said = source.head()

    with pytest.raises(DatabaseRefused, match="its head said"):
        copy_log(restored, MemoryLog())
