"""What a `Log` must do that takes many rows before its lock is taken."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest
from msgspec.structs import replace

from ..changes import Action, Change, Head, place
from ..log_contract import Log, Stage, StagesMany
from .sample_rows import append, rows_after

NAMES = ["a", "π", *(f"name {number}" for number in range(200)), "b" * 300]


class Staging:
    """Passed over by a log without `StagesMany`."""

    @pytest.fixture
    def stages(self, log: Log) -> StagesMany:
        if not isinstance(log, StagesMany):
            pytest.skip("this log takes no rows before its lock")
        return log

    def test_staged_rows_come_into_the_log_as_they_are_with_the_places_they_get(
        self, log: Log, stages: StagesMany
    ) -> None:
        before = append(log, "other")
        rows = unplaced(NAMES)
        rows[1] = replace(rows[1], deleted=True, action=Action.DELETED, previous=1)
        stage = stages.stage(rows)

        written = written_as_staged(log, stages, stage, rows)

        assert log.read(0, 1000) == before + written
        assert log.current("π") == written[1]
        assert log.head() == Head(written[-1].revision, written[-1].mark, written[-1].time)

    def test_staged_rows_are_not_in_the_log(self, log: Log, stages: StagesMany) -> None:
        stages.stage(unplaced(NAMES))

        assert (log.head().revision, log.read(0, 10), log.current("a")) == (0, [], None)

    def test_others_write_while_rows_are_staged(self, log: Log, stages: StagesMany) -> None:
        others: list[Change] = []
        rows = unplaced(NAMES)

        def one_by_one() -> Iterator[Change]:
            others.extend(append(log, "other"))
            yield from rows

        stage = stages.stage(one_by_one())
        others += append(log, "third")
        written = written_as_staged(log, stages, stage, rows)

        assert log.read(0, 1000) == others + written

    def test_other_rows_stand_before_and_behind_staged_ones(self, log: Log, stages: StagesMany) -> None:
        rows = unplaced(NAMES)
        stage = stages.stage(rows)
        assert stage is not None

        with log.writing() as written:
            written += rows_after(log.head(), ["first", "second"])
            place(rows, Head(2, written[-1].mark))
            written += rows
            written += rows_after(Head(written[-1].revision, written[-1].mark), ["last"])
            stages.write_staged(stage, 2)

        assert log.read(0, 1000) == written

    def test_rows_that_were_let_go_of_are_written_as_others(self, log: Log, stages: StagesMany) -> None:
        rows = unplaced(NAMES)
        stage = stages.stage(rows)
        assert stage is not None
        for _ in range(2):
            stage.close()

        written = written_as_staged(log, stages, stage, rows)

        assert log.read(0, 1000) == written

    def test_there_is_one_stage_at_a_time(self, log: Log, stages: StagesMany) -> None:
        old, new = unplaced(["a", "b"]), unplaced(["c", "d", "e"])
        first, second = stages.stage(old), stages.stage(new)

        written = written_as_staged(log, stages, first, old)
        assert first is not None
        first.close()
        written += written_as_staged(log, stages, second, new)

        assert log.read(0, 1000) == written

    def test_a_block_that_fails_writes_nothing_that_was_staged(self, log: Log, stages: StagesMany) -> None:
        rows = unplaced(NAMES)
        stage = stages.stage(rows)
        assert stage is not None
        with suppress(KeyError), log.writing() as written:
            place(rows, log.head())
            written += rows
            stages.write_staged(stage, 0)
            raise KeyError
        nothing = log.read(0, 1000)

        written = written_as_staged(log, stages, stage, rows)

        assert (nothing, log.read(0, 1000)) == ([], written)

    def test_staged_rows_are_written_once(self, log: Log, stages: StagesMany) -> None:
        rows = unplaced(NAMES)
        written = written_as_staged(log, stages, stages.stage(rows), rows)

        later = append(log, "other")

        assert log.read(0, 1000) == written + later

    def test_staged_rows_are_let_go_of_with_the_log(self, log: Log, stages: StagesMany) -> None:
        stage = stages.stage(unplaced(NAMES))
        assert stage is not None
        log.close()

        stage.close()

        assert stages.stage(unplaced(NAMES)) is None


def unplaced(names: Sequence[str]) -> list[Change]:
    return [replace(row, revision=0, mark=b"", first=0) for row in rows_after(Head(0, b""), names)]


def written_as_staged(log: Log, stages: StagesMany, stage: Stage | None, rows: list[Change]) -> list[Change]:
    assert stage is not None
    with log.writing() as written:
        place(rows, log.head())
        written += rows
        stages.write_staged(stage, 0)
    return rows
