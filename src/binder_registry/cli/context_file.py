"""The file of named registries, which only its owner may read."""

import os
from pathlib import Path
from shlex import quote
from typing import Any

import click
from click.shell_completion import CompletionItem


class ContextError(click.ClickException):
    pass


def config_path() -> Path | None:
    """None: nobody's home, and XDG_CONFIG_HOME is not set either. What is not absolute is nobody's, as XDG says."""
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    if not Path(folder).is_absolute():
        home = os.path.expanduser("~") if os.environ.get("HOME", "~") else ""  # noqa: PTH111 - which does not raise
        folder = os.path.join(home, ".config")  # noqa: PTH118
    return Path(folder) / "binder-registry" / "config.yaml" if Path(folder).is_absolute() else None


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


def read_config(path: Path | None) -> dict[str, Any]:
    """Raises `ContextError`, which repeats nothing of the file: it holds tokens."""
    text = b"" if path is None else _read(path)
    if not text:
        return {"current": "", "contexts": {}}
    import yaml

    try:
        config = yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ContextError(f"{path} is not valid YAML: {type(error).__name__}") from None
    contexts = config.get("contexts") if isinstance(config, dict) else None
    if not isinstance(contexts, dict) or not all(
        isinstance(entry, dict) and isinstance(entry.get("url"), str) for entry in contexts.values()
    ):
        raise ContextError(f"{path} is not a file of contexts: it needs `contexts`, each with a `url`")
    current = config.get("current") or ""
    for name, entry in contexts.items():
        if not isinstance(name, str) or not isinstance(current, str):
            raise ContextError(f"{path}: the name of a context must be a string: put it in quotes")
        if not isinstance(entry.get("token") or "", str):
            raise ContextError(f"{path}: the token of {name!r} must be a string: put it in quotes")
    return {"current": current, "contexts": contexts}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            rights = os.fstat(file.fileno()).st_mode & 0o777
            if rights & 0o077:
                raise ContextError(
                    f"{path} may be read by others (rights {rights:o}), and it holds tokens."
                    f" Run: chmod 600 {quote(str(path))}"
                )
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except PermissionError:
        if os.path.lexists(path):
            raise
        return b""  # somebody else's home: there is no telling what is in it


def write_config(path: Path | None, config: dict[str, Any]) -> None:
    import yaml

    from .files import replaced

    if path is None:
        raise ContextError("There is no home to keep contexts in. XDG_CONFIG_HOME names the folder to keep them in.")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replaced(path, rights=0o600) as file:
            file.write(yaml.safe_dump(config, allow_unicode=True, sort_keys=False).encode())
    except OSError as error:
        raise ContextError(
            f"{path} cannot be written: {error.strerror}. XDG_CONFIG_HOME names another folder to keep it in."
        ) from None


def complete_context(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of contexts, for the shell. Says nothing when they cannot be read."""
    try:
        names = read_config(config_path())["contexts"]
    except Exception:  # noqa: BLE001 - an error text would end up in the middle of the line that is being typed
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
