"""The command lines of `binder-registry` that a text shows, and what is wrong with them."""

import re
import shlex
from collections.abc import Iterator

import click

from binder_registry.cli import cli

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
START = r"(?:[$-] |\w+: |[|;&(] *|exec )?(?:\w+=(?:\"[^\"]*\"|\S)* )*"  # of a line, or after a pipe; then the program
CALL = re.compile(rf"(?:^ *|(?<=[|;&(]) *){START}binder-registry +(.*)", re.MULTILINE)
NO_COMMANDS = {"listen"}  # what PostgreSQL shows as the name of a connection
SHOWN = re.compile(r"[$…\[{<]|^X$")  # what stands for something else


def shown(page: str) -> Iterator[tuple[str, bool]]:
    """(what follows `binder-registry`, must it be whole?): in code blocks, and in the text between them."""
    page = page.replace("\\\n", " ")
    for _, language, block in FENCED.findall(page):
        if language not in ("python", "pycon", "json"):
            lines = "\n".join(line for line in block.splitlines() if language != "console" or line.startswith("$ "))
            yield from ((found, True) for found in CALL.findall(lines) if "[OPTIONS]" not in found)
    text = FENCED.sub("", page)
    yield from ((found, False) for code in INLINE.findall(text) for found in CALL.findall(" ".join(code.split())))


def words(line: str) -> list[str]:
    """Of the command alone: without what is piped, redirected or chained."""
    lexer = shlex.shlex(re.sub(r"\$\([^()]*\)", "X", line), posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    found = []
    for word in lexer:
        if set(word) <= set("|&;<>()"):
            break
        found.append(word)
    return found


def fault(line: str, whole: bool = True) -> str:
    """Why the program would refuse this; "" when it would not. What is not `whole` may leave arguments out."""
    command: click.Command = cli
    context, rest = click.Context(cli, info_name="binder-registry"), words(line)
    if rest[:1] and rest[0] in NO_COMMANDS:
        return ""
    try:
        while True:
            given, rest, _ = command.make_parser(context).parse_args(rest)
            if not isinstance(command, click.Group) or not rest:
                break
            found = command.get_command(context, rest[0])
            if found is None:
                return f"there is no command {rest[0]!r}"
            context, command, rest = click.Context(found, parent=context, **found.context_settings), found, rest[1:]
    except click.UsageError as error:
        return error.format_message()
    if rest:
        return f"extra arguments: {rest}"
    return next((why for param in command.params if (why := _fault_of(param, given, context, whole))), "")


def _fault_of(param: click.Parameter, given: dict[str, object], context: click.Context, whole: bool) -> str:
    value = given.get(str(param.name))
    if isinstance(param, click.Argument) and param.required and whole and not isinstance(value, str):
        return f"{param.name} is missing"
    if isinstance(param.type, click.Choice) and isinstance(value, str) and not SHOWN.search(value):
        try:
            param.type.convert(value, param, context)
        except click.BadParameter as error:
            return error.format_message()
    return ""
