"""run: a template with docker or podman on this machine."""

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

from ..docker_run import ENGINES, LOOPBACK, PORT, NotRunnable, engine_line, printed
from .chosen import resolved
from .connection import connected, name_argument
from .options import Pair, whole
from .output import tell, write

if TYPE_CHECKING:
    from ..client import Client


class CommandWithCommand(click.Command):
    """Says where the options of the container's own command belong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            hint = "What is the container's own stands after --: `binder-registry run NAME -- COMMAND …`."
            raise click.UsageError(f"{error.format_message()} {hint}", ctx) from None


@click.command("run", cls=CommandWithCommand, short_help="Run a template with docker or podman.")
@name_argument
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--option",
    "chosen",
    type=Pair(removable=False),
    multiple=True,
    metavar="OPTION=CHOICE",
    help="What you choose: size=large; image.free-text=quay.io/a/b:c; repeatable.  [default: the template's]",
)
@click.option("--revision", type=whole(), metavar="N", help="As it was at this revision of the registry.")
@click.option("--engine", type=click.Choice(ENGINES), help="Default: the first that is installed.")
@click.option(
    "--publish", type=whole(1, 65535), metavar="PORT", help="Port on this machine.  [default: the template's]"
)
@click.option("--print", "print_only", is_flag=True, help="Print the line instead of running it.")
@connected
def run(
    client: "Client",
    name: str,
    command: tuple[str, ...],
    chosen: tuple[tuple[str, str | None], ...],
    revision: int | None,
    engine: str | None,
    publish: int | None,
    print_only: bool,
) -> None:
    """Run a template with docker or podman: its image, limits, port, environment and command, or another COMMAND.
    What stands after -- is the command's alone. Options that are not chosen get their defaults; nobody's groups are
    asked. What only a spawner has, of `overrides`, is named and left out, and `requests` count on hubs alone.

    The server is published on this machine only (127.0.0.1), unless the template says container-ip.

    \b
    Examples:
      binder-registry run scipy
      binder-registry run scipy --option size=large --option image.free-text=quay.io/jupyter/r-notebook
      binder-registry run scipy --print --engine podman
      binder-registry run scipy -- jupyter lab --ip 0.0.0.0
    """
    template = resolved(client.get_json(name, revision=revision), chosen)
    if template.paused:
        tell(f"Paused: {template.paused}")
    if template.deprecated:
        tell(f"Deprecated: {template.deprecated}")
    found = engine or next(filter(shutil.which, ENGINES), None)
    interactive = not print_only and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        line = engine_line(template, found or ENGINES[0], command=command, publish=publish, interactive=interactive)
    except NotRunnable as error:
        raise click.ClickException(str(error)) from None
    if not found and not print_only:
        raise click.ClickException(
            "Neither docker nor podman is installed. --print shows the line for another machine."
        )
    if print_only:
        write(printed(line))
        return
    tell(f"http://{LOOPBACK}:{publish or template.bind_port or PORT}/{template.redirect_uri.lstrip('/')}")
    client.close()
    sys.stdout.flush()
    try:
        os.execvp(line[0], [word.encode(errors="surrogateescape") for word in line])  # noqa: S606 - no shell: values of the environment stay values
    except OSError as error:
        raise click.ClickException(f"{line[0]} cannot be run: {error.strerror}.") from None
