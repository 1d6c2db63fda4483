"""Login to the page by the hub whose service this server is: from what the hub says in the environment."""

import logging
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..installing import installs, is_missing
from .auth_store import Stores

if TYPE_CHECKING:
    from ..hub_login import HubLogin

CALLBACK = "/oauth_callback"
logger = logging.getLogger("binder_registry")


def hub_login(stores: Stores, prefix: str, public_url: str) -> "HubLogin | None":
    """None, and why in the log, where people can only paste a token."""
    client, secret = _said("JUPYTERHUB_CLIENT_ID"), _said("JUPYTERHUB_API_TOKEN")
    if stores.hub is None or not client or not secret:
        return None
    host, tls = own_host(public_url or _said("JUPYTERHUB_PUBLIC_URL"), _hub_url())
    callback = _callback(f"{'https' if tls else 'http'}://{host}" if host else "", prefix)
    if urlsplit(callback).path != prefix + CALLBACK:
        return _none("the hub sends people back to %s, where this server does not listen", urlsplit(callback).path)
    if not (host or prefix):
        return _none("on an origin that others share it needs a path of its own: --prefix")
    try:
        from ..hub_login import HubLogin
    except ImportError as error:
        if not is_missing(error, "cryptography"):
            raise
        return _none("it needs an extra: %s", installs("binder-registry[hub-login]"))
    if not host:
        logger.info("users' servers may share this origin: a login to the page reads, and writes need a pasted token")
    return HubLogin(
        stores.hub,
        client=client,
        secret=secret,
        authorize=f"{_hub_url()}api/oauth2/authorize",
        callback=callback,
        home=f"{prefix}/ui/",
        host=host,
        tls=tls,
    )


def own_host(registry: str, hub: str) -> tuple[str, bool]:
    """The host that is the registry's alone, as `Host` says it, and whether it is reached by TLS. None where it is the
    hub's too, below which users' servers are, or where either is not known. Cookies do not tell ports apart."""
    ours, theirs = urlsplit(registry), urlsplit(hub)
    apart = ours.hostname and theirs.hostname and ours.hostname != theirs.hostname
    return ours.netloc.rpartition("@")[2].lower() if apart else "", ours.scheme == "https"


def _callback(origin: str, prefix: str) -> str:
    """Of a host of its own, the whole address: a hub that was given one in its configuration tells a service the path
    of its own all the same, and would send people back to itself."""
    told = _said("JUPYTERHUB_OAUTH_CALLBACK_URL")
    if told and (urlsplit(told).netloc or not origin):
        return told
    return origin + prefix + CALLBACK


def _hub_url() -> str:
    """As browsers reach it; without its host where that is the registry's own."""
    known = _said("JUPYTERHUB_PUBLIC_HUB_URL")
    return f"{known.rstrip('/')}/" if known else f"{_said('JUPYTERHUB_HOST')}{_said('JUPYTERHUB_BASE_URL') or '/'}hub/"


def _none(why: str, *arguments: str) -> "HubLogin | None":
    logger.warning(f"no login to the page by the hub, only with a pasted token: {why}", *arguments)
    return None


def _said(variable: str) -> str:
    return os.environ.get(variable, "").strip()
