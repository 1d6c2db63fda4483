"""Commands of ours as a person can run them as they stand: for the same registry, and quoted for a shell."""

import os
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from .context_file import address, config_path, read_config

if TYPE_CHECKING:
    from ..client.credentials import Credential

PROGRAM = "binder-registry"
_JOBS = {  # by the variable that a CI system sets: what lets its jobs have id-tokens
    "GITHUB_ACTIONS": "`permissions: {id-token: write}`",
    "GITLAB_CI": "`id_tokens: {BINDER_REGISTRY_ID_TOKEN: {aud: URL}}` with the registry's URL",
}


def hinted(verb: str, *arguments: str, options: Sequence[str] = ()) -> str:
    """For the registry that was named with --url or --context. Arguments may hold blanks, and begin with a dash; `verb`
    may be two words."""
    named = [f"--{key}={value}" for key, value in _registry_named().items()]
    return local(*verb.split(), *named, *options, arguments=arguments)


def local(*words: str, arguments: Sequence[str] = ()) -> str:
    """One that asks no registry."""
    dashes = ["--"] if any(argument.startswith("-") for argument in arguments) else []
    return shlex.join([PROGRAM, *words, *dashes, *arguments])


def hinted_context() -> str:
    """What keeps a token for the registry that was asked: under the name of its context, else of its host."""
    from ..client import DEFAULT_URL

    named = _registry_named()
    url, _ = address(named.get("url"), named.get("context"))
    if not url:
        url = os.environ.get("BINDER_REGISTRY_URL", "").strip() or DEFAULT_URL
        name = None
    else:
        name = named.get("context") or ("" if "url" in named else read_config(config_path())["current"])
    return local("context", "add", arguments=[name or urlsplit(url).hostname or url, url])


def hinted_credential() -> str:
    """What helps where the registry asks for a token, or for another one."""
    from ..errors import RegistryError

    another = f"store a token with `{hinted_context()}`."
    if name := _context_with_token():
        return f"The credential here is the token of the context {name}: {another}"
    try:
        used = _of_environment()
    except RegistryError:  # one that cannot be sent, which has been said
        return f"Set BINDER_API_KEY, or {another}"
    if used.sparing:
        return f"The credential here is {used.source}; BINDER_API_KEY takes its place."
    if used.source:
        return f"The credential here is {used.source}: set another, or {another}"
    for variable, setting in _JOBS.items():
        if os.environ.get(variable) == "true":
            return f"Give the job {setting}, or set BINDER_API_KEY."
    return f"Set BINDER_API_KEY, or {another}"


def credential() -> str:
    """Where that comes from which the registry that was asked is shown."""
    if name := _context_with_token():
        return f"the token of the context {name}"
    return _of_environment().source


def _of_environment() -> "Credential":
    from ..client import opening

    named = _registry_named()
    url, _ = address(named.get("url"), named.get("context"))
    return opening.of_environment(opening.address(url))


def _context_with_token() -> str:
    named = _registry_named()
    _, token = address(named.get("url"), named.get("context"))
    return (named.get("context") or str(read_config(config_path())["current"])) if token else ""


def name_in_question() -> str:
    """The template that the command is about; "" where it is about many."""
    ctx = click.get_current_context(silent=True)
    if ctx is None:
        return ""
    given = {param.name: ctx.params.get(param.name or "") for param in ctx.command.params if _is_argument(param)}
    return next((text for key in ("new", "name") if isinstance(text := given.get(key), str)), "")


def _is_argument(param: click.Parameter) -> bool:
    return isinstance(param, click.Argument)


def _registry_named() -> dict[str, str]:
    """By --url and --context: those behind the command's name count, as they do for the command."""
    ctx = click.get_current_context(silent=True)
    for each in [ctx, ctx.find_root()] if ctx else []:
        if named := {key: each.params[key] for key in ("url", "context") if each.params.get(key)}:
            return named
    return {}
