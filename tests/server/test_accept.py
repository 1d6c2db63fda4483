"""Which media types a client names, among all that it takes."""

import pytest

from binder_registry.server.http.accept import names, prefers


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Text/HTML ; Q=0.001",
        "application/json, text/html;level=1;q=0.4",
        'application/json;note=",";q=1, text/html',
        "text/html;q=0, text/html",
    ],
)
def test_a_type_is_named_with_any_weight(accept: str) -> None:
    assert names(accept, "text/html")


@pytest.mark.parametrize(
    "accept",
    [
        *("", "*/*", "text/*", "application/json", "text/htmlx", "text", ";", ",", '"', "text/plain;text/html"),
        *("text/html;q=0", "text/html; q=0.000", "text/html;q=x", "text/html;q=nan", "text/html;q=-1"),
        'application/json;note=", text/html"',
        'application/json;note="\\", text/html',
    ],
)
def test_a_type_that_is_not_wanted_or_only_taken_is_not_named(accept: str) -> None:
    assert not names(accept, "text/html")


def test_a_comma_in_quotes_is_no_end_of_what_is_preferred() -> None:
    assert not prefers('application/json;a=", text/event-stream"', "text/event-stream", "application/json")
