"""Globs of callers: what fits, and that no glob takes long."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.errors import ErrorHint, InvalidRequest
from binder_registry.globs import LONGEST_TEXT, compiled, compiled_together, parse_glob
from binder_registry.lengths import GLOB_LENGTH


@given(st.text("ab*?[]!-\n", max_size=12), st.text("abAB-\n", max_size=12))
def test_a_text_fits_as_in_a_shell(glob: str, text: str) -> None:
    assert compiled(glob)(text) == fnmatchcase(text, glob)


@given(st.lists(st.text("ab*?[", max_size=4), min_size=1, max_size=3), st.text("ab*?[", max_size=6))
def test_a_text_fits_several_where_it_fits_one(globs: list[str], text: str) -> None:
    assert compiled_together(globs)(text) == any(fnmatchcase(text, glob) for glob in globs)


@pytest.mark.parametrize(
    "glob", ["*a" * 127 + "*b", "*" + "a?" * 127 + "b", "*[a]" * 63 + "b", "*?" * 127 + "b", "a*" * 127 + "[!a]"]
)
def test_a_glob_that_almost_fits_in_countless_ways_is_answered(glob: str) -> None:
    assert not compiled(glob)("a" * 4096)


def test_a_glob_of_more_characters_than_are_allowed_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_glob("?" * (GLOB_LENGTH + 1), "image")

    assert refusal.value.errors == (ErrorHint("Request", "image", "invalid"),)
    assert parse_glob("?" * GLOB_LENGTH, "image") == "?" * GLOB_LENGTH


def test_a_text_longer_than_any_rule_allows_is_not_gone_through() -> None:
    assert not compiled("*")("a" * (LONGEST_TEXT + 1))
