"""What a JupyterHub makes of the registry: prepull, and check-hub."""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..installing import installs
from .connection import connected
from .output import counted, say, table, tell, write

if TYPE_CHECKING:
    from ..client import Client
    from ..template import Template

F = TypeVar("F", bound=Callable[..., Any])
_SPAWNERS = {
    "kubernetes": "kubespawner.KubeSpawner",
    "docker": "dockerspawner.DockerSpawner",
    "swarm": "dockerspawner.SwarmSpawner",
    "local": "jupyterhub.spawner.SimpleLocalProcessSpawner",
}


def allow_command_option(command: F) -> F:
    return click.option(
        "--allow-command",
        "allow_commands",
        multiple=True,
        metavar="COMMAND",
        help="What the hub allows beside jupyterhub-singleuser; repeatable.",
    )(command)


def allow_override_option(command: F) -> F:
    return click.option(
        "--allow-override",
        "allow_overrides",
        multiple=True,
        metavar="KEY",
        help="What the hub allows of overrides, beside what is harmless; repeatable.",
    )(command)


def label_option(command: F) -> F:
    return click.option(
        "--label", "-l", multiple=True, metavar="SELECTOR", help="Only those with these labels; repeatable."
    )(command)


def kind_option(command: F) -> F:
    return click.option(
        "--kind",
        type=click.Choice(["kubernetes", "docker", "swarm", "local"]),
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
@label_option
@allow_command_option
@allow_override_option
@connected
def prepull(
    client: "Client",
    form: str,
    label: tuple[str, ...],
    allow_commands: tuple[str, ...],
    allow_overrides: tuple[str, ...],
) -> None:
    """Print the images of what a hub offers, each once, so that nodes hold them before they are asked for.

    Those of every choice are in it, whoever may take it. An image that users type cannot be.

    \b
    Examples:
      binder-registry prepull
      binder-registry prepull --format z2jh > prepull.yaml
      binder-registry prepull --format daemonset | kubectl apply -n jhub -f -
    """
    offers, left_out = _offered(client, "kubernetes", label, allow_commands, allow_overrides)
    for name, reason in left_out:
        tell(f"{name}: not offered: {reason}")
    for offer in offers:
        for choice, reason in offer.hidden.items():
            tell(f"{offer.name}, {choice}: not offered: {reason}")
        if not offer.image:
            tell(f"{offer.name}: the hub's own image, which is not listed here")
    from ..prepull import daemon_set, image_list, z2jh_values

    images = image_list(offers)
    if form == "list":
        write("".join(f"{image}\n" for image in images))
    else:
        from .documents import print_yaml

        print_yaml(z2jh_values(images) if form == "z2jh" else daemon_set(images))


@click.command("check-hub", short_help="Name what a hub cannot offer.")
@kind_option
@label_option
@allow_command_option
@allow_override_option
@connected
def check_hub(
    client: "Client",
    kind: str,
    label: tuple[str, ...],
    allow_commands: tuple[str, ...],
    allow_overrides: tuple[str, ...],
) -> None:
    """Name what a JupyterHub cannot offer, and why; exit code 1 when there is something.

    Choices that it cannot offer are named with their option: `scipy, size=large`.

    \b
    Examples:
      binder-registry check-hub
      binder-registry check-hub --kind docker
      binder-registry check-hub --label hub=physics --allow-override volumes
    """
    hub = _rules_of_hubs()
    templates = _as_hubs_read_them(client.list_templates(deleted=True, label=label))
    rules = hub.Rules(kind=kind, allow_commands=allow_commands, allow_overrides=allow_overrides)
    rules = _with_traits(rules, kind)
    catalogue = hub.Catalogue().having(templates, rules)
    faults: list[list[str]] = []
    for name, reason in catalogue.left_out.items():
        template = catalogue.templates[name]
        wrong = _dead_end(catalogue, name) if template.get("replaced-by") else ""
        if template["deleted"]:
            if wrong and template["replaced-by"] not in catalogue.templates:  # it never was: misspelt
                tell(f"{name}: {reason}, and {wrong}")
        elif template.get("paused") and not template.get("replaced-by"):
            tell(f"{name}: in no list, as {reason}")
        elif wrong or not template.get("replaced-by"):
            faults.append([name, f"{reason}, and {wrong}" if wrong else reason])
        else:
            tell(f"{name}: in no list, as it is replaced: who chose it gets {catalogue.successor(name)}")
    hidden = [
        [f"{name}, {choice}", reason]
        for name, offer in catalogue.offers.items()
        for choice, reason in offer.hidden.items()
    ]
    for offer in catalogue.offers.values():
        for note in hub.passed_over(offer, rules):
            tell(f"overrides set {note}")
    if faults or hidden:
        table(["NAME", "NOT OFFERED BECAUSE"], [*faults, *hidden])
        left_out = [counted(len(faults), "template")] * bool(faults) + [counted(len(hidden), "choice")] * bool(hidden)
        offered = counted(len(catalogue.offers), "template")
        raise click.ClickException(f"A hub offers {offered} and leaves out {' and '.join(left_out)}.")
    say(f"a hub offers all {len(catalogue.offers)} templates")


def _with_traits(rules: Any, kind: str) -> Any:
    """What the spawner's own class takes is known where that is installed beside us."""
    module, _, name = _SPAWNERS[kind].rpartition(".")
    try:
        return rules.of(getattr(import_module(module), name))
    except ImportError:
        return rules


def _dead_end(catalogue: Any, name: str) -> str:
    """Why those who chose this template get none, although it names a successor; "" where they get one."""
    template, successor = catalogue.templates[name], catalogue.successor(name)
    if successor in catalogue.offers:
        return ""
    if template["replaced-by"] not in catalogue.templates:
        return f"there is no {template['replaced-by']!r} to take its place"
    return f"{successor!r} is not offered" if successor in catalogue.templates else "that is gone"


def _offered(
    client: "Client", kind: str, label: Sequence[str], allow_commands: Sequence[str], allow_overrides: Sequence[str]
) -> tuple[Any, Any]:
    hub = _rules_of_hubs()
    templates = _as_hubs_read_them(client.list_templates(label=label))
    rules = hub.Rules(kind=kind, allow_commands=allow_commands, allow_overrides=allow_overrides)
    return hub.offered(templates, rules)  # type: ignore[no-any-return]


def _as_hubs_read_them(templates: "Iterable[Template]") -> list[dict[str, Any]]:
    from .documents import members

    return [{"revision": one.revision, "deleted": one.deleted, **members(one)} for one in templates]


def _rules_of_hubs() -> ModuleType:
    try:
        from .. import jupyterhub
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        raise click.ClickException(f"{missing} is needed for this. Run: {installs(missing)}") from None
    return jupyterhub
