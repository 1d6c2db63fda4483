"""apply."""

from typing import TYPE_CHECKING, Any

import click

from .connection import connected
from .options import note_option
from .plan import plan_options, publish

if TYPE_CHECKING:
    from ..client import Client


@click.command("apply", short_help="Make the registry look like your files.")
@click.option(
    "-f",
    "--file",
    "sources",
    multiple=True,
    required=True,
    metavar="FILE|DIR|-",
    help="YAML or JSON, with one template or many; a folder's files, not its subfolders; - is standard input.",
)
@plan_options
@note_option
@connected
@click.pass_context
def apply(ctx: click.Context, client: "Client", /, sources: tuple[str, ...], **choices: Any) -> None:
    """Make the registry look like your files: create what is missing, update what differs, in one commit or not at all.

    A template in a file is the whole wanted state. Templates that are in no file stay, unless --prune selects them. A
    file without any template, beside --prune, is refused: what made it may have failed.
    What `get`, `export` and a registry of 2015 print is taken as it is.

    On a terminal the plan is shown and you are asked; what you saw is what happens, or nothing when the registry
    changed meanwhile (exit code 4). In a pipeline nothing is asked, and a plan that deletes needs --yes.

    \b
    Examples:
      binder-registry apply -f templates/ -m "$CI_COMMIT_SHA"
      binder-registry apply -f templates/ --prune team=physics --dry-run --exit-code
      curl -s http://old-registry:8080/templates | binder-registry apply -f -
    """
    from .documents import read_templates

    whole = choices["prune"] is not None and not choices["allow_empty"]
    publish(ctx, client, read_templates(sources, whole=whole), **choices)
