"""Which commands a hub may run: those that ask the hub who the visitor is."""

import re
import shlex
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from .rules import NotOffered

COMMAND = "jupyterhub-singleuser"  # it asks the hub who the visitor is; a server without it lets everybody in
_TMPNB = re.compile(r"\{(base_path|port|ip)\}")  # placeholders that tmpnb filled in, and no spawner does
_ELSEWHERE = {
    "extra_container_config": ("command", "args"),
    "extra_container_spec": ("command", "args"),
    "extra_create_kwargs": ("command", "entrypoint"),
}
_NO_LOGIN = re.compile(
    r"--?\w+\.(identity_provider_class|login_handler_class|access_scopes|allow_unauthenticated_access)\b"
)


def command_words(command: str) -> list[str]:
    """Split like a shell does. Raises `NotOffered`."""
    if "\0" in command:
        raise NotOffered("command", "the command holds a NUL character")
    try:
        return [*_split(command)]
    except ValueError as error:
        raise NotOffered("command", f"the command cannot be split into words: {error}") from None


def check_command(settings: dict[str, Any], allow_commands: Collection[str] = ()) -> None:
    """Raises `NotOffered` for a `cmd` that this hub does not allow. One that says nothing is taken out."""
    words = settings.get("cmd")
    if not words:
        settings.pop("cmd", None)
        return
    words = settings["cmd"] = [words] if isinstance(words, str) else words  # as the trait itself takes it
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
        raise NotOffered("command", "cmd is no list of words")
    words = settings["cmd"] = list(words)
    allowed = [allow_commands] if isinstance(allow_commands, str) else allow_commands
    if not any(words[: len(start)] == start for start in map(str.split, (COMMAND, *allowed)) if start):
        raise NotOffered("command", f"the command {words[0]!r} is not among those that this hub allows")
    for word in words:
        if found := _TMPNB.search(word):
            raise NotOffered(
                "command", f"the command uses {found[0]}, which only tmpnb filled in; {COMMAND} needs no such argument"
            )
    check_arguments(words)


def check_elsewhere(overrides: Mapping[str, Any], allow_commands: Collection[str]) -> None:
    """What runs instead of `cmd`, or around it, in keys whose admin may have meant another part of them."""
    for trait, keys in _ELSEWHERE.items():
        given = overrides.get(trait)
        if not isinstance(given, Mapping):
            continue
        for key in filter(given.__contains__, keys):
            try:
                check_command({"cmd": given[key] or [""]}, allow_commands)
            except NotOffered as reason:
                raise NotOffered("command", f"{trait}.{key}: {reason}") from None


def check_arguments(words: Any) -> None:
    """Raises `NotOffered` for one that opens the server to others."""
    for word in words if isinstance(words, (list, tuple)) else [words]:
        if found := _NO_LOGIN.match(str(word)):
            raise NotOffered("command", f"the command sets {found[1]}, which decides who is let in")


@lru_cache(1024)
def _split(command: str) -> tuple[str, ...]:
    return tuple(shlex.split(command))
