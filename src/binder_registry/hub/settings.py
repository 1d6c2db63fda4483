"""The traits of the spawner that a template sets."""

import hashlib
import re
from ipaddress import ip_address
from typing import Any

from ..options import merged
from ..slugs import slug_of
from .commands import check_arguments, check_elsewhere, command_words
from .images import checked_image
from .limits import LEAST, Limits, limits_of
from .marks import CHANNEL_MARK, REVISION_MARK, TEMPLATE_MARK, marks_of
from .merging import Instead
from .overrides import overrides_of
from .rules import Kind, NotOffered, Rules, Template

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EXPANDED = re.compile(r"\$[$(]")  # what the kubelet changes


def settings_of(template: Template, rules: Rules) -> dict[str, Any]:
    """The traits of the spawner that this template sets, without its options. Raises `NotOffered`.

    What it leaves at zero stays as the hub configured it. Its overrides win: `resolve` took out what members say.
    """
    overrides = overrides_of(template, rules)
    if isinstance(overrides.get("image"), str):
        overrides["image"] = checked_image(overrides["image"])
    check_arguments(overrides.get("args"))
    check_elsewhere(overrides, rules.allow_commands)
    _check_variables({} if overrides.get("environment") is None else overrides["environment"])
    settings: dict[str, Any] = merged(_of_members(template, rules), overrides)
    for trait, marks in _marks(template, rules.kind).items():  # whatever overrides say
        there = settings.get(trait, {})
        if isinstance(there, dict):
            settings[trait] = there | marks
        elif there is None:
            settings[trait] = Instead(marks)
    if settings.get("image") == "":
        del settings["image"]
    return settings


def _of_members(template: Template, rules: Rules) -> dict[str, Any]:
    limits, image, port = limits_of(template, rules.kind), checked_image(template["image-name"]), _port(template)
    settings = _common(template, limits, rules.kind)
    if rules.kind == "local":  # no image; and each server on the hub's own machine needs a port of its own
        return settings
    if image:
        settings["image"] = image
    if port:
        settings["port"] = port
    if rules.kind == "swarm":
        return settings | _of_a_swarm(limits)
    address = _address(template)
    if rules.kind == "docker":
        return settings | _of_docker(limits, address)
    return settings | _of_kubernetes(template, limits, address, rules)


def _common(template: Template, limits: Limits, kind: Kind) -> dict[str, Any]:
    literal = _literal if kind == "kubernetes" else str
    variable_text = _untemplated if kind == "swarm" else literal
    formatted = _formatted if kind == "kubernetes" else str  # KubeSpawner formats these; the others do not
    given: dict[str, str] = template.get("environment", {})
    _check_variables(given)
    settings: dict[str, Any] = {
        "environment": {variable: formatted(variable_text(value)) for variable, value in given.items()}
    }
    if words := command_words(template.get("command", "")):
        settings["cmd"] = [literal(word) for word in words]
    if path := template.get("redirect-uri"):
        settings["default_url"] = _formatted(
            variable_text(_server_path(path))
        )  # every spawner formats it, into a variable
    if limits.memory:
        settings["mem_limit"] = int(limits.memory)
    if limits.cpus:
        settings["cpu_limit"] = float(limits.cpus)
    if limits.needs_memory:
        settings["mem_guarantee"] = int(limits.needs_memory)
    if limits.needs_cpus:
        settings["cpu_guarantee"] = max(float(limits.needs_cpus), LEAST[kind][1])
    return settings


def _of_a_swarm(limits: Limits) -> dict[str, Any]:
    """Ports are published by the swarm, at no address; and it knows no weights."""
    if limits.gpus:
        raise NotOffered("limits", "limits.gpus cannot be asked of a swarm")
    return {}


