"""What a server was told: as its options, as `--check-config` shows it, and once more on SIGHUP."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..backends import database_name
from ..errors import DatabaseRefused
from ..quantities import format_size
from .auth_store import VARIABLE, KeyFile
from .config_file import config_path, config_variables, is_from_file, read_again, settings_of
from .listening import Address
from .log_formats import log_format
from .log_lines import LogLines
from .output import table

if TYPE_CHECKING:
    from ..server import App, Options
    from ..server.http.access_log import AccessLog

MEMBERS = ("protect_reads", "require_if_match", "strong_reads", "cors_origins", "prefix", "trusted_proxies", "ui")
LIVE = ("log-level", "log-format")  # beside what `server.renewed` has
logger = logging.getLogger("binder_registry")


class Configuration:
    """What is in force."""

    def __init__(self, ctx: click.Context, log: LogLines) -> None:
        """Raises `click.UsageError`."""
        self._ctx, self._log = ctx, log
        self.options = server_options(ctx)
        self._in_force = settings_in(ctx)
        self._app: App | None = None
        self._access_log: AccessLog | None = None

    def serves(self, app: "App", access_log: "AccessLog | None") -> None:
        """From now on these hear of what is read again, and of what was until now."""
        self._app, self._access_log = app, access_log
        app.renew(self.options)
        if access_log:
            access_log.json = self._in_force["log-format"] == "json"

    def reread(self) -> None:
        """Where the file cannot be used, the settings of before stay in force, all of them."""
        path = config_path(self._ctx)
        try:
            ctx = read_again(self._ctx)
            wanted = server_options(ctx)
        except click.ClickException as error:
            message = "; ".join(error.message.split("\n"))
            logger.error("SIGHUP: %s: the settings of before stay in force", message)
            return
        from ..server import renewed_options

        options, settings = renewed_options(self.options, wanted), settings_in(ctx)
        others = [key for key, value in settings.items() if value != self._in_force[key]]
        taken = [key for key in others if key in LIVE or _is_taken(key, ctx, options, wanted)]
        left = [key for key in others if key not in taken]
        self.options = options
        self._in_force |= {key: settings[key] for key in taken}
        if self._app:
            self._app.renew(options)
        self._log_as(settings["log-level"], settings["log-format"], path, taken, left)

    def _log_as(self, level: str, how: str, path: Path | None, taken: list[str], left: list[str]) -> None:
        """What was taken is told where either level has it told."""
        root, wanted = logging.getLogger(), logging.getLevelNamesMapping()[level.upper()]
        self._log.setFormatter(log_format(how))
        if self._access_log:
            self._access_log.json = how == "json"
        root.setLevel(min(root.level, wanted))
        logger.info("SIGHUP: read %s: %s", path, f"took {', '.join(taken)}" if taken else "nothing to take")
        if left:
            logger.warning("SIGHUP: %s: a restart is needed for %s", path, ", ".join(left))
        root.setLevel(wanted)


def server_options(ctx: click.Context) -> "Options":
    """Raises `click.UsageError`, which names the file where the value is from there."""
    from ..server import Options, limits_of  # only now: a signal that comes while this is read must not be lost

    given = {name: ctx.params[name] for name in MEMBERS}
    for name, value in [*given.items(), ("limits", ctx.params["limits"])]:
        try:
            if name == "limits":
                given[name] = limits_of(value)
            else:
                Options(**{name: value})
        except ValueError as error:
            raise click.UsageError(f"{_origin(ctx, name)}{error}") from None
    return Options(**given)


def settings_in(ctx: click.Context) -> dict[str, Any]:
    """By their names in a file; each limit, also one that nothing sets, by itself."""
    from ..server import limits_of
    from ..server.limits import bounds

    found = {key: ctx.params[str(option.name)] for key, option in settings_of(ctx.command).items()}
    limits = limits_of(found.pop("limit"))
    return found | {f"limit.{name}": getattr(limits, name.replace("-", "_")) for name, _ in bounds()}


def tell_settings(ctx: click.Context, keys: KeyFile | None, *, key_is_set: bool) -> None:
    """What is in force and where it is from, on standard output, without a secret. Raises `click.ClickException`."""
    try:
        database = database_name(ctx.params["db"])
    except DatabaseRefused as error:
        raise click.ClickException(f"{_origin(ctx, 'db')}{error.message}") from None
    rows = []
    for key, value in settings_in(ctx).items():
        shown, source = _shown(key, value), _source(ctx, key)
        if key == "db":
            shown = database
        elif key == "api-key-file" and value and not keys:
            shown, source = "", f"passed over for {VARIABLE}"
        rows.append((key, shown, source))
    if not keys and key_is_set:
        rows.append((VARIABLE, "(not shown)", "environment"))
    table(("setting", "value", "from"), rows)


@contextmanager
def checking(check: bool) -> Iterator[None]:
    """Where it is a check, whatever is wrong ends it with 2."""
    try:
        yield
    except click.ClickException as error:
        if check:
            error.exit_code = 2  # type: ignore[misc]  # of this one alone
        raise


def _is_taken(key: str, ctx: click.Context, options: "Options", wanted: "Options") -> bool:
    if key.startswith("limit."):
        name = key.removeprefix("limit.").replace("-", "_")
        return bool(getattr(options.limits, name) == getattr(wanted.limits, name))
    name = str(settings_of(ctx.command)[key].name)
    return name in MEMBERS and getattr(options, name) == getattr(wanted, name)


def _origin(ctx: click.Context, name: str) -> str:
    [key] = [key for key, option in settings_of(ctx.command).items() if option.name == name]
    return f"{config_path(ctx)}: {key}: " if is_from_file(ctx, name) else ""


def _shown(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple) and not isinstance(value, Address):
        return ", ".join(map(str, value))
    return format_size(value) or "0" if key.endswith("-bytes") else "" if value is None else str(value)


def _source(ctx: click.Context, key: str) -> str:
    if key.startswith("limit."):
        given = {name for name, _ in ctx.params["limits"]}
        if key.removeprefix("limit.") not in given:
            return "default"
        key = "limit"
    option = settings_of(ctx.command)[key]
    source = ctx.get_parameter_source(str(option.name))
    if source is ParameterSource.COMMANDLINE:
        return f"flag --{key}"
    if source is ParameterSource.ENVIRONMENT:
        return f"environment {_variable(option)}"
    if source is ParameterSource.DEFAULT_MAP:
        return f"file {config_path(ctx)}"
    return f"default: {option.show_default}" if isinstance(option.show_default, str) else "default"


def _variable(option: click.Option) -> str:
    """The first that is set."""
    return next((name for name in config_variables(option) if os.environ.get(name, "").strip()), "")
