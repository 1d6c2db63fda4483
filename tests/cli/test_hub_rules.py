"""The rules of a hub, from the file that it writes: what commands make of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from binder_registry import Client, Template

from .invoking import CommandLine

RULES: dict[str, Any] = {
    "format": 1,
    "kind": "kubernetes",
    "spawner": "kubespawner.spawner.KubeSpawner",
    "sections": ["spawner", "kubespawner"],
    "label": "hub=physics",
    "channel": "",
    "try-out": [],
    "allow-commands": ["jupyter lab"],
    "allow-overrides": ["volumes"],
    "image-command": False,
    "gpu-resource": "nvidia.com/gpu",
    "ignore-group-case": False,
    "groups-from": "hub",
    "unknown": [],
}


@pytest.fixture
def rules_file(tmp_path: Path) -> Callable[..., str]:
    """Written with these members in another way."""

    def write(**members: Any) -> str:
        path = tmp_path / "rules.json"
        path.write_text(json.dumps(RULES | {name.replace("_", "-"): value for name, value in members.items()}))
        return str(path)

    return write


def publish_for_physics(client: Client) -> None:
    volumes = {"kubespawner": Raw(b'{"volumes": []}')}
    for name, label in (("lab", "physics"), ("other", "chemistry")):
        template = Template(name=name, image_name="i", command="jupyter lab", labels={"hub": label}, overrides=volumes)
        client.register_template(template)


@pytest.mark.parametrize("spelling", [("check-hub",), ("check", "--hub")], ids=" ".join)
def test_a_hubs_rules_come_from_its_file(
    registry: CommandLine, client: Client, rules_file: Callable[..., str], spelling: tuple[str, ...]
) -> None:
    publish_for_physics(client)

    result = registry(*spelling, "--rules", rules_file())

    assert (result.code, result.out) == (0, "a hub offers all 1 templates\n")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("-l", "hub=chemistry"), "a hub offers all 1 templates"),
        (("-l", "hub"), "a hub offers all 2 templates"),
        (("--allow-command", "start.sh"), "the command 'jupyter' is not among"),
        (("--allow-override", "uid"), "overrides.kubespawner.volumes is not among"),
        (("--kind", "docker"), "a hub offers all 1 templates"),
    ],
)
def test_what_is_given_beside_the_file_wins(
    registry: CommandLine, client: Client, rules_file: Callable[..., str], flags: tuple[str, ...], said: str
) -> None:
    publish_for_physics(client)

    assert said in registry("check-hub", "--rules", rules_file(), *flags).out


def test_another_kind_reads_its_own_part_of_overrides(
    registry: CommandLine, client: Client, rules_file: Callable[..., str]
) -> None:
    client.register_template(Template(name="a", image_name="i", overrides={"kubespawner": Raw(b'{"uid": 1}')}))
    path = rules_file(label="")

    assert [registry("check-hub", "--rules", path, "--kind", kind).code for kind in ("kubernetes", "docker")] == [1, 0]


def test_of_a_hub_on_a_channel_what_that_shows_is_looked_at_and_what_is_tried_out(
    registry: CommandLine, client: Client, rules_file: Callable[..., str]
) -> None:
    publish_for_physics(client)
    client.promote_template("lab", "stable")
    client.patch_template("lab", {"command": "sh"})
    client.promote_template("lab", "testing")
    paths: list[dict[str, Any]] = [
        {"channel": "stable"},
        {"channel": "stable", "try_out": ["testing", "g"]},
        {"channel": "nobodys"},
    ]

    said = [registry("check-hub", "--rules", rules_file(**members)) for members in paths]

    assert [result.code for result in said] == [0, 1, 0]
    assert said[1].out.startswith("lab/testing\tthe command 'sh' is not among")
    assert [result.out for result in said[::2]] == [f"a hub offers all {number} templates\n" for number in (1, 0)]


def test_what_a_hub_offers_by_its_rules_is_pulled_and_nothing_else(
    registry: CommandLine, client: Client, rules_file: Callable[..., str]
) -> None:
    publish_for_physics(client)
    for number, channel in enumerate(("stable", "testing", "nobodys", "")):
        client.patch_template("lab", {"image-name": f"lab:{number}"})
        if channel:
            client.promote_template("lab", channel)
    client.promote_template("other", "stable")
    stable = {"channel": "stable", "try_out": ["testing", "g"]}

    def pulled(*flags: str, **rules: Any) -> list[str]:
        return registry("prepull", "--rules", rules_file(**rules), *flags).out.split()

    assert pulled() == ["lab:3"]
    assert pulled(channel="stable") == ["lab:0"]
    assert pulled(**stable) == ["lab:0", "lab:1"]
    assert pulled("-l", "hub", **stable) == ["i", "lab:0", "lab:1"]
    assert pulled(allow_commands=[], **stable) == []
    assert pulled("--allow-command", "jupyter lab", allow_commands=[], **stable) == ["lab:0", "lab:1"]


def test_what_is_tried_out_and_cannot_be_offered_is_told_by_its_own_name(
    registry: CommandLine, client: Client, rules_file: Callable[..., str]
) -> None:
    publish_for_physics(client)
    client.promote_template("lab", "stable")
    client.patch_template("lab", {"command": "sh"})
    client.promote_template("lab", "testing")

    result = registry("prepull", "--rules", rules_file(channel="stable", try_out=["testing", "g"]))

    assert (result.out, result.err.startswith("lab/testing: not offered: the command 'sh'")) == ("i\n", True)


@pytest.mark.parametrize(("spawner", "code"), [("kubespawner.spawner.KubeSpawner", 1), ("ours.OwnSpawner", 0)])
def test_the_kinds_of_values_count_where_the_hubs_very_class_is_installed(
    registry: CommandLine, client: Client, rules_file: Callable[..., str], spawner: str, code: int
) -> None:
    pytest.importorskip("kubespawner")
    selector = {"kubespawner": Raw(b'{"node_selector": "gpu"}')}
    client.register_template(Template(name="lab", image_name="i", overrides=selector))

    result = registry("check-hub", "--rules", rules_file(label="", spawner=spawner, unknown=["kind"]))

    assert (result.code, "is not known which values" in result.err) == (code, not code)


def test_what_is_not_known_of_a_hub_is_told(registry: CommandLine, rules_file: Callable[..., str]) -> None:
    path = rules_file(unknown=["override-function", "kind"], spawner="ours.OwnSpawner")

    result = registry("check-hub", "--rules", path)

    assert result.err == (
        f"{path}: of what this hub offers is not known which values its spawner's class takes and what its override "
        "makes of them\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory"),
        ("", "this is no JSON"),
        ('{"format": 1', "this is no JSON"),
        ("[" * 100_000, "this is no JSON"),
        ("\xff", "this is no JSON"),
        ("[]", "this is no rules file, which a hub's `configure(…, rules_file=…)` writes"),
        ('{"format": 0}', "it has another format than 1, which this release reads: write it with the same one"),
        ('{"format": 1}', "allow-commands is missing"),
        (" " * (1 << 20) + "[]", "it is too large for a rules file"),
    ],
)
def test_a_file_that_holds_no_rules_is_refused_in_one_line(
    registry: CommandLine, tmp_path: Path, text: str | None, said: str
) -> None:
    path = tmp_path / "rules.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1", "replace"))

    result = registry("check-hub", "--rules", str(path))

    assert (result.code, result.out, result.err) == (1, "", f"Error: {path}: {said}\n")
