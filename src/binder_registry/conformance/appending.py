"""What a `Log` must do that appends without a lock that was taken before."""

from contextlib import suppress
from threading import Thread

import pytest

from ..changes import Head
from ..log_contract import AppendsAfter, Log, WritesBehind
from .sample_rows import append, rows_after


class Appending:
    """Passed over by a log without `AppendsAfter`."""

    @pytest.fixture
    def appender(self, log: Log) -> AppendsAfter:
        if not isinstance(log, AppendsAfter):
            pytest.skip("this log does not append without its lock")
        return log

    def test_rows_that_follow_the_head_are_appended_as_they_are(self, log: Log, appender: AppendsAfter) -> None:
        before = append(log, "a")
        rows = rows_after(log.head(), ["", "b" * 300, "π"], note="", deleted=True)

        appended = appender.append_after(log.head(), rows)

        assert appended
        assert log.read(0, 10) == [*before, *rows]
        assert log.head() == Head(rows[-1].revision, rows[-1].mark, rows[-1].time)

    def test_rows_that_follow_the_last_ones_are_appended_too(self, log: Log, appender: AppendsAfter) -> None:
        first = rows_after(log.head(), ["a"])
        appender.append_after(log.head(), first)
        second = rows_after(Head(1, first[-1].mark, first[-1].time), ["b"])

        appended = appender.append_after(Head(1, first[-1].mark, first[-1].time), second)

        assert appended
        assert log.read(0, 10) == first + second

    def test_rows_that_follow_another_revision_are_not_appended(self, log: Log, appender: AppendsAfter) -> None:
        start = log.head()
        there = append(log, "a")

        appended = appender.append_after(start, rows_after(start, ["b"]))

        assert not appended
        assert log.read(0, 10) == there

    def test_rows_that_follow_another_mark_are_not_appended(self, log: Log, appender: AppendsAfter) -> None:
        there = append(log, "a")
        other = Head(1, bytes(8), there[-1].time)

        appended = appender.append_after(other, rows_after(other, ["b"]))

        assert not appended
        assert log.read(0, 10) == there

    def test_who_waits_is_woken_by_rows_that_are_appended(self, log: Log, appender: AppendsAfter) -> None:
        found: list[Head] = []
        thread = Thread(target=lambda: found.append(log.wait(0, timeout=60)), daemon=True)
        thread.start()

        appender.append_after(log.head(), rows_after(log.head(), ["a"]))

        thread.join(30)
        assert found == [log.head()]

    def test_a_block_that_failed_does_not_keep_rows_from_being_appended(self, log: Log, appender: AppendsAfter) -> None:
        first = rows_after(log.head(), ["a"])
        appender.append_after(log.head(), first)
        for failure in (KeyError, None):
            with suppress(KeyError), log.writing():
                if failure:
                    raise failure
        second = rows_after(log.head(), ["b"])

        appended = appender.append_after(log.head(), second)

        assert appended
        assert log.read(0, 10) == first + second

    @pytest.mark.parametrize(("known", "behind"), [(0, ["a", "b", "a"]), (2, ["a"]), (3, [])])
    def test_what_came_behind_a_revision_is_told_with_the_lock(self, log: Log, known: int, behind: list[str]) -> None:
        if not isinstance(log, WritesBehind):
            pytest.skip("this log is only told what others wrote")
        before = append(log, "a", "b", "a")

        with log.writing_behind(known) as (rows, others):
            rows += rows_after(log.head(), ["c"])

        assert [change.name for change in others] == behind
        assert others == before[known:]
        assert [change.name for change in log.read(0, 10)] == ["a", "b", "a", "c"]
