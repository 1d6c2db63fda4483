"""How results look: for people on a terminal, for programs in a pipe.

In a pipe a table is its rows, separated by tabs, without a header, colours or shortened values: `cut` and `while read`
work, and a line stays what it is. Nothing that others wrote reaches a terminal as a control character.

What the encoding of the output cannot hold is escaped: as Python does in lines, as JSON and YAML do in those, so that
they stay what they are.
"""

import codecs
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from ..file_names import as_text

if TYPE_CHECKING:
    from rich.console import Console

UNBROKEN = 40  # characters of a column that stays on one line where the terminal is too narrow for all
GAP = 3  # characters between columns

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
    return as_text(text).translate(_ESCAPES)


def escape_what_output_cannot_hold() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        sys.stdout.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Not `click.echo`, which writes UTF-8 where the output is ASCII."""
    sys.stdout.write(text)
    sys.stdout.flush()


def say(text: str) -> None:
    """A line about what was done, on stdout."""
    write(f"{printable(text)}\n")


def tell(text: str) -> None:
    """A line for people, on stderr; where that takes nothing, what was done stays done."""
    with suppress(OSError):
        click.echo(printable(text), file=sys.stderr)


def console(*, err: bool = False, width: int | None = None) -> "Console":
    from rich.console import Console

    return Console(stderr=err, highlight=False, markup=False, emoji=False, soft_wrap=False, width=width)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str] = ()) -> None:
    """`styles`: one per row, for terminals."""
    cells = [[printable(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        sys.stdout.writelines("\t".join(row) + "\n" for row in cells)
        return
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    needed = GAP * len(columns)
    for index, column in enumerate(columns):
        longest = max(cell_len(each) for each in (column, *(row[index] for row in cells)))
        shown.add_column(column, overflow="fold", no_wrap=longest <= UNBROKEN)
        needed += min(longest, UNBROKEN)
    for index, row in enumerate(cells):
        shown.add_row(*map(Text, row), style=styles[index] if styles else None)
    # Where the terminal is narrower, its lines wrap: cut off, names would read alike.
    console(width=max(needed, console().width)).print(shown)


def print_json(value: Any) -> None:
    write_json(json_text(value, indent=2))


def write_json(text: str) -> None:
    write(f"{text if _holds(text) else _in_ascii(text)}\n")


def write_yaml(text: str) -> None:
    write(text if _holds(text) else _yaml_in_ascii(text))


def _holds(text: str) -> bool:
    """Whether it can be written as it is. A file or a pipe has to be UTF-8, which is what its reader expects."""
    encoding = sys.stdout.encoding or "utf-8"
    if text.isascii() or codecs.lookup(encoding).name == "utf-8":
        return True
    if not sys.stdout.isatty():
        return False
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _in_ascii(text: str) -> str:
    return re.sub(r"[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], text)


def _yaml_in_ascii(text: str) -> str:
    import yaml

    def events() -> Iterator[Any]:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.ScalarEvent) and not event.value.isascii():
                event.implicit = (True, True)  # in quotes it stays the string that it is
            yield event

    return str(yaml.emit(events(), Dumper=yaml.SafeDumper, allow_unicode=False, width=120))


def json_text(value: Any, *, indent: int | None = None) -> str:
    separators = None if indent else (",", ":")
    text = json.dumps(value, indent=indent, ensure_ascii=False, separators=separators)
    return text.translate(_JSON_ESCAPES)


def counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' if number != 1 else ''}"


def moment(time: datetime | None) -> str:
    """Relative on a terminal, else the timestamp as the registry writes it."""
    if time is None:
        return ""
    if sys.stdout.isatty():
        return ago(datetime.now(UTC) - time)
    from ..wire import timestamp

    return timestamp(time)


def until(time: datetime) -> str:
    """As `moment`, of what is to come."""
    if not sys.stdout.isatty():
        return moment(time)
    left = time - datetime.now(UTC)
    return f"in {ago(left).removesuffix(' ago')}" if left > timedelta() else moment(time)


def local(time: datetime) -> datetime:
    """On this machine's clock; as it is on the first and the last day of the calendar, which may be out of it there."""
    try:
        return time.astimezone()
    except (OverflowError, ValueError, OSError):
        return time


def ago(age: Any) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if count := seconds // size:
            return f"{counted(count, unit)} ago"
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
