"""Show a plan, ask, and carry it out: what apply and import share."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .options import PositionText
from .output import confirmed, console, printable, progress, say

if TYPE_CHECKING:
    from ..changes import Position
    from ..client import Client, PlanStep
    from ..template import Template

F = TypeVar("F", bound=Callable[..., Any])

WOULD_CHANGE = 2  # exit code
MOST_PATHS = 6  # of one template on a terminal
_STYLES = {"created": "green", "updated": "yellow", "deleted": "red"}
_SIGNS = {"created": "+", "updated": "~", "deleted": "-"}


def plan_options(command: F) -> F:
    for option in reversed(
        (
            click.option("--dry-run", is_flag=True, help="Show the plan and change nothing."),
            click.option("--exit-code", is_flag=True, help="With --dry-run: exit with 2 when something would change."),
            click.option(
                "--prune", metavar="SELECTOR", help="Delete what has these labels and is not named; '*': all."
            ),
            click.option(
                "--allow-empty", is_flag=True, help="Let --prune delete although the input, or a file of it, is empty."
            ),
            click.option("--yes", "-y", is_flag=True, help="Do not ask."),
            click.option(
                "--if-match",
                "expected",
                type=PositionText(),
                metavar="REVISION",
                help="Only if the whole registry is still at this revision.",
            ),
        )
    ):
        command = option(command)
    return command


def publish(
    ctx: click.Context,
    client: "Client",
    templates: "Sequence[Template | Mapping[str, Any]]",
    *,
    prune: str | None,
    allow_empty: bool,
    dry_run: bool,
    exit_code: bool,
    yes: bool,
    expected: "Position | None",
    note: str,
    delete: Mapping[str, str | None] = {},
    left_out: Sequence[str] = (),
) -> None:
    """All of it in one commit, or nothing. `delete` maps names to their successors; `left_out` is what the input held
    and `templates` do not: nobody meant to delete that."""
    if exit_code and not dry_run:
        raise click.UsageError("--exit-code goes with --dry-run.")
    if prune is not None and left_out:
        raise click.ClickException(
            f"--prune would delete what was left out of the input: {', '.join(left_out[:MOST_PATHS])}"
            f"{' …' if len(left_out) > MOST_PATHS else ''}. Nothing was changed: import without --prune."
        )
    if not (templates or delete) and prune is None:
        say("Nothing to apply: there are no templates in the input.")
        return
    if not (templates or delete or allow_empty):
        from .documents import MEANT_EMPTY

        raise click.ClickException(
            f"No templates in the input: --prune would delete all that it selects. {MEANT_EMPTY}"
        )
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    plans = dry_run or not (yes or (prune is None and not delete and not asks))
    wanted = partial(client.apply, templates, delete=delete, prune=prune, allow_empty=allow_empty)
    if plans:
        with progress("Planning"):
            plan = wanted(dry_run=True, expected=expected)
        # What is shown is what happens: the registry must still be where it was when the plan was made.
        expected = client.position()
        show(plan, planned=True)
        changes = [step for step in plan if step.action != "unchanged"]
        if dry_run:
            ctx.exit(WOULD_CHANGE if exit_code and changes else 0)
        if not changes:
            return
        if not asks and any(step.action == "deleted" for step in changes):
            raise click.ClickException("This deletes templates: say --yes. Nothing was changed.")
        if asks and not confirmed("Apply?"):
            raise click.ClickException("Nothing was changed.")
    with progress(f"Applying {len(templates)} templates"):
        done = wanted(expected=expected, note=note)
    if plans:
        say(f"Applied at revision {max(step.revision for step in done)}.")
    else:
        show(done, planned=False)


def show(plan: "Sequence[PlanStep]", *, planned: bool) -> None:
    """What differs, one line each, and a count."""
    counts = Counter(step.action for step in plan)
    changes = [step for step in plan if step.action != "unchanged"]
    if sys.stdout.isatty():
        from rich.text import Text

        out = console()
        for step in changes:
            line = Text(f"{_SIGNS[step.action]} {printable(step.name)}", style=_STYLES[step.action])
            if step.action == "updated":
                line.append(f"  {_shortened(step.changed)}", style="not bold default")
            out.print(line, soft_wrap=True)  # cut into pieces, names would read alike
    else:
        for step in changes:
            what = f"\t{','.join(step.changed)}" if step.action == "updated" else ""
            sys.stdout.write(f"{step.action}\t{printable(step.name)}{what}\n")
    said = ", ".join(f"{counts[action]} {action}" for action in (*_SIGNS, "unchanged") if counts[action])
    say(f"{'Plan' if planned else 'Done'}: {said or 'nothing to do'}")


def _shortened(paths: "Sequence[str]") -> str:
    more = len(paths) - MOST_PATHS
    return ", ".join(paths[:MOST_PATHS]) + (f" and {more} more" if more > 0 else "")
