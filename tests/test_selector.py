import pytest

from binder_registry.errors import ErrorHint, InvalidRequest
from binder_registry.selector import Requirement, matches, parse_selector

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
    assert parse_selector(text, "label") == selector


@pytest.mark.parametrize(
    "text", ["", " ", ",", "a,", ",a", "=", "=b", "!", "!a=b", "a==b", "a=b=c", "a!b", "a b", "a=b c", "-a", "a=é", "*"]
)
def test_what_is_no_selector_is_refused_naming_the_parameter(text: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_selector(text, "label")

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
    assert matches(parse_selector(text, "label"), LABELS) == selected


def test_no_requirement_selects_everything() -> None:
    assert matches([], {})
