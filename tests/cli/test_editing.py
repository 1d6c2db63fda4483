import shlex
import sys
from pathlib import Path

import pytest
import yaml

from binder_registry import Client, Template
from tests.server.running import KEY

from .invoking import CommandLine


@pytest.fixture
def template(client: Client) -> Template:
    return client.register_template(Template(name="edited", image_name="old", redirect_uri="/lab"))


class Editor:
    """A program that changes the file it is given."""

    def __init__(self, folder: Path) -> None:
        self.script = folder / "an editor.py"

    def that(self, *lines: str) -> str:
        start = "import pathlib, sys; path = pathlib.Path(sys.argv[1]); text = path.read_text()"
        self.script.write_text("\n".join([start, *lines]))
        return f"{sys.executable} '{self.script}'"

    def that_replaces(self, old: str, new: str, *then: str) -> str:
        return self.that(f"path.write_text(text.replace({old!r}, {new!r}))", *then)


@pytest.fixture
def editor(tmp_path: Path, registry: CommandLine) -> Editor:
    registry.environment["TMPDIR"] = str(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    return Editor(tmp_path)


@pytest.fixture(autouse=True)
def _kept_in(editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "kept"))


def kept(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "kept").iterdir())


@pytest.mark.usefixtures("template")
def test_what_was_changed_is_published_whole(
    registry: CommandLine, client: Client, editor: Editor, tmp_path: Path
) -> None:
    result = registry("edit", "edited", "-m", "By hand", EDITOR=editor.that_replaces("redirect-uri: /lab", ""))

    written = client.get_template("edited")
    assert (result.code, result.out) == (0, f"edited updated at revision {written.revision}\n")
    assert (written.redirect_uri, kept(tmp_path)) == ("", [])


@pytest.mark.usefixtures("template")
def test_visual_comes_before_editor(registry: CommandLine, client: Client, editor: Editor) -> None:
    registry("edit", "edited", VISUAL=editor.that_replaces("old", "new"), EDITOR="false")

    assert client.get_template("edited").image_name == "new"


@pytest.mark.parametrize("change", [("", ""), ("image-name: old", "image-name:   'old'")])
def test_what_says_nothing_new_is_not_written(
    registry: CommandLine, client: Client, editor: Editor, template: Template, tmp_path: Path, change: tuple[str, str]
) -> None:
    result = registry("edit", "edited", EDITOR=editor.that_replaces(*change))

    assert (result.out, client.get_template("edited").revision) == ("edited unchanged\n", template.revision)
    assert kept(tmp_path) == []


@pytest.mark.usefixtures("template")
def test_a_change_made_meanwhile_is_not_overwritten_and_the_text_is_kept(
    registry: CommandLine, client: Client, editor: Editor, server: str, tmp_path: Path
) -> None:
    racing = editor.that_replaces(
        "old",
        "mine",
        "from binder_registry import Client",
        f"Client({server!r}, {KEY!r}).patch_template('edited', {{'image-name': 'theirs'}})",
    )

    result = registry("edit", "edited", EDITOR=racing)

    [file] = kept(tmp_path)
    assert (result.code, client.get_template("edited").image_name) == (4, "theirs")
    assert (str(file) in result.err, "image-name: mine" in file.read_text()) == (True, True)


@pytest.mark.usefixtures("template")
def test_a_kept_text_can_be_applied(
    registry: CommandLine, client: Client, editor: Editor, server: str, tmp_path: Path
) -> None:
    registry("edit", "edited", EDITOR=editor.that_replaces("old", "mine", "sys.exit(1)"))

    registry("apply", "-f", str(kept(tmp_path)[0]))

    assert client.get_template("edited").image_name == "mine"