def _of_docker(limits: Limits, address: str) -> dict[str, Any]:
    host: dict[str, Any] = {}
    if limits.shares:
        host["cpu_shares"] = int(limits.shares)
    if limits.needs_memory >= LEAST["docker"][0]:  # of CPUs, an engine sets nothing aside
        host["mem_reservation"] = int(min(limits.needs_memory, limits.memory or limits.needs_memory))
    if limits.gpus:
        host["device_requests"] = [{"count": int(limits.gpus), "capabilities": [["gpu"]]}]
    settings = {
        "remove": True,
        "extra_host_config": host,
    }  # else it starts the user's last container, whatever is chosen
    return settings | {"host_ip": address} if address else settings


def _of_kubernetes(template: Template, limits: Limits, address: str, rules: Rules) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "extra_resource_limits": {rules.gpu_resource: int(limits.gpus)} if limits.gpus else {},
    }
    if address and not ip_address(address).is_loopback:  # 2015's is the host's: nothing reaches a pod's loopback
        settings["ip"] = address
    if (
        limits.shares and not limits.needs_cpus
    ):  # the kubelet turns a request of 1 CPU into 1024 shares; Kubernetes counts in thousandths
        settings["cpu_guarantee"] = max(limits.shares / 1024, LEAST["kubernetes"][1])
    return settings


def _marks(template: Template, kind: Kind) -> dict[str, dict[str, str]]:
    """Which template and revision it is, for the server and for those who look at pods."""
    said = marks_of(template)
    name, slug = said[TEMPLATE_MARK], slug_of(said[TEMPLATE_MARK])
    text = _untemplated(name) if kind == "swarm" else _formatted(_literal(name)) if kind == "kubernetes" else name
    marks = {"environment": {"BINDER_REGISTRY_TEMPLATE": text, "BINDER_REGISTRY_REVISION": said[REVISION_MARK]}}
    if CHANNEL_MARK in said:
        marks["environment"]["BINDER_REGISTRY_CHANNEL"] = said[CHANNEL_MARK]
    if kind == "kubernetes":
        short = slug if len(slug) <= 63 else hashlib.sha256(slug.encode()).hexdigest()[:40]
        for trait, value in (("extra_annotations", _formatted(name)), ("extra_labels", short)):
            marks[trait] = {**said, TEMPLATE_MARK: value}
    return marks


def _server_path(path: str) -> str:
    if not path.startswith("/") or path.startswith("//") or "\\" in path or _CONTROL.search(path):
        raise NotOffered("redirect-uri", f"redirect-uri {path!r} is not a path that starts with one '/'")
    return path


def _check_variables(environment: Any) -> None:
    if not isinstance(environment, dict):
        raise NotOffered("environment", "environment is no object of variables")
    for (
        key,
        value,
    ) in environment.items():  # a spawner lets these win over the hub's own, the server's API token for one
        variable = str(value.get("name", key)) if isinstance(value, dict) else key  # an object, as pods have it
        if variable.upper().startswith(("JUPYTERHUB_", "JPY_", "BINDER_REGISTRY_")):
            raise NotOffered("environment", f"environment sets {variable}, which is the hub's")
        if not (value is None or isinstance(value, (str, dict))):
            raise NotOffered("environment", f"environment.{variable} is no text")


def _address(template: Template) -> str:
    address: str = template.get("container-ip", "")
    try:
        return address and str(ip_address(address))
    except ValueError:
        raise NotOffered("container-ip", f"container-ip {address!r} is not an IP address") from None


def _port(template: Template) -> int:
    port = template.get("bind-port", 0)
    if type(port) is not int or not 0 <= port <= 65535:
        raise NotOffered("bind-port", f"bind-port {port!r} is not from 0 to 65535")
    return port


def _literal(text: str) -> str:
    """For what the kubelet expands: `$(X)` and `$$` reach the server as they are."""
    return text.replace("$", "$$") if _EXPANDED.search(text) else text


def _untemplated(text: str) -> str:
    """For variables, of which a swarm makes templates: `{{` reaches the server as it is."""
    return text.replace("{{", '{{"{{"}}')


def _formatted(text: str) -> str:
    """For what a spawner formats: braces reach the server as they are."""
    return text.replace("{", "{{").replace("}", "}}")
