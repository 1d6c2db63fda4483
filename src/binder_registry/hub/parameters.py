"""What `configure` is given, checked: a mistake is said when the hub starts, by the parameter's name."""

import linecache
import os
import re
import sys
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from inspect import getframeinfo, iscoroutinefunction
from types import FrameType
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

_LABEL_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_PART_OF_A_DOMAIN = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_DOMAIN = rf"{_PART_OF_A_DOMAIN}(?:\.{_PART_OF_A_DOMAIN})*"
_KEY = rf"(?![^/]{{254}})(?:{_DOMAIN}/)?{_LABEL_WORD}"
_REQUIREMENT = rf" *(?:!?{_KEY}|{_KEY}!?=(?:{_LABEL_WORD})?) *"
SELECTOR = rf"{_REQUIREMENT}(?:,{_REQUIREMENT}){{0,15}}"  # as the registry has it
CHANNEL = "[a-z][a-z0-9-]{0,62}"  # as the registry has it
LATEST = "latest"  # the newest revisions
_UNNAMEABLE = re.compile(r"[/\x00-\x1f\x7f]")  # in no name of a template


def hiding_its_call(function: Function) -> Function:
    """A traceback shows the line that called, and the hub logs it: that may hold a token, or a password in `url`."""

    @wraps(function)
    def hiding(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:
            _hide_lines(sys._getframe(1))
            raise

    return cast(Function, hiding)


def _hide_lines(caller: FrameType) -> None:
    frame: FrameType | None = caller
    while frame:
        at = getframeinfo(frame).positions
        if frame.f_globals is caller.f_globals and at and at.lineno and at.end_lineno:
            file, lines = frame.f_code.co_filename, linecache.getlines(frame.f_code.co_filename)
            lines = [*lines[: at.lineno - 1], *["\n"] * (at.end_lineno - at.lineno + 1), *lines[at.end_lineno :]]
            linecache.cache[file] = (0, None, lines, file)  # None: without a time, so that it is not read anew
        frame = frame.f_back


def check_parameters(**given: Any) -> None:
    """Raises `ValueError` without the value: one that is in a wrong place may be secret."""
    for name, value in given.items():
        fine, wanted = PARAMETERS[name]
        if not fine(value):
            raise ValueError(f"{name}= has to be {wanted}")
    if given.get("try_out") and given["try_out"][0] == given.get("channel"):
        raise ValueError("try_out= has to be of another channel than channel=, which everybody is offered")


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_duration(value: Any) -> bool:
    return type(value) in (int, float) and value > 0


def _are_texts(value: Any) -> bool:
    """A text is a collection of texts too, which nobody means."""
    return isinstance(value, Collection) and not isinstance(value, (str, Mapping)) and all(map(_is_text, value))


def _are_traits(value: Any) -> bool:
    return _are_texts(value) and all(map(str.isidentifier, value))


def _are_keys(value: Any) -> bool:
    """A text with dots, or the keys in their order."""
    keys = value.split(".") if isinstance(value, str) and value else value or []
    return isinstance(value, (str, list, tuple)) and all(_is_text(key) and key == key.strip() for key in keys)


def _is_function(value: Any) -> bool:
    return value is None or (callable(value) and not iscoroutinefunction(value))


def _is_a_name_or_none(value: Any) -> bool:
    return value == "" or (_is_text(value) and not _UNNAMEABLE.search(value))


def _is_selector(value: Any) -> bool:
    return isinstance(value, str) and (value == "" or re.fullmatch(SELECTOR, value) is not None)


def _is_channel(value: Any) -> bool:
    return isinstance(value, str) and (value == "" or re.fullmatch(CHANNEL, value) is not None)


def _is_try_out(value: Any) -> bool:
    """A channel, which is not what everybody is offered, and a group."""
    if not isinstance(value, (list, tuple)) or not value:
        return value in ((), [])
    return len(value) == 2 and bool(value[0]) and _is_channel(value[0]) and value[0] != LATEST and _is_text(value[1])


def _is_resource(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(f"{_DOMAIN}/{_LABEL_WORD}", value) is not None


def _is_place(value: Any) -> bool:
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else value
    return path is None or (_is_text(path) and "\0" not in path)


_FLAG = (_is_flag, "True or False")
PARAMETERS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "default": (_is_a_name_or_none, "the name of a template"),
    "allow_commands": (_are_texts, "a list of commands, such as ['start-notebook.sh']"),
    "allow_overrides": (_are_traits, "a list of keys of overrides, such as ['volumes']"),
    "label": (_is_selector, "a selector of labels, such as 'hub=physics': key=value, key!=value, key or !key"),
    "channel": (_is_channel, "the name of a channel, such as 'stable'"),
    "try_out": (_is_try_out, "a channel and a group, such as ('testing', 'testers')"),
    "ignore_group_case": _FLAG,
    "image_command": _FLAG,
    "auth_state_groups": (_are_keys, "where groups are, such as 'oauth_user.groups', or a list of keys"),
    "gpu_resource": (_is_resource, "a resource of Kubernetes, such as 'nvidia.com/gpu'"),
    "override": (_is_function, "a function of a template and a profile, not an asynchronous one"),
    "escape": _FLAG,
    "snapshot": (_is_place, "the path of a file; None keeps the list in memory only"),
    "rules_file": (_is_place, "the path of a file; None writes none"),
    "max_stale": (_is_duration, "a number of seconds above 0"),
}
