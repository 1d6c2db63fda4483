"""list and get."""

from typing import TYPE_CHECKING, Any

import click

from ..quantities import format_size
from .connection import connected, name_argument
from .options import whole
from .output import format_option, moment, print_json, printable, say, table, write

if TYPE_CHECKING:
    from ..client import Client
    from ..template import Template


@click.command("list", short_help="Show the templates.")
@click.option("--label", "-l", multiple=True, metavar="SELECTOR", help="key=value, key!=value, key, !key; repeatable.")
@click.option("--query", "-q", "q", default="", metavar="TEXT", help="Words to find in any text of the template.")
@click.option("--image", default="", metavar="GLOB", help="Image name: 'quay.io/*'.")
@click.option("--name", default="", metavar="GLOB", help="Name: 'course-*'.")
@click.option("--revision", type=whole(), metavar="N", help="As it was at this revision of the registry.")
@click.option("--deleted", is_flag=True, help="Tombstones of deleted templates too.")
@format_option("table", "wide", "name", "json", "yaml")
@connected
def list_templates(client: "Client", /, output: str, **filters: Any) -> None:
    """Show the templates, ordered by name. Filters add up.

    \b
    Examples:
      binder-registry list
      binder-registry list --label tier=gold -q python -o wide
      binder-registry list --revision 42 -o json
    """
    print_templates(client.list_templates(**filters), output)


@click.command("get", short_help="Show one template.")
@name_argument
@click.option("--revision", type=whole(), metavar="N", help="As it was at this revision of the registry.")
@format_option("table", "wide", "name", "json", "yaml")
@connected
def get(client: "Client", name: str, revision: int | None, output: str) -> None:
    """Show one template. What -o yaml and -o json print, `apply` takes back.

    \b
    Examples:
      binder-registry get scipy
      binder-registry get scipy -o yaml > scipy.yaml
    """
    print_template(client.get_template(name, revision=revision), output)


def print_template(template: "Template", output: str) -> None:
    from .documents import members, print_yaml

    if output == "json":
        print_json(members(template, full=True))
    elif output == "yaml":
        print_yaml(members(template, full=True))
    elif output == "name":
        say(template.name)
    elif output == "wide":
        print_templates([template], output)
    else:
        _print_members(template)


def print_templates(templates: "list[Template]", output: str) -> None:
    from .documents import members, print_yaml

    if output == "json":
        print_json([members(template, full=True) for template in templates])
    elif output == "yaml":
        print_yaml([members(template, full=True) for template in templates])
    elif output == "name":
        write("".join(f"{printable(template.name)}\n" for template in templates))
    else:
        columns = _WIDE if output == "wide" else _NARROW
        rows = [[column(template) for column in columns.values()] for template in templates]
        table(list(columns), rows, ["dim" if each.deleted or each.deprecated else "" for each in templates])


def _state(template: "Template") -> str:
    gone = "deleted" if template.deleted else "deprecated" if template.deprecated else ""
    return " ".join(filter(None, (gone, template.replaced_by and f"→ {template.replaced_by}")))


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
}


def _print_members(template: "Template") -> None:
    from .documents import members

    shown: dict[str, Any] = members(template, full=True)
    rows: list[list[str]] = []
    for name, value in shown.items():
        if name == "limits":
            rows += [
                [f"limits.{limit}", format_size(amount) if limit == "memory" else str(amount)]
                for limit, amount in value.items()
            ]
        elif name in ("time-created", "time-modified"):
            rows.append([name, moment(template.time_created if name == "time-created" else template.time_modified)])
        elif isinstance(value, dict):
            rows += [[f"{name}.{key}", text] for key, text in value.items()]
        elif isinstance(value, list):
            rows.append([name, ", ".join(value)])
        else:
            rows.append([name, str(value)])
    table(["MEMBER", "VALUE"], rows)
