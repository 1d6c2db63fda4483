"""`kubespawner_override` as members of a template. Pure."""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from reprlib import repr as short
from typing import Any

from msgspec.structs import replace

from ..template import ContainerLimits, Template
from .losses import LeftOut, Loss, Losses
from .scalars import cpus, image_reference, memory, misread, text_of, whole

GPU = "nvidia.com/gpu"
SHARES_PER_CPU = 1024  # Kubernetes turns a request of one CPU into as many shares

Note = Callable[..., None]  # takes what is lost, and below which part of the setting

_OLD_NAMES = {"image_spec": "image", "singleuser_image_spec": "image"}
_PLACEHOLDER = re.compile(r"(?<!\{)\{\w")


def applied(overrides: Iterable[Mapping[Any, Any]]) -> dict[str, Any]:
    """One after the other, as KubeSpawner applies them: a mapping is merged into one that is there, key by key.

    What KubeSpawner takes away is None here: it would take the hub's own away as well.
    """
    settings: dict[str, Any] = {}
    for override in overrides:
        for name, value in override.items():
            key = _OLD_NAMES.get(name, str(name))
            before = settings.get(key, {})
            merges = isinstance(before, Mapping) and isinstance(value, Mapping)
            settings[key] = _merged(before, value) if merges else value
    return settings


def _merged(before: Mapping[Any, Any], new: Mapping[Any, Any]) -> dict[Any, Any]:
    merged = dict(before)
    for key, value in new.items():
        if isinstance(value, Mapping):
            inner = merged.get(key)
            value = _merged(inner if isinstance(inner, Mapping) else {}, value)
        merged[key] = value
    return merged


def overridden(template: Template, settings: Mapping[str, Any], where: str, losses: Losses) -> Template:
    """With these settings. Raises `LeftOut` for what cannot be read: a limit that is left out would be no limit."""
    members: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for key, value in settings.items():
        member = f"kubespawner_override.{key}"

        def note(what: str, below: str = "", member: str = member) -> None:
            losses.append(Loss(where, what, f"{member}{below}"))

        if value == {}:
            continue
        if value is None or (not value and key in _READERS):
            note(f"is {'null' if value is None else short(value)} in place of the hub's own, which is not carried over")
        elif key not in _READERS:
            note("is not carried over")
        else:
            try:
                attribute, read = _READERS[key]
                found = read(value, note)
            except (ValueError, OverflowError) as error:
                raise LeftOut(f"{member} cannot be read ({error})") from None
            (limits if attribute in ContainerLimits.__struct_fields__ else members)[attribute] = found
    return replace(template, **members, limits=ContainerLimits(**limits))


def _image(value: Any, note: Note) -> str:
    image, problem = image_reference(value)
    if problem:
        note(problem, ".tag")
    return image


def _command(value: Any, note: Note) -> str:
    return shlex.join(map(text_of, value if isinstance(value, (list, tuple)) else [value]))


def _path(value: Any, note: Note) -> str:
    path = text_of(value, exact=True)
    if _PLACEHOLDER.search(path):
        note(f"holds a placeholder, which will stand for itself: {path!r}")
    return path.replace("{{", "{").replace("}}", "}")


def _shares(value: Any, note: Note) -> int:
    wanted = cpus(value)
    shares = round(wanted * SHARES_PER_CPU)
    if shares != wanted * SHARES_PER_CPU:
        note(f"of {wanted} becomes {shares / SHARES_PER_CPU}, {shares} of {SHARES_PER_CPU} CPU shares")
    return shares


def _environment(value: Any, note: Note) -> dict[str, str]:
    return dict(_variables(_mapping(value), note))


def _variables(environment: Mapping[Any, Any], note: Note) -> Iterator[tuple[str, str]]:
    for variable, value in sorted(environment.items(), key=lambda entry: str(entry[0])):
        problem = misread(value)
        if not isinstance(variable, str):
            problem = "is not read as a name: write it in quotes. Not carried over"
        elif value is None:
            problem = "is null, which takes the hub's own away: not carried over"
        elif not isinstance(value, (str, int, float)):
            problem = "is not a text, not carried over"
        else:
            yield variable, text_of(value)
        if problem:
            note(problem, f".{variable}")


def _devices(value: Any, note: Note) -> int:
    for resource, amount in _mapping(value).items():
        if resource != GPU or amount is None:
            note("is not carried over", f".{resource}")
    return whole(value.get(GPU) or 0)


def _mapping(value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{short(value)} is not a mapping")
    return value


_READERS: dict[str, tuple[str, Callable[[Any, Note], Any]]] = {
    "image": ("image_name", _image),
    "cmd": ("command", _command),
    "default_url": ("redirect_uri", _path),
    "port": ("bind_port", lambda value, _: whole(value)),
    "ip": ("bind_ip", lambda value, _: text_of(value, exact=True)),
    "mem_limit": ("memory", lambda value, _: memory(value)),
    "cpu_limit": ("cpus", lambda value, _: cpus(value)),
    "cpu_guarantee": ("cpu_shares", _shares),
    "environment": ("environment", _environment),
    "extra_resource_limits": ("gpus", _devices),
}
