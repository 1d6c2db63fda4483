"""Lines of a server's log for programs: each an object, whatever was said."""

import json
import logging
import os
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from binder_registry.cli import log_lines
from binder_registry.cli.log_formats import LONGEST, log_format
from binder_registry.cli.log_lines import LogLines


class JSONLog:
    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        self.log = LogLines(partial(os.write, self._writing), clock=lambda: 0.0)
        self.log.setFormatter(log_format("json"))
        self.logger = logging.Logger("binder_registry.test")
        self.logger.addHandler(self.log)

    def close(self) -> None:
        self.log.close(60)

    def lines(self) -> list[dict[str, Any]]:
        self.close()
        os.close(self._writing)
        with os.fdopen(self._reading, "rb") as file:
            return [json.loads(line) for line in file.read().splitlines()]


@pytest.fixture
def log() -> Iterator[JSONLog]:
    log = JSONLog()
    yield log
    log.close()


def test_a_line_has_its_time_level_logger_and_message(log: JSONLog) -> None:
    log.logger.warning("%d templates", 5)

    [line] = log.lines()

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {"level": "warning", "logger": "binder_registry.test", "message": "5 templates"}


@pytest.mark.parametrize(
    "message", ['say "it"', "two\nlines", "a\\b", "\x00\x1b[31m", "caf\xe9 \u2028", "caf\udce9", "\ud800"]
)
def test_whatever_is_said_is_one_line_of_json(log: JSONLog, message: str) -> None:
    log.logger.info("%s", message)
    log.logger.info("after")

    assert [line["message"][:1] for line in log.lines()] in ([message[:1], "a"], ["?", "a"])


def test_an_error_has_its_traceback_whose_middle_is_cut(log: JSONLog) -> None:
    try:
        raise ValueError("x" * 100_000)
    except ValueError:
        log.logger.exception("a write failed")

    [line] = log.lines()

    assert (line["message"], line["traceback"][:9]) == ("a write failed", "Traceback")
    assert len(line["traceback"]) < LONGEST + 10


def test_values_that_do_not_fit_their_message_cost_nothing_but_them(log: JSONLog) -> None:
    log.logger.warning("%d requests", "many")

    assert [line["message"] for line in log.lines()] == ["%d requests"]


def test_what_was_not_written_is_told_in_json_too(log: JSONLog, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(11):
        log.logger.info("again")
    monkeypatch.setattr(log_lines, "MOST_LINES", 0)
    log.logger.info("lost")
    monkeypatch.undo()

    messages = [line["message"] for line in log.lines()]

    assert messages[:10] == ["again"] * 10
    assert sorted(messages[10:]) == ["1 lines of the log were not written", "and 1 more like it: again"]
