"""The members of a template or a choice as `kubespawner_override`. Pure."""

import shlex
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

import msgspec

from ..options import merged, resolve
from ..settings import HUBS_OWN_IMAGE, Settings
from ..template import Template
from ..wire import encode_template
from .formatted import command_word, formatted_text, in_free_text
from .overrides import GPU, KIND

SHARES_PER_CPU = 1024  # Kubernetes turns a request of one CPU into as many shares

Say = Callable[[str, str], None]  # takes a member, and what is to be said of it


def kubespawner_override(part: Template | Settings, say: Say, *, typed: bool = False) -> dict[str, Any]:
    """What one layer sets. `typed`: KubeSpawner formats all of it once more, with what the user typed."""
    settings = {key: value for key, value in _settings(part, say, typed).items() if value}
    if typed:
        settings = _each_text(settings, in_free_text)
    overrides = _left(part)
    for kind in overrides:
        if kind != KIND:
            say(f"overrides.{kind}", "is for another spawner: not carried over")
    found: dict[str, Any] = merged(settings, overrides.get(KIND, {}))
    return found


def _settings(part: Template | Settings, say: Say, typed: bool) -> dict[str, Any]:
    limits, requests = part.limits, part.requests
    if limits.cpu_shares and requests.cpus:
        say("limits.cpu_shares", "is a weight of Docker's: not carried over")
    return {
        "image": "" if part.image_name == HUBS_OWN_IMAGE else part.image_name,
        "cmd": _words(part.command, say),
        "default_url": formatted_text(part.redirect_uri, typed),
        "port": part.bind_port,
        "ip": _address(part.bind_ip, say) if isinstance(part, Template) else "",
        "mem_limit": limits.memory,
        "cpu_limit": limits.cpus,
        "mem_guarantee": requests.memory,
        "cpu_guarantee": requests.cpus or limits.cpu_shares / SHARES_PER_CPU,
        "environment": {variable: formatted_text(text, typed) for variable, text in part.environment.items()},
        "extra_resource_limits": {GPU: str(limits.gpus)} if limits.gpus else {},
    }


def _words(command: str, say: Say) -> list[str]:
    try:
        return list(map(command_word, shlex.split(command)))
    except ValueError:
        say("command", "cannot be split: not carried over")
        return []


def _address(address: str, say: Say) -> str:
    """That of the host, as in 2015, is none of a pod's."""
    try:
        if not address or not ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    say("container-ip", "is no address of a pod: not carried over")
    return ""


def _left(part: Template | Settings) -> Mapping[str, Any]:
    """Of the overrides, what no member of this layer says."""
    if not part.overrides:
        return {}
    text = encode_template(part) if isinstance(part, Template) else msgspec.json.encode(part)
    layer = {key: value for key, value in msgspec.json.decode(text).items() if key != "options"}
    left: Mapping[str, Any] = resolve({"name": "", **layer}, {}, None).get("overrides", {})
    return left


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_text(inner, change) for key, inner in value.items()}
    return [_each_text(inner, change) for inner in value] if isinstance(value, list) else value
