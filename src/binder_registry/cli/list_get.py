"""list and get."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ..quantities import format_size
from .connection import connected, name_argument
from .options import whole
from .output import format_option, moment, print_json, printable, say, table, write

if TYPE_CHECKING:
    from ..client import Client
    from ..template import Template

AS_THEY_CAME = ("json", "yaml")

channel_option = click.option("--channel", default="", metavar="NAME", help="As this channel shows it.")

_MEMORY = re.compile(r"(^|\.)(limits|requests)\.memory$")


@click.command("list", short_help="Show the templates.")
@click.option("--label", "-l", multiple=True, metavar="SELECTOR", help="key=value, key!=value, key, !key; repeatable.")
@click.option("--query", "-q", "q", default="", metavar="TEXT", help="Words to find in any text of the template.")
@click.option("--image", default="", metavar="GLOB", help="Image name: 'quay.io/*'.")
@click.option("--name", default="", metavar="GLOB", help="Name: 'course-*'.")
@click.option("--revision", type=whole(), metavar="N", help="As it was at this revision of the registry.")
@channel_option
@click.option("--deleted", is_flag=True, help="Tombstones of deleted templates too.")
@format_option("table", "wide", "name", "json", "yaml")
@connected
def list_templates(client: "Client", /, output: str, **filters: Any) -> None:
    """Show the templates. The table, on a terminal and in a pipe, is in the order that people see: by `order`, then by
    title. -o name, json and yaml are by name, as the API has it. Filters add up.

    \b
    Examples:
      binder-registry list
      binder-registry list --label tier=gold -q python -o wide
      binder-registry list --revision 42 -o json
      binder-registry list --channel stable
    """
    if output in AS_THEY_CAME:
        from .documents import shown_members

        print_document([shown_members(came, full=True) for came in client.list_json(**filters)], output)
        return
    templates = client.list_templates(**filters)
    if output == "name":
        write("".join(f"{printable(template.name)}\n" for template in templates))
    else:
        print_rows(sorted(templates, key=_place), output)


@click.command("get", short_help="Show one template.")
@name_argument
@click.option("--revision", type=whole(), metavar="N", help="As it was at this revision of the registry.")
@channel_option
@format_option("table", "wide", "name", "json", "yaml")
@connected
def get(client: "Client", name: str, revision: int | None, channel: str, output: str) -> None:
    """Show one template. What -o yaml and -o json print, `apply` takes back.

    \b
    Examples:
      binder-registry get scipy
      binder-registry get scipy -o yaml > scipy.yaml
    """
    from .documents import shown_members

    if output == "wide":
        print_rows([client.get_template(name, revision=revision, channel=channel)], output)
        return
    came = client.get_json(name, revision=revision, channel=channel)
    if output in AS_THEY_CAME:
        print_document(shown_members(came, full=True), output)
    elif output == "name":
        say(came["name"])
    else:
        _print_members(shown_members(came, full=True))


def print_document(value: Any, output: str) -> None:
    from .documents import print_yaml

    (print_json if output == "json" else print_yaml)(value)


def print_rows(templates: "list[Template]", output: str) -> None:
    columns = _WIDE if output == "wide" else _NARROW
    rows = [[column(template) for column in columns.values()] for template in templates]
    faint = ["dim" if one.deleted or one.deprecated or one.paused else "" for one in templates]
    table(list(columns), rows, faint)


def _place(template: "Template") -> tuple[float, str, str]:
    """By order, those without one last, then by title."""
    return template.order or math.inf, (template.display_name or template.name).casefold(), template.name


def _state(template: "Template") -> str:
    said = ("deleted", template.deleted), ("paused", template.paused), ("deprecated", template.deprecated)
    state = next((word for word, holds in said if holds), "")
    return " ".join(filter(None, (state, template.replaced_by and f"→ {template.replaced_by}")))


_NARROW: dict[str, Any] = {
    "NAME": lambda template: template.name,
    "IMAGE": lambda template: template.image_name,
    "CHANGED": lambda template: moment(template.time_modified),
    "STATE": _state,
}
_WIDE = {
    **_NARROW,
    "REVISION": lambda template: str(template.revision),
    "MEMORY": lambda template: format_size(template.limits.memory),
    "CPUS": lambda template: str(template.limits.cpus or ""),
    "COMMAND": lambda template: template.command,
    "LABELS": lambda template: ",".join(f"{key}={value}" for key, value in template.labels.items()),
    "DISPLAY NAME": lambda template: template.display_name,
    "ORDER": lambda template: str(template.order or ""),
    "DEFAULT": lambda template: "default" if template.default else "",
    "OPTIONS": lambda template: str(len(template.options) or ""),
}


def _print_members(members: Mapping[str, Any]) -> None:
    from .paths import rows

    table(["MEMBER", "VALUE"], [[path, _cell(path, value)] for path, value in rows(members)])


def _cell(path: str, value: Any) -> str:
    from msgspec import ValidationError, convert

    from .paths import text

    if _MEMORY.search(path) and type(value) is int:
        return format_size(value)
    if path in ("time-created", "time-modified"):
        try:
            return moment(convert(value, datetime))
        except ValidationError:
            pass
    return text(value)
