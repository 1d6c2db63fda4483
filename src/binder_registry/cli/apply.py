"""apply."""

from typing import TYPE_CHECKING, Any

import click

from .connection import connected
from .options import note_option, whole
from .plan import plan_options, publish

if TYPE_CHECKING:
    from ..client import Client


@click.command("apply", short_help="Make the registry look like your files.")
@click.option(
    "-f",
    "--file",
    "sources",
    multiple=True,
    metavar="FILE|DIR|-",
    help="YAML or JSON, with one template or many; a folder's files, not its subfolders; - is standard input.",
)
@click.option("--as-of", type=whole(), metavar="REVISION", help="Instead of files: the registry as it was then.")
@click.option(
    "--label",
    "-l",
    multiple=True,
    metavar="SELECTOR",
    help="With --as-of: only the part with these labels; repeatable.",
)
@plan_options
@note_option
@connected
@click.pass_context
def apply(
    ctx: click.Context,
    client: "Client",
    /,
    sources: tuple[str, ...],
    as_of: int | None,
    label: tuple[str, ...],
    **choices: Any,
) -> None:
    """Make the registry look like your files: create what is missing, update what differs, in one commit or not at all.

    A template in a file is the whole wanted state. Templates that are in no file stay, unless --prune selects them. A
    file without any template, beside --prune, is refused: what made it may have failed.
    What `get`, `export` and a registry of 2015 print is taken as it is. Anchors of YAML share a list of options among
    the templates of one document: write those as a list.

    --as-of takes the registry back to a moment: what has changed since is as it was then, what was deleted is back, and
    what did not exist is deleted. With -l that is so for the templates that have these labels now, or had them then.
    A moment whose content was purged cannot be had.

    On a terminal the plan is shown and you are asked; what you saw is what happens, or nothing when the registry
    changed meanwhile (exit code 4). In a pipeline nothing is asked, and a plan that deletes needs --yes.

    \b
    Examples:
      binder-registry apply -f templates/ -m "$CI_COMMIT_SHA"
      binder-registry apply -f templates/ --prune team=physics --dry-run --exit-code
      binder-registry apply --as-of 42 -l team=physics --dry-run
      curl -s http://old-registry:8080/templates | binder-registry apply -f -
    """
    if as_of is None:
        _files(ctx, client, sources, label, choices)
    elif sources or choices["prune"] is not None or choices["allow_empty"]:
        raise click.UsageError("--as-of takes the place of -f, and goes without --prune and --allow-empty.")
    else:
        from .as_of import way_back

        back = way_back(client, as_of, label, choices["expected"])
        publish(ctx, client, back.wanted, delete=back.delete, **choices | {"expected": back.seen})


def _files(
    ctx: click.Context, client: "Client", sources: tuple[str, ...], label: tuple[str, ...], choices: dict[str, Any]
) -> None:
    from .documents import read_templates

    if not sources:
        raise click.UsageError("Name files with -f, or a moment with --as-of.")
    if label:
        raise click.UsageError("-l goes with --as-of; --prune takes a selector of its own.")
    whole = choices["prune"] is not None and not choices["allow_empty"]
    publish(ctx, client, read_templates(sources, whole=whole), **choices)
