"""`view`: what somebody may start, decided by a server that knows a hub's rules, and by the command line itself."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from msgspec import Raw

from binder_registry import Client, Template
from binder_registry.choices import Choice, FreeText, Option
from binder_registry.settings import Settings
from tests.hub_stub import HubStub
from tests.server.running import KEY, RunningServer, running_server

from .invoking import PATIENCE, CommandLine
from .test_hub_rules import RULES

SHELL = Settings(command="bash")
SIZE = Option(
    name="size",
    choices=(
        Choice(name="small"),
        Choice(name="large", allowed_groups=("staff",)),
        Choice(name="shell", set=SHELL),
    ),
    free_text=FreeText(pattern="^[a-z]+$", set=Settings(environment={"TYPED": "{value}"})),
)
LABELS = {"hub": "physics"}
TEMPLATES = [
    Template(name="lab", image_name="i", display_name="The lab", options=(SIZE,), labels=LABELS),
    Template(name="first", image_name="i", command="jupyter lab", order=1, labels=LABELS),
    Template(name="staff", image_name="i", allowed_groups=("Staff",), labels=LABELS),
    Template(name="free", image_name="i", command="sh", labels=LABELS),
    Template(name="off", image_name="i", paused="Back on Monday.", labels=LABELS),
    Template(name="reaching", image_name="i", overrides={"kubespawner": Raw(b'{"uid": 0}')}, labels=LABELS),
    Template(name="elsewhere", image_name="i"),
    Template(name="old", image_name="i", labels=LABELS),
]
CASELESS = RULES | {"ignore-group-case": True, "groups-from": "auth state"}
IN_CHANNELS = CASELESS | {"channel": "stable", "try-out": ["testing", "Staff"]}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "rules.json"
    path.write_text(json.dumps(CASELESS))
    return path


@pytest.fixture(scope="module")
def hub() -> Iterator[HubStub]:
    hub = HubStub()
    model = {"kind": "user", "name": "ada", "groups": ["STAFF"], "admin": False, "scopes": []}
    hub.users["ada"] = model
    hub.models |= {"ada-token": model, "registrys-own": {"kind": "service", "name": "registry", "scopes": []}}
    yield hub
    hub.stop()


@pytest.fixture(scope="module")
def served(rules: Path, hub: HubStub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that knows the rules of its hub, and has the templates."""
    environment = {"JUPYTERHUB_API_URL": hub.url, "JUPYTERHUB_API_TOKEN": "registrys-own"}
    folder = tmp_path_factory.mktemp("served")
    with running_server(folder, "--auth", "jupyterhub", "--rules", str(rules), environment=environment) as server:
        with Client(server.url, KEY) as client:
            client.apply(TEMPLATES)
            client.delete_template("old", replaced_by="lab")
            client.promote_template("first", "stable")
            for name in ("first", "lab"):
                client.promote_template(name, "testing")
        yield server


@pytest.fixture
def viewing(command_line: CommandLine, served: RunningServer) -> CommandLine:
    command_line.environment |= {"BINDER_REGISTRY_URL": served.url, "BINDER_API_KEY": KEY}
    return command_line


def shown(viewing: CommandLine, *arguments: str, **environment: str) -> Any:
    result = viewing("view", "-o", "json", *arguments, **environment)
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_what_everybody_may_start_is_a_table_in_the_order_of_the_form(viewing: CommandLine) -> None:
    result = viewing("view")

    assert result.out == "first\tfirst\t\nThe lab\tlab\tsize=small|(free text)\n"
    assert result.err == "groups: none\nThe hub takes groups from its auth state, too, and may offer more.\n"


