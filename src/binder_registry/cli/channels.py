"""promote, demote and channels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from .connection import complete_name, connected, name_argument
from .options import if_match_option, note_option, whole
from .output import format_option, print_json, printable, say, table, write

if TYPE_CHECKING:
    from ..changes import Position
    from ..channels import Channel
    from ..client import Client, PlanStep


@click.command("promote", short_help="Point a channel at a revision.")
@click.argument("name", metavar="[NAME]", shell_complete=complete_name)
@click.argument("channel", metavar="CHANNEL", required=False)
@click.option("--revision", type=whole(1), metavar="REVISION", help="Whose content; else the newest.")
@click.option("--label", "-l", "label", metavar="SELECTOR", help="All templates with these labels, not one; '*': all.")
@click.option("--from", "source", metavar="CHANNEL", help="With --label: to where this channel points.")
@click.option("--dry-run", is_flag=True, help="With --label: show the plan and change nothing.")
@if_match_option
@note_option
@connected
def promote(
    client: "Client",
    name: str,
    channel: str | None,
    revision: int | None,
    label: str | None,
    source: str | None,
    dry_run: bool,
    expected: "Position | None",
    note: str,
) -> None:
    """Point a channel at the newest content of a template, or at a revision of it: that is how to roll back, too. With
    --label of many templates, all or none. Needs a token with the scope 'promote'.

    \b
    Examples:
      binder-registry promote scipy stable --revision 38 -m "41 does not start"
      binder-registry promote -l course=physics --from testing stable --dry-run
    """
    if label is not None:
        if channel is not None or revision is not None:
            raise click.UsageError("With --label there is one CHANNEL, no NAME, and no --revision.")
        wanted = {"channel": name, "label": label} | ({} if source is None else {"from": source})
        _tell_plan(client.apply(promote=wanted, dry_run=dry_run, expected=expected, note=note), dry_run)
        return
    if channel is None or source is not None or dry_run:
        raise click.UsageError("Give NAME and CHANNEL; --from and --dry-run go with --label.")
    template = client.promote_template(name, channel, revision, expected=expected, note=note)
    pointed = template.channels[channel]
    say(f"{name}: {channel} is revision {pointed.revision}{_behind(pointed.behind)}")


@click.command("demote", short_help="End a channel of a template.")
@name_argument
@click.argument("channel")
@if_match_option
@note_option
@connected
def demote(client: "Client", name: str, channel: str, expected: "Position | None", note: str) -> None:
    """End a channel of a template. Needs a token with the scope 'promote'.

    \b
    Example:
      binder-registry demote scipy testing
    """
    client.demote_template(name, channel, expected=expected, note=note)
    say(f"{name} has no channel {channel} any more")


@click.command("channels", short_help="Show where channels point.")
@click.argument("name", required=False, shell_complete=complete_name)
@format_option("table", "json")
@connected
def channels(client: "Client", name: str | None, output: str) -> None:
    """Show where the channels of a template point, or those of all, and how many newer contents there are.

    \b
    Example:
      binder-registry channels scipy
    """
    rows = [
        {"template": one, "channel": channel, "revision": pointed.revision, "behind": pointed.behind}
        for one, pointing in _pointing(client, name)
        for channel, pointed in pointing.items()
    ]
    if output == "json":
        print_json(rows)
        return
    columns = ("template", "channel", "revision", "behind")
    table([column.upper() for column in columns], [[str(row[column]) for column in columns] for row in rows])


def _pointing(client: "Client", name: str | None) -> "Iterator[tuple[str, dict[str, Channel]]]":
    from ..channels import Channel
    from ..errors import TemplateNotFound

    if name is None:
        for template in client.list_json():
            yield template["name"], {key: Channel(**each) for key, each in template.get("channels", {}).items()}
        return
    newest = client.changes(name=name, newest_first=True, limit=1)
    if not newest or newest[0].deleted or newest[0].template is None:
        raise TemplateNotFound
    yield name, newest[0].template.channels


def _behind(number: int) -> str:
    return f", {number} behind" if number else ""


def _tell_plan(steps: "list[PlanStep]", dry_run: bool) -> None:
    for step in steps:
        write("\t".join(map(printable, (step.action, step.name, _said(step)))) + "\n")
    number = sum(step.action == "promoted" for step in steps)
    say(f"{number} of {len(steps)} templates {'would be' if dry_run else 'were'} promoted")


def _said(step: "PlanStep") -> str:
    promoted: Any = step.promoted
    return step.reason if promoted is None else f"{promoted.before or 'nothing'} to {promoted.to}"
