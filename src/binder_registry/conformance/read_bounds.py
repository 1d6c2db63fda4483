"""What the bounds of reads and states must mean."""

import pytest

from ..changes import Action
from ..clock import LATEST
from ..log_contract import Log, count_of
from ..log_store import LogStore
from ..template import Template
from ..verify import verify
from .sample_rows import append


class Bounds:
    # ── times ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_a_change_at_the_end_of_all_times_is_followed_by_others_of_that_time(self, log: Log) -> None:
        store = LogStore(log, now=lambda: LATEST)
        for name in ("a", "b", "c"):
            store.register_template(Template(name=name, image_name="i"))

        assert [row.time for row in log.read(0, 3)] == [LATEST] * 3
        assert verify(log).problems == []

    # ── bounds ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize(
        ("since", "until", "revisions"),
        [(0, 5, [1, 2, 3, 4, 5]), (2, 4, [3, 4]), (0, 0, []), (5, 99, []), (4, 99, [5]), (3, 2, []), (-1, 1, [1])],
    )
    def test_reads_are_after_since_and_up_to_until(
        self, log: Log, since: int, until: int, revisions: list[int]
    ) -> None:
        append(log, "a", "b", "a", "b", "a")

        assert [row.revision for row in log.read(since, until)] == revisions
        assert [row.revision for row in log.read(since, until, newest_first=True)] == revisions[::-1]

    def test_reads_are_limited_from_where_they_begin(self, log: Log) -> None:
        append(log, "a", "b", "a", "b", "a")

        assert [row.revision for row in log.read(1, 5, limit=2)] == [2, 3]
        assert [row.revision for row in log.read(1, 4, limit=2, newest_first=True)] == [4, 3]

    def test_reads_of_one_name_have_the_same_bounds(self, log: Log) -> None:
        append(log, "a", "b", "a", "b", "a")

        assert [row.revision for row in log.read(1, 5, name="a")] == [3, 5]
        assert [row.revision for row in log.read(0, 4, name="a", newest_first=True, limit=1)] == [3]

    @pytest.mark.parametrize(
        ("since", "until", "number"),
        [(0, 7, 4), (1, 7, 3), (2, 6, 2), (3, 3, 0), (6, 10**30, 1), (-1, 2, 1), (7, 99, 0)],
    )
    def test_changes_of_one_name_are_counted_within_the_same_bounds(
        self, log: Log, since: int, until: int, number: int
    ) -> None:
        append(log, "a", "b", "a", "b", "a", "b", "a")

        assert count_of(log, "a", since, until, [Action.UPDATED]) == number - (since < 1 <= until)
        assert count_of(log, "a", since, until, [Action.CREATED, Action.UPDATED]) == number

    def test_other_actions_and_other_names_are_not_counted(self, log: Log) -> None:
        append(log, "a", "b", "a", action=Action.PROMOTED)

        assert count_of(log, "a", 0, 3, [Action.CREATED, Action.UPDATED]) == 0
        assert count_of(log, "none\0", 0, 3, [Action.PROMOTED]) == 0
        assert count_of(log, "a", 0, 3, []) == 0

    @pytest.mark.parametrize("huge", [2**31, 2**63 - 1, 2**63, 2**64, 10**30])
    def test_bounds_that_no_revision_reaches_are_bounds(self, log: Log, huge: int) -> None:
        rows = append(log, "a", "b", "a")

        for name, known in ((None, rows), ("a", [rows[0], rows[2]])):
            assert log.read(0, huge, name=name, limit=huge) == known
            assert log.read(-huge, huge, name=name, newest_first=True, limit=huge) == known[::-1]
            assert (log.read(huge, 3, name=name), log.read(huge, huge, name=name), log.read(0, -huge)) == ([], [], [])
        assert log.state(huge, limit=huge) == [rows[2], rows[1]]
        assert (log.state(-huge), log.read(0, 3, limit=-huge), log.state(3, limit=-huge)) == ([], [], [])
        assert log.wait(huge, timeout=0) == log.head()

    def test_the_present_is_the_newest_change_of_every_name_backwards(self, log: Log) -> None:
        store = LogStore(log)
        for name in ("b", "ü", "\U0001f600", "B", "a\u200b", " ", "a"):
            store.register_template(Template(name=name, image_name="i"))
            store.update_template(Template(name=name, command="c"))
        store.delete_template("b")
        store.delete_template("ü")
        store.restore_template("ü", 5)

        position, present = store.present()

        head, newest = store.state()
        rows = [(each.name, each.revision, each.mark, each.deleted, each.content) for each in reversed(newest)]
        assert (position, [*present]) == (head, rows)

    def test_the_present_of_an_empty_log_is_empty(self, log: Log) -> None:
        position, present = LogStore(log).present()

        assert (position, [*present]) == (log.head().position, [])

    @pytest.mark.parametrize(
        ("revisions", "found"),
        [
            ([], []),
            ([1], [1]),
            ([5, 2, 3], [2, 3, 5]),
            ([4, 4], [4]),
            ([0, -1, 6, 99, 5], [5]),
            ([-(2**70), 2**70], []),
        ],
    )
    def test_rows_of_any_revisions_are_read_at_once(self, log: Log, revisions: list[int], found: list[int]) -> None:
        rows = append(log, "a", "b", "a", "b", "a")

        assert log.read_each(revisions) == [rows[revision - 1] for revision in found]
        assert log.read_each(set(revisions)) == log.read_each(revisions)

    def test_rows_of_very_many_revisions_are_read_at_once(self, log: Log) -> None:
        rows = append(log, *("a" for _ in range(50)))

        assert log.read_each(range(-50_000, 50_000)) == rows

    @pytest.mark.parametrize("most", [1, 10, 11, 20, 21, 2**31, 2**63, 2**70])
    def test_a_read_ends_with_the_row_that_reaches_its_bytes(self, log: Log, most: int) -> None:
        rows = append(log, "a", "b", "a", content=b"0123456789")
        rows += append(log, "c", content=None)
        number = -(-most // 10) if most <= 30 else 4

        assert log.read(0, 4, most_bytes=most) == rows[:number]
        assert log.read(0, 3, most_bytes=most, newest_first=True) == rows[2::-1][:number]
        assert log.read(0, 4, most_bytes=most, name="a") == [rows[0], rows[2]][:number]
        assert log.read_each([3, 4, 1, 2], most_bytes=most) == rows[:number]

    def test_rows_without_content_count_nothing(self, log: Log) -> None:
        rows = append(log, *"abc", content=None)

        assert log.read(0, 3, most_bytes=1) == rows

    @pytest.mark.parametrize("most", [1, 10, 11, 20, 21, 2**31, 2**70])
    def test_a_state_ends_with_the_row_that_reaches_its_bytes(self, log: Log, most: int) -> None:
        append(log, *"dca", content=b"0123456789")
        append(log, "b", deleted=True, content=b"0123456789")
        number = -(-most // 10) if most <= 30 else 9

        assert [row.name for row in log.state(4, most_bytes=most)] == list("acd")[:number]
        assert [row.name for row in log.state(4, most_bytes=most, deleted=True)] == list("abcd")[:number]
        assert [row.name for row in log.state(4, most_bytes=most, after="b")] == list("cd")[:number]

    def test_a_state_is_the_newest_row_of_each_name_as_of_a_revision(self, log: Log) -> None:
        append(log, "b", "a", "b", "c", "a")

        states = [[row.revision for row in log.state(revision)] for revision in range(7)]

        assert states == [[], [1], [2, 1], [2, 3], [2, 3, 4], [5, 3, 4], [5, 3, 4]]

    def test_states_are_ordered_by_code_points(self, log: Log) -> None:
        names = ["b", "B", "a", "10", "9", "é", "e\u0301", "\uffff", "😀", "a b", "a-b", "ab"]
        append(log, *names)

        assert [row.name for row in log.state(99)] == sorted(names)
        assert [row.name for row in log.state(99, after="a b", limit=3)] == ["a-b", "ab", "b"]

    @pytest.mark.parametrize("after", ["", "a", "aa", "\0", "z", "\uffff"])
    def test_a_state_begins_after_any_name(self, log: Log, after: str) -> None:
        append(log, "a", "b", "c")

        assert [row.name for row in log.state(3, after=after)] == [name for name in "abc" if name > after]

    def test_tombstones_are_left_out_of_a_state_and_of_its_limit(self, log: Log) -> None:
        append(log, "a", "b", "c", "d", deleted=True)
        append(log, "e", "f", "g")

        assert [row.name for row in log.state(7, limit=2)] == ["e", "f"]
        assert [row.name for row in log.state(7, limit=2, deleted=True)] == ["a", "b"]
        assert [row.name for row in log.state(7, deleted=True)] == list("abcdefg")
