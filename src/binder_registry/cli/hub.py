"""What a JupyterHub makes of the registry: prepull, and check --hub."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .connection import connected
from .output import print_yaml, say, table, tell

if TYPE_CHECKING:
    from ..client import Client

F = TypeVar("F", bound=Callable[..., Any])

PAUSE = "registry.k8s.io/pause:3.10"
TAINTS = ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")  # of zero-to-jupyterhub's user nodes


def allow_command_option(command: F) -> F:
    return click.option(
        "--allow-command",
        "allow_commands",
        multiple=True,
        metavar="COMMAND",
        help="What the hub allows beside jupyterhub-singleuser; repeatable.",
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
    images = sorted({offer.image for offer in offers})
    if form == "list":
        click.echo("".join(f"{image}\n" for image in images), nl=False)
    else:
        print_yaml(extra_images(images) if form == "z2jh" else daemon_set(images))


@connected
def check_hub(client: "Client", kind: str, allow_commands: tuple[str, ...]) -> None:
    """Name what a hub leaves out, and why; exit code 1 when there is something."""
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
        raise click.ClickException(f"{error.name} is needed for this. Run: pip install {error.name}") from None
    return jupyterhub


def extra_images(images: Sequence[str]) -> dict[str, Any]:
    """Values for zero-to-jupyterhub, whose chart joins name and tag with a colon."""
    entries = {}
    for number, image in enumerate(images, 1):
        name, colon, tag = image.rpartition(":")
        if not colon or "/" in tag:  # the colon of a registry's port
            name, tag = image, "latest"
        entries[f"template-{number}"] = {"name": name, "tag": tag}
    return {"prePuller": {"extraImages": entries}}


def daemon_set(images: Sequence[str]) -> dict[str, Any]:
    """One pod per node that starts each image once and then sleeps, so that the images stay in use."""
    labels = {"app.kubernetes.io/name": "binder-registry-prepull"}
    resources = {"requests": {"cpu": "0", "memory": "0"}}
    pulls = [
        {
            "name": f"pull-{number}",
            "image": image,
            "command": ["/bin/sh", "-c", "exit 0"],
            "resources": resources,
        }
        for number, image in enumerate(images, 1)
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "binder-registry-prepull", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "automountServiceAccountToken": False,
                    "terminationGracePeriodSeconds": 0,
                    "tolerations": [{"key": taint, "operator": "Equal", "value": "user"} for taint in TAINTS],
                    "initContainers": pulls,
                    "containers": [{"name": "pause", "image": PAUSE, "resources": resources}],
                },
            },
        },
    }
