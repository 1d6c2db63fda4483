from typing import Any

import pytest

from binder_registry.formats.helm_values import merged


@pytest.mark.parametrize(
    ("files", "values"),
    [
        ([{"a": {"b": 1, "c": 1}}, {"a": {"c": 2}}], {"a": {"b": 1, "c": 2}}),
        ([{"a": [1, 2]}, {"a": [3]}], {"a": [3]}),
        ([{"a": {"b": 1}}, {"a": None}], {}),
        ([{"a": {"b": 1}}, {"a": None}, {"a": {"c": 1}}], {"a": {"c": 1}}),
        ([{"a": 1}, {"a": {"b": 1}}, {"a": 2}], {"a": 2}),
        ([{}, {"a": [{"mem_limit": None}]}], {"a": [{"mem_limit": None}]}),
    ],
)
def test_files_are_merged_as_helm_merges_them(files: list[dict[str, Any]], values: dict[str, Any]) -> None:
    assert merged(files) == values


def test_the_files_themselves_stay_as_they_are() -> None:
    first: dict[str, Any] = {"a": {"b": 1}}

    merged([first, {"a": {"b": 2}}])

    assert first == {"a": {"b": 1}}
