"""Whose tokens a server takes: its keys, from the environment, its own tokens, publishers', and a hub's."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from msgspec import Struct

from ..auth import AuthStore, Identity, TokenAuthStore, trimmed
from ..log_store import LogStore
from ..tokens import OwnTokens, StoredTokens
from .arguments import File
from .config_file import is_from_file
from .environment import Setting

if TYPE_CHECKING:
    from ..hub_auth import HubAuthStore
    from ..publishers.store import PublisherTokens

VARIABLE = "BINDER_API_KEY"
F = TypeVar("F", bound=Callable[..., Any])
logger = logging.getLogger("binder_registry")


class KeyFile(Struct, frozen=True):
    path: Path
    named_by: str  # the variable, say


def key_file_option(command: F) -> F:
    return click.option(
        "--api-key-file",
        cls=Setting,
        type=File(path_type=Path),
        metavar="FILE",
        envvar="BINDER_API_KEY_FILE",
        help="Names a file with one key that writes on each line, in the place of BINDER_API_KEY.",
    )(command)


def key_file(ctx: click.Context) -> KeyFile | None:
    """None where BINDER_API_KEY holds the key: what the environment says comes before a file of settings."""
    path = ctx.params["api_key_file"]
    from_config = is_from_file(ctx, "api_key_file")
    if path is None or (from_config and _key_of_environment()):
        return None
    from_flag = ctx.get_parameter_source("api_key_file") is ParameterSource.COMMANDLINE
    return KeyFile(path, "api-key-file" if from_config else "--api-key-file" if from_flag else "BINDER_API_KEY_FILE")


class Stores(Struct, frozen=True):
    """At least one of them is there."""

    keys: TokenAuthStore | None
    hub: "HubAuthStore | None"
    publishers: "PublisherTokens | None" = None


def auth_stores(auth: str, publishers: "PublisherTokens | None" = None, file: KeyFile | None = None) -> Stores:
    keys, hub = _key_store(file), _hub_store() if auth == "jupyterhub" else None
    if keys is None and hub is None and publishers is None:
        click.echo("Environment variable BINDER_API_KEY must be non-empty")  # 2015's words, on its standard output
        sys.exit(2)
    return Stores(keys, hub, publishers)


@contextmanager
def with_own_tokens(stores: Stores, store: LogStore) -> Iterator[AuthStore]:
    """As one, with the tokens that the database keeps, where it keeps any."""
    others = _others(stores)
    if store.tokens is None:
        yield others
        return
    with closing(StoredTokens(store.tokens)) as own:
        yield OwnTokens(own, others, keys=stores.keys)


def _others(stores: Stores) -> AuthStore:
    from ..hub_auth import FirstKnowing

    keys, hub = stores.keys, stores.hub
    others = FirstKnowing(keys, hub) if keys and hub else keys or hub
    if stores.publishers:
        from ..publishers.store import WithPublishers

        return WithPublishers(stores.publishers, others, keys=keys)
    assert others is not None, "at least one is there"
    return others


def _hub_store() -> "HubAuthStore":
    from ..hub_auth import HubAuthStore

    url = os.environ.get("JUPYTERHUB_API_URL", "").strip()
    if not url:
        raise click.UsageError("--auth jupyterhub needs JUPYTERHUB_API_URL, such as http://hub:8081/hub/api")
    try:
        return HubAuthStore(url, token=_service_token())
    except ValueError as error:
        raise click.UsageError(f"JUPYTERHUB_API_URL: {error}") from None


def user_of(stores: Stores) -> Callable[[str], Identity | None] | None:
    """Who asks the hub about its users; None where there is no hub, or no token of a service of its own."""
    return stores.hub.user if stores.hub and _service_token() else None


def _service_token() -> str:
    return os.environ.get("JUPYTERHUB_API_TOKEN", "").strip()


def rereads_of(keys: TokenAuthStore | None, file: KeyFile | None) -> list[Callable[[], None]]:
    """What SIGHUP does to them: nothing, unless they are in a file."""
    return [partial(_reread, keys, file)] if keys and file else []


def _reread(keys: TokenAuthStore, file: KeyFile) -> None:
    """Where the file cannot be used, the keys of before stay in force, all of them."""
    try:
        found = _keys(file)
        with _sourced(file):
            keys.renew(*found)
    except click.ClickException as error:
        logger.error("SIGHUP: %s: the keys of before stay in force", error.message)
    else:
        logger.info("SIGHUP: read %d keys from %s", len(found), file.path)


def _key_store(file: KeyFile | None) -> TokenAuthStore | None:
    keys = _keys(file)
    with _sourced(file):
        return TokenAuthStore(*keys) if keys else None


def _key_of_environment() -> str:
    return trimmed(os.environ.get(VARIABLE, ""))


def _keys(file: KeyFile | None) -> list[str]:
    found = _lines(file) if file else [_key_of_environment()]
    return [key for key in found if key]


@contextmanager
def _sourced(file: KeyFile | None) -> Iterator[None]:
    """A key that cannot be one is told with where it stands."""
    try:
        yield
    except ValueError as error:
        source = f"{file.named_by}: {file.path}" if file else VARIABLE
        raise click.ClickException(f"{source}: {error}") from None


def _lines(file: KeyFile) -> list[str]:
    try:
        return [trimmed(line) for line in file.path.read_text(encoding="utf-8").split("\n")]
    except OSError as error:
        # Not what it names: that may be the key itself, or a URL with a password.
        raise click.ClickException(f"{file.named_by}: the file that it names: {error.strerror}") from None
    except ValueError:
        raise click.ClickException(f"{file.named_by}: {file.path}: this is not a text in UTF-8") from None
