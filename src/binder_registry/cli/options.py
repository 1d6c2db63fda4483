"""The flags for the members of a template."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..lengths import LARGEST_INTEGER
from ..quantities import parse_cpus, parse_memory

F = TypeVar("F", bound=Callable[..., Any])

_DIGITS = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_FRACTION = re.compile(rf"(?:{_DIGITS.pattern})(?:\.[0-9]{{1,9}})?", re.ASCII)


class Quantity(click.ParamType[Any]):
    """What `read` makes of a text, or says that it is not."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self.read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


def whole(least: int = 0, most: int = LARGEST_INTEGER) -> Quantity:
    """Digits only: no leading zeros, which some read as octal, no other bases, no signs, fractions or exponents."""

    def read(text: str) -> int:
        if not _DIGITS.fullmatch(text):
            raise ValueError(f"{text[:40]!r} is not a whole number: write digits, like 8888")
        number = int(text)
        if not least <= number <= most:
            raise ValueError(f"{text} is not from {least} to {most}")
        return number

    return Quantity("whole number", read)


def seconds(most: int) -> Quantity:
    """Digits, and a fraction."""

    def read(text: str) -> float:
        if not _FRACTION.fullmatch(text) or float(text) > most:
            raise ValueError(f"{text[:40]!r} is not a number of seconds from 0 to {most}: write digits, like 5 or 2.5")
        return float(text)

    return Quantity("seconds", read)


class Pair(click.ParamType[tuple[str, str | None]]):
    """`key=value`; with `removable` also `key-`, which gives None for the value."""

    name = "key=value"

    def __init__(self, *, removable: bool) -> None:
        self.removable = removable

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str | None]:
        if isinstance(value, tuple):
            return value
        key, equals, text = value.partition("=")
        if not equals and self.removable and key.endswith("-"):
            return key[:-1], None
        if not equals or not key:
            self.fail(f"{value!r} is not KEY=VALUE{' or KEY-' if self.removable else ''}", param, ctx)
        return key, text


_MEMBERS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("--image",), {"help": "Container image, as in docker pull."}),
    (("--command",), {"help": "Command in the container, as one string."}),
    (
        ("--memory",),
        {"type": Quantity("size", parse_memory), "metavar": "SIZE", "help": "Memory limit: 512M, 2G (powers of 1024)."},
    ),
    (("--cpu-shares",), {"type": whole(), "metavar": "N", "help": "Relative weight, as in docker run."}),
    (
        ("--cpus",),
        {"type": Quantity("CPUs", parse_cpus), "metavar": "N", "help": "Number of CPUs, a true cap: 1.5, 500m."},
    ),
    (("--gpus",), {"type": whole(), "metavar": "N", "help": "Whole GPUs."}),
    (("--redirect-uri",), {"metavar": "PATH", "help": "Where the user lands: /lab."}),
    (("--ip",), {"metavar": "ADDRESS", "help": "Host address that containers bind to."}),
    (("--port",), {"type": whole(), "metavar": "N", "help": "Port within the container."}),
    (("--display-name",), {"metavar": "TEXT", "help": "One line for people."}),
    (("--description",), {"metavar": "TEXT", "help": "More for people."}),
    (("--group", "groups"), {"multiple": True, "metavar": "GROUP", "help": "Who it is offered to; repeatable."}),
    (("--deprecated",), {"metavar": "TEXT", "help": "Message that says what to use instead."}),
    (
        ("--replaced-by",),
        {
            "metavar": "NAME",
            "help": "Template that takes its place: hubs no longer offer this one, and resolve to that.",
        },
    ),
    (("--order",), {"type": whole(1), "metavar": "N", "help": "Its place in lists for people."}),
    (("--default/--no-default",), {"default": None, "help": "Preselected where people choose."}),
    (
        ("--request-memory",),
        {"type": Quantity("size", parse_memory), "metavar": "SIZE", "help": "Memory that is set aside: 1G."},
    ),
    (("--request-cpus",), {"type": Quantity("CPUs", parse_cpus), "metavar": "N", "help": "CPUs that are set aside."}),
    (("--paused",), {"metavar": "TEXT", "help": "Take it out of service, and say why."}),
    (("--contact",), {"metavar": "TEXT", "help": "Who maintains it."}),
    (("--icon",), {"metavar": "URL", "help": "A picture: https://…"}),
]
_WIRE = {
    "image": "image-name",
    "ip": "container-ip",
    "port": "bind-port",
    "groups": "allowed-groups",
    "env": "environment",
}
_WITHIN = {
    **{limit: ("limits", limit) for limit in ("memory", "cpu_shares", "cpus", "gpus")},
    "request_memory": ("requests", "memory"),
    "request_cpus": ("requests", "cpus"),
}


def member_options(*, removable: bool) -> Callable[[F], F]:
    """One flag per member, and --label and --env, which `removable` also lets take entries away."""
    away = "; KEY- removes it" if removable else ""

    def decorate(command: F) -> F:
        pair = Pair(removable=removable)
        for flag, name, what in (("--env", "env", "Environment variable"), ("--label", "label", "Label")):
            help_text = f"{what}{away}; repeatable."
            command = click.option(flag, name, type=pair, multiple=True, metavar="KEY=VALUE", help=help_text)(command)
        for names, settings in reversed(_MEMBERS):
            command = click.option(*names, **settings)(command)
        return command

    return decorate


def given_members(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags that were given, as a patch of wire members: None removes an entry of a map."""
    patch: dict[str, Any] = {}
    for flag, value in flags.items():
        if value is None or value == ():
            continue
        if flag in _WITHIN:
            outer, inner = _WITHIN[flag]
            patch.setdefault(outer, {})[inner] = value
        elif flag in ("label", "env"):
            patch["labels" if flag == "label" else "environment"] = dict(value)
        else:
            patch[_WIRE.get(flag, flag.replace("_", "-"))] = list(value) if flag == "groups" else value
    return patch


def note_option(command: F) -> F:
    return click.option("-m", "--note", default="", metavar="NOTE", help="Why: kept in the history.")(command)


def if_match_option(command: F) -> F:
    return click.option(
        "--if-match",
        "expected",
        type=PositionText(),
        metavar="REVISION",
        help="Only if the template is still at this revision (or ETag).",
    )(command)


class PositionText(click.ParamType[Any]):
    name = "position"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from ..changes import Position
        from ..client.answer import tagged_position
        from ..errors import InvalidRequest

        try:
            return value if isinstance(value, Position) else tagged_position(value.strip()) or Position.parse(value)
        except InvalidRequest as error:
            self.fail(error.message, param, ctx)
