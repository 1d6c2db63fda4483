"""Named registries, in a file that only its owner may read."""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

EXAMPLE = "https://registry.example.org"


class ContextError(click.ClickException):
    pass


def config_path() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "binder-registry" / "config.yaml"


def address(url: str | None, context: str | None) -> tuple[str | None, str | None]:
    """URL and token; None leaves either to the client. A context's token goes to that context's URL and no other."""
    if url or (not context and os.environ.get("BINDER_REGISTRY_URL")):
        return url, None
    config = read_config(config_path())
    name = context or config["current"]
    if not name:
        return None, None
    if name not in config["contexts"]:
        raise ContextError(f"There is no context {name!r}. `binder-registry context list` shows what there is.")
    chosen = config["contexts"][name]
    return chosen["url"], chosen.get("token")


def read_config(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            rights = os.fstat(file.fileno()).st_mode & 0o777
            if rights & 0o077:
                raise ContextError(
                    f"{path} may be read by others (rights {rights:o}), and it holds tokens. Run: chmod 600 {path}"
                )
            text = file.read()
    except FileNotFoundError:
        return {"current": "", "contexts": {}}
    import yaml

    try:
        config = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ContextError(f"{path} is not valid YAML: {error.__class__.__name__}") from None  # its text holds tokens
    contexts = config.get("contexts") if isinstance(config, dict) else None
    if not isinstance(contexts, dict) or not all(
        isinstance(entry, dict) and isinstance(entry.get("url"), str) for entry in contexts.values()
    ):
        raise ContextError(f"{path} is not a file of contexts: it needs `contexts`, each with a `url`")
    return {"current": config.get("current") or "", "contexts": contexts}


def write_config(path: Path, config: dict[str, Any]) -> None:
    import yaml

    from .files import replaced

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replaced(path, rights=0o600) as file:
        file.write(yaml.safe_dump(config, allow_unicode=True, sort_keys=False).encode())


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
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"{url!r} is not an address like {EXAMPLE}", param_hint="URL")
    if "@" in parts.netloc:
        raise click.BadParameter("leave the password out: the token is kept apart from the address", param_hint="URL")
    token = ""
    if token_stdin:
        token = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        token = click.prompt("Token (empty: none)", hide_input=True, default="", show_default=False, err=True)
    path = config_path()
    config = read_config(path)
    config["contexts"][name] = {"url": url, "token": token} if token else {"url": url}
    config["current"] = config["current"] or name
    write_config(path, config)
    click.echo(f"context {name} added{', now current' if config['current'] == name else ''}")


@context.command("use", short_help="Make a registry the current one.")
@click.argument("name")
def use(name: str) -> None:
    """Make a registry the current one: the one used without --url, --context and BINDER_REGISTRY_URL.

    \b
    Example:
      binder-registry context use staging
    """
    config = _config_with(name)
    config["current"] = name
    write_config(config_path(), config)
    click.echo(f"context {name} is now current")


@context.command("list", short_help="Show the named registries.")
def list_contexts() -> None:
    """Show the named registries; a star marks the current one. Tokens are not shown, only whether there is one.

    \b
    Example:
      binder-registry context list
    """
    from .output import table

    config = read_config(config_path())
    rows = [
        ["*" if name == config["current"] else "", name, entry["url"], "yes" if entry.get("token") else "no"]
        for name, entry in config["contexts"].items()
    ]
    table(["CURRENT", "NAME", "URL", "TOKEN"], rows)


@context.command("remove", short_help="Forget a registry.")
@click.argument("name")
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
    click.echo(f"context {name} removed")


def _config_with(name: str) -> dict[str, Any]:
    config = read_config(config_path())
    if name not in config["contexts"]:
        raise ContextError(f"There is no context {name!r}. `binder-registry context list` shows what there is.")
    return config
