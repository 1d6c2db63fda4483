"""`binder-registry serve`."""

import logging
import os
import sys
from pathlib import Path
from socket import socket
from urllib.parse import SplitResult, urlsplit

import click

from ..auth import AuthStore, TokenAuthStore
from ..backends import open_log
from ..errors import DatabaseRefused, StoreUnavailable
from ..log_store import LogStore
from ..registry import Registry

DEFAULT_DATABASE = "sqlite:///binder-registry.db"
LEVELS = ("debug", "info", "warning", "error")

logger = logging.getLogger("binder_registry")


@click.command(epilog="Example: BINDER_API_KEY=SECRET binder-registry serve --db sqlite:////var/lib/binder/registry.db")
@click.option(
    "--host",
    default=lambda: _service_url().hostname or "",
    show_default="that of JUPYTERHUB_SERVICE_URL, or all",
    envvar="BINDER_REGISTRY_HOST",
    help="Address to listen on.",
)
@click.option(
    "--port",
    default=lambda: _service_url().port or 8080,
    show_default="that of JUPYTERHUB_SERVICE_URL, or 8080",
    type=click.IntRange(0, 65535),
    envvar="BINDER_REGISTRY_PORT",
)
@click.option(
    "--db",
    default=DEFAULT_DATABASE,
    show_default=True,
    envvar="BINDER_REGISTRY_DB",
    help="memory:, sqlite:///PATH or postgresql://…",
)
@click.option(
    "--log-level", default="info", show_default=True, type=click.Choice(LEVELS), envvar="BINDER_REGISTRY_LOG_LEVEL"
)
@click.option(
    "--access-log/--no-access-log",
    default=True,
    show_default=True,
    envvar="BINDER_REGISTRY_ACCESS_LOG",
    help="A line for each request, on standard output.",
)
@click.option(
    "--require-if-match",
    is_flag=True,
    envvar="BINDER_REGISTRY_REQUIRE_IF_MATCH",
    help="Take changes of what exists only with If-Match.",
)
@click.option(
    "--protect-reads",
    is_flag=True,
    envvar="BINDER_REGISTRY_PROTECT_READS",
    help="Ask for a token with the read scope on reads too.",
)
@click.option(
    "--strong-reads",
    is_flag=True,
    envvar="BINDER_REGISTRY_STRONG_READS",
    help="Ask the database for its head before every read.",
)
@click.option(
    "--cors-origin",
    "cors_origins",
    multiple=True,
    envvar="BINDER_REGISTRY_CORS_ORIGIN",
    help="Origin whose pages may use the API in a browser; * for all. Repeatable.",
)
@click.option(
    "--prefix",
    default="",
    envvar=["BINDER_REGISTRY_PREFIX", "JUPYTERHUB_SERVICE_PREFIX"],
    help="Path below which everything is served, where a proxy does not strip it.",
)
@click.option(
    "--auth",
    default="key",
    show_default=True,
    type=click.Choice(["key", "jupyterhub"]),
    envvar="BINDER_REGISTRY_AUTH",
    help="Who may write: holders of BINDER_API_KEY, or (beside them, if it is set) JupyterHub's tokens.",
)
def serve(
    host: str,
    port: int,
    db: str,
    log_level: str,
    access_log: bool,
    require_if_match: bool,
    protect_reads: bool,
    strong_reads: bool,
    cors_origins: tuple[str, ...],
    prefix: str,
    auth: str,
) -> None:
    """Serve the registry over HTTP.

    BINDER_API_KEY holds the key that writes; BINDER_API_KEY_FILE instead names a file with one key on each line.
    """
    from ..server import App, Options
    from ..server import uvicorn_server as serving
    from ..server.http.access_log import AccessLog

    logging.basicConfig(
        level=log_level.upper(), format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr, force=True
    )
    auth_store = _auth_store(auth)
    options = Options(
        protect_reads=protect_reads,
        require_if_match=require_if_match,
        strong_reads=strong_reads,
        cors_origins=cors_origins,
        prefix=prefix.rstrip("/"),
    )
    try:
        store = LogStore(open_log(db))
    except DatabaseRefused as error:
        raise click.ClickException(error.message) from None
    try:
        listener = _listener(host, port)
        lines = AccessLog(sys.stdout.fileno()) if access_log else None
        serving.run(App(Registry(store, auth_store), options), listener, access_log=lines)
    except StoreUnavailable:
        raise click.ClickException("the database cannot be read: see the log above") from None
    finally:
        store.close()


def _service_url() -> SplitResult:
    """Where a hub that manages this process expects it."""
    return urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", ""))


def _listener(host: str, port: int) -> socket:
    from ..server.uvicorn_server import listen

    try:
        return listen(host, port)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]  # behind it, Python repeats the address
        raise click.ClickException(f"cannot listen on {host}:{port}: {reason}") from None


def _auth_store(auth: str) -> AuthStore:
    keys = _keys()
    if auth == "jupyterhub":
        from ..hub_auth import FirstKnowing, HubAuthStore

        url = os.environ.get("JUPYTERHUB_API_URL")
        if not url:
            raise click.UsageError("--auth jupyterhub needs JUPYTERHUB_API_URL, such as http://hub:8081/hub/api")
        try:
            hub = HubAuthStore(url)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        return FirstKnowing(TokenAuthStore(*keys), hub) if keys else hub
    if not keys:
        click.echo("Environment variable BINDER_API_KEY must be non-empty")  # 2015's words, on its standard output
        sys.exit(2)
    return TokenAuthStore(*keys)


def _keys() -> list[str]:
    path = os.environ.get("BINDER_API_KEY_FILE")
    if not path:
        key = os.environ.get("BINDER_API_KEY", "")
        return [key] if key else []
    try:
        return [line.strip() for line in Path(path).read_text().splitlines() if line.strip()]
    except OSError as error:
        raise click.ClickException(f"BINDER_API_KEY_FILE: {path}: {error.strerror}") from None
