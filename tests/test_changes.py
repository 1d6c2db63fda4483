from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from binder_registry.changes import (
    Action,
    Change,
    Position,
    chained,
    content_digest,
    known_position,
    next_mark,
)
from binder_registry.errors import InvalidRequest, PositionUnknown
from binder_registry.template import Template

MARK = bytes(range(8))
CONTENT = b'{"name":"a","image-name":"i"}'
CHANGE = Change(
    revision=7,
    mark=MARK,
    time=datetime(2026, 1, 1, tzinfo=UTC),
    by="ann",
    note="why",
    action=Action.UPDATED,
    name="a",
    previous=3,
    first=7,
    deleted=False,
    content=CONTENT,
    digest=content_digest(CONTENT),
)


# ── positions ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("0", Position(0)),
        ("7", Position(7)),
        ("7-0001020304050607", Position(7, MARK)),
        ("9223372036854775807-ffffffffffffffff", Position(2**63 - 1, b"\xff" * 8)),
    ],
)
def test_a_position_is_a_revision_and_perhaps_a_mark(text: str, position: Position) -> None:
    assert Position.parse(text) == position
    assert str(position) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "x",
        "７",
        "²",
        "1" * 20,
        "9" * 6_000,
        "7-",
        "7-00",
        "7-000102030405060",
        "7-00010203040506070",
        "7-000102030405060g",
        "7-ABCDEF0304050607",
        "7-00 01 02 03 04 05 06 07",
        "7-0001020304050607-",
    ],
)
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        Position.parse(text)


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        (Position(7, MARK), Position(7, MARK), True),
        (Position(7, MARK), Position(7), True),
        (Position(7), Position(7, MARK), True),
        (Position(7, MARK), 7, True),
        (Position(7, MARK), Position(7, b"elsewher"), False),
        (Position(7, MARK), Position(8, MARK), False),
        (Position(7, MARK), 8, False),
        (Position(7, MARK), 0, False),
    ],
)
def test_positions_agree_as_far_as_they_say(one: Position, other: Position | int, agree: bool) -> None:
    assert one.agrees(other) == agree


@pytest.mark.parametrize("position", [7, Position(7), Position(7, MARK)])
def test_a_position_is_known_where_the_mark_agrees(position: Position | int) -> None:
    assert known_position(position, MARK) == 7


@pytest.mark.parametrize(
    ("position", "mark"), [(7, None), (Position(7, MARK), None), (Position(7, MARK), b"elsewher"), (Position(7), None)]
)
def test_a_position_is_unknown_where_it_does_not(position: Position | int, mark: bytes | None) -> None:
    with pytest.raises(PositionUnknown):
        known_position(position, mark)


# ── the chain of marks ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mark_is_eight_bytes() -> None:
    assert len(next_mark(MARK, CHANGE)) == 8


def test_the_marks_of_this_release_are_those_of_every_release() -> None:
    assert next_mark(MARK, CHANGE).hex() == "424c2b58dae91072"


@pytest.mark.parametrize(
    "members",
    [
        {"revision": 8},
        {"time": CHANGE.time + timedelta(microseconds=1)},
        {"by": "bob"},
        {"note": ""},
        {"action": Action.RESTORED},
        {"name": "b"},
        {"previous": 4},
        {"first": 6},
        {"digest": content_digest(b"{}")},
        {"by": "annwhy", "note": ""},
    ],
)
def test_a_mark_covers_every_member_of_its_row(members: dict[str, Any]) -> None:
    assert next_mark(MARK, replace(CHANGE, **members)) != next_mark(MARK, CHANGE)


def test_a_mark_covers_the_mark_before() -> None:
    assert next_mark(b"elsewher", CHANGE) != next_mark(MARK, CHANGE)


def test_a_mark_outlives_the_purge_of_its_content() -> None:
    assert next_mark(MARK, replace(CHANGE, content=None)) == next_mark(MARK, CHANGE)


def test_a_chained_change_differs_only_in_its_mark() -> None:
    assert replace(chained(b"elsewher", CHANGE), mark=MARK) == CHANGE
    assert chained(b"elsewher", CHANGE).mark == next_mark(b"elsewher", CHANGE)


# ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_template_of_a_change_knows_its_revision() -> None:
    assert CHANGE.template == Template(name="a", image_name="i", revision=7)


def test_a_purged_change_has_no_template() -> None:
    assert replace(CHANGE, content=None).template is None


def test_the_position_of_a_change_is_its_revision_and_mark() -> None:
    assert str(CHANGE.position) == "7-0001020304050607"
