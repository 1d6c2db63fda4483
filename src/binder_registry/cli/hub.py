"""What a JupyterHub makes of the registry: prepull, and check-hub."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..installing import installs, is_missing
from .connection import connected
from .hub_rules import given_rules, rules_option
from .output import counted, say, table, tell, write

if TYPE_CHECKING:
    from ..client import Client
    from ..hub.catalogue import Catalogue
    from ..hub.rules import Kind, Rules
    from ..template import Template

F = TypeVar("F", bound=Callable[..., Any])


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
        default=None,
        show_default="kubernetes",
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
@rules_option
@label_option
@allow_command_option
@allow_override_option
@connected
def prepull(
    client: "Client",
    form: str,
    rules_file: Path | None,
    label: tuple[str, ...],
    allow_commands: tuple[str, ...],
    allow_overrides: tuple[str, ...],
) -> None:
    """Print the images of what a hub offers, each once, so that nodes hold them before they are asked for.

    Those of every choice are in it, whoever may take it, and those of what channels point at. An image that users type
    cannot be. With the file that the hub's `configure(…, rules_file=…)` writes, it is what this hub offers: of its
    label, its channel and the one that some try out; what is given beside it wins.

    \b
    Examples:
      binder-registry prepull
      binder-registry prepull --rules /srv/jupyterhub/rules.json
      binder-registry prepull --format z2jh > prepull.yaml
      binder-registry prepull --format daemonset | kubectl apply -n jhub -f -
    """
    with _needed_of_hubs():
        from ..hub.offerable import called
        from ..hub.offers import offered
        from ..hub.rules import Rules
    if rules_file:
        rules, of_the_hub = given_rules(rules_file, None, allow_commands, allow_overrides)
        lists = _of_the_hub(client, rules, label or of_the_hub)
    else:
        rules = Rules(kind="kubernetes", allow_commands=allow_commands, allow_overrides=allow_overrides)
        lists = _shown(client, label)
    found = []
    for channel, templates in lists:
        offers, left_out = offered(({"revision": 0, **one} for one in templates), rules)  # a registry of 2015 has none
        found += offers
        of = f" ({channel})" if channel else ""
        for name, reason in left_out:
            tell(f"{name}{of}: not offered: {reason}")
        for offer in offers:
            for part, reason in offer.hidden.items():
                tell(f"{offer.name}{of}, {called(part)}: not offered: {reason}")
            if not offer.image:
                tell(f"{offer.name}{of}: the hub's own image, which is not listed here")
    from ..prepull import daemon_set, image_list, z2jh_values

    images = image_list(found)
    if form == "list":
        write("".join(f"{image}\n" for image in images))
    else:
        from .documents import print_yaml

        print_yaml(z2jh_values(images) if form == "z2jh" else daemon_set(images))


def _shown(client: "Client", label: tuple[str, ...]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The newest contents, and by channel what others it shows. Labels are those of what is shown."""
    newest = client.list_json(label=label)
    yield "", [*newest]
    every = client.list_json() if label else newest
    seen = set(map(_content_of, newest))
    for channel in sorted({channel for one in every for channel in one.get("channels", ())}):
        shown = client.list_json(label=label, channel=channel)
        yield channel, [one for one in shown if _content_of(one) not in seen]
        seen.update(map(_content_of, shown))


def _of_the_hub(
    client: "Client", rules: "Rules", label: Sequence[str]
) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """What everybody is offered, and what some try out."""
    from ..hub.channels import tried_out

    yield "", [*client.list_json(label=label, channel=rules.channel)]
    for channel in rules.try_out[:1]:
        yield "", [tried_out(one, channel) for one in client.list_json(label=label, channel=channel)]


def _content_of(template: Mapping[str, Any]) -> tuple[str, int]:
    return template["name"], template.get("content-revision") or template.get("revision", 0)


