"""`kubespawner_override` as the members of a template or a choice, and the rest of it as overrides. Pure.

What has a member becomes it where the way back gives the same again. All else is carried as it is, `null` too.
"""

import math
import re
import shlex
from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import ip_address
from reprlib import repr as short
from typing import Any

import msgspec
from msgspec import Raw

from ..lengths import LARGEST_INTEGER, MAX_ENTRIES
from ..member_schema import VARIABLE
from ..options import HARMLESS_OVERRIDES
from ..setting_rules import has_control_characters
from ..settings import ContainerLimits, Requests
from .formatted import plain_command_word, plain_text
from .kubespawner_settings import OLD_NAMES, SETTINGS
from .losses import LeftOut
from .scalars import cpus, image_reference, memory, misread, text_of, whole, written

GPU = "nvidia.com/gpu"
KIND = "kubespawner"
NEEDS_WORD = "is carried, for hubs whose admin allows it (allow_overrides)"

Note = Callable[[str, str], None]  # takes a setting, and what is to be said of it

_MOST_LEVELS = 30
_VARIABLE = re.compile(VARIABLE, re.ASCII)


class _NoMember(Exception):
    """No member says this. With a reason: nobody can mean it."""


def members_of(
    override: Mapping[Any, Any], note: Note, *, template: bool = False, typed: bool = False, devices: bool = True
) -> dict[str, Any]:
    """By attribute of `Settings`, or of `Template`. Raises `LeftOut` for what JSON cannot hold.

    `typed`: `{value}` stands for what a user types. `devices`: GPUs may become a limit.
    """
    found: dict[tuple[str, ...], Any] = {}
    left: dict[str, Any] = {}
    readers = _READERS | (_OF_TEMPLATES if template else {}) | (_DEVICES if devices else {})
    for key, value in _settings(override).items():
        if key not in SETTINGS:
            note(key, "is no setting of KubeSpawner, which passes over it: dropped")
        elif value == {} and key == "environment":
            note(key, "is empty and changes nothing: dropped")
        elif key == "environment" and isinstance(value, Mapping):
            variables, others = _variables(value, note, typed)
            found |= {("environment",): variables} if variables else {}
            left |= {key: others} if others else {}
        elif key in readers:
            path, read = readers[key]
            try:
                found[path] = read(value, partial(note, key), typed)
            except (_NoMember, ValueError, OverflowError) as error:
                if str(error):
                    note(key, f"cannot be read ({error}) and is carried as it is")
                left[key] = value
        else:
            left[key] = value
    for key in left:
        if key not in HARMLESS_OVERRIDES:
            note(key, NEEDS_WORD)
    return _attributes(found) | _overrides(left, note)


def has_plain_devices(override: Mapping[Any, Any]) -> bool:
    """Whether what it asks of devices is GPUs and no more."""
    try:
        return "extra_resource_limits" not in override or bool(_gpus(override["extra_resource_limits"], None, False))
    except (_NoMember, ValueError, OverflowError):
        return False


def _settings(override: Mapping[Any, Any]) -> dict[str, Any]:
    """By KubeSpawner's own names; a later one of two spellings wins."""
    return {OLD_NAMES.get(str(name), str(name)): value for name, value in override.items()}


