"""changes, diff and watch."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from .connection import complete_name, connected, name_argument
from .options import PositionText, whole
from .output import (
    console,
    format_option,
    json_text,
    local,
    moment,
    print_json,
    printable,
    table,
    write,
    write_json,
)

if TYPE_CHECKING:
    from ..changes import Change, Position
    from ..client import Client


@click.command("changes", short_help="Show who changed what, and when.")
@click.argument("name", required=False, shell_complete=complete_name)
@click.option(
    "--since", type=PositionText(), metavar="REVISION", help="Those after this revision (or position), oldest first."
)
@click.option("--limit", "-n", type=whole(1), metavar="N", default=50, show_default=True, help="At most so many.")
@click.option("--label", "-l", multiple=True, metavar="SELECTOR", help="Of templates with these labels; repeatable.")
@format_option("table", "wide", "name", "json", "yaml")
@connected
def changes(
    client: "Client", name: str | None, since: "Position | None", limit: int, label: tuple[str, ...], output: str
) -> None:
    """Show who changed what, and when: of one template, or of all; newest first. -o name prints positions. Of one
    template -o wide also names the members that each change changed: options.size.large.limits.memory.

    \b
    Examples:
      binder-registry changes scipy
      binder-registry changes --since 42 -o json
    """
    found: list[Change] = []
    if since is None:
        found = client.changes(name=name, newest_first=True, limit=limit, label=label)
    else:
        from ..changes import PAGE

        while page := client.changes(since=since, name=name, limit=min(PAGE, limit - len(found)), label=label):
            found += page
            since = page[-1].position
            if len(found) >= limit:
                break
    if output == "json":
        print_json([change_members(change) for change in found])
    elif output == "yaml":
        from .documents import print_yaml

        print_yaml([change_members(change) for change in found])
    elif output == "name":
        write("".join(f"{change.position}\n" for change in found))
    else:
        columns = _WIDE if output == "wide" else _NARROW
        rows = [[column(change) for column in columns.values()] for change in found]
        if output == "wide" and name is not None:
            columns = {**columns, "CHANGED": None}
            rows = [[*row, ",".join(members)] for row, members in zip(rows, _changed(client, found), strict=True)]
        table(list(columns), rows)


def _changed(client: "Client", found: "list[Change]") -> "Iterator[list[str]]":
    """The members that each change of one template changed, as its history over HTTP names them."""
    from ..differences import changed_members
    from ..template import Template

    known = {change.revision: change for change in found}
    for change in found:
        before = known.get(change.previous)
        if before is None and change.previous:
            before = next(iter(client.changes(name=change.name, since=change.previous - 1, limit=1)), None)
        if before and before.deleted:
            before = None
        purged = change.content is None or (before is not None and before.content is None)
        yield [] if purged else changed_members(before.template if before else None, change.template or Template())


@click.command("diff", short_help="Compare two revisions of a template.")
@name_argument
@click.argument("old", type=whole(), metavar="REVISION")
@click.argument("new", type=whole(), metavar="[REVISION]", required=False)
@connected
def diff(client: "Client", name: str, old: int, new: int | None) -> None:
    """Compare a template at two revisions of the registry, or at one and now. Where it did not exist is empty.
    A line for each value of its options says whose it is: options.size.large.limits.memory.

    \b
    Examples:
      binder-registry diff scipy 42
      binder-registry diff scipy 42 57
    """
    from difflib import unified_diff

    from ..errors import TemplateNotFound
    from .documents import shown_members, to_yaml
    from .paths import options_apart

    texts: list[list[str]] = []
    for revision in (old, new):
        try:
            came = client.get_json(name, revision=revision)
            texts.append(to_yaml(options_apart(shown_members(came))).splitlines())
        except TemplateNotFound:
            texts.append([])
    if texts == [[], []]:
        raise TemplateNotFound
    labels = [f"{name} at revision {old}", f"{name} {'now' if new is None else f'at revision {new}'}"]
    lines = [printable(line) for line in unified_diff(texts[0], texts[1], labels[0], labels[1], lineterm="")]
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return
    from rich.text import Text

    out = console()
    for line in lines:
        style = "bold" if line[:3] in ("---", "+++") else {"-": "red", "+": "green", "@": "cyan"}.get(line[:1], "")
        out.print(Text(line, style=style), soft_wrap=True)


@click.command("watch", short_help="Follow changes as they come.")
@click.argument("name", required=False, shell_complete=complete_name)
@click.option(
    "--since", type=PositionText(), metavar="REVISION", help="Start after this revision (or position), not now."
)
@click.option("--label", "-l", multiple=True, metavar="SELECTOR", help="Of templates with these labels; repeatable.")
@format_option("line", "name", "json", default="line")
@connected
def watch(client: "Client", name: str | None, since: "Position | None", label: tuple[str, ...], output: str) -> None:
    """Follow changes as they come, until Ctrl-C. A lost connection is made again, without loss or repetition.

    A line is: position, time, action, name, who, note, separated by tabs in a pipe. -o json prints one change a line;
    send its position with --since to go on from there.

    \b
    Examples:
      binder-registry watch
      binder-registry watch --label tier=gold -o json | while read -r change; do …; done
    """
    for change in client.watch(since=since, name=name, label=label):
        if output == "json":
            write_json(json_text(change_members(change)))
        else:
            write(f"{printable(change.name) if output == 'name' else _line(change)}\n")


def _line(change: "Change") -> str:
    from ..wire import timestamp

    if sys.stdout.isatty():
        time = f"{local(change.time):%H:%M:%S}"
        who = f" by {change.by}" if change.by else ""
        return printable(f"{time}  {change.revision}  {change.action:8}  {change.name}{who}  {_note(change)}".rstrip())
    cells = (str(change.position), timestamp(change.time), change.action, change.name, change.by, change.note)
    return "\t".join(map(printable, cells))


def _note(change: "Change") -> str:
    """With what was promoted, before it."""
    done = change.promotion
    if done is None:
        return change.note
    said = f"{done.channel} {done.before or 'new'} to {done.to}" if done.to else f"{done.channel} {done.before} ended"
    return f"{said}: {change.note}" if change.note else said


_NARROW: dict[str, Any] = {
    "REVISION": lambda change: str(change.revision),
    "TIME": lambda change: moment(change.time),
    "ACTION": lambda change: str(change.action),
    "NAME": lambda change: change.name,
    "BY": lambda change: change.by,
    "NOTE": lambda change: _note(change),
}
_WIDE = {
    **_NARROW,
    "POSITION": lambda change: str(change.position),
    "PREVIOUS": lambda change: str(change.previous),
    "IMAGE": lambda change: change.template.image_name if change.template else "(purged)",
}


def change_members(change: "Change") -> dict[str, Any]:
    """As the registry's feed has them."""
    import msgspec

    from ..kept_members import without_promotion
    from ..wire import timestamp

    shown: dict[str, Any] = {
        "revision": change.revision,
        "position": str(change.position),
        "time": timestamp(change.time),
        "by": change.by,
        "note": change.note,
        "action": str(change.action),
        "name": change.name,
        "previous": change.previous,
        "first": change.first,
        "deleted": change.deleted,
        "digest": change.digest.hex(),
    }
    shown = {key: value for key, value in shown.items() if value not in ("", False) or key == "previous"}
    if change.content is not None:
        if change.promotion is not None:
            shown["promoted"] = msgspec.to_builtins(change.promotion)
        shown["template"] = msgspec.json.decode(without_promotion(change.content))
    return shown
