"""Tokens that a JupyterHub knows, and several AuthStores as one."""

import http.client
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from .auth import AuthStore, Identity, Scope, identified, known, stays
from .errors import AuthUnavailable, InvalidRequest, InvalidToken

LONGEST_ANSWER = 1024**2  # bytes
_NO_URL = "this is not the URL of a hub's API, such as http://hub:8081/hub/api"
UNTOLD = "the hub does not tell this server about users: its service needs read:users:name and read:users:groups"
KINDS = ("user", "service")  # of a token's holder, as the hub names them

_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)

T = TypeVar("T")
logger = logging.getLogger(__name__)

HUB_SCOPES = {f"custom:binder-registry:{scope}": scope for scope in Scope}


class HubAuthStore:
    """Asks the hub whose token it is, with that very token: `GET {api_url}/user`. The registry needs none of its own,
    but for `user`: it asks with `token`, that of its service.

    The hub lists the scopes expanded, so each must be there exactly: one that is filtered (`…:write!user=x`) is not the
    scope. `known_for` and `refused_for` (seconds) bound how long a revoked token stays good, and a new grant refused.
    What the hub does not answer, or answers with an error of its own, is `AuthUnavailable` and is never kept.
    `capacity` bounds the answers that are kept: wrong tokens, however many, push out no good one.

    Raises `ValueError` for what is no URL, without repeating it: a password may stand in it.
    """

    blocking = True

    def __init__(
        self,
        api_url: str,
        *,
        token: str = "",
        known_for: float = 20.0,
        refused_for: float = 2.0,
        timeout: float = 5.0,
        capacity: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            url = urlsplit(api_url.strip())
            self._host, self._port = url.hostname or "", url.port
        except ValueError:
            raise ValueError(_NO_URL) from None
        path = url.path.rstrip("/")
        visible = (self._host + path).isascii() and (self._host + path).isprintable() and " " not in self._host + path
        if url.scheme not in ("http", "https") or not self._host or not visible:
            raise ValueError(_NO_URL)
        self._connect = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self._path, self._timeout, self._own = path, timeout, token
        self._known_for, self._refused_for, self._capacity, self._clock = known_for, refused_for, capacity, clock
        self._lock = threading.Lock()
        self._holders: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()  # until when, by the hash of a token
        self._refused: OrderedDict[bytes, float] = OrderedDict()  # until when

    def known(self, token: str) -> Identity | None:
        if not _can_be_sent(token):
            raise InvalidToken
        key, now = _key(token), self._clock()
        with self._lock:
            until, identity = self._holders.get(key, (now, None))
            if until > now:
                return identity
            if self._refused.get(key, now) > now:
                raise InvalidToken
        return None

    def identify(self, token: str) -> Identity:
        return self.known(token) or self.ask(token)

    def ask(self, token: str) -> Identity:
        """The same, whatever was answered before."""
        if not _can_be_sent(token):
            raise InvalidToken
        now = self._clock()
        identity = self._ask(token)
        with self._lock:
            self._holders.pop(_key(token), None)
            self._refused.pop(_key(token), None)
            if identity is None:
                self._keep(self._refused, _key(token), now + self._refused_for)
                raise InvalidToken
            self._keep(self._holders, _key(token), (now + self._known_for, identity))
        return identity

    def _keep(self, answers: OrderedDict[bytes, T], key: bytes, answer: T) -> None:
        answers[key] = answer
        if len(answers) > self._capacity:
            answers.popitem(last=False)

    def user(self, name: str) -> Identity | None:
        """One of the hub's users, with no scopes; None where the hub has none of that name, or says so. Raises
        `AuthUnavailable`, and `InvalidRequest` where it does not tell about users."""
        if name in (".", ".."):
            return None
        with self._asked(f"/users/{quote(name, safe='')}", self._own, 401, 403, 404) as (status, model):
            if status == 404:
                return None
            if status in (401, 403) or not {"groups", "admin"} <= model.keys():
                raise InvalidRequest.parameter("user", UNTOLD)
            return _identity({**model, "scopes": ()})

    def _ask(self, token: str) -> Identity | None:
        """None: the hub does not know it. Raises `AuthUnavailable`."""
        with self._asked("/user", token, 401, 403) as (status, model):
            return None if status in (401, 403) else _identity(model)  # it answers 403 for what it does not know

    def redeemed(self, form: Mapping[str, str]) -> str:
        """The token for the code of a login. Raises `InvalidToken` for one that is none, `AuthUnavailable`."""
        with self._asked("/oauth2/token", self._own, 400, 401, 403, form=form) as (status, model):
            if status != 200:
                raise InvalidToken
            token = model["access_token"]
            if not isinstance(token, str) or not _can_be_sent(token):
                raise ValueError("its answer holds no token")
            return token

    def revoke(self, token: str) -> None:
        """Ends a token of a user, where the hub lets this service do that, and in any case forgets it. Raises
        `AuthUnavailable`."""
        with self._lock:
            self._holders.pop(_key(token), None)
        with self._asked("/user", token, 401, 403) as (status, model):
            name, identifier = model.get("name"), model.get("token_id")
        if status == 200 and isinstance(name, str) and isinstance(identifier, str):
            path = f"/users/{quote(name, safe='')}/tokens/{quote(identifier, safe='')}"
            with self._asked(path, self._own, 204, 401, 403, 404, method="DELETE"):
                pass

    @contextmanager
    def _asked(
        self, path: str, token: str, *refusals: int, method: str = "GET", form: Mapping[str, str] | None = None
    ) -> Iterator[tuple[int, Any]]:
        """The hub's answer: 200, or one of `refusals`; a `form` is posted. Raises `AuthUnavailable`, also where it
        cannot be used."""
        connection = self._connect(self._host, self._port, timeout=self._timeout)
        headers, body = {"Authorization": f"token {token}"}, None
        if form is not None:
            method, body = "POST", urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, self._path + path, body, headers)
            with connection.getresponse() as response:
                if response.status not in (200, *refusals):
                    raise ValueError(f"it answers {response.status}")
                yield response.status, json.loads(response.read(LONGEST_ANSWER)) if response.status == 200 else {}
        except (OSError, http.client.HTTPException, *_UNREADABLE) as error:
            reason = error if isinstance(error, OSError | ValueError) else type(error).__name__
            logger.warning("the hub at %s does not say whose a token is: %s", self._host, reason)
            raise AuthUnavailable from None
        finally:
            connection.close()


