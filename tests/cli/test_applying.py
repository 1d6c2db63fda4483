from pathlib import Path

import pytest

from binder_registry import Client, Template

from .invoking import CommandLine

TWO = """\
name: one
image-name: i
labels: {team: a}
---
name: two
image-name: j
labels: {team: a}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "two.yaml"
    path.write_text(TWO)
    return str(path)


def test_what_is_missing_is_created_in_one_commit(registry: CommandLine, client: Client, file: str) -> None:
    before = client.head()

    result = registry("apply", "-f", file, "-m", "From CI")

    changes = client.changes(since=before)
    assert (result.code, result.out) == (0, "created\tone\ncreated\ttwo\nDone: 2 created\n")
    assert {(change.first, change.note) for change in changes} == {(before.revision + 1, "From CI")}


def test_the_second_time_nothing_changes(registry: CommandLine, client: Client, file: str) -> None:
    registry("apply", "-f", file)
    before = client.head()

    result = registry("apply", "-f", file)

    assert (result.code, result.out, client.head()) == (0, "Done: 2 unchanged\n", before)


def test_an_update_names_what_differs(registry: CommandLine, client: Client, file: str) -> None:
    client.register_template(Template(name="one", image_name="old", command="x", labels={"team": "a"}))

    assert (
        registry("apply", "-f", file).out
        == "updated\tone\timage-name,command\ncreated\ttwo\nDone: 1 created, 1 updated\n"
    )


def test_a_dry_run_changes_nothing(registry: CommandLine, client: Client, file: str) -> None:
    before = client.head()

    result = registry("apply", "-f", file, "--dry-run")

    assert (result.code, result.out, client.head()) == (0, "created\tone\ncreated\ttwo\nPlan: 2 created\n", before)


def test_a_dry_run_says_by_its_exit_code_whether_something_would_change(registry: CommandLine, file: str) -> None:
    would = registry("apply", "-f", file, "--dry-run", "--exit-code").code
    registry("apply", "-f", file)
    would_not = registry("apply", "-f", file, "--dry-run", "--exit-code").code

    assert (would, would_not) == (2, 0)


def test_a_plan_that_deletes_needs_a_yes(registry: CommandLine, client: Client, file: str) -> None:
    client.register_template(Template(name="old", image_name="i", labels={"team": "a"}))

    result = registry("apply", "-f", file, "--prune", "team=a")

    assert (result.code, "deleted\told\n" in result.out, "say --yes" in result.err) == (1, True, True)
    assert [template.name for template in client.list_templates()] == ["old"]


def test_pruning_deletes_what_is_selected_and_not_named(registry: CommandLine, client: Client, file: str) -> None:
    client.register_template(Template(name="old", image_name="i", labels={"team": "a"}))
    client.register_template(Template(name="other", image_name="i", labels={"team": "b"}))

    registry("apply", "-f", file, "--prune", "team=a", "--yes")

    assert [template.name for template in client.list_templates()] == ["one", "other", "two"]


def test_pruning_that_deletes_nothing_needs_no_yes(registry: CommandLine, file: str) -> None:
    assert registry("apply", "-f", file, "--prune", "team=a").code == 0


def test_one_wrong_template_leaves_all_out(registry: CommandLine, client: Client, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(f"{TWO}---\nname: three\nimage-name: k\nbind-port: 70000\n")

    result = registry("apply", "-f", str(file))

    assert (result.code, client.list_templates()) == (1, [])
    assert result.err == "Error: templates[2]: bind-port must be from 0 to 65535.\n"


def test_a_misspelt_member_is_named_with_its_place(registry: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(f"{TWO}---\nname: three\nimage: k\n")

    result = registry("apply", "-f", str(file))

    assert (result.code, result.err) == (1, f"Error: {file}, document 3: image is not a member of a template\n")


@pytest.mark.parametrize("text", ["templates:\n- name: one\n  image-name: i\n", '{"templates": [{"name": "one"}]}'])
def test_who_writes_what_the_api_takes_is_told_what_a_file_holds(
    registry: CommandLine, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(text)

    result = registry("apply", "-f", str(file))

    hint = "templates is not a member of a template: a file with several templates is a list of them"
    assert (result.code, result.err) == (1, f"Error: {file}: {hint}\n")


@pytest.mark.parametrize("command", [("apply", "-f"), ("import",)])
@pytest.mark.parametrize(
    "above", ["singleuser: {profileList: []}", "jupyterhub: {hub: {}}", "hub: {}", "profileList: []"]
)
def test_a_hubs_values_are_no_templates_and_it_is_told_what_reads_them(
    registry: CommandLine, tmp_path: Path, command: tuple[str, ...], above: str
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(f"{above}\n")

    result = registry(*command, str(file))

    assert (result.code, result.err.endswith(": `import --format z2jh` reads a hub's values\n")) == (1, True)


def test_a_missing_file_is_one_line(registry: CommandLine) -> None:
    result = registry("apply", "-f", "/nowhere/x.yaml")

    assert (result.code, result.err) == (1, "Error: /nowhere/x.yaml: No such file or directory.\n")


def test_templates_come_from_standard_input(registry: CommandLine) -> None:
    assert registry("apply", "-f", "-", stdin=TWO).out.endswith("Done: 2 created\n")


def test_what_a_registry_of_2015_prints_is_applied(registry: CommandLine, client: Client) -> None:
    printed = (
        '[{"name":"old","image-name":"jupyter/old","command":"","limits":{"memory":536870912},'
        '"time-created":"2015-10-07T20:21:22.08041123Z","time-modified":"2015-10-07T20:21:22.08041123Z",'
        '"redirect-uri":"/tree"}]\n'
    )

    registry("apply", "-f", "-", stdin=printed)

    assert (client.get_template("old").limits.memory, client.get_template("old").redirect_uri) == (2**29, "/tree")


def test_an_apply_to_a_registry_that_moved_on_is_refused(registry: CommandLine, client: Client, file: str) -> None:
    read = str(client.head())
    client.register_template(Template(name="theirs", image_name="i"))

    result = registry("apply", "-f", file, "--if-match", read)

    assert (result.code, [template.name for template in client.list_templates()]) == (4, ["theirs"])


def test_an_exit_code_without_a_dry_run_is_wrong_usage(registry: CommandLine, file: str) -> None:
    assert registry("apply", "-f", file, "--exit-code").code == 2


def test_an_empty_file_is_nothing_to_apply(registry: CommandLine) -> None:
    assert registry("apply", "-f", "-", stdin="# nothing\n").out.startswith("Nothing to apply")


def test_what_a_file_holds_cannot_colour_a_terminal(registry: CommandLine) -> None:
    result = registry("apply", "-f", "-", stdin='"\\e[31mx": 1')

    assert (result.code, "\x1b" in result.err, "\\x1b[31mx is not a member" in result.err) == (1, False, True)


@pytest.mark.parametrize("stdin", ["", "# generated\n", "[]", "null\n", "---\n", "\ufeff"])
def test_an_empty_input_prunes_nothing(registry: CommandLine, client: Client, stdin: str) -> None:
    client.register_template(Template(name="old", image_name="i", labels={"team": "a"}))

    result = registry("apply", "-f", "-", "--prune", "team=a", "--yes", stdin=stdin)

    assert (result.code, "--allow-empty" in result.err) == (1, True)
    assert [template.name for template in client.list_templates()] == ["old"]


def test_one_empty_file_of_several_prunes_nothing(registry: CommandLine, client: Client, file: str) -> None:
    client.register_template(Template(name="old", image_name="i", labels={"team": "a"}))

    result = registry("apply", "-f", file, "-f", "-", "--prune", "team=a", "--yes", stdin="")

    assert (result.code, result.err[:42]) == (1, "Error: standard input: no templates there,")
    assert [template.name for template in client.list_templates()] == ["old"]


def test_an_empty_input_prunes_where_it_is_said_to_be_meant(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="old", image_name="i", labels={"team": "a"}))

    result = registry("apply", "-f", "-", "--prune", "team=a", "--allow-empty", "--yes", stdin="")

    assert (result.code, client.list_templates()) == (0, [])


def test_an_import_of_nothing_prunes_nothing(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="old", image_name="i", labels={"team": "a"}))

    result = registry("import", "--format", "allowed-images", "-", "--prune", "*", "--yes", stdin="[]")

    assert (result.code, "--allow-empty" in result.err) == (1, True)
    assert [template.name for template in client.list_templates()] == ["old"]


def test_sizes_and_numbers_are_understood_in_files(registry: CommandLine, client: Client) -> None:
    text = "{name: one, image-name: i, limits: {memory: 2G, cpus: 500m}, environment: {PORT: 8080}}"

    registry("apply", "-f", "-", stdin=text)

    written = client.get_template("one")
    assert (written.limits.memory, written.limits.cpus, written.environment) == (2**31, 0.5, {"PORT": "8080"})
