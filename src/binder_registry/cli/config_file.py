"""`--config FILE`: the options of a command in TOML, each under the name of its flag.

What may stand in it follows from the options as they are declared; their order of precedence is click's: flags,
environment, file (its `default_map`), defaults.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from .arguments import File
from .environment import Setting

LARGEST_FILE = 1024 * 1024  # bytes
PAIRS = "NAME=VALUE"  # the metavar of options that are a table in the file
SOURCE = f"{__package__}.config"
ARGUMENTS = f"{__package__}.arguments"

F = TypeVar("F", bound=Callable[..., Any])


class BadConfig(click.ClickException):
    exit_code = 2


class ConfiguredCommand(click.Command):
    """One that can be told again what its file says now."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)


def config_option(command: F) -> F:
    """Of a `ConfiguredCommand`."""
    return click.option(
        "--config",
        cls=Setting,
        is_eager=True,
        expose_value=False,
        type=File(path_type=Path),
        metavar="FILE",
        envvar="BINDER_REGISTRY_CONFIG",
        callback=_take,
        help="Settings, in TOML, that neither an option nor a variable gives. Read again on SIGHUP.",
    )(command)


def read_again(ctx: click.Context) -> click.Context:
    """The same call, by the file as it is now. Raises `click.ClickException`."""
    return ctx.command.make_context(ctx.info_name, [*ctx.meta[ARGUMENTS]], parent=ctx.parent)


def config_path(ctx: click.Context) -> Path | None:
    return ctx.meta.get(SOURCE)


def is_from_file(ctx: click.Context, name: str) -> bool:
    """Whether the file's value of this parameter is in force."""
    return ctx.get_parameter_source(name) is ParameterSource.DEFAULT_MAP


def settings_of(command: click.Command) -> dict[str, click.Option]:
    """What may stand in the file, by the name that it has there."""
    options = [param for param in command.params if isinstance(param, click.Option) and not param.is_eager]
    return {key_of(option): option for option in options}


def key_of(option: click.Option) -> str:
    return option.opts[0].lstrip("-")


def config_variables(option: click.Option) -> list[str]:
    """Of the environment, that hold its value; the first one that is set does."""
    return [option.envvar] if isinstance(option.envvar, str) else [*(option.envvar or ())]


def expected(option: click.Option) -> str:
    """What its value in the file must be, in words."""
    if option.is_flag:
        return "true or false"
    if option.metavar == PAIRS:
        return "a table of texts and whole numbers"
    if option.multiple:
        return "a list of texts"
    if isinstance(option.type, click.Choice):
        return " or ".join(f'"{choice}"' for choice in option.type.choices)
    if isinstance(option.type, click.Path):
        return "the name of a file"
    return {"whole number": "a whole number", "seconds": "a number of seconds"}.get(option.type.name, "a text")


def read_config(path: Path, ctx: click.Context) -> dict[str, Any]:
    """Values by the names of parameters, as click takes them. Raises `BadConfig`, which says all that is wrong."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_FILE + 1)
        if len(text) > LARGEST_FILE:
            raise BadConfig(f"{path}: it has more than {LARGEST_FILE} bytes")
        found = tomllib.loads(text.decode())
    except OSError as error:
        raise BadConfig(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadConfig(f"{path}: this is no TOML: {error}") from None
    settings, values, problems = settings_of(ctx.command), dict[str, Any](), list[str]()
    for key, value in found.items():
        option = settings.get(key)
        wrong = [_unknown(key, settings)] if option is None else list(_problems(option, value, path, ctx))
        problems += [f"{path}: {key}: {problem}" for problem in wrong]
        if option and not wrong:
            values[str(option.name)] = _as_given(option, value, path)
    if problems:
        raise BadConfig("\n".join(problems))
    return values


def meant(name: str, known: Mapping[str, Any]) -> str:
    """The nearest of `known`, as the end of a message; "" where none is near."""
    close = get_close_matches(name.lower().replace("_", "-"), known, 1)
    return f": did you mean {close[0]}?" if close else ""


def _take(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    if path is not None and not ctx.resilient_parsing:
        ctx.meta[SOURCE] = path
        ctx.default_map = read_config(path, ctx)


def _unknown(key: str, settings: Mapping[str, click.Option]) -> str:
    return f"there is no such setting{meant(key, settings)}"


def _problems(option: click.Option, value: Any, path: Path, ctx: click.Context) -> Iterator[str]:
    """None repeats the value, where it is not what its option is for: it may be a secret in the wrong place."""
    if not _fits(option, value):
        yield f"must be {expected(option)}"
        return
    try:
        option.type_cast_value(ctx, _as_given(option, value, path))
    except click.BadParameter as error:
        yield error.message


def _fits(option: click.Option, value: Any) -> bool:
    if option.is_flag:
        return isinstance(value, bool)
    if option.metavar == PAIRS:
        return isinstance(value, dict) and all(_is_text(each) or _is_whole(each) for each in value.values())
    if option.multiple:
        return isinstance(value, list) and all(map(_is_text, value))
    if option.type.name == "whole number":
        return _is_whole(value)
    if option.type.name == "seconds":
        return _is_whole(value) or isinstance(value, float)
    return _is_text(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _as_given(option: click.Option, value: Any, path: Path) -> Any:
    """As on the command line; names of files are looked for beside the file that names them."""
    if option.is_flag or isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [f"{name}={each}" for name, each in value.items()]
    if isinstance(option.type, click.Path):
        return str(path.parent / value)
    return str(value)
