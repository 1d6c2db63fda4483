"""Channels: what promoting writes, and what all other verbs make of them."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from binder_registry.backends.memory import InMemoryStore, MemoryLog
from binder_registry.changes import Action, Change
from binder_registry.channels import Channel, Promotion
from binder_registry.conformance.reading_out import broken_links
from binder_registry.errors import (
    ChannelNotFound,
    InvalidRequest,
    RevisionConflict,
    RevisionIsPromoted,
    RevisionPurged,
    RevisionUnknown,
    TemplateNotFound,
)
from binder_registry.kept_members import channels_of, content_revision_of, shown
from binder_registry.lengths import MOST_CHANNELS
from binder_registry.log_store import LogStore
from binder_registry.must_understand import CHANNELS_FORMAT, full_view
from binder_registry.template import Template, plain

from .watched import LogWithoutCount, WatchedLog

A = Template(name="a", image_name="i")
LATER = replace(A, image_name="j")


@pytest.fixture
def store() -> LogStore:
    """With one template of two contents."""
    store = InMemoryStore()
    store.register_template(A)
    store.update_template(LATER)
    return store


def newest(store: LogStore) -> Change:
    return store.changes(newest_first=True, limit=1)[0]


def channels(store: LogStore, name: str = "a") -> dict[str, Channel]:
    [change] = store.changes(name=name, newest_first=True, limit=1)
    return channels_of(change.content or b"")


def test_a_channel_points_at_the_newest_content(store: LogStore) -> None:
    promoted = store.promote_template("a", "stable")

    assert promoted.channels == channels(store) == {"stable": Channel(2, 0)}
    assert (promoted.image_name, promoted.revision, promoted.content_revision) == ("j", 3, 2)


def test_a_channel_points_at_a_past_revision(store: LogStore) -> None:
    store.update_template(A)

    store.promote_template("a", "stable", 1)

    assert channels(store) == {"stable": Channel(1, 2)}


def test_a_promotion_is_a_change_that_says_from_where_to_where(store: LogStore) -> None:
    store.promote_template("a", "stable", 1, note="tested")
    store.promote_template("a", "stable")

    first, second = store.changes(since=2)
    assert (first.action, first.note, first.previous) == (Action.PROMOTED, "tested", 2)
    assert [first.promotion, second.promotion] == [Promotion("stable", 0, 1), Promotion("stable", 1, 2)]
    assert broken_links(store.changes(), store.log.origin()) == []


def test_a_promotion_leaves_the_template_as_it_is(store: LogStore) -> None:
    before = store.get_template("a")

    store.promote_template("a", "stable", 1)

    assert store.get_template("a") == replace(before, revision=3)
    assert shown(newest(store).content or b"") == store.changes(since=1)[0].content


def test_a_promotion_to_where_it_points_already_writes_nothing(store: LogStore) -> None:
    store.promote_template("a", "stable", 2)

    again = store.promote_template("a", "stable")

    assert (again.revision, store.head().revision) == (3, 3)


def test_a_revision_that_wrote_no_content_means_the_one_that_did(store: LogStore) -> None:
    store.promote_template("a", "stable", 1)
    store.promote_template("a", "testing", 3)

    assert channels(store) == {"stable": Channel(1, 1), "testing": Channel(2, 0)}


def test_each_newer_content_leaves_a_channel_further_behind(store: LogStore) -> None:
    store.promote_template("a", "stable")
    store.update_template(A)
    store.replace_template(LATER)
    store.restore_template("a", 1)
    store.promote_template("a", "testing")

    assert channels(store) == {"stable": Channel(2, 3), "testing": Channel(6, 0)}


@pytest.mark.parametrize(("log", "read"), [(WatchedLog(), 1), (LogWithoutCount(), 31)])
def test_what_came_after_an_old_revision_is_counted_and_not_read_where_the_log_can_count(
    log: WatchedLog, read: int
) -> None:
    store = LogStore(log)
    store.register_template(A)
    for number in range(30):
        store.replace_template(replace(A, image_name=f"i{number}"))
    log.read_under_lock = 0

    store.promote_template("a", "stable", 1)

    assert channels(store) == {"stable": Channel(1, 30)}
    assert log.read_under_lock == read


def test_what_a_block_wrote_itself_is_counted_too(store: LogStore) -> None:
    with store.atomic():
        store.update_template(A)
        store.register_template(replace(A, name="b"))
        store.promote_template("a", "testing")
        store.promote_template("a", "stable", 1)

    assert channels(store)["stable"] == Channel(1, 2)


@pytest.mark.parametrize(
    "kept", [{"channels": {"x": Channel(1, 0)}}, {"content_revision": 1}, {"promoted": Promotion("x", 1, 2)}], ids=list
)
def test_of_what_the_registry_keeps_nothing_is_written_as_it_was_given(store: LogStore, kept: dict[str, Any]) -> None:
    written = store.replace_template(replace(A, **kept))

    content = newest(store).content or b""
    assert (shown(content), b"promoted" in content) == (content, False)
    assert written == plain(written)


def test_a_channel_ends(store: LogStore) -> None:
    store.promote_template("a", "stable")
    store.promote_template("a", "testing", 1)

    left = store.demote_template("a", "stable")

    assert left.channels == channels(store) == {"testing": Channel(1, 1)}
    assert newest(store).promotion == Promotion("stable", 2, 0)


def test_what_is_written_after_the_last_channel_ended_is_as_if_there_had_been_none(store: LogStore) -> None:
    store.promote_template("a", "stable")
    store.demote_template("a", "stable")

    store.update_template(A)

    content = newest(store).content or b""
    assert shown(content) == content


def test_a_deletion_ends_all_channels_and_a_restore_brings_none_back(store: LogStore) -> None:
    store.promote_template("a", "stable")
    store.delete_template("a")
    assert channels(store) == {}

    store.restore_template("a", 3)

    assert channels(store) == {}


@pytest.mark.parametrize(
    "write",
    [
        lambda store, template: store.register_template(replace(template, name="b")),
        lambda store, template: store.update_template(template),
        lambda store, template: store.replace_template(template),
    ],
)
def test_nothing_that_is_written_sets_or_clears_a_channel(
    store: LogStore, write: Callable[[LogStore, Template], Template]
) -> None:
    promoted = store.promote_template("a", "stable")
    forged = replace(promoted, channels={"other": Channel(1, 0)}, content_revision=1, promoted=Promotion("x", 1, 2))

    written = write(store, forged)

    expected = {"stable": Channel(2, 1)} if written.name == "a" else {}
    assert channels(store, written.name) == expected
    assert content_revision_of(newest(store).content or b"") == 0
    assert written.channels == {}


def test_a_full_view_has_the_channels_and_not_what_was_promoted(store: LogStore) -> None:
    store.promote_template("a", "stable", 1)

    view = full_view(newest(store).content or b"", 3)

    assert view.endswith(b'"channels":{"stable":{"revision":1,"behind":1}},"content-revision":2,"revision":3}')


@pytest.mark.parametrize("name", ["latest", "", "Stable", "1st", "a b", "é", "a" * 64, "stable\n"])
def test_a_name_that_no_channel_can_have_is_refused(store: LogStore, name: str) -> None:
    for refused in (store.promote_template, store.demote_template):
        with pytest.raises(InvalidRequest) as error:
            refused("a", name)
        assert error.value.errors[0].field == "channel"

    assert store.head().revision == 2


def test_a_template_has_at_most_so_many_channels(store: LogStore) -> None:
    for number in range(MOST_CHANNELS):
        store.promote_template("a", f"c{number}")
    store.promote_template("a", "c0", 1)

    with pytest.raises(InvalidRequest):
        store.promote_template("a", "one-more")


@pytest.mark.parametrize("revision", [0, -1, 3, 5, 2**70])
def test_only_a_revision_of_the_template_can_be_promoted(store: LogStore, revision: int) -> None:
    store.register_template(replace(A, name="b"))

    with pytest.raises(RevisionUnknown):
        store.promote_template("a", "stable", revision)


def test_a_deletion_cannot_be_promoted(store: LogStore) -> None:
    store.delete_template("a")
    store.restore_template("a", 2)

    with pytest.raises(RevisionUnknown):
        store.promote_template("a", "stable", 3)


def test_what_was_purged_cannot_be_promoted(store: LogStore) -> None:
    store.purge_change("a", 1)

    with pytest.raises(RevisionPurged):
        store.promote_template("a", "stable", 1)


def test_what_a_channel_points_at_is_not_purged(store: LogStore) -> None:
    store.promote_template("a", "stable", 1)

    with pytest.raises(RevisionIsPromoted) as error:
        store.purge_change("a", 1)

    assert error.value.message == "The channel 'stable' points at revision 1: promote another one first"
    assert store.head().revision == 3


def test_a_purge_leaves_channels_as_they_are(store: LogStore) -> None:
    store.promote_template("a", "stable")

    store.purge_change("a", 1)

    assert channels(store) == {"stable": Channel(2, 0)}
    assert content_revision_of(newest(store).content or b"") == 2


def test_whoever_uses_no_channels_sees_no_difference(store: LogStore) -> None:
    store.purge_change("a", 1)
    store.delete_template("a")
    store.restore_template("a", 3)

    assert [shown(change.content) for change in store.changes(since=1) if change.content] == [
        change.content for change in store.changes(since=1)
    ]


def test_a_channel_that_is_not_there_cannot_end(store: LogStore) -> None:
    with pytest.raises(ChannelNotFound) as error:
        store.demote_template("a", "stable")

    assert error.value.message == "The template 'a' has no channel 'stable'"


@pytest.mark.parametrize("deleted", [False, True])
def test_only_a_living_template_has_channels(store: LogStore, deleted: bool) -> None:
    if deleted:
        store.delete_template("a")

    for refused in (store.promote_template, store.demote_template):
        with pytest.raises(TemplateNotFound):
            refused("a" if deleted else "b", "stable")


def test_a_promotion_from_a_stale_revision_is_refused(store: LogStore) -> None:
    for refused in (store.promote_template, store.demote_template):
        with pytest.raises(RevisionConflict):
            refused("a", "stable", expected=1)


def test_a_log_is_of_the_newer_format_once_something_was_promoted() -> None:
    log = MemoryLog()
    store = LogStore(log)
    store.register_template(A)
    store.update_template(LATER)
    store.purge_change("a", 1)
    before = log.format()

    store.promote_template("a", "stable")

    assert (before, log.format()) == (1, CHANNELS_FORMAT)


def test_writes_of_one_block_see_its_promotions(store: LogStore) -> None:
    with store.atomic():
        store.promote_template("a", "stable")
        store.update_template(A)
        store.promote_template("a", "testing", 4)

    assert channels(store) == {"stable": Channel(2, 1), "testing": Channel(4, 0)}


def test_a_restored_content_is_one_more_that_a_channel_is_behind(store: LogStore) -> None:
    store.restore_template("a", 1)

    store.promote_template("a", "stable", 2)

    assert channels(store) == {"stable": Channel(2, 1)}


def test_a_promotion_after_another_says_which_change_wrote_the_content(store: LogStore) -> None:
    store.promote_template("a", "stable", 1)
    store.promote_template("a", "testing")

    content = newest(store).content or b""
    assert (content_revision_of(content), shown(content)) == (2, store.changes(since=1)[0].content)
