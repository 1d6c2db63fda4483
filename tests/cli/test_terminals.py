import json
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from binder_registry import Client, Template

from .invoking import PATIENCE, CommandLine, interrupt

TWO = [Template(name="one", image_name="i"), Template(name="two", image_name="j" * 150, description="\x1b[31mred")]
COLOURS = ("\x1b[31m", "\x1b[32m", "\x1b[33m")

EDITOR_THAT_CATCHES_CTRL_C = """\
import pathlib, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # whenever it comes from now on, it is waited for
print("editing", flush=True)
signal.sigwait([signal.SIGINT])
print("caught", flush=True)
input()
path = pathlib.Path(sys.argv[1])
path.write_text(path.read_text().replace("old", "new"))
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "new.yaml"
    path.write_text("name: new\nimage-name: i\n")
    return str(path)


def test_a_terminal_shows_a_table_with_times_for_people(registry: CommandLine, client: Client) -> None:
    client.apply(TWO)

    with registry.on_terminal("list") as terminal:
        code, shown, _ = terminal.end()

    assert (code, "NAME" in shown, "ago" in shown or "now" in shown) == (0, True, True)


def test_nothing_is_cut_off_on_a_narrow_terminal(registry: CommandLine, client: Client) -> None:
    client.apply(TWO)

    with registry.on_terminal("list") as terminal:
        shown = terminal.end().out

    assert shown.count("j") == 150


def test_what_others_wrote_cannot_colour_a_terminal(registry: CommandLine, client: Client) -> None:
    client.apply(TWO)

    with registry.on_terminal("get", "two") as terminal:
        shown = terminal.end().out

    assert ("\x1b[31m" in shown, "\\x1b[31mred" in shown) == (False, True)


def test_the_plan_is_shown_in_colour_and_applied_after_a_yes(registry: CommandLine, client: Client, file: str) -> None:
    with registry.on_terminal("apply", "-f", file) as terminal:
        shown = terminal.until("Apply? [y/N]")
        terminal.type("y\n")
        result = terminal.end()

    assert ("\x1b[32m+ new" in shown, result.code) == (True, 0)
    assert client.get_template("new").image_name == "i"


def test_no_color_is_honoured(registry: CommandLine, file: str) -> None:
    with registry.on_terminal("apply", "-f", file, "--dry-run", NO_COLOR="1") as terminal:
        shown = terminal.end().out

    assert ("+ new" in shown, any(colour in shown for colour in COLOURS)) == (True, False)


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_after_a_no_nothing_is_changed(registry: CommandLine, client: Client, file: str, answer: str) -> None:
    with registry.on_terminal("apply", "-f", file) as terminal:
        terminal.until("Apply? [y/N]")
        terminal.type(answer)
        result = terminal.end()

    assert (result.code, "Nothing was changed" in result.out, client.list_templates()) == (1, True, [])


def test_ctrl_c_at_the_question_changes_nothing(registry: CommandLine, client: Client, file: str) -> None:
    with registry.on_terminal("apply", "-f", file) as terminal:
        terminal.until("Apply? [y/N]")
        terminal.interrupt()
        result = terminal.end()

    assert (result.code, "Traceback" in result.out, client.list_templates()) == (130, False, [])


def test_what_changed_while_the_plan_was_read_is_a_conflict(registry: CommandLine, client: Client, file: str) -> None:
    with registry.on_terminal("apply", "-f", file) as terminal:
        terminal.until("Apply? [y/N]")
        client.register_template(Template(name="new", image_name="theirs"))
        terminal.type("y\n")
        result = terminal.end()

    assert (result.code, client.get_template("new").image_name) == (4, "theirs")


def test_long_work_shows_progress(registry: CommandLine, client: Client, tmp_path: Path) -> None:
    client.apply([Template(name=str(number), image_name="i") for number in range(2000)])

    with registry.on_terminal("export", "-f", str(tmp_path / "all.yaml")) as terminal:
        shown = terminal.end().out

    assert ("Writing" in shown, "2000 templates written" in shown) == (True, True)


def test_a_token_that_is_typed_is_not_shown(registry: CommandLine) -> None:
    with registry.on_terminal("context", "add", "prod", "https://registry.example.org") as terminal:
        terminal.until("Token (empty: none): ")  # whole: what is typed before its end is shown, or thrown away
        terminal.type("s3cret\n")
        shown = terminal.end().out

    config = Path(registry.environment["XDG_CONFIG_HOME"]) / "binder-registry" / "config.yaml"
    assert ("s3cret" in shown, "s3cret" in config.read_text()) == (False, True)


def test_changes_are_shown_as_they_come(registry: CommandLine, client: Client) -> None:
    since = client.head().revision

    with registry.on_terminal("watch", "--since", str(since)) as terminal:
        client.register_template(Template(name="seen", image_name="i"), note="Hello")
        shown = terminal.until("Hello")
        terminal.interrupt()
        result = terminal.end()

    assert ("created   seen by key:api-key  Hello" in shown, result.code) == (True, 130)


def test_ctrl_c_in_the_editor_is_the_editors(registry: CommandLine, client: Client, tmp_path: Path) -> None:
    client.register_template(Template(name="edited", image_name="old"))
    editor = tmp_path / "editor.py"
    editor.write_text(EDITOR_THAT_CATCHES_CTRL_C)

    with registry.on_terminal("edit", "edited", EDITOR=f"{sys.executable} {editor}") as terminal:
        terminal.until("editing")
        terminal.type("\x03")
        terminal.until("caught")
        terminal.type("\n")
        result = terminal.end()

    assert (result.code, client.get_template("edited").image_name) == (0, "new")


@pytest.fixture
def three_changes(client: Client) -> int:
    since = client.head().revision
    client.register_template(Template(name="a", image_name="i", labels={"tier": "gold"}), note="x\ty")
    client.register_template(Template(name="b", image_name="i"))
    client.patch_template("a", {"image-name": "j"})
    return since


@pytest.fixture
def watched(registry: CommandLine, three_changes: int) -> Callable[..., list[str]]:
    def lines(count: int, *options: str) -> list[str]:
        program = registry.started("watch", "--since", str(three_changes), *options)
        assert program.stdout
        found = [program.stdout.readline() for _ in range(count)]
        interrupt(program, lambda: program.send_signal(signal.SIGINT))
        program.communicate(timeout=PATIENCE)
        assert program.returncode == 130
        return found

    return lines


def test_a_watch_in_a_pipe_is_one_line_a_change(watched: Callable[..., list[str]]) -> None:
    rows = [line.rstrip("\n").split("\t") for line in watched(3)]

    assert [row[2:] for row in rows] == [
        ["created", "a", "key:api-key", "x\\ty"],
        ["created", "b", "key:api-key", ""],
        ["updated", "a", "key:api-key", ""],
    ]


def test_a_watch_is_one_json_a_change(watched: Callable[..., list[str]], three_changes: int) -> None:
    changes = [json.loads(line) for line in watched(3, "-o", "json")]

    assert [change["revision"] for change in changes] == [three_changes + number for number in (1, 2, 3)]
    assert changes[2]["template"]["image-name"] == "j"


@pytest.mark.parametrize(("options", "count"), [(["a"], 2), (["--label", "tier=gold"], 2)])
def test_a_watch_is_of_what_is_asked_for(watched: Callable[..., list[str]], options: list[str], count: int) -> None:
    assert watched(count, "-o", "name", *options) == ["a\n"] * count


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(registry: CommandLine, client: Client) -> None:
    client.apply([Template(name=f"{number:05}" + "x" * 100, image_name="i") for number in range(2000)])

    with registry.started("list") as program:
        assert program.stdout
        assert program.stderr
        program.stdout.readline()
        program.stdout.close()
        told = program.stderr.read()

    assert (program.returncode, told) == (1, "")


@pytest.mark.parametrize("line", ["get t", "rename t", "delete t", "delete one --replaced-by t"])
def test_names_are_completed(registry: CommandLine, client: Client, line: str) -> None:
    client.apply(TWO)

    words = {"COMP_WORDS": f"binder-registry {line}", "COMP_CWORD": str(line.count(" ") + 1)}
    out, _ = registry.started(_BINDER_REGISTRY_COMPLETE="bash_complete", **words).communicate(timeout=PATIENCE)

    assert out == "plain,two\n"


def test_a_plan_with_many_changes_in_one_template_is_shortened(
    registry: CommandLine, client: Client, tmp_path: Path
) -> None:
    client.register_template(Template("one", "i"))
    file = tmp_path / "one.yaml"
    file.write_text(
        "{name: one, image-name: j, environment: {A: 1}, order: 1, icon: 'https://x.y/z', "
        + ", ".join(
            f"{member}: x" for member in ("command", "redirect-uri", "display-name", "description", "contact", "paused")
        )
        + "}"
    )

    with registry.on_terminal("apply", "-f", str(file), "--dry-run") as terminal:
        shown = terminal.end().out

    words = " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).split())  # however wide the terminal is
    assert "image-name, command, redirect-uri, display-name, description, environment and 4 more" in words


@pytest.mark.parametrize("columns", ["1", "3", "20"])
def test_a_plan_keeps_names_whole_however_narrow_the_terminal(
    registry: CommandLine, tmp_path: Path, columns: str
) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("name: course-of-the-autumn-term 2026\nimage-name: i\n")

    with registry.on_terminal("apply", "-f", str(file), "--dry-run", COLUMNS=columns) as terminal:
        shown = terminal.end().out

    assert "+ course-of-the-autumn-term 2026" in shown


@pytest.mark.parametrize("settings", [{"TERM": "dumb"}, {"TERM": "dumb", "FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "0"}])
@pytest.mark.parametrize("command", ["list -o wide", "changes", "apply --dry-run -f -"])
def test_a_terminal_that_knows_no_escapes_gets_none(
    registry: CommandLine, client: Client, settings: dict[str, str], command: str
) -> None:
    client.register_template(Template(name="a", image_name="i"))

    with registry.on_terminal(*command.split(), **settings) as terminal:
        terminal.type("{name: b, image-name: i}\n\x04\x04")
        shown = terminal.end().out

    assert "\x1b" not in shown
