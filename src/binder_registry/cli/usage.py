"""usage: what a hub's servers run."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import click

from .hub_servers import Server, servers_of
from .list_get import print_document
from .output import counted, format_option, table, tell

F = TypeVar("F", bound=Callable[..., Any])
IN_USE = 6  # exit code


def hub_option(*, required: bool) -> Callable[[F], F]:
    return click.option(
        "--hub",
        required=required,
        envvar="JUPYTERHUB_API_URL",
        metavar="URL",
        help="The JupyterHub that is asked: its address, or that of its API.",
    )


@click.command("usage", short_help="Count the servers of a hub by what they run.")
@hub_option(required=True)
@click.option(
    "--stopped", is_flag=True, help="Servers that only exist, too, by what they ran last; asks for all users."
)
@format_option("table", "json", "yaml")
def usage(hub: str, stopped: bool, output: str) -> None:
    """Count the servers of a JupyterHub that run a template, by its revision and the channel it was chosen from.

    The hub is asked, and no registry, with the token in JUPYTERHUB_API_TOKEN, which needs the hub's scopes list:users
    and read:servers. What starts or stops right now counts as running. Servers that run nothing of a registry are
    counted apart.

    \b
    Examples:
      binder-registry usage --hub https://hub.example.org
      binder-registry usage --hub http://hub:8081/hub/api --stopped -o json
    """
    servers = servers_of(hub, stopped=stopped)
    ours = [one for one in servers if one.template]
    others = [one for one in servers if not one.template]
    kinds = sorted({one[:3] for one in ours}, key=lambda kind: (kind[0], -(kind[1] or 0), kind[2]))
    rows = [(kind, _states([one for one in ours if one[:3] == kind])) for kind in kinds]
    if output != "table":
        listed = [
            {"template": name, "revision": revision, "channel": channel, **_told(states, stopped)}
            for (name, revision, channel), states in rows
        ]
        print_document({"templates": listed, "others": _told(_states(others), stopped)}, output)
        return
    columns = ["TEMPLATE", "REVISION", "CHANNEL", "RUNNING", *(["STOPPED"] if stopped else [])]
    table(columns, [[n, str(r or ""), c, *map(str, _told(s, stopped).values())] for (n, r, c), s in rows])
    if others:
        tell(f"{counted(len(others), 'other server')} of the hub: nothing of a registry")


def refuse_if_used(name: str, hub: str) -> None:
    """Raises `HubProblem` where the hub does not say."""
    running = [one for one in servers_of(hub) if one.template == name and one.running]
    if not running:
        return
    by_revision = Counter(one.revision for one in running)
    several = sorted(by_revision.items(), key=lambda item: -(item[0] or 0))
    of_each = ", ".join(f"{number} of {f'revision {one}' if one else 'no known revision'}" for one, number in several)
    raise InUse(f"{name} was not deleted: {counted(len(running), 'server')} of the hub run it ({of_each}).")


class InUse(click.ClickException):
    exit_code = IN_USE


def _states(servers: Collection[Server]) -> Counter[bool]:
    return Counter(one.running for one in servers)


def _told(states: Counter[bool], stopped: bool) -> dict[str, int]:
    return {"running": states[True]} | ({"stopped": states[False]} if stopped else {})
