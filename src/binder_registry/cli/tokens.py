"""token and whoami: the registry's own tokens."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from .connection import connected
from .hints import credential, hinted
from .options import whole
from .output import counted, format_option, moment, print_json, say, table, tell, until, write

if TYPE_CHECKING:
    from ..client import Client

SCOPES = ("read", "write", "admin", "promote", "metrics", "tokens")
DAY = 86_400  # seconds
TOKEN_NAME = re.compile("[a-z0-9-]+")
PUBLIC = re.compile("binreg_([0-9A-Za-z]{8})[0-9A-Za-z]+")  # with the id of a token, its text or a part of it


@click.group("token", short_help="Make, list, renew and revoke tokens.")
def token() -> None:
    """Make, list, renew and revoke tokens of the registry's own: with scopes, a reach and an end.

    A token is printed once, when it is made or renewed, alone on standard output: send it where it is to be kept.

    \b
    Example:
      binder-registry token create ci-scipy --templates 'scipy*' | gh secret set BINDER_API_KEY
    """


@token.command("create", short_help="Make a token.")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    default=("write",),
    show_default=True,
    help="What it may do. Repeatable.",
)
@click.option("--templates", multiple=True, metavar="GLOB", help="It writes templates with such names. Repeatable.")
@click.option("--labels", default="", metavar="SELECTOR", help="It writes templates with such labels.")
@click.option("--days", type=whole(1, 366), metavar="N", help="How long it lasts; 90, or as long as you may give.")
@click.option("-m", "--note", default="", metavar="NOTE", help="What it is for.")
@connected
def create(
    client: "Client",
    name: str,
    scopes: tuple[str, ...],
    templates: tuple[str, ...],
    labels: str,
    days: int | None,
    note: str,
) -> None:
    """Make a token. It can do no more than the one that makes it, and ends no later.

    \b
    Example:
      binder-registry token create physics --templates 'physics-*' --labels team=physics --days 30
    """
    seconds = None if days is None else days * DAY
    made = client.tokens.make(name, scopes, templates=templates, labels=labels, note=note, seconds=seconds)
    _print_secret(made)
    tell(f"{name} ends {made['expires']}; `{hinted('token revoke', name)}` ends it sooner")


@token.command("list", short_help="Show tokens, without their secrets.")
@click.option("--by", metavar="HOLDER", help="Only those that this holder made, such as user:ada.")
@format_option("table", "json")
@connected
def list_tokens(client: "Client", by: str | None, output: str) -> None:
    """Show the tokens that you made; to admins, all.

    \b
    Example:
      binder-registry token list --by user:ada
    """
    found = client.tokens.list(by=by)
    if output == "json":
        print_json([*found])
        return
    rows = [
        (
            each["name"],
            each["id"],
            each["by"],
            ",".join(each["scopes"]),
            _reach(each),
            until(datetime.fromisoformat(each["expires"])),
            moment(datetime.fromisoformat(each["used"]) if "used" in each else None),
            "revoked" if "revoked" in each else "",
        )
        for each in found
    ]
    table(("NAME", "ID", "BY", "SCOPES", "REACH", "EXPIRES", "USED", ""), rows)


@token.command("revoke", short_help="End a token, and all that it made.")
@click.argument("name", required=False)
@click.option("--by", metavar="HOLDER", help="All that this holder made, such as user:ada.")
@connected
def revoke(client: "Client", name: str | None, by: str | None) -> None:
    """End a token, by its name or id, and all that it made.

    \b
    Example:
      binder-registry token revoke ci-scipy
    """
    if (name is None) == (by is None):
        raise click.UsageError("Name a token, or whose tokens with --by.")
    if name is not None:
        client.tokens.revoke(_id_of(client, name))
        say(f"{name} revoked")
        return
    revoked = client.tokens.revoke_all(by or "")
    say(f"{counted(len(revoked), 'token')} revoked")


@token.command("rotate", short_help="Give a token a new secret.")
@click.argument("name")
@click.option("--keep-old", type=whole(0, 30 * DAY), default=0, metavar="SECONDS", help="How long the old one is good.")
@connected
def rotate(client: "Client", name: str, keep_old: int) -> None:
    """Give a token, by its name or id, a new secret. All else stays, its end, too.

    \b
    Example:
      binder-registry token rotate ci-scipy --keep-old 3600
    """
    renewed = client.tokens.rotate(_id_of(client, name), keep_old=keep_old)
    _print_secret(renewed)
    tell(f"{renewed['name']} ends {renewed['expires']}")


@click.command("whoami", short_help="Say whose token you use, and what it may do.")
@format_option("line", "json", default="line")
@connected
def whoami(client: "Client", output: str) -> None:
    """Say whose token you use, and what it may do; and where it comes from: a context, BINDER_API_KEY, or the CI job.

    \b
    Example:
      binder-registry whoami
    """
    who = client.tokens.whoami() | {"credential": credential()}
    if output == "json":
        print_json(who)
        return
    reach = who["reach"]
    names = " and ".join(" or ".join(globs) for globs in reach["templates"])
    bounds = [
        *([f"names {names}"] if names else []),
        *([f"labels {','.join(reach['labels'])}"] if reach["labels"] else []),
    ]
    say(who["by"])
    say(f"scopes: {', '.join(who['scopes']) or 'none'}")
    say(f"reach: {'; '.join(bounds) or 'every template'}")
    if "expires" in who:
        say(f"expires: {until(datetime.fromisoformat(who['expires']))}")
    say(f"credential: {who['credential']}")


def _print_secret(made: Mapping[str, Any]) -> None:
    write(f"{made['token']}\n")


def _id_of(client: "Client", name: str) -> str:
    """Of a token that may be called by its id; what is not seen is left to the registry, but for a secret."""
    if (found := PUBLIC.match(name)) is not None:
        raise click.UsageError(f"That is a token itself: keep it secret, and name it by its id, {found[1]}.")
    named = client.tokens.list(name=name) if TOKEN_NAME.fullmatch(name) else ()
    return next((each["id"] for each in named if each["name"] == name), name)


def _reach(token: Mapping[str, Any]) -> str:
    return " ".join([*token.get("templates", ()), *filter(None, [token.get("labels")])]) or "all"
