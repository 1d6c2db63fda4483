"""Settings from the environment, where Kubernetes and hubs leave variables for others too."""

import os
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click

from ..file_names import as_text

CHECKED_ELSEWHERE = (
    "db",
    "prefix",
    "cors_origins",
    "publishers",
    "rules_file",
    "api_key_file",
    "config",
)  # settings that may hold an @, or say better what is wrong


class Setting(click.Option):
    """Blanks around a variable's value are taken off, and a blank one is not set.

    A URL with a user in it, where something else belongs, is refused without repeating it: it may hold a password.
    """

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        if self.name not in CHECKED_ELSEWHERE and isinstance(value, str) and "@" in value:
            raise click.BadParameter("this is no place for a URL with a user or a password", ctx, self)
        return super().type_cast_value(ctx, value)

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        value = super().resolve_envvar_value(ctx)
        return as_text(value.strip()) or None if value else None


class PortSetting(Setting):
    """Passes over what Kubernetes tells every pod of a Service called `binder-registry`: `tcp://10.96.12.3:8080`."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        value = super().resolve_envvar_value(ctx)
        return None if value and "://" in value else value


def variables_of_others() -> list[str]:
    """The variables that were passed over."""
    return [name for name in ("BINDER_REGISTRY_PORT",) if "://" in os.environ.get(name, "")]


def service_url() -> SplitResult:
    """Where a hub that manages this process expects it. The message does not repeat what may hold a password."""
    text = os.environ.get("JUPYTERHUB_SERVICE_URL", "").strip()
    try:
        url = urlsplit(text)
        url.port  # noqa: B018 - raises for what is no port
    except ValueError:
        url = urlsplit("no:")
    if text and not (url.scheme in ("http", "https") and url.hostname):
        raise click.UsageError("JUPYTERHUB_SERVICE_URL is not a URL to listen on, such as http://127.0.0.1:8080")
    return url
