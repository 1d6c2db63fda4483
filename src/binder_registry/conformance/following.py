"""What reading and following the log must do."""

from threading import Event, Thread
from time import monotonic

import pytest

from ..changes import MARK_BYTES, Action, Position
from ..errors import InvalidRequest, PositionUnknown
from ..store import Store
from .reading_out import broken_links, whole_log
from .samples import EVERY_MEMBER, NEW, SCIPY, R


class Following:
    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_every_write_is_one_change(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.register_template(R)
        store.update_template(SCIPY)
        store.replace_template(NEW)
        store.delete_template("scipy")
        store.restore_template("scipy", 1)

        rows = [(change.revision, change.name, change.action, change.previous) for change in store.changes()]

        assert rows == [
            (1, "scipy", Action.CREATED, 0),
            (2, "r", Action.CREATED, 0),
            (3, "scipy", Action.UPDATED, 1),
            (4, "scipy", Action.UPDATED, 3),
            (5, "scipy", Action.DELETED, 4),
            (6, "scipy", Action.RESTORED, 5),
        ]

    def test_a_change_holds_the_template_as_it_was_answered(self, store: Store) -> None:
        stored = store.register_template(EVERY_MEMBER)

        [change] = store.changes()

        assert change.template == stored
        assert change.time == stored.time_modified
        assert change.first == 1

    @pytest.mark.parametrize("note", ["", "why; 100 % & <b>", "two\nlines", "ünï 😀 \u2028"])
    def test_a_note_is_kept(self, store: Store, note: str) -> None:
        store.register_template(SCIPY)
        store.update_template(SCIPY, note=note)
        store.replace_template(SCIPY, note=note)
        store.delete_template("scipy", note=note)
        store.restore_template("scipy", 1, note=note)

        assert [change.note for change in store.changes()] == ["", note, note, note, note]

    def test_a_note_that_no_database_could_keep_is_refused(self, store: Store) -> None:
        with pytest.raises(InvalidRequest):
            store.register_template(SCIPY, note="a\0b")

        assert store.changes() == []

    def test_changes_are_those_after_a_revision(self, store: Store) -> None:
        self.five_changes(store)

        found = {since: [change.revision for change in store.changes(since=since)] for since in (0, 1, 4, 5)}

        assert found == {0: [1, 2, 3, 4, 5], 1: [2, 3, 4, 5], 4: [5], 5: []}

    def test_changes_can_be_paged_and_turned_round(self, store: Store) -> None:
        self.five_changes(store)

        def revisions(**bounds: object) -> list[int]:
            return [change.revision for change in store.changes(**bounds)]  # type: ignore[arg-type]

        assert revisions(limit=2) == [1, 2]
        assert revisions(since=2, limit=2) == [3, 4]
        assert revisions(newest_first=True, limit=2) == [5, 4]
        assert revisions(since=3, newest_first=True) == [5, 4]

    def test_changes_of_one_template_are_only_its_own(self, store: Store) -> None:
        self.five_changes(store)

        def revisions(**bounds: object) -> list[int]:
            return [change.revision for change in store.changes(**bounds)]  # type: ignore[arg-type]

        assert revisions(name="scipy") == [1, 3, 5]
        assert revisions(name="scipy", since=1, limit=1) == [3]
        assert revisions(name="scipy", newest_first=True, limit=2) == [5, 3]
        assert revisions(name="never registered") == []

    def test_changes_follow_a_position(self, store: Store) -> None:
        self.five_changes(store)
        third = store.changes()[2].position

        assert [change.revision for change in store.changes(since=third)] == [4, 5]

    def test_a_position_beyond_the_log_is_unknown(self, store: Store) -> None:
        self.five_changes(store)

        for position in (6, Position(6), Position(2**62, bytes(MARK_BYTES))):
            with pytest.raises(PositionUnknown):
                store.changes(since=position)

    @pytest.mark.parametrize("revision", [0, 3, 5])
    def test_a_position_of_another_log_is_unknown(self, store: Store, revision: int) -> None:
        self.five_changes(store)

        with pytest.raises(PositionUnknown):
            store.changes(since=Position(revision, b"elsewher"))

    def test_the_head_is_the_position_of_the_newest_change(self, store: Store) -> None:
        empty = store.head()
        self.five_changes(store)

        assert empty.revision == 0
        assert len(empty.mark) == MARK_BYTES
        assert store.changes(since=empty) == store.changes()
        assert store.head() == store.changes()[-1].position

    def test_each_mark_follows_from_the_one_before(self, store: Store) -> None:
        empty = store.head()
        self.five_changes(store)

        assert broken_links(whole_log(store), empty.mark) == []

    # ── wait ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_waiting_for_what_is_there_does_not_wait(self, store: Store) -> None:
        self.five_changes(store)

        assert store.wait(4, timeout=60) == store.head()

    def test_waiting_ends_with_the_head_when_nothing_comes(self, store: Store) -> None:
        self.five_changes(store)
        start = monotonic()

        found = store.wait(5, timeout=0.1)

        assert found == store.head()
        assert monotonic() - start >= 0.1

    def test_waiting_ends_when_another_thread_writes(self, store: Store) -> None:
        self.five_changes(store)
        waiting, found = Event(), list[Position]()

        def wait() -> None:
            waiting.set()
            found.append(store.wait(5, timeout=60))

        thread = Thread(target=wait, daemon=True)
        thread.start()
        waiting.wait(10)
        store.update_template(R)
        thread.join(30)

        assert found == [store.head()]

    def five_changes(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.register_template(R)
        store.update_template(SCIPY)
        store.update_template(R)
        store.delete_template("scipy")
