"""What readers and databases are told of a template's members."""

from typing import Any

import msgspec
import pytest

from binder_registry.must_understand import (
    CHANNELS_FORMAT,
    CONTENT_FORMAT,
    FORMAT,
    format_of,
    full_view,
    uses_of,
    without_uses,
)
from binder_registry.template import Template
from binder_registry.wire import decode_template, encode_template, parse, template_from_members

SIZE = {"name": "size", "choices": [{"name": "large", "set": {}}]}


def content(**members: Any) -> bytes:
    whole = {"name": "a", "image-name": "i", **{key.replace("_", "-"): value for key, value in members.items()}}
    return encode_template(template_from_members(parse(msgspec.json.encode(whole))))


@pytest.mark.parametrize(
    ("members", "uses"),
    [
        ({}, []),
        ({"order": 10, "default": True, "contact": "c", "icon": "https://example.org/i.svg"}, []),
        ({"paused": "Back on Monday."}, ["paused"]),
        ({"requests": {"cpus": 0.5}}, ["requests"]),
        ({"requests": {}, "overrides": {}, "options": [], "paused": ""}, []),
        ({"overrides": {"kubespawner": {"mem_limit": None}}}, ["overrides"]),
        ({"options": [SIZE]}, ["options"]),
        (
            {"overrides": {"k": {"a": 1}}, "options": [SIZE], "paused": "p"},
            ["options", "overrides", "paused"],
        ),
        ({"labels": {"options": "x"}, "environment": {"paused": "y"}, "command": '"options":"paused":'}, []),
        ({"overrides": {"k": {"options": [1], "requests": {"memory": 1}, "paused": "p"}}}, ["overrides"]),
    ],
)
def test_a_template_uses_what_must_be_understood(members: dict[str, Any], uses: list[str]) -> None:
    assert uses_of(content(**members)) == uses


@pytest.mark.parametrize("where", ["choices", "free-text"])
@pytest.mark.parametrize(
    ("settings", "uses"),
    [
        ({"limits": {"memory": 1}}, ["options"]),
        ({"requests": {"memory": 1}}, ["requests", "options"]),
        ({"overrides": {"kubespawner": {"uid": 0}}}, ["options", "overrides"]),
        ({"environment": {"requests": "1"}}, ["options"]),
    ],
)
def test_a_template_uses_what_its_choices_set(where: str, settings: dict[str, Any], uses: list[str]) -> None:
    choice = [{"name": "c"}, {"name": "d", "set": settings}] if where == "choices" else {"set": settings}

    assert uses_of(content(options=[{"name": "size", where: choice}])) == uses


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("members", [{}, {"paused": "p"}, {"overrides": {"k": {"uses": ["a"]}}}])
def test_what_answers_say_beside_the_stored_bytes_can_be_taken_off_again(members: Any, deleted: bool) -> None:
    stored = content(**members)
    if deleted:
        stored = encode_template(msgspec.structs.replace(decode_template(stored), deleted=True))

    assert without_uses(full_view(stored)) == stored
    assert without_uses(stored) == stored


def test_what_a_template_uses_stands_before_its_revision() -> None:
    assert full_view(content(paused="p"), 7).endswith(b',"paused":"p","uses":["paused"],"revision":7}')
    assert full_view(content(), 7).endswith(b'"limits":{},"revision":7}')


def test_what_a_template_uses_is_never_stored() -> None:
    template = template_from_members(parse(b'{"name":"a","image-name":"i","uses":["x"]}'))

    assert template.uses == ()
    assert b"uses" not in encode_template(Template(name="a", image_name="i", uses=("options",)))


@pytest.mark.parametrize(
    ("members", "needed"),
    [
        ({}, 1),
        ({"limits": {"cpus": 1}, "labels": {"a": "b"}}, 1),
        ({"order": 1}, 2),
        ({"options": [SIZE]}, 2),
        ({"requests": {"memory": 1}}, 2),
    ],
)
def test_a_content_needs_the_format_of_its_newest_member(members: dict[str, Any], needed: int) -> None:
    written = content(**members)

    assert format_of(decode_template(written)) == needed


def test_the_newest_format_is_one_that_a_member_needs() -> None:
    assert (CONTENT_FORMAT, FORMAT) == (2, CHANNELS_FORMAT)
