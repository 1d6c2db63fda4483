"""Login to the web page with a hub's OAuth: what is sealed into cookies, and what the hub is asked.

Nothing is kept here: all servers of one service make the same keys of its token, and each opens what another sealed.
What was sealed for one thing opens for no other, nor does what another service sealed.
"""

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar
from urllib.parse import unquote, urlencode

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from .errors import InvalidToken
from .hub_auth import HubAuthStore

LOGIN_SECONDS = 3600  # renewed while it is used
WAY_SECONDS = 600  # to come back from the hub
LONGEST = 3500  # characters of a cookie that is looked at; browsers keep 4096
LONGEST_NEXT = 1000
_NONCE = 12  # bytes, as AES-GCM wants them
_DOTS = (".", "..")


class Login(Struct, frozen=True, array_like=True):
    """What a login's cookie says: until when (seconds since 1970), which login it is, and the hub's token."""

    until: float
    id: str
    token: str


class Way(Struct, frozen=True, array_like=True):
    """One who went to the hub, and is to come back."""

    until: float
    state: str
    verifier: str
    landing: str


S = TypeVar("S", Login, Way)


class HubLogin:
    """`secret` is the service's own token, `authorize` the page of the hub that people are sent to, `callback` the
    redirect URI that the hub knows this service by. `home` is the path of our pages, where people get afterwards.

    `host` is the registry's own host name, with the port if it is not the usual one, where no user's server shares it:
    only there may a login do all that the hub grants. `tls` says that people reach the registry by https.
    """

    def __init__(
        self,
        hub: HubAuthStore,
        *,
        client: str,
        secret: str,
        authorize: str,
        callback: str,
        home: str,
        host: str = "",
        tls: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hub, self._client, self._secret, self._authorize = hub, client, secret, authorize
        self._callback, self._home, self._clock = callback, home, clock
        self.host, self.tls = host, tls
        self._seals = {kind: AESGCM(_key(secret, f"seal {kind.__name__}")) for kind in (Login, Way)}
        self._seconds = _key(secret, "second token")

    def way_in(self, landing: str) -> tuple[str, str]:
        """Where to send somebody who wants in, and the cookie that lets this browser, and no other, come back."""
        way = Way(
            self._clock() + WAY_SECONDS, secrets.token_urlsafe(24), secrets.token_urlsafe(48), self.landing(landing)
        )
        challenge = _text(sha256(way.verifier.encode()).digest())
        asked = {
            "client_id": self._client,
            "redirect_uri": self._callback,
            "response_type": "code",
            "state": way.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._authorize}?{urlencode(asked)}", self._sealed(way)

    def came_back(self, cookie: str, state: str, code: str) -> tuple[str, str]:
        """The cookie of a new login, and where to go. It waits for the hub. Raises `InvalidToken` for who did not leave
        from here, and `AuthUnavailable`."""
        way = self._opened(cookie, Way)
        if way is None or not code or not hmac.compare_digest(way.state.encode(), state.encode()):
            raise InvalidToken
        form = {
            "client_id": self._client,
            "client_secret": self._secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": way.verifier,
        }
        token = self._hub.redeemed(form)
        self._hub.ask(token)  # whose it is: one that the hub does not tell is no login
        return self._sealed(Login(self._clock() + LOGIN_SECONDS, secrets.token_urlsafe(16), token)), way.landing

    def opened(self, cookie: str) -> Login | None:
        """None for what is over, was changed, or is not ours."""
        return self._opened(cookie, Login)

    def renewed(self, login: Login) -> str | None:
        """Its next cookie, once some minutes of it are over."""
        until = self._clock() + LOGIN_SECONDS
        return self._sealed(Login(until, login.id, login.token)) if until - login.until > LOGIN_SECONDS / 12 else None

    def second(self, login: Login) -> str:
        """What shows that a request comes from a page of ours: the same as long as the login lasts."""
        return _text(hmac.digest(self._seconds, login.id.encode(), sha256))

    def end(self, login: Login) -> None:
        """Waits for the hub. Raises `AuthUnavailable`."""
        self._hub.revoke(login.token)

    def landing(self, wanted: str) -> str:
        """What is wanted, where it is a page of ours, as browsers read it; else the first page."""
        path, _, _ = wanted.partition("?")
        plain = (
            wanted.isascii()
            and wanted.isprintable()
            and not set(' \\#"<>') & set(wanted)
            and len(wanted) <= LONGEST_NEXT
        )
        inner = path.removeprefix(self._home)
        whole = unquote(inner).replace("\\", "/").split("/")
        ours = plain and path.startswith(self._home) and "//" not in path and not set(_DOTS) & set(whole)
        return wanted if ours and inner not in ("enter", "leave", "login") else self._home

    def _sealed(self, what: Login | Way) -> str:
        nonce = secrets.token_bytes(_NONCE)
        return _text(nonce + self._seals[type(what)].encrypt(nonce, msgspec.json.encode(what), None))

    def _opened(self, cookie: str, kind: type[S]) -> S | None:
        if len(cookie) > LONGEST:
            return None
        try:
            sealed = urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
            found = msgspec.json.decode(self._seals[kind].decrypt(sealed[:_NONCE], sealed[_NONCE:], None), type=kind)
        except (ValueError, InvalidTag, msgspec.MsgspecError):
            return None
        return found if found.until > self._clock() else None


def _key(secret: str, label: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"binder-registry login 1: {label}".encode()).derive(secret.encode())


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
