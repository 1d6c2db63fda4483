"""What a purge takes away, and what it refuses to."""

import pytest
from msgspec.structs import replace

from binder_registry import purging
from binder_registry.backends.memory import InMemoryStore
from binder_registry.changes import Position
from binder_registry.errors import RevisionIsCurrent, RevisionIsPromoted, RevisionPurged, RevisionUnknown
from binder_registry.log_store import LogStore
from binder_registry.purging import Copies, last
from binder_registry.template import Template

from .watched import WatchedLog

SCIPY = Template(name="scipy", image_name="jupyter/scipy")
LATER = replace(SCIPY, command="later")
R = Template(name="r", image_name="jupyter/r")


def test_a_tombstone_that_is_the_newest_change_is_not_purged() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.delete_template("scipy")

    with pytest.raises(RevisionIsCurrent):
        store.purge_change("scipy", 2)

    assert store.head().revision == 2


@pytest.mark.parametrize("revision", [0, 2, 5])  # before all, of another template, and yet to come
def test_only_a_revision_of_the_template_is_purged(revision: int) -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.register_template(R)
    store.update_template(LATER)

    with pytest.raises(RevisionUnknown):
        store.purge_change("scipy", revision)


def test_what_was_purged_is_not_purged_again() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.update_template(LATER)
    store.purge_change("scipy", 1)

    with pytest.raises(RevisionPurged):
        store.purge_change("scipy", 1)


def test_the_content_that_still_lives_is_not_purged_where_it_was_before() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.update_template(replace(SCIPY, command="c"))
    store.restore_template("scipy", 1)

    with pytest.raises(RevisionIsCurrent, match="newest revision, 3, still has this content"):
        store.purge_change("scipy", 1)

    assert [change.content is None for change in store.changes()] == [False] * 3


def test_a_copy_that_a_channel_points_at_keeps_all_of_them() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.update_template(replace(SCIPY, command="c"))
    store.restore_template("scipy", 1)
    store.promote_template("scipy", "stable")
    store.update_template(replace(SCIPY, command="c"))

    with pytest.raises(RevisionIsPromoted, match="points at revision 3"):
        store.purge_change("scipy", 1)

    assert store.head().revision == 5


def test_a_tombstone_whose_content_is_purged_keeps_its_successor() -> None:
    store = InMemoryStore()
    store.register_template(replace(SCIPY, description="secret"))
    store.delete_template("scipy", replaced_by="r")

    store.purge_change("scipy", 1)

    assert [change.content is None for change in store.changes()] == [True, True, False]
    [tombstone] = store.changes(since=2)
    assert tombstone.readable() == Template(name="scipy", replaced_by="r", deleted=True, revision=3)


def test_a_purge_takes_the_copies_of_its_template_alone() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.register_template(replace(SCIPY, name="other"))
    store.promote_template("scipy", "stable")
    store.delete_template("scipy")
    store.restore_template("scipy", 1)
    store.update_template(replace(SCIPY, command="c"))

    store.purge_change("scipy", 1)

    assert [change.revision for change in store.changes() if change.content is None] == [1, 3, 4, 5]


def test_only_what_came_after_a_change_is_purged_with_it() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.update_template(replace(SCIPY, command="c"))
    store.restore_template("scipy", 1)
    store.update_template(replace(SCIPY, command="c"))

    store.purge_change("scipy", 3)

    assert [change.revision for change in store.changes() if change.content is None] == [3]


def test_what_was_created_anew_with_the_same_content_is_a_copy() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.delete_template("scipy")
    store.register_template(SCIPY)
    store.update_template(LATER)

    store.purge_change("scipy", 1)

    assert [change.revision for change in store.changes() if change.content is None] == [1, 2, 3]


def test_what_a_tombstone_kept_is_purged_where_it_was_restored() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.delete_template("scipy", replaced_by="r")
    store.restore_template("scipy", 1)
    store.update_template(LATER)

    store.purge_change("scipy", 2)

    assert [change.revision for change in store.changes() if change.content is None] == [2, 3]


def test_a_living_template_with_another_successor_is_no_copy() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.replace_template(replace(SCIPY, replaced_by="r"))

    store.purge_change("scipy", 1)

    assert [change.revision for change in store.changes() if change.content is None] == [1]


def test_the_copies_are_looked_for_before_others_have_to_wait() -> None:
    store = LogStore(log := WatchedLog())
    store.register_template(SCIPY)
    for number in range(30):
        store.replace_template(replace(SCIPY, command=f"c{number % 2}"))
    log.read_under_lock = 0

    store.purge_change("scipy", 2)

    assert [change.revision for change in store.changes() if change.content is None] == [*range(2, 31, 2)]
    assert log.read_under_lock == 2


@pytest.mark.parametrize(
    "wrong", [None, Copies(Position(4, b"another!"), (3,)), Copies(Position(9, b"another!"), (3,))]
)
def test_copies_in_another_log_are_none_of_this_one(wrong: Copies | None) -> None:
    store = InMemoryStore()
    for command in ("", "c", "d", "c", "e"):
        store.replace_template(replace(SCIPY, command=command)) if command else store.register_template(SCIPY)

    with store.atomic():
        store.purge_change("scipy", 2, copies=wrong)

    assert [change.revision for change in store.changes() if change.content is None] == [2, 4]


def test_a_copy_that_was_written_since_they_were_looked_for_goes_too() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.replace_template(LATER)
    copies = last(store.copies_of("scipy", 1))
    store.replace_template(SCIPY)
    store.replace_template(LATER)

    store.purge_change("scipy", 1, copies=copies)

    assert [change.revision for change in store.changes() if change.content is None] == [1, 3]


def test_copies_of_all_pages_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "PAGE", 2)
    store = InMemoryStore()
    store.register_template(SCIPY)
    for number in range(8):
        store.replace_template(replace(SCIPY, command=f"c{number % 2}"))

    store.purge_change("scipy", 2)

    assert [change.revision for change in store.changes() if change.content is None] == [2, 4, 6, 8]
