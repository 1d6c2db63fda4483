"""What every `Log` must do."""

from threading import Event, Thread
from time import monotonic

import pytest
from msgspec.structs import replace

from ..changes import MARK_BYTES, Action, Head
from ..errors import PositionUnknown
from ..log_contract import KnowsHead, Log, WaitsBeyond
from ..log_store import LogStore
from .appending import Appending
from .atomic import Atomic
from .content_format import Formats
from .read_bounds import Bounds
from .reading_out import broken_links
from .sample_rows import append as append
from .sample_rows import rows_after as rows_after
from .samples import SCIPY, R
from .staging import Staging
from .token_stores import TokenStores


class LogConformance(Appending, Atomic, Bounds, Formats, Staging, TokenStores):
    """Give the fixture `log`, an empty log. Where a log outlives its process, give `reopen`; where it can be copied
    (a restored backup is such a copy), give `copy`."""

    @pytest.fixture
    def log(self) -> Log:
        raise NotImplementedError

    def reopen(self, log: Log) -> Log:
        """Close `log` and open what it wrote; the fixture closes both."""
        pytest.skip("this log does not outlive its process")

    def copy(self, log: Log) -> Log:
        """Another log with the origin and the rows of `log`."""
        pytest.skip("this log cannot be copied")

    # ── an empty log ─────────────────────────────────────────────────────────────────────────────────────────────────

    def test_a_new_log_is_empty(self, log: Log) -> None:
        assert log.head() == Head(0, log.origin())
        assert (log.current("a"), log.read(0, 10), log.state(10)) == (None, [], [])

    def test_the_origin_is_a_mark(self, log: Log) -> None:
        assert len(log.origin()) == MARK_BYTES

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_rows_come_back_as_they_were_written(self, log: Log) -> None:
        rows = append(log, "a", "ü 😀", "a")

        assert log.read(0, 3) == rows
        assert log.state(3) == [rows[2], rows[1]]
        assert [log.current("a"), log.current("ü 😀")] == [rows[2], rows[1]]
        assert broken_links(log.read(0, 3), log.origin()) == []

    def test_content_is_kept_byte_by_byte(self, log: Log) -> None:
        content = b'{"z":1,"a":"\\u0000\\u003c \xc3\xbc","a":2.50}'

        append(log, "a", content=content)

        assert [row.content for row in log.read(0, 1)] == [content]

    def test_a_tombstone_is_the_current_change_of_its_name(self, log: Log) -> None:
        [row] = append(log, "a", deleted=True, action=Action.DELETED)

        assert log.current("a") == row

    def test_the_head_follows_the_newest_row(self, log: Log) -> None:
        rows = append(log, "a", "b")

        assert log.head() == Head(2, rows[1].mark, rows[1].time)

    def test_rows_of_one_block_may_be_many(self, log: Log) -> None:
        rows = append(log, *(f"name {number:04}" for number in range(2500)))

        assert log.read(0, 2500, limit=2500) == rows
        assert log.state(2500, limit=2500) == rows

    @pytest.mark.parametrize("name", ["b", "A", "a ", "a\0", ""])
    def test_other_names_have_no_rows(self, log: Log, name: str) -> None:
        append(log, "a")

        assert log.current(name) is None
        assert log.read(0, 1, name=name) == []

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_an_exception_leaves_no_trace(self, log: Log) -> None:
        append(log, "a")
        before = log.head()

        with pytest.raises(ZeroDivisionError), log.writing() as rows:
            log.blank(1)
            rows += rows_after(before, ["b"])
            raise ZeroDivisionError

        assert log.head() == before
        assert log.current("b") is None
        assert [row.content is None for row in log.read(0, 10)] == [False]

    def test_the_next_write_after_an_exception_succeeds(self, log: Log) -> None:
        with pytest.raises(ZeroDivisionError), log.writing():
            raise ZeroDivisionError

        append(log, "a")

        assert log.head().revision == 1

    def test_what_a_failed_block_was_to_blank_is_forgotten(self, log: Log) -> None:
        append(log, "a")
        with pytest.raises(ZeroDivisionError), log.writing():
            log.blank(1)
            raise ZeroDivisionError

        append(log, "b")

        assert [row.content is None for row in log.read(0, 10)] == [False, False]

    def test_a_block_that_writes_nothing_changes_nothing(self, log: Log) -> None:
        append(log, "a")
        before = log.head()

        with log.writing():
            pass

        assert log.head() == before

    def test_rows_are_seen_only_when_their_block_has_ended(self, log: Log) -> None:
        with log.writing() as rows:
            rows += rows_after(log.head(), ["a"])
            inside = (log.head().revision, log.current("a"), log.read(0, 10), log.state(10))

        assert inside == (0, None, [], [])
        assert log.head().revision == 1

    def test_one_writer_waits_for_the_other(self, log: Log) -> None:
        second_is_in = Event()

        def write() -> None:
            with log.writing() as rows:
                second_is_in.set()
                rows += rows_after(log.head(), ["b"])

        thread = Thread(target=write, daemon=True)
        with log.writing() as rows:
            thread.start()
            overlapped = second_is_in.wait(0.2)
            rows += rows_after(log.head(), ["a"])
        thread.join(30)

        assert not overlapped
        assert [row.name for row in log.read(0, 10)] == ["a", "b"]

    def test_blanking_drops_the_content_and_nothing_else(self, log: Log) -> None:
        rows = append(log, "a", "b", "a")

        with log.writing():
            log.blank(1)

        assert log.read(0, 10) == [replace(rows[0], content=None), *rows[1:]]
        assert log.state(1) == [replace(rows[0], content=None)]

    # ── wait ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_waiting_for_what_is_there_does_not_wait(self, log: Log) -> None:
        append(log, "a")

        assert log.wait(0, timeout=60) == log.head()

    def test_who_knows_less_than_there_is_waits_no_longer_once_woken(self, log: Log) -> None:
        if not isinstance(log, WaitsBeyond):
            pytest.skip("this log looks at nothing else than its revisions")
        head, known, asked = append(log, "a")[-1].revision, [1], Event()
        found: list[Head] = []

        def look() -> int:
            asked.set()
            return known[0]

        thread = Thread(target=lambda: found.append(log.wait_beyond(look, 60)), daemon=True)
        thread.start()
        asked.wait()
        known[0] = -1
        log.wake()
        thread.join(30)

        assert [one.revision for one in found] == [head]

    def test_a_head_that_is_known_without_asking_is_the_newest(self, log: Log) -> None:
        if not isinstance(log, KnowsHead):
            pytest.skip("others write to this log, past this process")
        append(log, "a")
        head = append(log, "b")[-1].revision

        known = log.known_head()

        assert (log.head().revision, known and known.revision) == (head, head)

    def test_waiting_ends_with_the_head_when_nothing_comes(self, log: Log) -> None:
        append(log, "a")
        start = monotonic()

        found = log.wait(1, timeout=0.1)

        assert found == log.head()
        assert monotonic() - start >= 0.1

    def test_everyone_who_waits_wakes_when_something_is_written(self, log: Log) -> None:
        found: list[Head] = []
        threads = [Thread(target=lambda: found.append(log.wait(0, timeout=60)), daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()

        append(log, "a")

        for thread in threads:
            thread.join(30)
        assert found == [log.head()] * 3

    # ── closing, reopening, copies ───────────────────────────────────────────────────────────────────────────────────

    def test_a_log_may_be_closed_twice(self, log: Log) -> None:
        log.close()

        log.close()

    def test_a_log_that_is_opened_again_is_the_same(self, log: Log) -> None:
        append(log, "b", "a", "b")
        with log.writing():
            log.blank(1)
        before = (log.origin(), log.head(), log.read(0, 10), log.state(10))

        again = self.reopen(log)

        assert (again.origin(), again.head(), again.read(0, 10), again.state(10)) == before

    def test_a_log_that_is_opened_again_goes_on(self, log: Log) -> None:
        first = LogStore(log).register_template(SCIPY)

        again = LogStore(self.reopen(log))

        assert again.update_template(SCIPY).revision == 2
        assert again.get_template("scipy", revision=1) == first

    def test_an_empty_log_that_is_opened_again_keeps_its_origin(self, log: Log) -> None:
        origin = log.origin()

        assert self.reopen(log).origin() == origin

    def test_a_copy_that_is_written_to_again_is_told_apart(self, log: Log) -> None:
        store = LogStore(log)
        store.register_template(SCIPY)
        shared = store.head()
        copy = LogStore(self.copy(log))
        store.register_template(R)
        lost = store.head()

        copy.update_template(SCIPY)

        assert [change.name for change in copy.changes(since=shared)] == ["scipy"]
        with pytest.raises(PositionUnknown):
            copy.changes(since=lost)
