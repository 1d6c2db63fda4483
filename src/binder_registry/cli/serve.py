"""`binder-registry serve`."""

import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from ..backends import open_log
from ..descriptors import are_left
from ..errors import DatabaseRefused, StoreUnavailable
from ..log_store import LogStore
from ..registry import Registry
from ..token_rules import DAY, MOST_DAYS
from .auth_store import Stores, auth_stores, key_file, key_file_option, rereads_of, user_of, with_own_tokens
from .config_file import ConfiguredCommand, config_option, config_path
from .configuration import Configuration, checking, tell_settings
from .environment import PortSetting, Setting, service_url, variables_of_others
from .hub_logins import hub_login
from .hub_rules import ServedHub, served_rules_option
from .limits import limit
from .listening import Address, address, listener
from .log_formats import log_format_option
from .log_lines import LogLines, logged_to
from .options import seconds, whole
from .publishers import public_url_option, publisher_tokens, publishers_option, reread
from .stopping import stoppable
from .supervisor import supervisor

if TYPE_CHECKING:
    from ..server import Options

DEFAULT_DATABASE = "sqlite:///binder-registry.db"
FEWEST_DESCRIPTORS = 64  # for the database, the loop, the log, and some clients
READER = (sys.executable, "-P", "-m", f"{__package__}.reader")  # of documents: the server itself knows no YAML
LEVELS = ("debug", "info", "warning", "error")

logger = logging.getLogger("binder_registry")


@click.command(
    cls=ConfiguredCommand,
    epilog="Example: BINDER_API_KEY=SECRET binder-registry serve --db sqlite:////var/lib/binder/registry.db",
)
@config_option
@click.option(
    "--check-config",
    is_flag=True,
    is_eager=True,
    help="Say what is in force and where it is from, or what is wrong, and serve nothing.",
)
@click.option(
    "--host",
    cls=Setting,
    default=lambda: service_url().hostname or "",
    show_default="that of JUPYTERHUB_SERVICE_URL, or all",
    envvar="BINDER_REGISTRY_HOST",
    help="Address to listen on.",
)
@click.option(
    "--port",
    cls=PortSetting,
    default=lambda: service_url().port or 8080,
    show_default="that of JUPYTERHUB_SERVICE_URL, or 8080",
    type=whole(0, 65535),
    metavar="N",
    envvar="BINDER_REGISTRY_PORT",
)
@click.option(
    "--db",
    cls=Setting,
    default=DEFAULT_DATABASE,
    show_default=True,
    envvar="BINDER_REGISTRY_DB",
    help="memory:, sqlite:///PATH or postgresql://…",
)
@click.option(
    "--log-level",
    cls=Setting,
    default="info",
    show_default=True,
    type=click.Choice(LEVELS, case_sensitive=False),
    envvar="BINDER_REGISTRY_LOG_LEVEL",
)
@click.option(
    "--access-log/--no-access-log",
    cls=Setting,
    default=True,
    show_default=True,
    envvar="BINDER_REGISTRY_ACCESS_LOG",
    help="A line for each request, on standard output.",
)
@log_format_option
@click.option(
    "--require-if-match",
    cls=Setting,
    is_flag=True,
    envvar="BINDER_REGISTRY_REQUIRE_IF_MATCH",
    help="Take changes of what exists only with If-Match.",
)
@click.option(
    "--protect-reads",
    cls=Setting,
    is_flag=True,
    envvar="BINDER_REGISTRY_PROTECT_READS",
    help="Ask for a token with the read scope on reads too.",
)
@click.option(
    "--strong-reads",
    cls=Setting,
    is_flag=True,
    envvar="BINDER_REGISTRY_STRONG_READS",
    help="Ask the database for its head before every read.",
)
@click.option(
    "--cors-origin",
    "cors_origins",
    cls=Setting,
    multiple=True,
    envvar="BINDER_REGISTRY_CORS_ORIGIN",
    help="Origin whose pages may use the API in a browser; * for all. Repeatable.",
)
@click.option(
    "--prefix",
    cls=Setting,
    default="",
    envvar=["BINDER_REGISTRY_PREFIX", "JUPYTERHUB_SERVICE_PREFIX"],
    help="Path below which everything is served, where a proxy does not strip it.",
)
@click.option(
    "--trusted-proxies",
    cls=Setting,
    multiple=True,
    metavar="NETWORK",
    envvar="BINDER_REGISTRY_TRUSTED_PROXIES",
    help="Address, or network such as 10.0.0.0/8, of proxies that say whose a request is, in X-Forwarded-For or "
    "Forwarded. Repeatable.",
)
@click.option(
    "--ui/--no-ui",
    cls=Setting,
    default=True,
    show_default=True,
    envvar="BINDER_REGISTRY_UI",
    help="The web page at /ui/, to which browsers get from /.",
)
@click.option(
    "--auth",
    cls=Setting,
    default="key",
    show_default=True,
    type=click.Choice(["key", "jupyterhub"]),
    envvar="BINDER_REGISTRY_AUTH",
    help="Who may write: holders of BINDER_API_KEY, or (beside them, if it is set) JupyterHub's tokens.",
)
@key_file_option
@served_rules_option
@publishers_option
@public_url_option
@click.option(
    "--max-token-age",
    cls=Setting,
    default=MOST_DAYS,
    show_default=True,
    type=whole(1, MOST_DAYS),
    metavar="DAYS",
    envvar="BINDER_REGISTRY_MAX_TOKEN_AGE",
    help="How long a new token of the registry's own may last.",
)
@click.option(
    "--metrics-listen",
    cls=Setting,
    type=address(),
    metavar="HOST:PORT",
    envvar="BINDER_REGISTRY_METRICS_LISTEN",
    help="Serve the metrics, and nothing else, here too, without a token.",
)
@click.option(
    "--drain-delay",
    cls=Setting,
    default=0.0,
    show_default=True,
    type=seconds(3600),
    metavar="SECONDS",
    envvar="BINDER_REGISTRY_DRAIN_DELAY",
    help="How long to go on serving once told to stop, while /health says so, for load balancers.",
)
@click.option(
    "--limit",
    "limits",
    cls=Setting,
    multiple=True,
    type=limit(),
    metavar="NAME=VALUE",
    envvar="BINDER_REGISTRY_LIMIT",
    help="What a client can cost: see the page on limits. Repeatable.",
)
@click.pass_context
def serve(
    ctx: click.Context,
    /,
    check_config: bool,
    host: str,
    port: int,
    db: str,
    log_level: str,
    access_log: bool,
    log_format: str,
    ui: bool,
    auth: str,
    rules_file: Path | None,
    publishers: Path | None,
    public_url: str,
    max_token_age: int,
    metrics_listen: Address | None,
    drain_delay: float,
    **_: object,  # which `Configuration` looks at
) -> None:
    """Serve the registry over HTTP.

    BINDER_API_KEY holds the key that writes; BINDER_API_KEY_FILE instead names a file with one key on each line.
    """
    with stoppable() as rereads, logged_to(sys.stderr, log_level.upper(), log_format) as log, checking(check_config):
        for name in variables_of_others():
            logger.info("%s is a Service's address, which Kubernetes sets, and no port: it was passed over", name)
        configuration = Configuration(ctx, log)
        if config_path(ctx):
            rereads.append(configuration.reread)
        jobs, keys = publisher_tokens(publishers, public_url), key_file(ctx)
        stores, longest = auth_stores(auth, jobs, keys), max_token_age * DAY
        logins = hub_login(stores, configuration.options.prefix, public_url) if ui else None
        options = replace(configuration.options, reader=READER, logins=logins)
        hub = ServedHub(rules_file, user_of(stores))
        if check_config:
            tell_settings(ctx, keys, key_is_set=stores.keys is not None)
            return
        rereads += rereads_of(stores.keys, keys)
        if jobs and publishers:
            rereads.append(partial(reread, jobs, publishers, public_url))
        if rules_file:
            rereads.append(hub.reread)
        addresses = Address(host, port), metrics_listen
        _serve(log, db, addresses, stores, longest, options, hub, configuration, access_log, drain_delay)