def test_what_is_hidden_is_told_with_its_rule(viewing: CommandLine) -> None:
    result = viewing("view", "--explain", "--group", "staff")

    assert result.out.splitlines() == [
        "first\tfirst\t\t\t",
        "staff\tstaff\t\t\t",
        "The lab\tlab\tsize=small|large|(free text)\t\t",
        "\telsewhere\t\tlabel\tthis hub offers those with hub=physics",
        "\tfree\t\tcommand\tthe command 'sh' is not among those that this hub allows",
        "\tlab\tsize=shell\tcommand\tthe command 'bash' is not among those that this hub allows",
        "\toff\t\tpaused\tit is paused: Back on Monday.",
        "\told\t\tdeleted\tit was deleted, and 'lab' took its place",
        "\treaching\t\toverrides\toverrides.kubespawner.uid is not among those that this hub allows",
    ]


def test_a_user_of_the_hub_is_shown_with_their_groups(viewing: CommandLine) -> None:
    found = shown(viewing, "--user", "ada")

    assert (found["user"], found["groups"], len(found["offered"])) == ("ada", ["STAFF"], 3)


def test_a_user_sees_their_own(viewing: CommandLine) -> None:
    result = viewing("view", BINDER_API_KEY="ada-token")

    assert (result.err.splitlines()[0], result.out.count("\n")) == ("ada, groups: STAFF", 3)


@pytest.mark.parametrize("flags", [["--explain"], ["--group", "staff"], ["--user", "bob"]])
def test_others_and_reasons_are_for_admins(viewing: CommandLine, flags: list[str]) -> None:
    assert viewing("view", *flags, BINDER_API_KEY="ada-token").code == 5


@pytest.mark.parametrize("groups", [[], ["staff"], ["STAFF", "other"]])
def test_the_registry_and_the_command_line_say_the_same_by_the_same_rules(
    viewing: CommandLine, rules: Path, groups: list[str]
) -> None:
    flags = ["--explain", *(word for group in groups for word in ("--group", group))]

    by_the_registry = shown(viewing, *flags)
    here = shown(viewing, *flags, "--rules", str(rules))

    del by_the_registry["revision"]
    assert here == by_the_registry


@pytest.mark.parametrize("flags", [["--channel", "testing"], ["--channel", "nobodys"], ["--channel", "latest"]])
def test_of_a_channel_they_say_the_same_too(viewing: CommandLine, rules: Path, flags: list[str]) -> None:
    by_the_registry = shown(viewing, "--explain", *flags)
    here = shown(viewing, "--explain", *flags, "--rules", str(rules))

    del by_the_registry["revision"]
    assert here == by_the_registry
    offered = {"testing": ["first", "lab"], "nobodys": [], "latest": ["first", "lab"]}
    assert [one["name"] for one in here["offered"]] == offered[flags[1]]


@pytest.mark.parametrize(
    ("flags", "offered"),
    [
        ([], ["first"]),
        (["--group", "STAFF"], ["first", "first/testing", "lab/testing"]),
        (["--group", "staff", "--channel", "stable"], ["first"]),
        (["--channel", "testing"], ["first", "lab"]),
    ],
)
def test_a_hub_on_a_channel_offers_that_and_to_some_what_they_try_out(
    viewing: CommandLine, tmp_path: Path, flags: list[str], offered: list[str]
) -> None:
    (tmp_path / "rules.json").write_text(json.dumps(IN_CHANNELS))

    found = shown(viewing, "--explain", *flags, "--rules", str(tmp_path / "rules.json"))

    assert [one["name"] for one in found["offered"]] == offered
    shown_channel = "testing" if "testing" in flags else "stable"
    [reason] = [each for each in found["hidden"] if each["name"] == "staff"]
    assert reason["needs"] == f"it has no revision in the channel '{shown_channel}'"


def test_a_start_is_not_told_of_a_channel_that_the_hub_does_not_offer(viewing: CommandLine, rules: Path) -> None:
    flags = ["view", "-o", "schema", "--channel", "testing"]

    by_the_registry, here = viewing(*flags), viewing(*flags, "--rules", str(rules))

    assert (by_the_registry.code, here.code) == (1, 2)
    assert "channel: is not what this hub offers" in by_the_registry.err
    assert "this hub offers another channel" in here.err


