"""create and update."""

from typing import TYPE_CHECKING, Any

import click

from .connection import connected, name_argument
from .hints import hinted, name_in_question
from .options import given_members, if_match_option, member_options, note_option
from .output import format_option, say, tell

if TYPE_CHECKING:
    from ..changes import Position
    from ..client import Client
    from ..template import Template

result_option = format_option("line", "name", "json", "yaml", default="line")


def print_result(template: "Template", what: str, output: str) -> None:
    from .documents import members
    from .list_get import print_document

    if output == "line":
        say(f"{template.name} {what} at revision {template.revision}")
    elif output == "name":
        say(template.name)
    else:
        print_document(members(template, full=True), output)
    tell_of_limits(template)


def tell_of_limits(template: "Template") -> None:
    """Kubernetes refuses what asks for more than it may have; an option may still set it right."""
    for amount in ("memory", "cpus"):
        most, asked = getattr(template.limits, amount), getattr(template.requests, amount)
        if most and asked > most:
            tell(f"Hint: requests.{amount} is more than limits.{amount}: Kubernetes refuses that.")


def tell_of_successor(client: "Client", name: str, successor: str) -> None:
    """What `replaced-by` does to hubs, and whether there is such a template. What was written stays."""
    from ..errors import APIErrorResponse, TemplateNotFound

    if not successor:
        return
    try:
        client.get_template(successor)
    except TemplateNotFound:
        tell(f"Warning: there is no template {successor}: hubs offer neither it nor {name}.")
    except APIErrorResponse:
        pass
    else:
        tell(f"Hubs no longer offer {name}: saved choices of it resolve to {successor}.")


@click.command("create", short_help="Publish a new template.")
@click.argument("name")
@member_options(removable=False)
@note_option
@result_option
@connected
def create(client: "Client", /, name: str, note: str, output: str, **flags: Any) -> None:
    """Publish a new template. A name that is taken is refused.

    \b
    Example:
      binder-registry create scipy --image quay.io/jupyter/scipy-notebook:2026-11 \\
        --command "jupyterhub-singleuser" --memory 2G --cpus 1.5 --label tier=gold -m "For the autumn course"
    """
    from .documents import to_template

    template = client.register_template(to_template({"name": name, **given_members(flags)}), note=note)
    print_result(template, "created", output)
    tell_of_successor(client, template.name, template.replaced_by)


@click.command("update", short_help="Change members of a template.")
@name_argument
@member_options(removable=True)
@click.option(
    "--unset", multiple=True, metavar="MEMBER", help="Clear a member: order, options, requests.memory; repeatable."
)
@if_match_option
@note_option
@result_option
@connected
def update(
    client: "Client",
    /,
    name: str,
    unset: tuple[str, ...],
    expected: "Position | None",
    note: str,
    output: str,
    **flags: Any,
) -> None:
    """Change members of a template; what is not named stays as it is.

    --label and --env change single entries; --group replaces the whole list.

    \b
    Examples:
      binder-registry update scipy --image quay.io/jupyter/scipy-notebook:2026-12 -m "New release"
      binder-registry update scipy --label tier- --unset limits.memory --if-match 42
    """
    patch = given_members(flags)
    for member in unset:
        _clear(patch, member)
    if not patch:
        raise click.UsageError("Nothing to change: name a member with its flag, or with --unset.")
    template = client.patch_template(name, patch, expected=expected, note=note)
    print_result(template, "updated", output)
    if "replaced-by" in patch:
        tell_of_successor(client, template.name, template.replaced_by)
    elif patch.get("deprecated") and not template.replaced_by:
        tell("Hint: hubs still offer it. --replaced-by NAME takes it off them, and saved choices resolve to NAME.")


def _clear(patch: dict[str, Any], member: str) -> None:
    from ..member_schema import structure_of
    from ..template import MEMBERS

    outer, dot, inner = member.partition(".")
    found = next((one for one in MEMBERS if one.wire == outer and not one.member.read_only), None)
    if found and dot and outer in ("options", "overrides"):
        problem = f"{outer} are cleared whole; `{hinted('edit', name_in_question())}` changes what is within them"
        raise click.BadParameter(f"{member!r}: {problem}", param_hint="--unset")
    if found is None or (dot and not (structure_of(found.type) or found.type == dict[str, str])):
        raise click.BadParameter(f"{member!r} is not a member of a template", param_hint="--unset")
    target = patch.setdefault(outer, {}) if dot else patch
    if not isinstance(target, dict) or (inner if dot else outer) in target:
        raise click.BadParameter(f"{member!r} is both set and cleared", param_hint="--unset")
    target[inner if dot else outer] = None
