"""Id-tokens: what a job of a CI system shows instead of a secret. They come from the environment, from a file that is
written anew before the token ends, or from GitHub's endpoint, which makes one for whom it is to be shown.

For whom is said on this side, by the registry's URL or a variable, and never by what answers at that URL: a token for
somebody else would let it be this job there.
"""

import os
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from ..errors import AuthUnavailable, InvalidRequest, InvalidToken, Unauthorized
from ..lengths import ID_TOKEN_LENGTH
from .address import is_loopback
from .credentials import ANYONE, Credential, checked_token
from .environment import authorities, proxy_of
from .transport import backoff

TOKEN = "BINDER_REGISTRY_ID_TOKEN"  # noqa: S105 - where a token is, not a token
FILE = "BINDER_REGISTRY_ID_TOKEN_FILE"
AUDIENCE = "BINDER_REGISTRY_ID_TOKEN_AUDIENCE"
ENDPOINT = "ACTIONS_ID_TOKEN_REQUEST_URL"
ENDPOINT_KEY = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

ATTEMPTS = 5
TIMEOUT = 10.0  # seconds of each
MARGIN = 60.0  # seconds before its end from which on a token is no longer shown

_object = msgspec.json.Decoder(dict[str, Any])


def of_job(registry: httpx2.URL) -> Credential:
    """The one that the environment leads to."""
    if token := _setting(TOKEN):
        return _shown_to(registry, f"the id-token of {TOKEN}{_for_whom(token)}", lambda: _usable(token, TOKEN))
    if path := _setting(FILE):
        with suppress(InvalidToken):
            token = _in_file(path)
        return _shown_to(registry, f"the id-token of {FILE}{_for_whom(token)}", lambda: _in_file(path))
    if endpoint := _setting(ENDPOINT):
        audience, key = audience_of(registry), _setting(ENDPOINT_KEY)
        asked = Renewed(lambda: _asked(endpoint, key, audience))
        return _shown_to(registry, f"an id-token of {ENDPOINT}, for {audience}", asked)
    return ANYONE


def audience_of(registry: httpx2.URL) -> str:
    """For whom a token is asked for: the registry, by the URL at which it is known to itself."""
    return _setting(AUDIENCE) or str(registry).rstrip("/")


class Renewed:
    """A token that is asked for when there is none, and when it is about to end. Safe from any thread."""

    def __init__(self, ask: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._token, self._until = "", 0.0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            now = self._clock()
            if not self._token or now >= self._until:
                self._token = self._ask()
                self._until = now + _life(self._token) - MARGIN
            return self._token


def _shown_to(registry: httpx2.URL, source: str, token: Callable[[], str]) -> Credential:
    def header() -> str:
        if not _is_private(registry):
            raise InvalidRequest("An id-token is sent over plain http to this machine only: give a URL with https")
        return f"Bearer {token()}"

    return Credential(source, header, sparing=True)


def _in_file(path: str) -> str:
    """Read each time: it is small, and replaced whenever its system likes."""
    try:
        with Path(path).open("rb") as file:
            return _usable(file.read(ID_TOKEN_LENGTH + 100).decode(errors="replace"), FILE)
    except OSError as error:
        raise InvalidToken(f"{FILE}: {path}: {error.strerror}") from None


def _asked(endpoint: str, key: str, audience: str) -> str:
    """As GitHub's own client asks. What it answers is never repeated: it may be a token."""
    url = _endpoint(endpoint, audience)
    setting = proxy_of(url)
    with httpx2.Client(
        headers={"Authorization": f"Bearer {_usable(key, ENDPOINT_KEY)}", "Accept": "application/json"},
        timeout=TIMEOUT,
        verify=authorities(True, needed=url.scheme == "https"),
        proxy=setting.proxy if setting else None,
        trust_env=False,
        follow_redirects=False,  # the key is for this address
    ) as http:
        problem = ""
        for attempt in range(ATTEMPTS):
            if problem:
                time.sleep(backoff(attempt))
            try:
                response = http.get(url)
            except httpx2.RequestError as error:
                problem = f"cannot be reached: {str(error) or type(error).__name__}"
                continue
            if response.status_code != 429 and response.status_code < 500:
                return _given(response)
            problem = f"answered {response.status_code}"
    raise AuthUnavailable(f"The id-token endpoint of this job ({url.host}) {problem}")


def _endpoint(text: str, audience: str) -> httpx2.URL:
    try:
        url = httpx2.URL(text)
        if url.scheme in ("http", "https") and url.host and _is_private(url):
            return url.copy_set_param("audience", audience)
    except (httpx2.InvalidURL, ValueError):
        pass
    raise InvalidToken(f"{ENDPOINT} is not a URL that a secret may be sent to, which begins with https")


def _given(response: httpx2.Response) -> str:
    if response.status_code != 200:
        answered = f"answered {response.status_code}: does the job have the permission `id-token: write`?"
        raise Unauthorized(f"The id-token endpoint of this job ({response.url.host}) {answered}")
    try:
        value = _object.decode(response.content).get("value")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        value = None
    if not isinstance(value, str):
        raise AuthUnavailable(f"The id-token endpoint of this job ({response.url.host}) answered without a token")
    return _usable(value, ENDPOINT)


def _usable(text: str, variable: str) -> str:
    try:
        token = checked_token(text)
    except InvalidToken:
        token = ""
    if not 0 < len(token) <= ID_TOKEN_LENGTH:
        raise InvalidToken(f"{variable}: what is there is no token")
    return token


def _life(token: str) -> float:
    """Seconds from when it was made to its end, by the clock of whoever made it; 0 where it does not say."""
    claims = _claims(token)
    try:
        return float(claims["exp"]) - float(claims["iat"])
    except (ValueError, TypeError, LookupError, OverflowError):
        return 0.0


def _for_whom(token: str) -> str:
    audience = _claims(token).get("aud", [])
    named = [audience] if isinstance(audience, str) else audience
    return f", for {' and '.join(map(str, named))}" if isinstance(named, list) and named else ""


def _claims(token: str) -> dict[str, Any]:
    """What a token says, whoever made it; nothing for one that says nothing here."""
    try:
        return _object.decode(urlsafe_b64decode(token.split(".")[1] + "=="))
    except (msgspec.MsgspecError, ValueError, LookupError):
        return {}


def _is_private(url: httpx2.URL) -> bool:
    """Whether nobody on the way can read along."""
    return url.scheme == "https" or (is_loopback(url) and not proxy_of(url))


def _setting(variable: str) -> str:
    return os.environ.get(variable, "").strip()
