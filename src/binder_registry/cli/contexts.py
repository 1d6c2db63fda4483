"""context: named registries."""

import sys
from typing import Any

import click

from .context_file import ContextError, complete_context, config_path, read_config, write_config
from .output import say, table


@click.group("context", short_help="Name the registries that you work with.")
def context() -> None:
    """Name the registries that you work with.

    They are kept with their tokens in $XDG_CONFIG_HOME/binder-registry/config.yaml, which only you may read: a file
    with wider rights is refused. Tokens are never printed.

    \b
    Example:
      binder-registry context add prod https://registry.example.org
      binder-registry context use prod
    """


@context.command("add", short_help="Add a registry, or change one.")
@click.argument("name")
@click.argument("url")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
def add(name: str, url: str, token_stdin: bool) -> None:
    """Add a registry, or change one. The first one becomes the current one.

    On a terminal the token is asked for; leave it empty to use BINDER_API_KEY, or to read only.

    \b
    Example:
      echo "$TOKEN" | binder-registry context add prod https://registry.example.org --token-stdin
    """
    from ..client.address import registry_url
    from ..client.credentials import checked_token
    from ..errors import InvalidRequest

    try:
        registry_url(url)
    except InvalidRequest as error:
        raise click.BadParameter(error.message, param_hint="URL") from None
    token = ""
    if token_stdin:
        token = sys.stdin.buffer.readline().decode(errors="replace")
    elif sys.stdin.isatty():
        token = click.prompt("Token (empty: none)", hide_input=True, default="", show_default=False, err=True)
    token = checked_token(token)
    path = config_path()
    config = read_config(path)
    config["contexts"][name] = {"url": url, "token": token} if token else {"url": url}
    config["current"] = config["current"] or name
    write_config(path, config)
    say(f"context {name} added{', now current' if config['current'] == name else ''}")


@context.command("use", short_help="Make a registry the current one.")
@click.argument("name", shell_complete=complete_context)
def use(name: str) -> None:
    """Make a registry the current one: the one used without --url, --context and BINDER_REGISTRY_URL.

    \b
    Example:
      binder-registry context use staging
    """
    config = _config_with(name)
    config["current"] = name
    write_config(config_path(), config)
    say(f"context {name} is now current")


@context.command("list", short_help="Show the named registries.")
def list_contexts() -> None:
    """Show the named registries; a star marks the current one. Tokens are not shown, only whether there is one.

    \b
    Example:
      binder-registry context list
    """
    from ..client.address import shown

    config = read_config(config_path())
    rows = [
        ["*" if name == config["current"] else "", name, shown(entry["url"]), "yes" if entry.get("token") else "no"]
        for name, entry in config["contexts"].items()
    ]
    table(["CURRENT", "NAME", "URL", "TOKEN"], rows)


@context.command("remove", short_help="Forget a registry.")
@click.argument("name", shell_complete=complete_context)
def remove(name: str) -> None:
    """Forget a registry and its token.

    \b
    Example:
      binder-registry context remove staging
    """
    config = _config_with(name)
    del config["contexts"][name]
    if config["current"] == name:
        config["current"] = ""
    write_config(config_path(), config)
    say(f"context {name} removed")


def _config_with(name: str) -> dict[str, Any]:
    config = read_config(config_path())
    if name not in config["contexts"]:
        raise ContextError(f"There is no context {name!r}. `binder-registry context list` shows what there is.")
    return config
