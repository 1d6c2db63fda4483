"""What the registry of 2015 answered on the wire, answered again."""

from pathlib import Path
from typing import Any

import pytest

from binder_registry import open_store

from .asking import application, listening
from .replay import difference, differences, scenarios

TEMPLATE = '{"name":"a","time-created":"2015-10-07T01:02:03.5Z","time-modified":"%s"}'


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["scenario"])
@pytest.mark.parametrize("database", ["memory:", "sqlite:///registry.db"])
def test_a_scenario_is_answered_as_recorded(
    database: str, scenario: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store(database)

    with listening(application(store)) as port:
        found = differences(scenario, port)
    store.close()

    assert found == []


@pytest.mark.parametrize(
    ("recorded", "answered"),
    [
        ('{"a": 1}\n', '{"a":1}\n'),
        ("[{},{}]\n", "[{}]\n"),
        ('{"message":"no"}\n', '{"message":"no","more":[]}\n'),
        (TEMPLATE % "<t1>", TEMPLATE % "2015-10-07T01:02:04Z"),
        (TEMPLATE % "<t2>", TEMPLATE % "2015-10-07T01:02:03.5Z"),
        (TEMPLATE % "<t2>", TEMPLATE % "2015-10-07T01:02:03.50Z"),
    ],
)
def test_the_comparison_sees_every_other_byte(recorded: str, answered: str) -> None:
    recorded = recorded.replace("2015-10-07T01:02:03.5Z", "<t1>")

    found = difference({"status": 200, "body": recorded}, {"status": 200, "body": answered}, {})

    assert found


@pytest.mark.parametrize(
    ("recorded", "answered"),
    [
        ('[{"a":1},{"b":"},{"}]\n', '[{"b":"},{"},{"a":1}]\n'),
        ('{"message":"no"}\n', '{"message":"no","errors":[{"resource":"","field":"","code":""}]}\n'),
        (TEMPLATE % "<t2>", TEMPLATE % "2015-10-07T01:02:04Z"),
    ],
)
def test_the_comparison_lets_pass_what_may_differ(recorded: str, answered: str) -> None:
    recorded = recorded.replace("2015-10-07T01:02:03.5Z", "<t1>")

    found = difference({"status": 200, "body": recorded}, {"status": 200, "body": answered}, {})

    assert found == ""
