"""Tokens that a JupyterHub knows, and several AuthStores as one."""

import http.client
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from .auth import AuthStore, Identity, Scope
from .errors import AuthUnavailable, InvalidToken

HUB_SCOPES = {f"custom:binder-registry:{scope}": scope for scope in Scope}


class HubAuthStore:
    """Asks the hub whose token it is, with that very token: `GET {api_url}/user`. The registry needs none of its own.

    The hub lists the scopes expanded, so each must be there exactly: one that is filtered (`…:write!user=x`) is not the
    scope. `known_for` and `refused_for` (seconds) bound how long a revoked token stays good, and a new grant refused.
    What the hub does not answer, or answers with an error of its own, is `AuthUnavailable` and is never kept.
    """

    blocking = True

    def __init__(
        self,
        api_url: str,
        *,
        known_for: float = 20.0,
        refused_for: float = 2.0,
        timeout: float = 5.0,
        capacity: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        url = urlsplit(api_url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"{api_url!r} is not the URL of a hub's API, such as http://hub:8081/hub/api")
        self._url, self._timeout = url, timeout
        self._known_for, self._refused_for, self._capacity, self._clock = known_for, refused_for, capacity, clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[bytes, tuple[float, Identity | None]] = OrderedDict()  # until when; None: refused

    def identify(self, token: str) -> Identity:
        if not (token and token.isascii() and token.isprintable()):  # no header could carry it
            raise InvalidToken
        key = sha256(token.encode()).digest()
        now = self._clock()
        with self._lock:
            until, identity = self._answers.get(key, (now, None))
        if until <= now:
            identity = self._ask(token)
            self._keep(key, now + (self._known_for if identity else self._refused_for), identity)
        if identity is None:
            raise InvalidToken
        return identity

    def _keep(self, key: bytes, until: float, identity: Identity | None) -> None:
        with self._lock:
            self._answers[key] = until, identity
            self._answers.move_to_end(key)
            while len(self._answers) > self._capacity:
                self._answers.popitem(last=False)

    def _ask(self, token: str) -> Identity | None:
        """None: the hub does not know it. Raises `AuthUnavailable`."""
        connect = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = connect(self._url.hostname or "", self._url.port, timeout=self._timeout)
        try:
            connection.request("GET", self._url.path.rstrip("/") + "/user", headers={"Authorization": f"token {token}"})
            response = connection.getresponse()
            if response.status in (401, 403):  # the hub answers 403 for what it does not know
                return None
            if response.status != 200:
                raise AuthUnavailable
            return _identity(json.loads(response.read()))
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
            raise AuthUnavailable from None
        finally:
            connection.close()


def _identity(model: Any) -> Identity:
    name = str(model["name"])
    scopes = frozenset(HUB_SCOPES[scope] for scope in model["scopes"] if scope in HUB_SCOPES)
    return Identity(name if model["kind"] == "user" else f"{model['kind']}:{name}", scopes)


class FirstKnowing:
    """Several AuthStores as one: the first that knows a token says whose it is. Put the ones that never wait first."""

    def __init__(self, *stores: AuthStore) -> None:
        self._stores = stores
        self.blocking = any(store.blocking for store in stores)

    def identify(self, token: str) -> Identity:
        for store in self._stores:
            try:
                return store.identify(token)
            except InvalidToken:
                continue
        raise InvalidToken
