"""What is counted of what the server refused."""

import logging
from collections import Counter

import pytest

from binder_registry.errors import TooBusy, TooManyRequests
from binder_registry.server import Limits
from binder_registry.server.http.counters import Counters
from binder_registry.server.uvicorn_server import _count_lines, _sum_up

from .asking import SCIPY, application, asked


def test_each_refusal_is_counted_by_its_error() -> None:
    app = application(limits=Limits(body_bytes=10))

    with asked(app) as client:
        for _ in range(2):
            client.post("/templates", json=SCIPY)
        client.get("/templates/none")

    assert app.service.counters.refused == {("body_too_large", ""): 2, ("template_not_found", ""): 1}


def test_refusals_of_one_error_are_told_apart_by_their_reason() -> None:
    counters = Counters()

    for error in (TooBusy(reason="streams"), TooBusy(reason="writes"), TooBusy(reason="writes"), TooManyRequests()):
        counters.refuse(error)

    assert counters.refused == {
        ("too_busy", "streams"): 1,
        ("too_busy", "writes"): 2,
        ("too_many_requests", ""): 1,
    }


def test_what_was_over_a_limit_is_one_line_for_all(caplog: pytest.LogCaptureFixture) -> None:
    over = Counter({"streams": 2, "writes": 300})

    with caplog.at_level(logging.WARNING):
        _sum_up(over)
        _sum_up(over)

    assert caplog.messages == ["refused: 300 over writes, 2 over streams"]


def test_lines_that_a_log_dropped_are_counted_once() -> None:
    counters, dropped = Counters(), [3, 3, 7]

    for _ in range(3):
        _count_lines(counters, {"access-log": lambda: dropped.pop(0), "log": int})

    assert counters.refused == {("line_dropped", "access-log"): 7}