@pytest.mark.parametrize(
    "change",
    [
        ("image-name: old", "image-name: ["),
        ("image-name: old", "image: old"),
        ("redirect-uri: /lab", "bind-port: 70000"),
        ("image-name: old", ""),
        ("name: edited", "name: other"),
        ("image-name: old", "image-name: old\n---\nname: second"),
    ],
)
def test_what_is_not_valid_is_refused_and_the_text_is_kept(
    registry: CommandLine, client: Client, editor: Editor, template: Template, tmp_path: Path, change: tuple[str, str]
) -> None:
    result = registry("edit", "edited", EDITOR=editor.that_replaces(*change))

    [file] = kept(tmp_path)
    assert (result.code, str(file) in result.err) == (1, True)
    assert client.get_template("edited").revision == template.revision


@pytest.mark.usefixtures("template")
def test_only_the_owner_may_read_the_text(registry: CommandLine, editor: Editor, tmp_path: Path) -> None:
    registry("edit", "edited", EDITOR=editor.that_replaces("image-name: old", "image: x"))

    assert kept(tmp_path)[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("program", ["/nowhere/editor", "false"])
@pytest.mark.usefixtures("template")
def test_an_editor_that_fails_changes_nothing(registry: CommandLine, program: str) -> None:
    result = registry("edit", "edited", EDITOR=program)

    assert (result.code, program in result.err) == (1, True)


@pytest.mark.parametrize("program", ["/nowhere/editor", "false", "'vi"])
@pytest.mark.usefixtures("template")
def test_a_text_that_nobody_changed_is_not_kept(registry: CommandLine, tmp_path: Path, program: str) -> None:
    result = registry("edit", "edited", EDITOR=program)

    assert ("is kept" in result.err, kept(tmp_path)) == (False, [])


@pytest.mark.usefixtures("template")
def test_an_editor_that_is_killed_is_told_with_its_signal(registry: CommandLine, editor: Editor) -> None:
    result = registry("edit", "edited", EDITOR=editor.that("import os", "os.kill(os.getpid(), 9)"))

    assert (result.code, "was ended by signal 9: nothing was changed" in result.err) == (1, True)


@pytest.mark.usefixtures("template")
def test_an_editor_whose_quotes_do_not_close_is_one_line(registry: CommandLine) -> None:
    result = registry("edit", "edited", EDITOR="'vi")

    assert (result.code, "Error: EDITOR cannot be read: No closing quotation." in result.err) == (1, True)


@pytest.mark.parametrize("visual", ["", "   "])
@pytest.mark.usefixtures("template")
def test_an_empty_variable_names_no_editor(registry: CommandLine, client: Client, editor: Editor, visual: str) -> None:
    registry("edit", "edited", VISUAL=visual, EDITOR=editor.that_replaces("old", "new"))

    assert client.get_template("edited").image_name == "new"


@pytest.mark.usefixtures("template")
def test_a_text_that_is_not_utf_8_is_refused_and_kept(registry: CommandLine, editor: Editor, tmp_path: Path) -> None:
    result = registry("edit", "edited", EDITOR=editor.that("path.write_bytes(text.encode() + b'# F\\xfcr\\n')"))

    assert (result.code, "is not text in UTF-8" in result.err, len(kept(tmp_path))) == (1, True, 1)


@pytest.mark.usefixtures("template")
def test_a_file_that_the_editor_removed_is_not_said_to_be_kept(registry: CommandLine, editor: Editor) -> None:
    result = registry("edit", "edited", EDITOR=editor.that("path.unlink()"))

    assert (result.code, "No such file" in result.err, "is kept" in result.err) == (1, True, False)


@pytest.mark.usefixtures("template")
def test_sizes_are_understood_in_an_editor(registry: CommandLine, client: Client, editor: Editor) -> None:
    registry("edit", "edited", EDITOR=editor.that_replaces("redirect-uri: /lab", "limits: {memory: 2G}"))

    assert client.get_template("edited").limits.memory == 2**31


@pytest.mark.usefixtures("template")
def test_a_successor_is_told_of_when_it_was_named_in_an_editor(registry: CommandLine, editor: Editor) -> None:
    result = registry("edit", "edited", EDITOR=editor.that_replaces("redirect-uri: /lab", "replaced-by: never"))

    assert "there is no template never" in result.err


def test_the_hint_to_rename_can_be_run_as_it_stands(registry: CommandLine, client: Client, editor: Editor) -> None:
    client.register_template(Template(name="two words", image_name="i"))

    refused = registry("edit", "two words", EDITOR=editor.that_replaces("name: two words", "name: -dash"))
    hint = refused.err.partition("`binder-registry rename")[2].partition("`")[0]

    assert registry("rename", *shlex.split(hint)).code == 0
    assert client.get_template("-dash")


@pytest.mark.usefixtures("template")
def test_the_hint_to_publish_what_was_kept_can_be_run_as_it_stands(
    registry: CommandLine, client: Client, editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "with a space"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    refused = registry("edit", "edited", EDITOR=editor.that_replaces("image-name: old", "image-name: ''"))
    hint = refused.err.partition("`binder-registry apply")[2].partition("`")[0]
    [kept] = folder.iterdir()
    kept.write_text("name: edited\nimage-name: new\n")

    assert registry("apply", *shlex.split(hint), "--yes").code == 0
    assert client.get_template("edited").image_name == "new"


OVERRIDES = {"kubespawner": {"mem_limit": None, "uid": 1, "gid": 1.0, "privileged": True, "priority": "1"}}


@pytest.fixture
def overridden(client: Client) -> None:
    client.apply([{"name": "edited", "image-name": "old", "overrides": OVERRIDES}])


@pytest.mark.usefixtures("overridden")
def test_saving_keeps_the_nulls_and_the_numbers_of_overrides(
    registry: CommandLine, client: Client, editor: Editor
) -> None:
    result = registry("edit", "edited", EDITOR=editor.that_replaces("image-name: old", "image-name: new"))

    after = client.get_json("edited")
    assert (result.code, after["image-name"], repr(after["overrides"])) == (0, "new", repr(OVERRIDES))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("uid: 1", "uid: 1.0"),
        ("gid: 1.0", "gid: 1"),
        ("privileged: true", "privileged: 1"),
        ("mem_limit: null", "mem_limit: 4G"),
    ],
)
@pytest.mark.usefixtures("overridden")
def test_an_override_is_changed_alone(
    registry: CommandLine, client: Client, editor: Editor, old: str, new: str
) -> None:
    registry("edit", "edited", EDITOR=editor.that_replaces(f"    {old}\n", f"    {new}\n"))

    wanted = {"kubespawner": OVERRIDES["kubespawner"] | yaml.safe_load(new)}
    assert repr(client.get_json("edited")["overrides"]) == repr(wanted)


@pytest.mark.usefixtures("overridden")
def test_an_override_is_taken_away_without_a_trace(registry: CommandLine, client: Client, editor: Editor) -> None:
    registry("edit", "edited", EDITOR=editor.that_replaces("    uid: 1\n", ""))

    assert "uid" not in client.get_json("edited")["overrides"]["kubespawner"]


@pytest.mark.usefixtures("overridden")
def test_an_override_that_is_unclear_is_refused_with_its_path(registry: CommandLine, editor: Editor) -> None:
    result = registry("edit", "edited", EDITOR=editor.that_replaces("uid: 1\n", "uid: 0100\n"))

    assert (result.code, "overrides.kubespawner.uid may be" in result.err) == (1, True)


@pytest.mark.usefixtures("template")
def test_the_hint_to_publish_names_the_registry_that_was_named(
    registry: CommandLine, editor: Editor, server: str
) -> None:
    refused = registry("edit", "edited", "--url", server, EDITOR=editor.that_replaces("image-name: old", "image: x"))

    assert f"`binder-registry apply --url={server} -f " in refused.err