@click.command("check-hub", short_help="Name what a hub cannot offer.")
@rules_option
@kind_option
@label_option
@allow_command_option
@allow_override_option
@connected
def check_hub(
    client: "Client",
    rules_file: Path | None,
    kind: "Kind | None",
    label: tuple[str, ...],
    allow_commands: tuple[str, ...],
    allow_overrides: tuple[str, ...],
) -> None:
    """Name what a JupyterHub cannot offer, and why; exit code 1 when there is something.

    Choices that it cannot offer are named with their option: `scipy, size=large`. Its rules are in the file that the
    hub's `configure(…, rules_file=…)` writes; what is given beside it wins.

    \b
    Examples:
      binder-registry check-hub
      binder-registry check-hub --rules /srv/jupyterhub/rules.json
      binder-registry check-hub --kind docker
      binder-registry check-hub --label hub=physics --allow-override volumes
    """
    with _needed_of_hubs():
        from ..hub.catalogue import Catalogue
        from ..hub.offerable import called
        from ..hub.offers import passed_over
    rules, of_the_hub = given_rules(rules_file, kind, allow_commands, allow_overrides)
    catalogue = Catalogue().having(_as_the_hub_lists_them(client, rules, label or of_the_hub), rules)
    faults: list[list[str]] = []
    for name, reason in catalogue.left_out.items():
        template = catalogue.templates[name]
        wrong = _dead_end(catalogue, name) if template.get("replaced-by") else ""
        if template["deleted"]:
            if wrong and template["replaced-by"] not in catalogue.templates:  # it never was: misspelt
                tell(f"{name}: it was deleted, and {wrong}")
        elif template.get("paused") and not template.get("replaced-by"):
            tell(f"{name}: in no list, as {reason}")
        elif wrong or not template.get("replaced-by"):
            faults.append([name, f"{reason}, and {wrong}" if wrong else reason])
        else:
            tell(f"{name}: in no list, as it is replaced: who chose it gets {catalogue.successor(name)}")
    hidden = [
        [f"{name}, {called(part)}", reason]
        for name, offer in catalogue.offers.items()
        for part, reason in offer.hidden.items()
    ]
    for offer in catalogue.offers.values():
        for note in passed_over(offer, rules):
            tell(f"overrides set {note}")
    if faults or hidden:
        table(["NAME", "NOT OFFERED BECAUSE"], [*faults, *hidden])
        left_out = [counted(len(faults), "template")] * bool(faults) + [counted(len(hidden), "choice")] * bool(hidden)
        offered = counted(len(catalogue.offers), "template")
        raise click.ClickException(f"A hub offers {offered} and leaves out {' and '.join(left_out)}.")
    say(f"a hub offers all {len(catalogue.offers)} templates")


def _as_the_hub_lists_them(client: "Client", rules: "Rules", label: Sequence[str]) -> list[Mapping[str, Any]]:
    """What its channel shows, and what is tried out: what is in neither is not in its lists."""
    from ..hub.channels import tried_out

    def listed(channel: str) -> list[Mapping[str, Any]]:
        templates = as_hubs_read_them(client.list_templates(deleted=True, label=label, channel=channel))
        return [one if one["deleted"] or not channel else {**one, "channel": channel} for one in templates]

    found = listed(rules.channel)
    for channel in rules.try_out[:1]:
        found += [tried_out(one, channel) for one in listed(channel) if not one["deleted"]]
    return found


def _dead_end(catalogue: "Catalogue", name: str) -> str:
    """Why those who chose this template get none, although it names a successor; "" where they get one."""
    template, successor = catalogue.templates[name], catalogue.successor(name)
    if successor in catalogue.offers:
        return ""
    if template["replaced-by"] not in catalogue.templates:
        return f"there is no {template['replaced-by']!r} to take its place"
    return f"{successor!r} is not offered" if successor in catalogue.templates else "that is gone"


def as_hubs_read_them(templates: "Iterable[Template]") -> list[dict[str, Any]]:
    from .documents import members

    return [{"revision": one.revision, "deleted": one.deleted, **members(one)} for one in templates]


@contextmanager
def _needed_of_hubs() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        if not is_missing(error, "tornado"):
            raise
        raise click.ClickException(f"tornado is needed for this. Run: {installs('tornado')}") from None
