import json
from pathlib import Path

import pytest
import yaml

from binder_registry import Client, ContainerLimits, Template

from .invoking import CommandLine

SCIPY = Template(
    name="scipy",
    image_name="quay.io/jupyter/scipy-notebook",
    command="jupyterhub-singleuser",
    limits=ContainerLimits(memory=2**31, cpus=1.5),
    labels={"tier": "gold"},
    description="Two\nlines \x1b[31m",
)
BASE = Template(name="base", image_name="docker.io/base", environment={"A": "1"}, allowed_groups=("x", "y"))


@pytest.fixture
def two(client: Client) -> list[Template]:
    return [client.register_template(BASE), client.register_template(SCIPY)]


@pytest.mark.usefixtures("two")
def test_a_list_in_a_pipe_is_rows_with_tabs(registry: CommandLine) -> None:
    rows = [line.split("\t")[:2] for line in registry("list").out.splitlines()]

    assert rows == [["base", "docker.io/base"], ["scipy", "quay.io/jupyter/scipy-notebook"]]


def test_times_in_a_pipe_are_those_of_the_registry(registry: CommandLine, two: list[Template]) -> None:
    shown = registry("list").out.splitlines()[0].split("\t")[2]

    assert shown == json.loads(registry("get", "base", "-o", "json").out)["time-modified"]


@pytest.mark.parametrize(
    "filters",
    [("--label", "tier=gold"), ("-q", "scipy"), ("--image", "quay.io/*"), ("--name", "s*"), ("-l", "tier,!other")],
)
@pytest.mark.usefixtures("two")
def test_lists_are_filtered(registry: CommandLine, filters: tuple[str, ...]) -> None:
    assert registry("list", "-o", "name", *filters).out == "scipy\n"


def test_a_list_can_be_of_the_past(registry: CommandLine, client: Client, two: list[Template]) -> None:
    client.delete_template("base")

    assert registry("list", "-o", "name", "--revision", str(two[0].revision)).out == "base\n"


def test_deleted_ones_are_listed_on_request(registry: CommandLine, client: Client, two: list[Template]) -> None:
    client.delete_template("base", replaced_by="scipy")

    rows = [line.split("\t") for line in registry("list", "--deleted", "--name", "base").out.splitlines()]

    assert [(row[0], row[3]) for row in rows] == [("base", "deleted → scipy")]


def test_json_and_yaml_are_the_wires_members(registry: CommandLine, two: list[Template]) -> None:
    as_json = json.loads(registry("list", "-o", "json").out)
    as_yaml = yaml.safe_load(registry("list", "-o", "yaml").out)

    assert as_json == as_yaml
    assert as_json[1]["limits"] == {"memory": 2**31, "cpus": 1.5}


@pytest.mark.usefixtures("two")
def test_wide_shows_more_columns(registry: CommandLine, two: list[Template]) -> None:
    row = registry("list", "-o", "wide", "--name", "scipy").out.rstrip("\n").split("\t")

    assert row[3:9] == ["", str(two[1].revision), "2G", "1.5", "jupyterhub-singleuser", "tier=gold"]


@pytest.mark.usefixtures("two")
def test_one_template_is_shown_member_by_member(registry: CommandLine) -> None:
    shown = dict(line.split("\t") for line in registry("get", "base").out.splitlines())

    assert (shown["image-name"], shown["environment.A"], shown["allowed-groups"]) == ("docker.io/base", "1", "x, y")


@pytest.mark.usefixtures("two")
def test_control_characters_of_others_are_shown_as_text(registry: CommandLine) -> None:
    assert "description\tTwo\\nlines \\x1b[31m\n" in registry("get", "scipy").out


def test_what_get_prints_is_applied_as_unchanged(registry: CommandLine, two: list[Template], tmp_path: Path) -> None:
    file = tmp_path / "scipy.yaml"
    file.write_text(registry("get", "scipy", "-o", "yaml").out)

    assert registry("apply", "-f", str(file)).out == "Done: 1 unchanged\n"


