"""What a JupyterHub makes of the registry: prepull, and check-hub."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .connection import connected
from .output import print_yaml, say, table, tell

if TYPE_CHECKING:
    from ..client import Client

F = TypeVar("F", bound=Callable[..., Any])


def allow_command_option(command: F) -> F:
    return click.option(
        "--allow-command",
        "allow_commands",
        multiple=True,
        metavar="COMMAND",
        help="What the hub allows beside jupyterhub-singleuser; repeatable.",
    )(command)


def kind_option(command: F) -> F:
    return click.option(
        "--kind",
        type=click.Choice(["kubernetes", "docker", "local"]),
        default="kubernetes",
        show_default=True,
        help="The hub's spawner.",
    )(command)


@click.command("prepull", short_help="Print the images of what a hub offers.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["list", "z2jh", "daemonset"]),
    default="list",
    show_default=True,
    help="z2jh: values of its prepuller; daemonset: a manifest for kubectl.",
)
@click.option("--label", "-l", multiple=True, metavar="SELECTOR", help="Only those with these labels; repeatable.")
@allow_command_option
@connected
def prepull(client: "Client", form: str, label: tuple[str, ...], allow_commands: tuple[str, ...]) -> None:
    """Print the images of what a hub offers, each once, so that nodes hold them before they are asked for.

    \b
    Examples:
      binder-registry prepull
      binder-registry prepull --format z2jh > prepull.yaml
      binder-registry prepull --format daemonset | kubectl apply -n jhub -f -
    """
    offers, left_out = _offered(client, "kubernetes", label, allow_commands)
    for name, reason in left_out:
        tell(f"{name}: not offered: {reason}")
    from ..prepull import daemon_set, image_list, z2jh_values

    images = image_list(offers)
    if form == "list":
        click.echo("".join(f"{image}\n" for image in images), nl=False)
    else:
        print_yaml(z2jh_values(images) if form == "z2jh" else daemon_set(images))


@click.command("check-hub", short_help="Name what a hub cannot offer.")
@kind_option
@allow_command_option
@connected
def check_hub(client: "Client", kind: str, allow_commands: tuple[str, ...]) -> None:
    """Name what a JupyterHub cannot offer, and why; exit code 1 when there is something.

    \b
    Examples:
      binder-registry check-hub
      binder-registry check-hub --kind docker
    """
    offers, left_out = _offered(client, kind, (), allow_commands)
    if left_out:
        table(["NAME", "NOT OFFERED BECAUSE"], [[name, reason] for name, reason in left_out])
        raise click.ClickException(f"A hub offers {len(offers)} templates and leaves out {len(left_out)}.")
    say(f"a hub offers all {len(offers)} templates")


def _offered(client: "Client", kind: str, label: Sequence[str], allow_commands: Sequence[str]) -> tuple[Any, Any]:
    from .documents import members

    hub = _rules_of_hubs()
    templates = [
        {"revision": template.revision, **members(template)} for template in client.list_templates(label=label)
    ]
    return hub.offered(templates, hub.Rules(kind=kind, allow_commands=allow_commands))  # type: ignore[no-any-return]


def _rules_of_hubs() -> ModuleType:
    try:
        from .. import jupyterhub
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        raise click.ClickException(f"{missing} is needed for this. Run: pip install {missing}") from None
    return jupyterhub
