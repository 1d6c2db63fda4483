import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from binder_registry.cli import COMMANDS, cli

from .invoking import CommandLine


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli, info_name="binder-registry")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", each) for inner, each in command.commands.items())


ALL = dict(every_command())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    assert COMMANDS[name].help == ALL[name].get_short_help_str(limit=100)


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_an_example(name: str, command_line: CommandLine) -> None:
    result = command_line(*name.split(), "--help")

    assert (result.code, "Example" in result.out, f"binder-registry {name}" in result.out) == (0, True, True)


WRITES = ("create", "update", "edit", "delete", "rename", "restore", "purge", "apply", "import")


@pytest.mark.parametrize("name", WRITES)
def test_every_write_takes_a_note(name: str) -> None:
    assert "-m" in [option for parameter in ALL[name].params for option in parameter.opts]


def test_no_option_takes_a_secret_which_a_list_of_processes_would_show() -> None:
    taken = {
        option
        for command in ALL.values()
        for param in command.params
        if isinstance(param, click.Option) and not param.is_flag and not isinstance(param.type, click.Path)
        for option in param.opts
        if {"key", "token", "secret", "password"} & {*option.strip("-").split("-")}
    }

    assert taken == {"--max-token-age"}


def test_help_imports_nothing_that_is_slow() -> None:
    slow = {"rich", "httpx2", "msgspec", "yaml", "starlette", "sqlite3"}
    code = (
        "import sys; from binder_registry.cli import run; run(['--help']);"
        f"print(sorted({slow} & set(sys.modules)), file=sys.stderr)"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stderr == "[]\n"


def test_an_unknown_command_is_wrong_usage(command_line: CommandLine) -> None:
    result = command_line("frobnicate")

    assert (result.code, result.out, "No such command 'frobnicate'.\n" in result.err) == (2, "", True)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("lst", "list"), ("restore-backups", "restore-backup or restore"), ("ceck", "check or check-hub")],
)
def test_a_misspelt_command_is_told_with_those_that_are_close(command_line: CommandLine, word: str, meant: str) -> None:
    result = command_line(word)

    assert (result.code, f"No such command '{word}'. Did you mean {meant}?" in result.err) == (2, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, command_line: CommandLine) -> None:
    result = command_line("completion", shell)

    assert (result.code, "_BINDER_REGISTRY_COMPLETE" in result.out) == (0, True)


def test_commands_are_completed_with_their_help(command_line: CommandLine) -> None:
    words = {"COMP_WORDS": "binder-registry re", "COMP_CWORD": "1"}

    out, _ = command_line.started(_BINDER_REGISTRY_COMPLETE="zsh_complete", **words).communicate()

    assert out.splitlines()[:3] == ["plain", "rename", COMMANDS["rename"].help]


def test_version_is_printed(command_line: CommandLine) -> None:
    from binder_registry import __version__

    assert command_line("version").out.startswith(f"binder-registry {__version__} (Python 3.")


def test_a_closed_standard_output_is_no_fault_of_ours(registry: CommandLine) -> None:
    command = f"{sys.executable} -m binder_registry list >&-"

    result = subprocess.run(
        ["sh", "-c", command], env=os.environ | registry.environment, capture_output=True, text=True
    )

    assert (result.returncode, result.stderr) == (0, "")
