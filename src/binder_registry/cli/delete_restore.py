"""delete, rename, restore and purge."""

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from .connection import complete_name, connected, name_argument
from .hints import hinted
from .options import if_match_option, note_option, whole
from .output import confirmed, say
from .usage import hub_option, refuse_if_used
from .write import print_result, result_option, tell_of_successor

if TYPE_CHECKING:
    from ..changes import Position
    from ..client import Client

RENAME_ATTEMPTS = 5


@click.command("delete", short_help="Delete a template.")
@name_argument
@click.option(
    "--replaced-by",
    default="",
    metavar="NAME",
    shell_complete=complete_name,
    help="Template that stale choices of it resolve to.",
)
@click.option("--unless-used", is_flag=True, help="Not while servers of --hub run it: then exit code 6.")
@hub_option(required=False)
@if_match_option
@note_option
@connected
def delete(
    client: "Client",
    name: str,
    replaced_by: str,
    unless_used: bool,
    hub: str | None,
    expected: "Position | None",
    note: str,
) -> None:
    """Delete a template. Its history stays, and `restore` brings it back.

    With --unless-used a JupyterHub is asked first, as `usage` does, and where it does not say, nothing is deleted.
    Between that look and the deletion somebody may start it: such a server runs on, as all do.

    \b
    Examples:
      binder-registry delete scipy-2025 --replaced-by scipy-2026 -m "End of the course"
      binder-registry delete scipy-2025 --unless-used --hub https://hub.example.org
    """
    if unless_used:
        if not hub:
            raise click.UsageError("--unless-used needs --hub, the address of the JupyterHub that is asked.")
        refuse_if_used(name, hub)
    elif hub and click.get_current_context().get_parameter_source("hub") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--hub is asked with --unless-used: say that, too, or leave it out.")
    deleted = client.delete_template(name, expected=expected, note=note, replaced_by=replaced_by)
    say(f"{name} deleted; `{hinted('restore', name, str(deleted.revision))}` brings it back")
    tell_of_successor(client, name, replaced_by)


@click.command("rename", short_help="Give a template another name.")
@click.argument("old", shell_complete=complete_name)
@click.argument("new")
@if_match_option
@note_option
@connected
def rename(client: "Client", old: str, new: str, expected: "Position | None", note: str) -> None:
    """Give a template another name, in one step. The old name's tombstone points to the new one, so that hubs resolve
    saved choices of it.

    \b
    Example:
      binder-registry rename scipy scipy-2026
    """
    from ..errors import RevisionConflict, TemplateExists, TemplateNotFound

    for attempt in range(RENAME_ATTEMPTS):
        # Names are free or taken, and the content current, as of this position, or the apply is refused.
        position = client.head()
        template = client.get_json(old)  # what this release does not know goes along
        revision = template.get("revision", 0)
        if expected and revision != expected.revision:
            raise RevisionConflict(f"{old} is at revision {revision}, not {expected.revision}")
        try:
            client.get_template(new)
            raise TemplateExists(f"Template already exists: {new}")
        except TemplateNotFound:
            pass
        try:
            steps = client.apply([template | {"name": new}], delete={old: new}, expected=position, note=note)
        except RevisionConflict:  # someone wrote, most likely something else: look again
            if attempt == RENAME_ATTEMPTS - 1:
                raise
            continue
        say(f"{old} renamed to {new} at revision {steps[0].revision}")
        return


@click.command("restore", short_help="Bring back an old revision.")
@name_argument
@click.argument("revision", type=whole())
@if_match_option
@note_option
@result_option
@connected
def restore(client: "Client", name: str, revision: int, expected: "Position | None", note: str, output: str) -> None:
    """Bring back the content that a template had at an old revision, as a new change; also that of a deleted one.

    \b
    Example:
      binder-registry restore scipy 42 -m "The new image does not start"
    """
    template = client.restore_template(name, revision, expected=expected, note=note)
    print_result(template, f"restored from revision {revision}", output)


@click.command("purge", short_help="Erase the content of an old revision for good.")
@name_argument
@click.argument("revision", type=whole())
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@note_option
@connected
def purge(client: "Client", name: str, revision: int, yes: bool, note: str) -> None:
    """Erase the content of an old revision for good: for what should never have been published. That there was a
    change stays in the history. Needs a token with the scope 'admin'; the current revision cannot be purged.

    \b
    Example:
      binder-registry purge scipy 42 -m "Held a password"
    """
    if not yes and not confirmed(f"Erase the content of {name} at revision {revision} for good?"):
        raise click.ClickException("Nothing was purged. --yes does not ask.")
    client.purge_change(name, revision, note=note)
    say(f"{name} revision {revision} purged")
