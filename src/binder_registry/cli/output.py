"""How results look: for people on a terminal, for programs in a pipe.

In a pipe a table is its rows, separated by tabs, without a header, colours or shortened values: `cut` and `while read`
work, and a line stays what it is. Nothing that others wrote reaches a terminal as a control character.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

UNBROKEN = 40  # characters of a column that stays on one line where the terminal is too narrow for all

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_JSON_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}  # JSON itself leaves these as they are
_ESCAPES |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


def format_option(*names: str, default: str = "table") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "-o",
        "--output",
        type=click.Choice(names),
        default=default,
        show_default=True,
        help="What to print.",
    )


def printable(text: str) -> str:
    return text.translate(_ESCAPES)


def say(text: str) -> None:
    """A line about what was done, on stdout."""
    click.echo(printable(text))


def tell(text: str) -> None:
    """A line for people, on stderr."""
    click.echo(printable(text), err=True)


def operands(*words: str) -> str:
    """For a command that people are told to run: as a shell takes them, and none of them for an option."""
    return " ".join(["--"] * any(word.startswith("-") for word in words) + list(map(quote, words)))


def console(*, err: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=err, highlight=False, markup=False, emoji=False, soft_wrap=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str] = ()) -> None:
    """`styles`: one per row, for terminals."""
    cells = [[printable(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        sys.stdout.writelines("\t".join(row) + "\n" for row in cells)
        return
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for index, column in enumerate(columns):
        longest = max((len(row[index]) for row in cells), default=0)
        shown.add_column(column, overflow="fold", no_wrap=longest <= UNBROKEN)
    for index, row in enumerate(cells):
        shown.add_row(*map(Text, row), style=styles[index] if styles else None)
    console().print(shown)


def print_json(value: Any) -> None:
    click.echo(json_text(value, indent=2))


def json_text(value: Any, *, indent: int | None = None) -> str:
    separators = None if indent else (",", ":")
    text = json.dumps(value, indent=indent, ensure_ascii=False, separators=separators)
    return text.translate(_JSON_ESCAPES)


def print_yaml(value: Any) -> None:
    from .documents import to_yaml

    click.echo(to_yaml(value), nl=False)


def moment(time: datetime | None) -> str:
    """Relative on a terminal, else the timestamp as the registry writes it."""
    if time is None:
        return ""
    if sys.stdout.isatty():
        return ago(datetime.now(UTC) - time)
    from ..wire import timestamp

    return timestamp(time)


def ago(age: Any) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if count := seconds // size:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "now"


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Gives a function that takes how much is done. Drawn on stderr, on a terminal only, and removed at the end."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(err=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def confirmed(question: str) -> bool:
    """Nobody is asked in a pipeline, and nobody says yes there."""
    return sys.stdin.isatty() and click.confirm(question, default=False, err=True)
