"""What a hub's servers run, over a hub that answers as the real ones do; `tests/jupyterhub/test_usage.py` asks one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from binder_registry import Client, Template
from binder_registry.errors import TemplateNotFound
from tests.hub_stub import HubStub

from .invoking import CommandLine

TOKEN = "hub-token"
SCOPES = ["list:users", "read:servers"]


@pytest.fixture
def hub() -> Iterator[HubStub]:
    stub = HubStub()
    stub.models[TOKEN] = {"kind": "service", "name": "counting", "scopes": SCOPES}
    yield stub
    stub.stop()


@pytest.fixture
def asking(command_line: CommandLine, hub: HubStub) -> CommandLine:
    command_line.environment |= {"JUPYTERHUB_API_URL": hub.url, "JUPYTERHUB_API_TOKEN": TOKEN}
    return command_line


@pytest.fixture
def owner(registry: CommandLine, asking: CommandLine) -> CommandLine:
    """Of a registry and a hub."""
    return registry


def marked(name: str, revision: int, channel: str = "") -> dict[str, str]:
    marks = {"binder-registry/template": name, "binder-registry/revision": str(revision)}
    return {"template": "as it was named", **marks} | ({"binder-registry/channel": channel} if channel else {})


def user(name: str, options: Any, *, stopped: bool = False) -> dict[str, Any]:
    return {"kind": "user", "name": name, "servers": {"": {"name": "", "stopped": stopped, "user_options": options}}}


def test_servers_are_counted_by_template_revision_and_channel(asking: CommandLine, hub: HubStub) -> None:
    hub.listed = [
        user("ada", marked("scipy", 12)),
        user("bob", marked("scipy", 12)),
        user("cay", marked("scipy", 14, "testing")),
        user("dan", marked("alpha", 3)),
    ]

    result = asking("usage")

    assert result.out == "alpha\t3\t\t1\nscipy\t14\ttesting\t1\nscipy\t12\t\t2\n"
    assert (result.code, result.err) == (0, "")
    assert "state=active" in hub.asked[-1]


@pytest.mark.parametrize("options", [{}, None, [1], {"profile": "plain"}, {"template": 5}])
def test_what_runs_nothing_of_a_registry_is_counted_apart(asking: CommandLine, hub: HubStub, options: Any) -> None:
    hub.listed = [user("ada", options), user("bob", marked("scipy", 12))]

    table, listed = asking("usage"), asking("usage", "-o", "json")

    assert table.out == "scipy\t12\t\t1\n"
    assert table.err == "1 other server of the hub: nothing of a registry\n"
    assert json.loads(listed.out) == {
        "templates": [{"template": "scipy", "revision": 12, "channel": "", "running": 1}],
        "others": {"running": 1},
    }


def test_of_a_server_that_an_older_module_started_the_name_is_known_alone(asking: CommandLine, hub: HubStub) -> None:
    hub.listed = [user("ada", {"template": "scipy", "profile": "scipy"}), user("bob", {"template": "lab/testing"})]

    result = asking("usage", "-o", "json")

    assert json.loads(result.out)["templates"] == [
        {"template": "lab", "revision": None, "channel": "testing", "running": 1},
        {"template": "scipy", "revision": None, "channel": "", "running": 1},
    ]


def test_those_that_only_exist_are_counted_where_they_are_asked_for(asking: CommandLine, hub: HubStub) -> None:
    hub.listed = [user("ada", marked("scipy", 12)), user("bob", marked("scipy", 12), stopped=True)]

    result = asking("usage", "--stopped", "-o", "yaml")

    assert "running: 1\n" in result.out
    assert "stopped: 1\n" in result.out
    assert "include_stopped_servers=1" in hub.asked[-1]


def test_all_pages_are_read_and_nobody_counts_twice(asking: CommandLine, hub: HubStub) -> None:
    hub.listed = [user(f"u{number}", marked("scipy", 12)) for number in range(103)]
    hub.page = 20

    result = asking("usage")

    assert result.out == "scipy\t12\t\t103\n"


def test_who_stops_between_two_pages_hides_nobody(asking: CommandLine, hub: HubStub) -> None:
    hub.listed = [user(f"u{number}", {}) for number in range(20)] + [user("last", marked("scipy", 12))]
    hub.page = 20
    hub.turned = lambda: hub.listed.pop(0) and None

    result = asking("usage")

    assert result.out == "scipy\t12\t\t1\n"


@pytest.mark.parametrize("address", ["/hub/api", "/hub/api/", "/hub", ""])
def test_a_hub_is_named_by_its_address_or_by_that_of_its_api(asking: CommandLine, hub: HubStub, address: str) -> None:
    result = asking("usage", "--hub", hub.url.removesuffix("/hub/api") + address)

    assert (result.code, result.err) == (0, "")
    assert hub.asked[0] == "/hub/api/user"


@pytest.mark.parametrize("lacking", SCOPES)
def test_a_token_without_a_scope_is_told_which(asking: CommandLine, hub: HubStub, lacking: str) -> None:
    narrowed = [scope if scope != lacking else f"{scope}!group=physics" for scope in SCOPES]
    hub.models[TOKEN] = {"kind": "service", "name": "counting", "scopes": narrowed}

    result = asking("usage")

    assert (result.code, result.out) == (5, "")
    assert f"The token of 'counting' lacks {lacking} on the hub, for all users" in result.err
    assert len(hub.asked) == 1


@pytest.mark.parametrize(
    ("token", "said"), [("", "Set JUPYTERHUB_API_TOKEN"), ("wrong", "does not take the token"), ("a b", "no token has")]
)
def test_without_a_good_token_it_is_said_what_is_needed(asking: CommandLine, token: str, said: str) -> None:
    result = asking("usage", JUPYTERHUB_API_TOKEN=token)

    assert (result.code, result.out) == (5, "")
    assert said in result.err
    assert token not in result.err or not token


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [(500, b"{}", 3), (302, b"", 1), (200, b"<html>", 1), (200, b"[]", 1), (200, b'{"name": "a"}', 1), (404, b"{}", 1)],
)
def test_what_is_not_a_hubs_answer_is_said_in_a_line(
    asking: CommandLine, hub: HubStub, status: int, body: bytes, code: int
) -> None:
    hub.status, hub.body = status, body

    result = asking("usage")

    assert (result.code, result.out) == (code, "")
    assert len(result.err.splitlines()) == 1
    assert hub.url in result.err


@pytest.mark.parametrize("model", [{}, {"name": "ada"}, {"name": "ada", "servers": {"": {}}}, 5])
def test_a_list_of_something_else_is_not_counted(asking: CommandLine, hub: HubStub, model: Any) -> None:
    hub.listed = [model]

    result = asking("usage")

    assert (result.code, result.out) == (1, "")
    assert "is not a JupyterHub's" in result.err


@pytest.mark.parametrize("address", ["hub.example.org", "ftp://hub", "http://ada:secret@hub", "http://hub/?a=b"])
def test_what_is_no_address_of_a_hub_is_refused_without_its_password(asking: CommandLine, address: str) -> None:
    result = asking("usage", "--hub", address)

    assert result.code == 2
    assert "is not the URL of a hub" in result.err
    assert "secret" not in result.err


def test_a_template_that_servers_run_is_not_deleted(owner: CommandLine, client: Client, hub: HubStub) -> None:
    client.register_template(Template(name="scipy", image_name="i"))
    hub.listed = [user("ada", marked("scipy", 12)), user("bob", marked("scipy", 14)), user("cay", marked("scipy", 12))]

    result = owner("delete", "scipy", "--unless-used")

    assert (result.code, result.out) == (6, "")
    assert "3 servers of the hub run it (1 of revision 14, 2 of revision 12)" in result.err
    assert client.get_template("scipy")


def test_a_template_that_ran_or_that_others_run_alone_is_deleted(
    owner: CommandLine, client: Client, hub: HubStub
) -> None:
    client.register_template(Template(name="scipy", image_name="i"))
    hub.listed = [user("ada", marked("scipy-2", 12)), user("bob", marked("scipy", 12), stopped=True)]

    result = owner("delete", "scipy", "--unless-used", "--hub", hub.url)

    assert (result.code, result.err) == (0, "")
    with pytest.raises(TemplateNotFound):
        client.get_template("scipy")


@pytest.mark.parametrize("trouble", ["away", "no scope", "no hub"])
def test_what_cannot_be_asked_deletes_nothing(owner: CommandLine, client: Client, hub: HubStub, trouble: str) -> None:
    client.register_template(Template(name="scipy", image_name="i"))
    if trouble == "no scope":
        hub.models[TOKEN]["scopes"] = []
    url = {"away": "http://127.0.0.1:9", "no hub": ""}.get(trouble, hub.url)

    result = owner("delete", "scipy", "--unless-used", JUPYTERHUB_API_URL=url)

    assert result.code == {"away": 3, "no scope": 5, "no hub": 2}[trouble]
    assert client.get_template("scipy")


def test_a_hub_that_would_not_be_asked_is_not_passed_over(owner: CommandLine, client: Client, hub: HubStub) -> None:
    client.register_template(Template(name="scipy", image_name="i"))

    result = owner("delete", "scipy", "--hub", hub.url)

    assert result.code == 2
    assert "--unless-used" in result.err
    assert client.get_template("scipy")


def test_the_hub_of_the_environment_is_asked_only_where_that_is_wanted(
    owner: CommandLine, client: Client, hub: HubStub
) -> None:
    client.register_template(Template(name="scipy", image_name="i"))
    hub.listed = [user("ada", marked("scipy", 12))]

    result = owner("delete", "scipy")

    assert result.code == 0
    assert hub.asked == []
