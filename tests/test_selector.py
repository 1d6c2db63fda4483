import pytest

from binder_registry.errors import ErrorHint, InvalidRequest
from binder_registry.selector import Requirement, matcher, matches, parse_selector

LABELS = {"team": "data", "gpu": "", "example.org/tier": "1"}


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("team=data", [Requirement("team", "=", "data")]),
        ("team=", [Requirement("team", "=", "")]),
        ("team!=data", [Requirement("team", "!=", "data")]),
        ("team", [Requirement("team", "exists")]),
        ("!team", [Requirement("team", "absent")]),
        (" a=b , !c ", [Requirement("a", "=", "b"), Requirement("c", "absent")]),
        ("example.org/tier=1", [Requirement("example.org/tier", "=", "1")]),
    ],
)
def test_a_selector_is_a_list_of_requirements(text: str, selector: list[Requirement]) -> None:
    assert parse_selector(text, parameter="label") == selector


@pytest.mark.parametrize(
    "text", ["", " ", ",", "a,", ",a", "=", "=b", "!", "!a=b", "a==b", "a=b=c", "a!b", "a b", "a=b c", "-a", "a=é", "*"]
)
def test_what_is_no_selector_is_refused_naming_the_parameter(text: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_selector(text, parameter="label")

    assert refusal.value.errors == (ErrorHint("Request", "label", "invalid"),)


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("team=data", True),
        ("team=web", False),
        ("none=data", False),
        ("gpu=", True),
        ("none=", False),
        ("team!=web", True),
        ("team!=data", False),
        ("none!=web", True),
        ("gpu", True),
        ("none", False),
        ("!none", True),
        ("!gpu", False),
        ("team=data,gpu", True),
        ("team=data,!gpu", False),
    ],
)
def test_a_selector_selects_what_meets_every_requirement(text: str, selected: bool) -> None:
    selector = parse_selector(text, parameter="label")

    found = (matches(selector, LABELS), matcher(selector)(LABELS))

    assert found == (selected, selected)


@pytest.mark.parametrize("texts", [[",".join(["!a"] * 17)], ["!a"] * 17, ["a,b"] * 9, [",".join(["!a"] * 30_000)]])
def test_more_requirements_than_anybody_has_are_refused_however_they_are_written(texts: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="must not hold more than 16 requirements") as refusal:
        parse_selector(*texts, parameter="label")

    assert refusal.value.errors == (ErrorHint("Request", "label", "invalid"),)


def test_as_many_requirements_as_are_allowed_are_taken() -> None:
    assert len(parse_selector("!a,b", *["c"] * 14, parameter="label")) == 16


def test_no_requirement_selects_everything() -> None:
    assert matches([], {})
    assert matcher([])({})
