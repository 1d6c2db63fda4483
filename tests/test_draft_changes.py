from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from binder_registry.changes import Action
from binder_registry.draft_changes import draft
from binder_registry.go_json import timestamp
from binder_registry.must_understand import CONTENT_FORMAT
from binder_registry.template import ContainerLimits, Template
from binder_registry.wire import encode_template

NOW = datetime(2026, 3, 1, 12, 0, 0, 120, tzinfo=UTC)
BEFORE = NOW - timedelta(days=1)
STAMP = timestamp(NOW).encode()
THE_STAND_IN = "0001-01-01T00:00:00Z"
TRICKY: list[dict[str, Any]] = [
    {},
    {"image_name": f'"time-modified":"{THE_STAND_IN}"'},
    {"image_name": THE_STAND_IN, "command": f'"time-created":"{THE_STAND_IN}","time-modified":"{THE_STAND_IN}"'},
    {"description": THE_STAND_IN, "environment": {"time-modified": THE_STAND_IN}},
    {"overrides": {"kubespawner": Raw(b'{"time-modified":"0001-01-01T00:00:00Z"}')}},
    {"limits": ContainerLimits(memory=1), "order": 5},
]


@pytest.mark.parametrize("members", TRICKY)
def test_the_content_of_what_is_created_is_the_one_that_the_log_keeps(members: dict[str, Any]) -> None:
    template = Template(**{"name": "a", "image_name": "i", **members})

    content = draft(Action.CREATED, template, None).content(STAMP)

    assert content == encode_template(replace(template, time_created=NOW, time_modified=NOW))


@pytest.mark.parametrize("members", TRICKY)
def test_the_content_of_what_is_updated_keeps_its_time_of_creation(members: dict[str, Any]) -> None:
    template = Template(**{"name": "a", "image_name": "i", "time_created": BEFORE, **members})

    content = draft(Action.UPDATED, template, replace(template, image_name="j", revision=3)).content(STAMP)

    assert content == encode_template(replace(template, time_modified=NOW))


def test_a_tombstone_keeps_its_times() -> None:
    template = Template(name="a", image_name="i", time_created=BEFORE, time_modified=BEFORE, deleted=True)

    assert draft(Action.DELETED, template, None).content(STAMP) == encode_template(template)


@pytest.mark.parametrize(("overrides", "wanted"), [({}, 1), ({"kubespawner": Raw(b'{"a":1}')}, CONTENT_FORMAT)])
def test_the_format_is_the_one_that_the_content_needs(overrides: dict[str, Raw], wanted: int) -> None:
    assert draft(Action.CREATED, Template(name="a", image_name="i", overrides=overrides), None).format == wanted


@pytest.mark.parametrize("before", [None, BEFORE])
@pytest.mark.parametrize("members", TRICKY)
def test_what_was_dated_can_be_dated_anew(members: dict[str, Any], before: datetime | None) -> None:
    template = Template(**{"name": "a", "image_name": "i", "time_created": before, **members})
    drafted = draft(Action.UPDATED if before else Action.CREATED, template, None)

    dated = drafted.dated(drafted.content(timestamp(NOW - timedelta(seconds=1)).encode()))

    assert dated.undated() == drafted == drafted.undated()


def test_a_tombstone_is_not_dated() -> None:
    template = Template(name="a", image_name="i", time_created=BEFORE, time_modified=BEFORE, deleted=True)
    drafted = draft(Action.DELETED, template, None)

    assert drafted.dated(drafted.content(STAMP)).undated() == drafted
