"""The hub's rules in a file, for those who say what it offers and are no hub: the registry, the command line.

It says which templates and choices a hub offers, and to whom, as far as that is data: `unknown` names the rules that
a reader cannot know, the hub's own functions for one. Nothing in it is secret.
"""

import json
import os
import secrets
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from .rules import Rule, Rules, log

FORMAT = 1


def rules_content(rules: Rules, spawner_class: Any, *, label: str, auth_state: bool) -> dict[str, Any]:
    """`auth_state`: whether groups come from there, too."""
    unknown: list[Rule] = []
    if rules.override:
        unknown.append("override-function")
    if rules.traits:  # a reader knows them only where it has the class
        unknown.append("kind")
    return {
        "format": FORMAT,
        "kind": rules.kind,
        "spawner": f"{spawner_class.__module__}.{spawner_class.__qualname__}" if spawner_class else "",
        "sections": [*rules.sections],
        "label": label,
        "channel": rules.channel,
        "try-out": [*rules.try_out],
        "allow-commands": _in_order(rules.allow_commands),
        "allow-overrides": _in_order(rules.allow_overrides),
        "image-command": rules.image_command,
        "gpu-resource": rules.gpu_resource,
        "ignore-group-case": rules.ignore_group_case,
        "groups-from": "auth state" if auth_state else "hub",
        "unknown": unknown,
    }


def write_rules(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    """Whole or not at all. Where it cannot be written, that is told, and a hub starts all the same: an old file would
    tell what was, so it goes.
    """
    place = Path(path)
    new = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    try:
        with new.open("x") as file:  # for all to read, as far as the umask lets them
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(place)
    except OSError as error:
        log.warning("The rules file %s cannot be written: %s", place, error.strerror or error)
        for left in (new, place):
            with suppress(OSError):
                left.unlink()


def _in_order(texts: Collection[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else sorted(texts)