def _attributes(found: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    members = {path[0]: value for path, value in found.items() if len(path) == 1}
    for member, structure in (("limits", ContainerLimits), ("requests", Requests)):
        if inner := {path[1]: value for path, value in found.items() if path[0] == member}:
            members[member] = structure(**inner)
    return members


def _overrides(left: Mapping[str, Any], note: Note) -> dict[str, Any]:
    if not left:
        return {}
    settings = {key: _as_json(value, partial(note, key)) for key, value in left.items()}
    return {"overrides": {KIND: Raw(msgspec.json.encode(settings))}}


def _as_json(value: Any, note: Callable[[str], None], level: int = 0) -> Any:
    if level > _MOST_LEVELS:
        raise LeftOut("kubespawner_override is nested too deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(text_of(key)): _as_json(inner, note, level + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(inner, note, level + 1) for inner in value]
    if not isinstance(value, (int, float)) or not abs(value) <= LARGEST_INTEGER:
        raise LeftOut(f"kubespawner_override holds {short(value)}, which JSON cannot")
    if _means_another(value):
        note(misread(value))
    return int(value) if isinstance(value, int) else float(value)


def _means_another(value: int | float) -> bool:
    try:
        return not math.isclose(float(written(value).replace("_", "")), value)
    except ValueError:
        return True


# ── each setting that is a member ────────────────────────────────────────────────────────────────────────────────────

Say = Callable[[str], None]


def _image(value: Any, say: Say, typed: bool) -> str:
    if isinstance(value, Mapping):
        image, problem = image_reference(value)
        say("given as name and tag is put together")
        if problem:
            say(problem)
    elif isinstance(value, str):
        image = str(value)
    else:
        raise _NoMember("" if value is None else f"{short(value)} is not an image")
    if not image.strip() or has_control_characters(image):
        raise _NoMember
    return image


def _command(value: Any, say: Say, typed: bool) -> str:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not words or not all(isinstance(word, str) for word in words):
        raise _NoMember
    return shlex.join(_literal(plain_command_word(str(word))) for word in words)


def _path(value: Any, say: Say, typed: bool) -> str:
    path = _literal(plain_text(str(value), typed)) if isinstance(value, str) else ""
    if not path.startswith("/") or path.startswith("//") or has_control_characters(path):
        raise _NoMember
    return path


def _literal(text: str | None) -> str:
    if text is None or "\0" in text:
        raise _NoMember
    return text


def _amount(read: Callable[[Any], int | float]) -> Callable[[Any, Say, bool], int | float]:
    def amount(value: Any, say: Say, typed: bool) -> int | float:
        if value is None or value == 0 or (typed and isinstance(value, str) and "{" in value):
            raise _NoMember
        found = read(value)
        if not 0 < found <= LARGEST_INTEGER:
            raise _NoMember
        if isinstance(value, str) and read is cpus and not _is_number(value):
            say(f"{value} is read as {found}")
        return found

    return amount


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _port(value: Any, say: Say, typed: bool) -> int:
    if value is None or value == 0:
        raise _NoMember
    port = whole(value)
    if not 0 < port <= 65535:
        raise _NoMember
    return port


def _address(value: Any, say: Say, typed: bool) -> str:
    try:
        address = ip_address(value)
    except ValueError:
        raise _NoMember from None
    if address.is_loopback or str(address) != value:  # to templates that is the host's
        raise _NoMember
    return str(address)


def _gpus(value: Any, say: Any, typed: bool) -> int:
    if not isinstance(value, Mapping) or list(value) != [GPU] or not value[GPU]:
        raise _NoMember
    try:
        return whole(value[GPU])
    except (ValueError, OverflowError):
        raise _NoMember from None


def _variables(environment: Mapping[Any, Any], note: Note, typed: bool) -> tuple[dict[str, str], dict[Any, Any]]:
    """Those that a member can say, and the others."""
    members: dict[str, str] = {}
    others: dict[Any, Any] = {}
    for variable, value in environment.items():
        text = None
        if isinstance(variable, str) and _VARIABLE.fullmatch(variable) and isinstance(value, (str, int, float)):
            text = plain_text(str(text_of(value)), typed)
            if problem := "is true or false, and becomes a text" if isinstance(value, bool) else misread(value):
                note(f"environment.{variable}", problem)
        if text is None or "\0" in text or len(members) == MAX_ENTRIES:
            others[variable] = value
        else:
            members[str(variable)] = text
    return dict(sorted(members.items())), others


Reader = tuple[tuple[str, ...], Callable[[Any, Say, bool], Any]]

_READERS: dict[str, Reader] = {
    "image": (("image_name",), _image),
    "cmd": (("command",), _command),
    "default_url": (("redirect_uri",), _path),
    "port": (("bind_port",), _port),
    "mem_limit": (("limits", "memory"), _amount(memory)),
    "cpu_limit": (("limits", "cpus"), _amount(cpus)),
    "mem_guarantee": (("requests", "memory"), _amount(memory)),
    "cpu_guarantee": (("requests", "cpus"), _amount(cpus)),
}
_OF_TEMPLATES: dict[str, Reader] = {"ip": (("bind_ip",), _address)}
_DEVICES: dict[str, Reader] = {"extra_resource_limits": (("limits", "gpus"), _gpus)}
