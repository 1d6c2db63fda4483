"""Writes docs/cli.md from the commands: `python docs/generate_cli.py`. A test holds the page to them."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from binder_registry.cli import EXIT_CODES, SECTIONS, cli

PAGE = Path(__file__).parent / "cli.md"

INTRODUCTION = """\
# The command line

<!-- Written by docs/generate_cli.py from the commands: change those, then run it. -->

`binder-registry` publishes, reads and follows templates, moves them between hubs and registries, and runs the server.

## Which registry

The first of these that is there:

1. `--url URL` or `--context NAME`, before or after the command's name;
2. `BINDER_REGISTRY_URL`;
3. the current context (see [`context`](#context));
4. `http://127.0.0.1:8080`.

Writes need a token: that of the context, which goes to that context's address and no other, or `BINDER_API_KEY`; a job
of a CI system needs none of them, but its [id-token](ci.md).
Proxies and certificates are taken from the environment: `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.

## Output

On a terminal: tables, relative times, colours (unless `NO_COLOR` is set), progress of long work. In a pipe: rows
separated by tabs, without a header, times as the registry writes them, nothing shortened. Control characters in what
others wrote are shown as `\\n` or `\\x1b`. `-o json` and `-o yaml` are the members of the
HTTP API. Results are on standard output, everything else on standard error.

## Exit codes

| code | meaning |
| --- | --- |
"""


def page() -> str:
    parts = [INTRODUCTION + "".join(f"| {code} | {meaning} |\n" for code, meaning in exit_codes())]
    context = click.Context(cli, info_name="binder-registry")
    for title, entries in SECTIONS.items():
        parts.append(f"\n## {title}\n")
        parts += [f"\n{part}" for name in entries for part in command_parts(context, name)]
    return "".join(parts)


def exit_codes() -> list[tuple[str, str]]:
    return re.findall(r"^  (\d+) +(.+)$", EXIT_CODES, re.MULTILINE)


def command_parts(context: click.Context, name: str) -> Iterator[str]:
    command = cli.get_command(context, name)
    assert command is not None
    yield from one_command(name, command, context)
    if isinstance(command, click.Group):
        inner = click.Context(command, info_name=name, parent=context)
        for each, below in command.commands.items():
            yield from one_command(f"{name} {each}", below, inner)


def one_command(name: str, command: click.Command, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name.split()[-1], parent=parent)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    depth = "####" if " " in name else "###"
    yield f"{depth} {name}\n\n```\n{usage}\n```\n"
    yield from paragraphs(inspect.cleandoc(command.help or ""))
    if command.epilog:
        yield from paragraphs(command.epilog)
    if rows := list(options(command, context)):
        yield "| option | meaning |\n| --- | --- |\n" + "".join(
            f"| {names} | {help_text} |\n" for names, help_text in rows
        )


def paragraphs(text: str) -> Iterator[str]:
    """Blocks that click must not wrap (they begin with `\\b`) are examples."""
    for block in re.split(r"\n\n+", text):
        if block.startswith("\b"):
            title, *lines = block.removeprefix("\b").strip("\n").split("\n")
            body = "\n".join(line.removeprefix("  ") for line in lines)
            yield f"{title}\n\n```sh\n{body}\n```\n"
        else:
            yield " ".join(block.split("\n")).replace("<slug>-<choice>", "`<slug>-<choice>`") + "\n"


def options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is None or not isinstance(parameter, click.Option):
            continue
        variables = [parameter.envvar] if isinstance(parameter.envvar, str) else [*(parameter.envvar or ())]
        told = [record[1], *(f"[`{variable}`]" for variable in variables)]
        yield f"`{record[0]}`".replace("|", "\\|"), "  ".join(told).replace("|", "\\|").replace("  ", " ")


if __name__ == "__main__":
    PAGE.write_text(page())
