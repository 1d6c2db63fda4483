"""The limits and requests of a template, as numbers that a spawner takes."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .rules import Kind, NotOffered, Template

LEAST: Mapping[str, tuple[int, float]] = {  # bytes and CPUs; with less a start is refused, or fails
    "docker": (6 << 20, 0.01),  # a quota of 1 ms in 100
    "swarm": (6 << 20, 0.01),  # its nodes are such engines
    "kubernetes": (4 << 20, 0.001),  # what runc itself needs; the unit in which Kubernetes counts
    "local": (0, 0),
}
_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KMGT]?)")
_ENGINES = {"docker": "Docker", "swarm": "Docker", "kubernetes": "Kubernetes"}


class Limits(NamedTuple):
    """0 where nothing is said."""

    memory: float
    shares: float
    cpus: float
    gpus: float
    needs_memory: float  # what is set aside
    needs_cpus: float


def limits_of(template: Template, kind: Kind) -> Limits:
    limits, requests = template.get("limits", {}), template.get("requests", {})
    memory, shares, cpus, gpus = (
        _amount(limits, f"limits.{name}") for name in ("memory", "cpu_shares", "cpus", "gpus")
    )
    needs = (_amount(requests, f"requests.{name}") for name in ("memory", "cpus"))
    least_memory, least_cpus = LEAST[kind]
    if 0 < memory < least_memory:
        raise NotOffered(
            "limits", f"limits.memory {memory!r}, in bytes, is below the least that {_ENGINES[kind]} takes"
        )
    if 0 < cpus < least_cpus:
        raise NotOffered("limits", f"limits.cpus {cpus!r} is below the least that {_ENGINES[kind]} takes")
    return Limits(memory, shares, cpus, gpus, *needs)


def check_limits(settings: Mapping[str, Any], kind: Kind) -> None:
    """What overrides say, or the hub's own function. Raises `NotOffered`."""
    for name, least in zip(("mem_limit", "cpu_limit"), LEAST[kind], strict=True):
        for setting in (name, name.replace("limit", "guarantee")):
            value = settings.get(setting)
            if value is None or callable(value):
                continue
            if type(value) not in (int, float, str) or not 0 <= number_of(value) < 2**63:
                raise NotOffered("limits", f"{setting} {value!r} is not one that a spawner takes")
            if setting == name and 0 < number_of(value) < least:
                raise NotOffered("limits", f"{setting} {value!r} is below the least that {_ENGINES[kind]} takes")


def number_of(value: Any) -> float:
    """Of a limit as a spawner has it, `1G` say, of 1024 each; 0 where nothing is told, by a function say."""
    if isinstance(value, str) and (match := _BYTES.fullmatch(value)):
        return int(float(match[1]) * 1024 ** " KMGT".index(match[2] or " "))
    return value if isinstance(value, (int, float)) else 0


def _amount(amounts: Mapping[str, Any], member: str) -> int | float:
    value = amounts.get(member.rpartition(".")[2], 0)
    if type(value) not in (int, float) or not 0 <= value < 2**63:
        raise NotOffered("limits", f"{member} {value!r} is not one that a spawner takes")
    return value  # type: ignore[no-any-return]
