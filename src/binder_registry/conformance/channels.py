"""What promoting must do, and what other verbs make of the channels of a template."""

import pytest
from msgspec.structs import replace

from ..changes import Action
from ..channels import Channel, Promotion
from ..errors import (
    ChannelNotFound,
    InvalidRequest,
    RevisionConflict,
    RevisionIsPromoted,
    RevisionPurged,
    RevisionUnknown,
    TemplateNotFound,
)
from ..kept_members import channels_of
from ..store import Store
from .reading_out import broken_links
from .samples import NEW, SCIPY, R


def channels(store: Store, name: str = "scipy") -> dict[str, Channel]:
    [newest] = store.changes(name=name, newest_first=True, limit=1)
    return channels_of(newest.content or b"")


class Channels:
    def test_a_channel_points_where_it_was_promoted_to(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.update_template(NEW)

        newest = store.promote_template("scipy", "testing")
        past = store.promote_template("scipy", "stable", 1)

        assert newest.channels == {"testing": Channel(2, 0)}
        assert past.channels == channels(store) == {"stable": Channel(1, 1), "testing": Channel(2, 0)}
        assert (past.revision, past.content_revision) == (4, 2)

    def test_a_promotion_is_a_change_that_leaves_the_template_as_it_is(self, store: Store) -> None:
        stored = store.register_template(SCIPY)

        store.promote_template("scipy", "stable", note="tested")

        [change] = store.changes(since=1)
        assert (change.action, change.note, change.previous) == (Action.PROMOTED, "tested", 1)
        assert change.promotion == Promotion("stable", 0, 1)
        assert store.get_template("scipy") == replace(stored, revision=2)
        assert broken_links(store.changes()) == []

    def test_a_promotion_that_changes_nothing_writes_nothing(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.promote_template("scipy", "stable")

        again = store.promote_template("scipy", "stable", 2)

        assert (again.revision, again.channels) == (2, {"stable": Channel(1, 0)})
        assert store.head().revision == 2

    def test_newer_contents_leave_a_channel_where_it_is(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.promote_template("scipy", "stable")
        store.update_template(NEW)
        store.replace_template(SCIPY)
        store.restore_template("scipy", 3)

        assert channels(store) == {"stable": Channel(1, 3)}

    def test_what_reads_channels_can_be_written_back(self, store: Store) -> None:
        store.register_template(SCIPY)
        promoted = store.promote_template("scipy", "stable")

        written = store.replace_template(replace(promoted, image_name="new"))

        assert (written.image_name, written.channels) == ("new", {})
        assert channels(store) == {"stable": Channel(1, 1)}

    def test_a_channel_ends(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.promote_template("scipy", "stable")

        left = store.demote_template("scipy", "stable", note="gone")

        [change] = store.changes(since=2)
        assert left.channels == channels(store) == {}
        assert (change.promotion, change.note) == (Promotion("stable", 1, 0), "gone")

    def test_a_deletion_ends_all_channels_for_good(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.promote_template("scipy", "stable")

        store.delete_template("scipy")
        store.restore_template("scipy", 2)

        assert channels(store) == {}

    def test_what_a_channel_points_at_cannot_be_purged(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.promote_template("scipy", "stable")
        store.update_template(NEW)

        with pytest.raises(RevisionIsPromoted):
            store.purge_change("scipy", 1)

        store.demote_template("scipy", "stable")
        store.purge_change("scipy", 1)
        assert [change.content is None for change in store.changes(limit=2)] == [True, True]

    def test_what_cannot_be_promoted_is_refused(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.register_template(R)
        store.update_template(NEW)
        store.purge_change("scipy", 1)

        with pytest.raises(TemplateNotFound):
            store.promote_template("nothing", "stable")
        with pytest.raises(RevisionUnknown):
            store.promote_template("scipy", "stable", 2)
        with pytest.raises(RevisionPurged):
            store.promote_template("scipy", "stable", 1)
        with pytest.raises(InvalidRequest):
            store.promote_template("scipy", "latest")
        with pytest.raises(ChannelNotFound):
            store.demote_template("scipy", "stable")
        with pytest.raises(RevisionConflict):
            store.demote_template("scipy", "stable", expected=3)
        assert store.head().revision == 4