def test_a_template_can_be_of_the_past(registry: CommandLine, client: Client, two: list[Template]) -> None:
    client.patch_template("base", {"image-name": "other"})

    old = json.loads(registry("get", "base", "--revision", str(two[0].revision), "-o", "json").out)

    assert old["image-name"] == "docker.io/base"


def test_a_missing_template_is_one_line_with_a_hint(registry: CommandLine) -> None:
    result = registry("get", "nope")

    assert result == (
        1,
        "",
        "Error: Template Not Found. `binder-registry list` shows what there is, "
        "`binder-registry changes` also what was deleted.\n",
    )


def test_changes_are_newest_first_with_who_and_why(registry: CommandLine, client: Client) -> None:
    created = client.register_template(Template(name="seen", image_name="i"), note="A start")
    updated = client.patch_template("seen", {"image-name": "j"})

    rows = [line.split("\t") for line in registry("changes", "seen", "-n", "2").out.splitlines()]

    assert [[row[0], *row[2:]] for row in rows] == [
        [str(updated.revision), "updated", "seen", "key:api-key", ""],
        [str(created.revision), "created", "seen", "key:api-key", "A start"],
    ]


@pytest.mark.parametrize("limit", [2**31, 2**63 - 1])
@pytest.mark.usefixtures("two")
def test_all_changes_are_shown_where_more_are_asked_for(registry: CommandLine, client: Client, limit: int) -> None:
    shown = registry("changes", "--limit", str(limit), "-o", "name").out.splitlines()

    newest = [str(change.position) for change in client.changes(newest_first=True)]
    assert (shown[: len(newest)], len(shown)) == (newest, client.head().revision)


def test_changes_since_a_revision_are_oldest_first(registry: CommandLine, two: list[Template]) -> None:
    shown = json.loads(registry("changes", "--since", str(two[0].revision - 1), "-o", "json").out)

    assert [(change["revision"], change["template"]["name"]) for change in shown] == [
        (two[0].revision, "base"),
        (two[1].revision, "scipy"),
    ]


def test_changes_by_position(registry: CommandLine, client: Client, two: list[Template]) -> None:
    assert registry("changes", "-n", "1", "-o", "name").out == f"{client.head()}\n"


def test_a_position_of_another_log_is_refused(registry: CommandLine, two: list[Template]) -> None:
    result = registry("changes", "--since", "1-0123456789abcdef")

    assert (result.code, "Leave --since out to start over." in result.err) == (1, True)


def test_a_diff_is_between_a_revision_and_now(registry: CommandLine, client: Client, two: list[Template]) -> None:
    client.patch_template("base", {"image-name": "other"})

    lines = registry("diff", "base", str(two[0].revision)).out.splitlines()

    assert [line for line in lines if line[0] in "+-"][2:] == ["-image-name: docker.io/base", "+image-name: other"]


def test_a_diff_is_between_two_revisions(registry: CommandLine, client: Client, two: list[Template]) -> None:
    client.delete_template("base")

    lines = registry("diff", "base", str(two[0].revision - 1), str(two[0].revision)).out.splitlines()

    assert "+name: base" in lines


def test_changes_as_yaml_are_those_as_json(registry: CommandLine, two: list[Template]) -> None:
    as_json = json.loads(registry("changes", "-n", "2", "-o", "json").out)

    assert as_json == yaml.safe_load(registry("changes", "-n", "2", "-o", "yaml").out)


def test_wide_changes_show_their_position(registry: CommandLine, client: Client, two: list[Template]) -> None:
    row = registry("changes", "-n", "1", "-o", "wide").out.rstrip("\n").split("\t")

    assert row[6:] == [
        str(client.head()),
        str(client.changes(newest_first=True, limit=1)[0].previous),
        SCIPY.image_name,
    ]


def test_a_diff_of_what_never_was_is_refused(registry: CommandLine, two: list[Template]) -> None:
    assert registry("diff", "nope", str(two[0].revision)).code == 1


@pytest.mark.usefixtures("two")
def test_one_template_is_shown_as_a_row_or_a_name(registry: CommandLine) -> None:
    wide, name = registry("get", "base", "-o", "wide").out, registry("get", "base", "-o", "name").out

    assert (wide.split("\t")[:2], name) == (["base", "docker.io/base"], "base\n")