def _can_be_sent(token: str) -> bool:
    """Whether a header could carry it."""
    return bool(token) and token.isascii() and token.isprintable()


def _key(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _identity(model: Any) -> Identity:
    name, kind = model["name"], model["kind"]
    if kind not in KINDS or not isinstance(name, str) or not name:
        raise ValueError("its answer names no user and no service")
    scopes = frozenset(HUB_SCOPES[scope] for scope in model["scopes"] if scope in HUB_SCOPES)
    groups = model.get("groups")
    told = frozenset(group for group in groups if isinstance(group, str)) if isinstance(groups, list) else frozenset()
    return Identity(name, scopes, kind, told, admin=model.get("admin") is True)


class FirstKnowing:
    """Several AuthStores as one: the first that knows a token says whose it is. One that can tell at once goes before
    one that would have to ask: nobody is asked about a key of ours."""

    def __init__(self, *stores: AuthStore) -> None:
        self._stores = stores
        self.blocking = any(store.blocking for store in stores)

    def stays(self, token: str, holder: Identity) -> Callable[[], bool] | None:
        return next(filter(None, (stays(store, token, holder) for store in self._stores)), None)

    def known(self, token: str) -> Identity | None:
        unsure = False
        for store in self._stores:
            try:
                identity = known(store, token)
            except InvalidToken:
                continue
            if identity is not None:
                return identity
            unsure = True
        if unsure:
            return None
        raise InvalidToken

    def identify(self, token: str) -> Identity:
        identity = self.known(token)
        if identity is not None:
            return identity
        return self.ask(token)

    def ask(self, token: str) -> Identity:
        for store in sorted(self._stores, key=lambda store: store.blocking):
            with suppress(InvalidToken):
                return identified(store, token)
        raise InvalidToken