def _serve(
    log: LogLines,
    db: str,
    addresses: tuple[Address, Address | None],
    stores: Stores,
    longest_token: int,
    options: "Options",
    hub: ServedHub,
    configuration: Configuration,
    access_log: bool,
    drain_delay: float,
) -> None:
    from ..server import App
    from ..server import uvicorn_server as serving
    from ..server.http.access_log import AccessLog
    from ..server.http.crowd import raise_descriptors

    raise_descriptors()
    if not are_left(FEWEST_DESCRIPTORS):
        raise click.ClickException(f"a server needs at least {FEWEST_DESCRIPTORS} file descriptors: raise `ulimit -n`")
    try:
        store = LogStore(open_log(db))
    except DatabaseRefused as error:
        raise click.ClickException(error.message) from None
    try:
        listening, metrics = listener(addresses[0]), listener(addresses[1]) if addresses[1] else None
        lines = AccessLog(sys.stdout.fileno()) if access_log else None
        with with_own_tokens(stores, store) as auth:
            app = App(Registry(store, auth, longest_token=longest_token), options, hub.rules)
            hub.told.append(app.renew_hub)
            configuration.serves(app, lines)
            serving.run(
                app,
                listening,
                access_log=lines,
                drain_delay=drain_delay,
                dropped_lines=lambda: log.dropped,
                metrics=metrics,
                tell=supervisor(os.environ),
            )
    except StoreUnavailable:
        raise click.ClickException("the database cannot be read: see the log above") from None
    finally:
        store.close()
