"""What reading, restoring and purging the past must do."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from ..changes import Action
from ..errors import (
    InvalidRequest,
    PositionUnknown,
    RegistryError,
    RevisionConflict,
    RevisionIsCurrent,
    RevisionPurged,
    RevisionUnknown,
    TemplateNotFound,
)
from ..store import Store
from ..template import Template
from .reading_out import broken_links
from .samples import NEW, SCIPY, R, content


class History:
    # ── the past ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_every_revision_of_a_template_can_be_read(self, store: Store) -> None:
        first = store.register_template(SCIPY)
        store.register_template(R)
        third = store.update_template(NEW)

        assert [store.get_template("scipy", revision=n) for n in (1, 2, 3)] == [first, first, third]

    def test_a_template_is_not_found_before_it_was_and_after_it_was_deleted(self, store: Store) -> None:
        store.register_template(R)
        store.register_template(SCIPY)
        store.delete_template("scipy")

        for revision in (0, 1, 3):
            with pytest.raises(TemplateNotFound):
                store.get_template("scipy", revision=revision)

    @pytest.mark.parametrize("huge", [2**31, 10**18, 2**63 - 1, 2**63, 2**64, 10**30])
    def test_a_number_that_no_log_reaches_is_no_revision(self, store: Store, huge: int) -> None:
        """Over HTTP, numbers that no log can reach are not even a request."""
        store.register_template(SCIPY)
        asked: list[tuple[Callable[[], object], type[RegistryError]]] = [
            (lambda: store.changes(since=huge), PositionUnknown),
            (lambda: store.changes(since=huge, name="scipy"), PositionUnknown),
            (lambda: store.get_template("scipy", revision=huge), RevisionUnknown),
            (lambda: store.list_templates(revision=huge), RevisionUnknown),
            (lambda: store.restore_template("scipy", huge), RevisionUnknown),
            (lambda: store.purge_change("scipy", huge), RevisionUnknown),
            (lambda: store.update_template(SCIPY, expected=huge), RevisionConflict),
            (lambda: store.delete_template("scipy", expected=huge), RevisionConflict),
        ]

        for ask, error in asked:
            with pytest.raises((error, InvalidRequest)):
                ask()
        assert [change.revision for change in store.changes()] == [1]

    def test_every_revision_of_the_list_can_be_read(self, store: Store) -> None:
        first = store.register_template(SCIPY)
        second = store.register_template(R)
        third = store.update_template(NEW)
        store.delete_template("r")

        lists = [store.list_templates(revision=revision) for revision in range(5)]

        assert lists == [[], [first], [second, first], [second, third], [third]]

    def test_a_revision_that_is_not_there_yet_is_unknown(self, store: Store) -> None:
        store.register_template(SCIPY)

        with pytest.raises(RevisionUnknown):
            store.get_template("scipy", revision=2)
        with pytest.raises(RevisionUnknown):
            store.list_templates(revision=2)

    @pytest.mark.parametrize("huge", [2**31, 2**63 - 1])
    def test_a_revision_that_no_log_can_reach_is_unknown(self, store: Store, huge: int) -> None:
        store.register_template(SCIPY)

        with pytest.raises(RevisionUnknown):
            store.get_template("scipy", revision=huge)
        with pytest.raises(RevisionUnknown):
            store.list_templates(revision=huge)
        with pytest.raises(RevisionUnknown):
            store.restore_template("scipy", huge)
        with pytest.raises(RevisionUnknown):
            store.purge_change("scipy", huge)
        with pytest.raises(PositionUnknown):
            store.changes(since=huge)
        with pytest.raises(RevisionConflict):
            store.update_template(NEW, expected=huge)

    # ── restore ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_restoring_writes_the_old_content_as_a_new_change(self, store: Store) -> None:
        first = store.register_template(SCIPY)
        second = store.update_template(NEW)

        restored = store.restore_template("scipy", 1)

        assert content(restored) == SCIPY
        assert restored.revision == 3
        assert restored.time_created == first.time_created
        assert restored.time_modified is not None
        assert second.time_modified is not None
        assert restored.time_modified > second.time_modified
        assert store.get_template("scipy") == restored
        assert [change.action for change in store.changes(since=2)] == [Action.RESTORED]

    @pytest.mark.parametrize("revision", [1, 2, 3, 4], ids=["its own", "another's", "its tombstone", "after that"])
    def test_a_deleted_template_comes_back_as_of_any_revision_since_its_first(
        self, store: Store, revision: int
    ) -> None:
        first = store.register_template(SCIPY)
        store.register_template(R)
        store.delete_template("scipy", replaced_by="r")
        store.update_template(R)

        restored = store.restore_template("scipy", revision)

        assert content(restored) == SCIPY
        assert restored.time_created == first.time_created
        assert store.get_template("scipy") == restored

    def test_there_is_nothing_to_restore_from_before_the_first_change(self, store: Store) -> None:
        store.register_template(R)
        store.register_template(SCIPY)

        with pytest.raises(RevisionUnknown):
            store.restore_template("scipy", 1)

    def test_there_is_nothing_to_restore_from_the_future(self, store: Store) -> None:
        store.register_template(SCIPY)

        with pytest.raises(RevisionUnknown):
            store.restore_template("scipy", 2)

    def test_a_name_that_was_never_registered_cannot_be_restored(self, store: Store) -> None:
        store.register_template(SCIPY)

        with pytest.raises(TemplateNotFound):
            store.restore_template("r", 1)

    # ── purge ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_a_purged_revision_cannot_be_read_or_restored(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.update_template(NEW)

        store.purge_change("scipy", 1)

        with pytest.raises(RevisionPurged):
            store.get_template("scipy", revision=1)
        with pytest.raises(RevisionPurged):
            store.list_templates(revision=1)
        with pytest.raises(RevisionPurged):
            store.restore_template("scipy", 1)
        with pytest.raises(RevisionPurged):
            store.purge_change("scipy", 1)

    def test_a_purge_blanks_content_and_nothing_else(self, store: Store) -> None:
        store.register_template(SCIPY, note="why")
        store.update_template(NEW)
        before = store.changes()

        store.purge_change("scipy", 1)

        after = store.changes()
        assert after[0] == replace(before[0], content=None)
        assert after[1] == before[1]
        assert broken_links(after) == []

    def test_a_purge_is_a_change_that_leaves_the_template_as_it_is(self, store: Store) -> None:
        store.register_template(SCIPY)
        updated = store.update_template(NEW)

        store.purge_change("scipy", 1, note="a password")

        [change] = store.changes(since=2)
        assert (change.action, change.name, change.previous, change.deleted) == (Action.PURGED, "scipy", 2, False)
        assert change.note == "a password"
        assert store.get_template("scipy") == replace(updated, revision=3)

    def test_a_deleted_template_stays_deleted_when_its_past_is_purged(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.delete_template("scipy")

        store.purge_change("scipy", 1)

        assert store.list_templates() == []
        with pytest.raises(TemplateNotFound):
            store.get_template("scipy")

    def test_a_purge_takes_away_every_later_copy(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.update_template(NEW)
        store.restore_template("scipy", 1)
        store.update_template(NEW)

        store.purge_change("scipy", 1)

        assert [change.content is None for change in store.changes()] == [True, False, True, False, False]

    def test_a_purge_leaves_no_copy_in_a_tombstone(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.update_template(NEW)
        store.delete_template("scipy", replaced_by="r")

        store.purge_change("scipy", 2)

        assert [change.content is None for change in store.changes()] == [False, True, True, False]
        tombstone = store.changes(since=3)[0].template
        assert tombstone == Template(name="scipy", replaced_by="r", deleted=True, revision=4)
        assert store.restore_template("scipy", 1).image_name == SCIPY.image_name

    def test_what_the_template_still_is_cannot_be_purged_from_its_past(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.update_template(NEW)
        store.restore_template("scipy", 1)

        with pytest.raises(RevisionIsCurrent) as error:
            store.purge_change("scipy", 1)

        assert "The newest revision, 3, still has this content" in error.value.message
        assert store.head().revision == 3

    def test_the_current_revision_cannot_be_purged(self, store: Store) -> None:
        stored = store.register_template(SCIPY)

        with pytest.raises(RevisionIsCurrent):
            store.purge_change("scipy", 1)

        assert store.list_templates() == [stored]

    @pytest.mark.parametrize("revision", [0, 2, 4, 2**62])
    def test_only_a_change_of_the_template_can_be_purged(self, store: Store, revision: int) -> None:
        store.register_template(SCIPY)
        store.register_template(R)
        store.update_template(SCIPY)

        with pytest.raises(RevisionUnknown):
            store.purge_change("scipy", revision)

        assert store.head().revision == 3

    def test_a_name_that_was_never_registered_has_nothing_to_purge(self, store: Store) -> None:
        store.register_template(SCIPY)

        with pytest.raises(TemplateNotFound):
            store.purge_change("r", 1)
