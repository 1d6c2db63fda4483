"""What a real hub says its servers run, and after its restart, too."""

import json
from pathlib import Path
from typing import Any

import pytest

from binder_registry.client import Client
from tests.cli.invoking import CommandLine
from tests.jupyterhub.hubs import ADMIN_TOKEN, Hub
from tests.jupyterhub.test_hub import publish, seen
from tests.server.running import KEY, RunningServer


@pytest.fixture
def command_line(hub: Hub, registry: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    settings = {"XDG_CONFIG_HOME": str(tmp_path), "BINDER_REGISTRY_URL": registry.url, "BINDER_API_KEY": KEY}
    return CommandLine(monkeypatch, {**settings, "JUPYTERHUB_API_URL": hub.url, "JUPYTERHUB_API_TOKEN": ADMIN_TOKEN})


def counted(command_line: CommandLine, *options: str) -> dict[str, Any]:
    result = command_line("usage", "-o", "json", *options)
    assert result.code == 0, result.err
    return {one["template"]: one for one in json.loads(result.out)["templates"]}


def test_a_hub_tells_which_revision_its_servers_run_and_what_is_used_is_not_deleted(
    hub: Hub, publisher: Client, command_line: CommandLine
) -> None:
    publish(publisher, "in-use")
    revision = publisher.get_template("in-use").revision
    seen(hub, "in-use")
    hub.start("uma", {"template": "in-use"})
    hub.environment("uma")

    running = counted(command_line)["in-use"]
    refused = command_line("delete", "in-use", "--unless-used")
    hub.stop_server("uma")
    stopped = counted(command_line, "--stopped")["in-use"]
    deleted = command_line("delete", "in-use", "--unless-used")

    assert running == {"template": "in-use", "revision": revision, "channel": "", "running": 1}
    assert refused.code == 6, refused.err
    assert stopped == {"template": "in-use", "revision": revision, "channel": "", "running": 0, "stopped": 1}
    assert deleted.code == 0, deleted.err
    assert "in-use" not in counted(command_line)


def test_a_token_without_the_hubs_scopes_is_told_which_it_lacks(hub: Hub, command_line: CommandLine) -> None:
    hub.api("POST", "/users/una")
    token = hub.api("POST", "/users/una/tokens", {}).json()["token"]

    result = command_line("usage", JUPYTERHUB_API_TOKEN=token)

    assert result.code == 5
    assert "The token of 'una' lacks list:users and read:servers" in result.err