@pytest.mark.parametrize("label", ["hub", "!hub"])
def test_the_schema_of_both_is_the_same_and_is_one(viewing: CommandLine, rules: Path, label: str) -> None:
    flags = ["view", "-o", "schema", "--group", "staff", "-l", label]

    by_the_registry, here = viewing(*flags), viewing(*flags, "--rules", str(rules))

    assert here.out == by_the_registry.out
    validator = Draft202012Validator(json.loads(here.out))
    start = {"template": "lab", "options": {"size": "large"}}
    assert validator.is_valid(start) is (label == "hub")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--user", "ada", "--group", "g"], "Name a user, or groups"),
        (["--user", "ada", "--rules", "FILE"], "With --rules, name groups"),
        (["--explain", "-o", "schema"], "-o schema has no place for"),
    ],
)
def test_what_goes_not_together_is_refused(viewing: CommandLine, flags: list[str], said: str) -> None:
    result = viewing("view", *flags)

    assert (result.code, said in result.err) == (2, True)


def test_nobody_s_name_is_not_oneself(viewing: CommandLine) -> None:
    result = viewing("view", "--user", "")

    assert (result.code, result.out) == (1, "")
    assert "user: must be 1 to" in result.err


def test_a_file_without_rules_shows_nothing(viewing: CommandLine, tmp_path: Path) -> None:
    result = viewing("view", "--rules", str(tmp_path / "missing.json"))

    assert (result.code, result.out) == (1, "")
    assert result.err == f"Error: {tmp_path / 'missing.json'}: No such file or directory\n"


def test_a_server_does_not_start_without_the_rules_that_it_is_told_of(
    command_line: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "rules.json").write_text('{"format": 7}')

    result = command_line(
        *("serve", "--db", "memory:"), BINDER_API_KEY="k", BINDER_REGISTRY_RULES=str(tmp_path / "rules.json")
    )

    assert (result.code, "rules.json: it has another format than 1" in result.err) == (1, True)


def renewed(viewing: CommandLine, served: RunningServer, rules: Path, text: str, *flags: str) -> list[str]:
    """What is offered once the server has read this."""
    before = served.log.read_text().count("SIGHUP: ")
    rules.write_text(text)
    served.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + PATIENCE
    while served.log.read_text().count("SIGHUP: ") == before:
        assert time.monotonic() < deadline, served.log.read_text()
        time.sleep(0.01)
    return [one["name"] for one in shown(viewing, *flags)["offered"]]


def test_rules_that_are_read_anew_count_at_once_and_those_that_cannot_be_read_leave_the_others(
    viewing: CommandLine, served: RunningServer, rules: Path
) -> None:
    allowing = json.dumps(CASELESS | {"allow-commands": ["sh"]})
    try:
        seen = [renewed(viewing, served, rules, text) for text in (allowing, "{}")]
    finally:
        renewed(viewing, served, rules, json.dumps(CASELESS))

    assert seen == [["free", "lab"]] * 2
    assert f"SIGHUP: {rules}: this is no rules file" in served.log.read_text()


def test_a_server_whose_hub_is_on_a_channel_says_what_that_offers(
    viewing: CommandLine, served: RunningServer, rules: Path
) -> None:
    flags = ("--explain", "--user", "ada")
    try:
        offered = renewed(viewing, served, rules, json.dumps(IN_CHANNELS), "--group", "other"), shown(viewing, *flags)
        here = shown(viewing, "--explain", "--group", "STAFF", "--rules", str(rules))
    finally:
        renewed(viewing, served, rules, json.dumps(CASELESS))

    launches = [one.pop("launch")["template"] for one in offered[1]["offered"]]
    assert (offered[0], launches) == (["first"], ["first", "first/testing", "lab/testing"])
    assert {**offered[1], "user": None} == {**here, "revision": offered[1]["revision"]}
