"""view: what somebody may start, and why not the rest."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..channels import LATEST
from ..options import A_FREE_TEXT
from .connection import connected
from .hub_rules import beside_of, offers_of, read_rules, rules_option, tell_unknown
from .output import format_option, print_json, table, tell

if TYPE_CHECKING:
    from ..client import Client
    from ..client.view import Asked
    from ..hub.rules_read import FiledRules
    from ..view import Place, Seen


@click.command("view", short_help="Show what somebody may start, and why not the rest.")
@click.option("--user", metavar="NAME", help="A user of the hub, in the place of yourself.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A member of this group; repeatable.")
@click.option("--label", "-l", multiple=True, metavar="SELECTOR", help="Only those with these labels; repeatable.")
@click.option("--channel", metavar="NAME", help="In the place of the one that the hub offers; 'latest' is the newest.")
@click.option("--explain", is_flag=True, help="What is not offered, too, and by which rule.")
@rules_option
@format_option("table", "json", "schema")
@connected
def view(
    client: "Client",
    user: str | None,
    groups: tuple[str, ...],
    label: tuple[str, ...],
    channel: str | None,
    explain: bool,
    rules_file: Path | None,
    output: str,
) -> None:
    """Show what you may start of a hub's list, in its order, with the options that are yours; or what others may: a
    user of the hub, or a member of groups. That takes the scope admin, and so does --explain.

    The registry decides, by the rules of its hub where it has them (`serve --rules`). With --rules, those of this file
    decide, here, about a member of the groups that are named. -o schema prints JSON Schema of what a start takes.

    \b
    Examples:
      binder-registry view
      binder-registry view --user ada --explain
      binder-registry view --channel testing
      binder-registry view --group physics --rules /srv/jupyterhub/rules.json -o json
    """
    if user is not None and groups:
        raise click.UsageError("Name a user, or groups: the hub says in which groups a user is.")
    if user is not None and rules_file:
        raise click.UsageError("With --rules, name groups: only the hub knows in which of them a user is.")
    schema = output == "schema"
    if schema and explain:
        raise click.UsageError("-o schema has no place for what --explain adds.")
    if rules_file is None:
        asked: Asked = {"label": label, "explain": explain, "schema": schema}
        if channel is not None:
            asked["channel"] = channel
        if user is not None:
            asked["user"] = user
        if groups:
            asked["groups"] = groups
        shown = client.view(**asked)
    else:
        shown = _decided(client, _told(rules_file), groups, label, channel, explain=explain, schema=schema)
    if output == "table":
        _print(shown, explain=explain)
    else:
        print_json(shown)


def _told(path: Path) -> "FiledRules":
    found = read_rules(path)
    tell_unknown(path, found)
    return found


def _decided(
    client: "Client",
    found: "FiledRules",
    groups: Sequence[str],
    label: Sequence[str],
    channel: str | None,
    *,
    explain: bool,
    schema: bool,
) -> dict[str, Any]:
    """As the registry answers, by these rules; but for the revision, which nobody told."""
    from ..start_schema import DIALECT, TITLE, schema_of

    of = "" if channel == LATEST else channel
    if schema and of not in (None, found.rules.channel):
        raise click.UsageError("-o schema tells of starts, and this hub offers another channel.")
    of_each = [*_seen(client, found, groups, label, of)]
    ordered = [seen for _, seen in sorted(of_each, key=lambda each: each[0])]
    offered = [(seen.whole, seen.theirs) for seen in ordered if seen.whole is not None and seen.theirs is not None]
    if schema:
        starts = [schema_of(whole, theirs) for whole, theirs in offered]
        return {"$schema": DIALECT, "title": TITLE, **({"oneOf": starts} if starts else {"not": {}})}
    shown: dict[str, Any] = {"user": None, "groups": sorted(set(groups))}
    if groups_from := found.groups_from_here:
        shown["groups-from"] = groups_from
    shown["offered"] = [theirs for _, theirs in offered]
    if explain:
        hidden = [hidden for _, seen in of_each for hidden in seen.hidden]
        shown["hidden"] = [{member: getattr(each, member) for member in _HIDDEN} for each in hidden]
    return shown


def _seen(
    client: "Client", found: "FiledRules", groups: Sequence[str], label: Sequence[str], channel: str | None
) -> "Iterator[tuple[Place, Seen]]":
    """By name. A label counts as it is in the revision that is shown."""
    from ..selector import matches, parse_selector
    from ..view import each_seen

    selector, shown = parse_selector(*label, parameter="label"), found.rules.channel if channel is None else channel
    held = frozenset(map(str.casefold, groups) if found.rules.ignore_group_case else groups)
    offer, beside = offers_of(found)(shown), beside_of(found) if channel is None else None
    tried = {one["name"]: one for one in client.list_json(channel=beside.channel)} if beside else {}
    for own in client.list_json(deleted=True, channel=shown, fallback=True):
        other = tried.get(own["name"])
        seen = each_seen(offer, own, held, beside, other)
        yield from (
            each
            for one, each in zip((own, other), seen, strict=False)
            if one and matches(selector, one.get("labels", {}))
        )


_HIDDEN = ("name", "option", "choice", "rule", "needs")


def _print(shown: Mapping[str, Any], *, explain: bool) -> None:
    who = f"{shown['user']}, " if shown["user"] is not None else ""
    tell(f"{who}groups: {', '.join(shown['groups']) or 'none'}")
    if "groups-from" in shown:
        tell("The hub takes groups from its auth state, too, and may offer more.")
    columns = ["TITLE", "NAME", "OPTIONS", *(["HIDDEN BY", "BECAUSE"] if explain else [])]
    rows = [[_title(one), one["name"], _options(one)] + [""] * (len(columns) - 3) for one in shown["offered"]]
    hidden = [["", each["name"], _part(each), each["rule"], each["needs"]] for each in shown.get("hidden", ())]
    table(columns, [*rows, *hidden], [""] * len(rows) + ["dim"] * len(hidden))


def _title(template: Mapping[str, Any]) -> str:
    return str(template.get("display-name") or template["name"])


def _options(template: Mapping[str, Any]) -> str:
    """`size=small|large, image=scipy|(free text)`"""
    options = template.get("options", ())
    return ", ".join(f"{option['name']}={'|'.join(_takes(option))}" for option in options)


def _takes(option: Mapping[str, Any]) -> list[str]:
    return [choice["name"] for choice in option.get("choices", ())] + [A_FREE_TEXT] * ("free-text" in option)


def _part(hidden: Mapping[str, Any]) -> str:
    return f"{hidden['option']}={hidden['choice']}" if hidden["option"] else ""
