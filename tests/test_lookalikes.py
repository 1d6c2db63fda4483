from typing import Any

import pytest

from binder_registry import Template
from binder_registry.lookalikes import folded, is_plain, warnings_of

E_ACUTE = "caf\u00e9"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"name": "scipy "}, ["name begins or ends with a blank"]),
        ({"name": " scipy"}, ["name begins or ends with a blank"]),
        ({"name": "deep  learning"}, ["name holds two blanks in a row"]),
        ({"name": "cafe\u0301"}, ["name is not in Unicode's form NFC"]),
        ({"name": "\u212bngstrom"}, ["name is not in Unicode's form NFC"]),
        ({"name": "sci\u200bpy"}, ["name holds a character that nobody sees: U+200B"]),
        ({"name": "sci\u00adpy"}, ["name holds a character that nobody sees: U+00AD"]),
        ({"name": "\ufeffscipy"}, ["name holds a character that nobody sees: U+FEFF"]),
        ({"name": "scipy\u3164"}, ["name holds a character that nobody sees: U+3164"]),
        ({"name": "scipy\ufe0f"}, ["name holds a character that nobody sees: U+FE0F"]),
        ({"name": "sci\u202epy"}, ["name holds a mark that turns the direction of writing: U+202E"]),
        ({"name": "\u2066scipy\u2069"}, ["name holds a mark that turns the direction of writing: U+2066, U+2069"]),
        ({"name": "deep\u00a0learning"}, ["name holds a blank that is not the usual one: U+00A0"]),
        ({"name": "deep\u3000learning"}, ["name holds a blank that is not the usual one: U+3000"]),
        ({"image_name": "i "}, ["image-name begins or ends with a blank"]),
        ({"display_name": "SciPy\u200d"}, ["display-name holds a character that nobody sees: U+200D"]),
        ({"replaced_by": "r "}, ["replaced-by begins or ends with a blank"]),
        ({"allowed_groups": ("staff", "staff ")}, ["allowed-groups begins or ends with a blank"]),
    ],
)
def test_what_is_not_what_it_looks_like_is_warned_about(members: dict[str, Any], expected: list[str]) -> None:
    template = Template(**{"name": "n", "image_name": "i", **members})

    warnings = warnings_of(template)

    assert [warning[: len(start)] for warning, start in zip(warnings, expected, strict=True)] == expected


@pytest.mark.parametrize(
    "name", ["scipy", "deep learning", E_ACUTE, "\u4e2d\u6587", "\u05e2\u05d1\u05e8\u05d9\u05ea", "a+b~c", "\U0001f40d"]
)
def test_ordinary_names_of_all_scripts_are_not(name: str) -> None:
    assert warnings_of(Template(name, "i", display_name=name)) == []


@pytest.mark.parametrize(
    "other",
    [
        "scipy ",
        " scipy",
        "sci\u200bpy",
        "sci\u00adpy",
        "SciPy\u200e",
        "\uff53\uff43\uff49\uff50\uff59",
        "scip\u2060y",
        "\u202escipy",
    ],
)
def test_names_that_look_alike_fold_to_the_same(other: str) -> None:
    assert folded(other) == folded("scipy")


@pytest.mark.parametrize(
    ("one", "other"), [("cafe\u0301", E_ACUTE), ("a\u00a0b", "a b"), ("stra\u00dfe\u200b", "strasse")]
)
def test_forms_of_the_same_letters_fold_to_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize("other", ["scipy2", "sci-py", "s\u00e7ipy", "sci py"])
def test_other_names_do_not(other: str) -> None:
    assert folded(other) != folded("scipy")


@pytest.mark.parametrize(("text", "plain"), [("scipy", True), ("a b", True), ("a ", False), (E_ACUTE, False)])
def test_most_text_is_not_looked_at_any_further(text: str, plain: bool) -> None:
    assert is_plain(text) == plain
