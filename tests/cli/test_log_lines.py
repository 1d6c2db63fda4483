"""A server's log: what is written of many lines, and that one which nobody reads holds up nothing."""

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest

from binder_registry.cli import log_lines
from binder_registry.cli.log_lines import LogLines


class Pipe:
    """A log into a pipe, under a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()
        self.now = 0.0
        self.log = LogLines(partial(os.write, self._writing), clock=lambda: self.now)
        self._logger = logging.Logger("test")
        self._logger.addHandler(self.log)
        self.warning = self._logger.warning
        self.exception = self._logger.exception

    def lines(self) -> list[str]:
        """All, once the log is closed, however long its thread waits for its turn on a busy machine."""
        self.log.close(60)
        os.close(self._writing)
        with os.fdopen(self.reading) as file:
            return file.read().splitlines()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    with suppress(OSError):  # closed, where the test read all
        os.close(pipe.reading)
    pipe.log.close()  # nobody reads any more: it ends, and writes to no other file that gets the descriptor
    with suppress(OSError):
        os.close(pipe._writing)


def test_lines_come_in_their_order(pipe: Pipe) -> None:
    for number in range(100):
        pipe.warning(f"line {number}")

    assert pipe.lines() == [f"line {number}" for number in range(100)]


def test_of_many_lines_alike_in_a_second_some_are_written_and_the_rest_is_counted(pipe: Pipe) -> None:
    for number in range(1000):
        pipe.warning("request %d failed", number)

    assert pipe.lines() == [
        *(f"request {number} failed" for number in range(10)),
        "and 990 more like it: request %d failed",
    ]


def test_in_the_next_second_they_are_written_again(pipe: Pipe) -> None:
    for number in range(3):
        pipe.now = number * 1.0
        for _ in range(10):
            pipe.warning("failed")

    assert pipe.lines() == ["failed"] * 30


def test_one_kind_of_line_leaves_room_for_the_others(pipe: Pipe) -> None:
    for number in range(1000):
        pipe.warning("request %d failed", number)
    pipe.warning("the disk is full")

    assert "the disk is full" in pipe.lines()


def test_the_kinds_that_are_told_apart_are_bounded(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "MOST_KINDS", 5)
    for number in range(100):
        pipe.warning(f"line {number}")

    lines = pipe.lines()

    told = [line.partition(" lines of the log were not written") for line in lines[5:]]  # in one line, or in several
    assert lines[:5] == [f"line {number}" for number in range(5)]
    assert (sum(int(number) for number, _, _ in told), {rest for _, _, rest in told}) == (95, {""})


def test_what_nobody_reads_is_dropped_and_counted(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "MOST_LINES", 50)
    for number in range(500):
        pipe.warning(f"{number:05}" + "x" * 8000)  # some of which the pipe itself holds

    dropped = pipe.log.dropped

    assert dropped >= 300


def test_a_log_that_nobody_reads_is_closed_all_the_same(pipe: Pipe) -> None:
    for number in range(100):
        pipe.warning(f"{number:05}" + "x" * 8000)

    pipe.log.close(timeout=0.01)

    assert os.read(pipe.reading, 5) == b"00000"


def test_how_many_were_dropped_is_said_once_somebody_reads(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "MOST_LINES", 0)
    pipe.warning("lost")
    monkeypatch.undo()
    pipe.warning("read")

    assert "1 lines of the log were not written" in pipe.lines()


def test_of_a_long_traceback_the_middle_is_cut(pipe: Pipe) -> None:
    try:
        raise ValueError("x" * 100_000)
    except ValueError:
        pipe.exception("a write failed")

    text = "\n".join(pipe.lines())

    assert text.startswith("a write failed\nTraceback")
    assert len(text) < 10_000


def test_values_that_do_not_fit_their_message_cost_nothing_but_them(pipe: Pipe) -> None:
    pipe.warning("%d requests", "many")

    assert pipe.lines() == ["%d requests"]
