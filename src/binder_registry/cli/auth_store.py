"""Whose tokens a server takes: its keys, from the environment, its own tokens, and a hub's."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from ..auth import AuthStore, TokenAuthStore, trimmed
from ..log_store import LogStore
from ..tokens import OwnTokens, StoredTokens


def auth_stores(auth: str) -> tuple[TokenAuthStore | None, AuthStore | None]:
    """The keys, and the hub; at least one of them is there."""
    keys, hub = _key_store(), _hub_store() if auth == "jupyterhub" else None
    if keys is None and hub is None:
        click.echo("Environment variable BINDER_API_KEY must be non-empty")  # 2015's words, on its standard output
        sys.exit(2)
    return keys, hub


@contextmanager
def with_own_tokens(stores: tuple[TokenAuthStore | None, AuthStore | None], store: LogStore) -> Iterator[AuthStore]:
    """As one, with the tokens that the database keeps, where it keeps any."""
    from ..hub_auth import FirstKnowing

    keys, hub = stores
    others = FirstKnowing(keys, hub) if keys and hub else keys or hub
    assert others is not None, "at least one is there"
    if store.tokens is None:
        yield others
        return
    with closing(StoredTokens(store.tokens)) as own:
        yield OwnTokens(own, others, keys=keys)


def _hub_store() -> AuthStore:
    from ..hub_auth import HubAuthStore

    url = os.environ.get("JUPYTERHUB_API_URL", "").strip()
    if not url:
        raise click.UsageError("--auth jupyterhub needs JUPYTERHUB_API_URL, such as http://hub:8081/hub/api")
    try:
        return HubAuthStore(url)
    except ValueError as error:
        raise click.UsageError(f"JUPYTERHUB_API_URL: {error}") from None


def _key_store() -> TokenAuthStore | None:
    path = os.environ.get("BINDER_API_KEY_FILE", "").strip()
    keys = _lines(path) if path else [trimmed(os.environ.get("BINDER_API_KEY", ""))]
    keys = [key for key in keys if key]
    try:
        return TokenAuthStore(*keys) if keys else None
    except ValueError as error:
        source = f"BINDER_API_KEY_FILE: {path}" if path else "BINDER_API_KEY"
        raise click.ClickException(f"{source}: {error}") from None


def _lines(path: str) -> list[str]:
    try:
        return [trimmed(line) for line in Path(path).read_text(encoding="utf-8").split("\n")]
    except OSError as error:
        # Not what it names: that may be the key itself, or a URL with a password.
        raise click.ClickException(f"BINDER_API_KEY_FILE: the file that it names: {error.strerror}") from None
    except ValueError:
        raise click.ClickException(f"BINDER_API_KEY_FILE: {path}: this is not a text in UTF-8") from None
