from typing import Any

import pytest

from binder_registry.client.credentials import checked_token
from binder_registry.client.encoding import patch_between
from binder_registry.errors import InvalidToken


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"name": "a", "command": "x"}, {"name": "a", "command": "x"}, {}),
        ({"command": "x"}, {"command": "y"}, {"command": "y"}),
        ({"order": 1}, {}, {"order": None}),
        ({"limits": {"memory": 1, "cpus": 2}}, {"limits": {"cpus": 3}}, {"limits": {"memory": None, "cpus": 3}}),
        ({"labels": {"a": "1", "b": "2"}}, {"labels": {"b": "2", "a": "1"}}, {}),
        ({"options": [{"name": "a"}]}, {"options": []}, {"options": []}),
        ({"revision": 4, "uses": ["options"]}, {"time-created": "x"}, {}),
        ({"default": True}, {"default": 1}, {"default": 1}),
    ],
)
def test_a_patch_holds_what_differs(before: dict[str, Any], after: dict[str, Any], patch: dict[str, Any]) -> None:
    found = patch_between(before, after)

    assert repr(found) == repr(patch)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"mem_limit": None, "uid": 1}, {"mem_limit": None}),
        ({"mem_limit": None}, {"mem_limit": None, "uid": 1}),
        ({"uid": 1}, {"uid": 1.0}),
        ({"uid": 1}, {"uid": True}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}),
    ],
)
def test_overrides_are_replaced_whole(before: dict[str, Any], after: dict[str, Any]) -> None:
    wanted = {"overrides": {"kubespawner": after}}

    assert repr(patch_between({"overrides": {"kubespawner": before}}, wanted)) == repr(wanted)


def test_overrides_that_are_the_same_are_not_sent() -> None:
    same = {"overrides": {"kubespawner": {"mem_limit": None}}}

    assert patch_between(same, same) == {}


@pytest.mark.parametrize("around", ["{}\n", "\ufeff{}", " {}\t\r\n", "\ufeff {} "])
def test_what_editors_leave_around_a_token_is_taken_off(around: str) -> None:
    assert checked_token(around.format("the-token")) == "the-token"


@pytest.mark.parametrize("token", ["a b", "a\nb", "schlüssel", "a\ufeffb"])
def test_what_no_header_can_carry_is_no_token(token: str) -> None:
    with pytest.raises(InvalidToken):
        checked_token(token)
