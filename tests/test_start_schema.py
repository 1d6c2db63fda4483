"""What a start takes as JSON Schema, held to a validator that is not ours, and to `resolve`."""

import re
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from binder_registry.ecma_patterns import ecma
from binder_registry.options import ChoiceRefused, resolve, visible
from binder_registry.start_schema import DIALECT, schema_of
from binder_registry.view import launch_of
from tests.view_cases import Json, held, templates

TEXTS = ("abc", "UP", "")


FEW = settings(max_examples=40)


def matched(pattern: str, text: str) -> bool:
    return re.match(pattern, text) is not None


def starts(template: Json) -> list[Json]:
    """Of what could be asked for, right and wrong."""
    options = template.get("options", ())
    asked = [
        [None, *(choice["name"] for choice in option.get("choices", ())), *({"free-text": text} for text in TEXTS), 1]
        for option in options
    ]
    names = [option["name"] for option in options]
    return [{name: one for name, one in zip(names, some, strict=True) if one is not None} for some in product(*asked)]


def taken(template: Json, choices: Json, groups: Any) -> bool:
    try:
        resolve(template, choices, groups, matches=matched)
    except ChoiceRefused:
        return False
    return True


@FEW
@given(templates(), held)
def test_it_takes_what_a_start_takes(template: Json, groups: frozenset[str]) -> None:
    template["options"] = [option for option in template.get("options", ()) if "build" not in option]
    seen = visible(template, groups)

    if seen:
        validator = Draft202012Validator({"$schema": DIALECT, **schema_of(template, seen)})
        for choices in starts(template):
            body = {"template": "t", **({"options": choices} if choices else {})}
            assert validator.is_valid(body) == taken(template, choices, groups), body


@FEW
@given(templates(), held)
def test_it_takes_a_launch_and_no_other_template(template: Json, groups: frozenset[str]) -> None:
    seen = visible(template, groups)
    launch = launch_of(template, seen) if seen else None

    if seen and launch:
        validator = Draft202012Validator({"$schema": DIALECT, **schema_of(template, seen)})
        assert validator.is_valid(launch)
        assert not validator.is_valid({**launch, "template": "u"})
        assert not validator.is_valid({**launch, "cmd": "sh"})


def test_it_says_what_people_read() -> None:
    choices = [{"name": "s", "display-name": "Small", "description": "Enough."}, {"name": "l", "deprecated": "Do not."}]
    typed = {"display-name": "Another", "pattern": "a+", "message": "Only a.", "description": "What you like."}
    option = {"name": "size", "display-name": "Size", "choices": choices, "free-text": typed}
    template = {"name": "t", "image-name": "i", "display-name": "Title", "description": "Text.", "options": [option]}

    schema = schema_of(template, template)

    size = schema["properties"]["options"]["properties"]["size"]
    small, large, other = size["oneOf"]
    assert (schema["title"], schema["description"]) == ("Title", "Text.")
    assert (size["title"], size["default"]) == ("Size", "s")
    assert small == {"const": "s", "title": "Small", "description": "Enough."}
    assert large == {"const": "l", "title": "l", "description": "Deprecated: Do not.", "deprecated": True}
    assert (other["title"], other["description"]) == ("Another", "What you like.")
    assert other["properties"]["free-text"]["description"] == "Only a."
    assert other["properties"]["free-text"]["pattern"] == "^(?:a+)"


SAME = [
    *("^[a-z0-9./:-]+$", "a|b$", r"\d+", "[]a]+", "[^]a]+", "(?P<n>a)+", r"\Aab\Z", "a{2,3}", "[a[b]+", r"\:\-\#\ a"),
    *(r"[\-\:a]+", "x(?=y)", "x(?!y)", "é+", "a??b", r"\bfoo\b", r"[^\s@]+@[^\s@]+", r"quay\.io/[a-z]+(:[\w.-]+)?@?"),
]
OTHERS = ["(?P<n>a)(?P=n)", "(?i)a", "a{,3}", "a*+", "(?<=a)b", r"(a)\1", r"\x41", "[a&&b]", "}", "]", "(?#x)a"]
LINES = [
    "a",
    "ab",
    "b",
    "a-.x",
    "]a",
    "aaa",
    "b[",
    "A",
    ":-# a",
    "-:a",
    "xy",
    "xz",
    "éé",
    "foo",
    "a@b.c",
    "quay.io/x:1",
    "1",
]


@pytest.mark.parametrize("pattern", SAME)
def test_a_pattern_that_both_have_matches_the_same_lines(pattern: str) -> None:
    validator = Draft202012Validator({"pattern": ecma(pattern)})

    assert [line for line in LINES if validator.is_valid(line)] == [line for line in LINES if re.match(pattern, line)]


@pytest.mark.parametrize("pattern", OTHERS)
def test_a_pattern_that_only_python_has_is_left_out(pattern: str) -> None:
    assert ecma(pattern) is None


@FEW
@given(st.text("ab-]^[\\.*+?(){}|$19,:&d"))
def test_whatever_pattern_a_template_has_the_schema_is_one(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, FutureWarning, OverflowError):
        return
    made = ecma(pattern)

    if made is not None:
        validator = Draft202012Validator({"pattern": made})
        for line in ("", "a", "ab", "b-", "]", "a.b", "1"):
            assert validator.is_valid(line) == bool(re.match(pattern, line))
