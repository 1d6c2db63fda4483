"""The rules of a hub in a file: what `configure` writes, and what a reader makes of it."""

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from binder_registry.hub.rules import Rules
from binder_registry.hub.rules_file import rules_content, write_rules
from binder_registry.hub.rules_read import FiledRules, hub_rules
from binder_registry.jupyterhub import configure
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.registry_stub import RegistryStub

need_module("jupyterhub")
need_module("kubespawner")

from traitlets.config import Config  # noqa: E402  # comes with the hub

RULES = Rules(
    *("docker", ["start.sh"]),
    allow_overrides={"volumes"},
    ignore_group_case=True,
    sections=("spawner", "dockerspawner"),
    channel="stable",
    try_out=("testing", "testers"),
)
CONTENT = rules_content(RULES, None, label="hub=physics", auth_state=True)


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryStub]:
    with RegistryStub() as stub:
        yield stub


def written(registry: RegistryStub, path: Path, spawner: str = "simple", **options: Any) -> Any:
    c = Config(JupyterHub={"spawner_class": spawner})
    hooks = configure(c, registry.url, "hunter2", snapshot=None, rules_file=path, **options)
    for one in (hooks.follower, hooks._beside):
        if one:
            one.stop()
    return json.loads(path.read_text())


def test_a_hub_writes_its_rules(registry: RegistryStub, tmp_path: Path) -> None:
    content = written(
        registry,
        tmp_path / "rules.json",
        label="hub=physics",
        channel="stable",
        try_out=("testing", "testers"),
        allow_commands=["start.sh"],
        auth_state_groups="oauth_user.groups",
    )

    assert content == {
        "format": 1,
        "kind": "local",
        "spawner": "jupyterhub.spawner.SimpleLocalProcessSpawner",
        "sections": [
            *("object", "hasdescriptors", "hastraits", "configurable", "loggingconfigurable", "spawner"),
            *("localprocessspawner", "simplelocalprocessspawner"),
        ],
        "label": "hub=physics",
        "channel": "stable",
        "try-out": ["testing", "testers"],
        "allow-commands": ["start.sh"],
        "allow-overrides": [],
        "image-command": False,
        "gpu-resource": "nvidia.com/gpu",
        "ignore-group-case": False,
        "groups-from": "auth state",
        "unknown": ["kind"],
    }


def test_a_function_of_the_hubs_is_said_to_be_unknown(registry: RegistryStub, tmp_path: Path) -> None:
    content = written(registry, tmp_path / "rules.json", "kubespawner.KubeSpawner", override=lambda _, profile: profile)

    assert content["unknown"] == ["override-function", "kind"]


def test_nothing_secret_is_in_the_file(registry: RegistryStub, tmp_path: Path) -> None:
    written(registry, tmp_path / "rules.json")

    assert not [word for word in ("hunter2", registry.url) if word in (tmp_path / "rules.json").read_text()]


def test_the_file_is_for_all_to_read_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"

    write_rules(path, CONTENT)

    assert [*tmp_path.iterdir()] == [path]
    assert path.stat().st_mode & stat.S_IRGRP


def test_a_file_that_cannot_be_written_is_told_and_tells_nothing_old(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rules.json"
    path.write_text("old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    write_rules(path, CONTENT)

    assert "rules.json cannot be written: No space left on device" in caplog.text
    assert not [*tmp_path.iterdir()]


def test_what_a_hub_writes_is_what_a_reader_gets() -> None:
    found = hub_rules(json.loads(json.dumps(CONTENT)))

    rules = replace(RULES, allow_commands=["start.sh"], allow_overrides=["volumes"])
    assert found == FiledRules(rules, "", "hub=physics", "auth state", frozenset())


@pytest.mark.parametrize("member", CONTENT)
def test_a_file_in_which_something_is_missing_is_refused(member: str) -> None:
    content = {key: value for key, value in CONTENT.items() if key != member}

    with pytest.raises(ValueError, match=f"{member} is missing|no rules file"):
        hub_rules(content)


@pytest.mark.parametrize("member", CONTENT)
@pytest.mark.parametrize("value", [None, 7, True, [7], {"a": 1}, "\n", ["\n", 1]])
def test_a_file_in_which_something_is_wrong_is_refused(member: str, value: Any) -> None:
    if value is True and member in ("image-command", "ignore-group-case"):
        value = 1

    with pytest.raises(ValueError, match=f"{member} is not what|another format"):
        hub_rules({**CONTENT, member: [value] if member == "spawner" else value})


def test_a_channel_that_everybody_is_offered_is_tried_out_by_nobody() -> None:
    with pytest.raises(ValueError, match="try_out= has to be of another channel"):
        hub_rules({**CONTENT, "channel": "testing", "try-out": ["testing", "testers"]})


@pytest.mark.parametrize(
    ("member", "value"),
    [("channel", "latest"), ("channel", "Stable"), ("try-out", ["latest", "g"]), ("try-out", ["testing"])],
)
def test_a_channel_that_no_hub_writes_is_refused(member: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{member} is not what"):
        hub_rules({**CONTENT, member: value})


@pytest.mark.parametrize(
    "content", [None, [], {}, "x", 1, {"format": None}, CONTENT | {"format": 2}, CONTENT | {"x": 1}]
)
def test_what_is_no_such_file_or_a_newer_one_is_refused(content: Any) -> None:
    with pytest.raises(ValueError, match=r"no rules file|another format|does not know"):
        hub_rules(content)
