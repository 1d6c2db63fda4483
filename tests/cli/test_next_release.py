"""What a newer registry knows and this release does not is kept by what this release reads and writes back."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from binder_registry import Client
from tests.server.running import KEY

from .invoking import CommandLine
from .next_release import next_release

FRAMED = {
    "name": "framed",
    "image-name": "i",
    "overrides": {"kubespawner": {"mem_limit": None, "one": 1, "float": 1.0, "truth": True, "text": "1"}},
    "colour": "no",
}


@pytest.fixture(scope="module")
def newer() -> Iterator[str]:
    with next_release() as url:
        yield url


@pytest.fixture
def ahead(newer: str) -> Iterator[Client]:
    with Client(newer, KEY) as client:
        client.apply([FRAMED], prune="*")
        yield client


@pytest.fixture
def behind(command_line: CommandLine, ahead: Client, newer: str) -> CommandLine:
    command_line.environment |= {"BINDER_REGISTRY_URL": newer, "BINDER_API_KEY": KEY}
    return command_line


def editor(folder: Path, old: str, new: str) -> str:
    script = folder / "editor.py"
    script.write_text(
        "import pathlib, sys; path = pathlib.Path(sys.argv[1])\n"
        f"path.write_text(path.read_text().replace({old!r}, {new!r}))\n"
    )
    return f"{sys.executable} {script}"


def test_editing_keeps_what_is_not_known(behind: CommandLine, ahead: Client, tmp_path: Path) -> None:
    result = behind("edit", "framed", EDITOR=editor(tmp_path, "image-name: i", "image-name: j"))

    after = ahead.get_json("framed")
    assert (result.code, after["image-name"], after["colour"]) == (0, "j", "no")
    assert json.dumps(after["overrides"]) == json.dumps(FRAMED["overrides"])


def test_what_is_not_known_can_be_edited(behind: CommandLine, ahead: Client, tmp_path: Path) -> None:
    behind("edit", "framed", EDITOR=editor(tmp_path, 'colour: "no"', "colour: blue"))

    assert ahead.get_json("framed")["colour"] == "blue"


def test_what_is_not_known_can_be_taken_away_in_an_editor(behind: CommandLine, ahead: Client, tmp_path: Path) -> None:
    behind("edit", "framed", EDITOR=editor(tmp_path, 'colour: "no"\n', ""))

    assert "colour" not in ahead.get_json("framed")


def test_renaming_keeps_what_is_not_known(behind: CommandLine, ahead: Client) -> None:
    result = behind("rename", "framed", "hung")

    after = ahead.get_json("hung")
    assert (result.code, after["colour"]) == (0, "no")
    assert json.dumps(after["overrides"]) == json.dumps(FRAMED["overrides"])


@pytest.mark.parametrize("command", [("export",), ("export", "--format", "json")])
def test_an_export_holds_what_is_not_known(behind: CommandLine, command: tuple[str, ...]) -> None:
    [written] = [one[0] if isinstance(one, list) else one for one in yaml.safe_load_all(behind(*command).out)]

    assert json.dumps(written) == json.dumps(FRAMED)


@pytest.mark.parametrize("command", [("get", "framed"), ("list",)])
@pytest.mark.parametrize("output", ["yaml", "json"])
def test_what_is_not_known_is_shown(behind: CommandLine, command: tuple[str, ...], output: str) -> None:
    assert '"no"' in behind(*command, "-o", output).out


def test_a_difference_in_what_is_not_known_is_shown(behind: CommandLine, ahead: Client) -> None:
    before = ahead.get_json("framed")["revision"]
    ahead.patch_template("framed", {"colour": "blue"})

    assert "+colour: blue\n" in behind("diff", "framed", str(before)).out


def test_a_replacement_keeps_what_is_not_known(ahead: Client) -> None:
    ahead.replace_template(ahead.get_template("framed"))

    assert ahead.get_json("framed")["colour"] == "no"


def test_going_back_takes_what_is_not_known_along(behind: CommandLine, ahead: Client) -> None:
    before = ahead.get_json("framed")["revision"]
    ahead.patch_template("framed", {"colour": "blue"})

    behind("apply", "--as-of", str(before))

    assert ahead.get_json("framed")["colour"] == "no"


def test_taking_the_templates_of_a_registry_takes_along_what_is_not_known(
    behind: CommandLine, ahead: Client, newer: str
) -> None:
    with next_release() as other:
        behind.environment |= {"BINDER_REGISTRY_URL": other}
        result = behind("import", "--from-url", newer)

        with Client(other, KEY) as client:
            after = client.get_json("framed")

    assert (result.code, after["colour"]) == (0, "no")
    assert json.dumps(after["overrides"]) == json.dumps(FRAMED["overrides"])


def test_a_successor_is_noted_beside_what_is_not_known(behind: CommandLine, ahead: Client, tmp_path: Path) -> None:
    ahead.apply([FRAMED | {"name": "x-large"}], prune="*")
    values = tmp_path / "values.yaml"
    values.write_text(
        "singleuser: {profileList: [{display_name: X, slug: x, kubespawner_override: {image: i}, "
        "profile_options: {size: {display_name: S, choices: {large: {display_name: L}}}}}]}"
    )

    behind("import", "--format", "z2jh", str(values), "--merge-flattened")

    after = ahead.get_json("x-large")
    assert (after["replaced-by"], after["colour"]) == ("x", "no")
