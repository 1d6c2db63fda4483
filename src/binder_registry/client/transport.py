"""Requests to one registry: connections, retries, redirects, errors, and the revision that was seen last."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote, urlencode

import httpx2

from ..errors import InvalidRequest, RegistryError, RevisionNotShown, StoreUnavailable
from ..jitter import spread
from ..version import __version__
from .answer import Answer, error_of
from .cache import Cache
from .credentials import Credential
from .environment import authorities, proxy_of

Params = Sequence[tuple[str, str]]

FIRST_DELAY = 0.1  # seconds before the first retry, doubled for each one after it
LONGEST_DELAY = 5.0
LONGEST_RETRY_AFTER = 10.0  # a server that asks for more is not waited for by a read
LONGEST_WAIT = 60.0  # but by a stream, for so long at a time
MOST_REDIRECTS = 5
# Below the 5 s after which uvicorn closes an idle connection: a write must not meet one that is being closed.
KEEP_ALIVE = 4.0
TRY_AGAIN = (429, 502, 503, 504)
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


class NotReady(Exception):
    """The server asks to be left alone for `delay` seconds; `error` is what it said."""

    def __init__(self, error: RegistryError, delay: float) -> None:
        super().__init__(error.message)
        self.error = error
        self.delay = delay


class Transport:
    """Safe from any thread."""

    def __init__(
        self, url: httpx2.URL, credential: Credential, *, timeout: float, retries: int, verify: bool | str
    ) -> None:
        self.url = url
        self.credential = credential
        self.shown = str(self.url).rstrip("/")
        self.timeout = timeout
        self.retries = retries
        self.closed = False
        headers = {"Accept": "application/json", "User-Agent": f"binder-registry/{__version__}"}
        setting = proxy_of(self.url)
        self._way = f" through the proxy of {setting.variable}" if setting else ""
        tls = self.url.scheme == "https" or (setting is not None and setting.proxy.url.scheme == "https")
        self._http = httpx2.Client(
            headers=headers,
            timeout=timeout,
            verify=authorities(verify, needed=tls),
            proxy=setting.proxy if setting else None,
            trust_env=False,  # what concerns this address was read above
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=KEEP_ALIVE),
        )
        self._cache = Cache()
        self._seen = 0
        self._reads_named = not credential.sparing
        self._lock = threading.Lock()

    def get(
        self,
        path: str,
        params: Params = (),
        *,
        cached: bool = False,
        wait: float = 0,
        taken: tuple[int, ...] = (),
        named: bool = False,
    ) -> Answer:
        """A read, tried again when it fails for want of a connection or of a ready server. `wait` is for how many
        seconds more than usual the server may take; the statuses `taken` are no errors here; `named`: nobody may read
        this without saying who they are."""
        url = self._url(path, params)
        known = self._cache.get(url) if cached else None
        conditional = {"If-None-Match": known.headers["ETag"]} if known else {}
        attempt = 0
        while True:
            request = self._request("GET", url, self._of_read(named) | conditional, timeout=self.timeout + wait)
            try:
                response = self._send(request)
                if self._names_itself(request, response):
                    continue
            except httpx2.RequestError as error:
                if attempt >= self.retries:
                    raise self.unreachable(error) from None
                delay = backoff(attempt)
            else:
                answer = self._answer(response)
                asked = retry_delay(answer, attempt)
                if asked is None or attempt >= self.retries or answer.status in taken:
                    break
                delay = asked
            time.sleep(delay)
            attempt += 1
        if answer.status == 304 and known:
            return known
        if answer.status not in taken:
            self._check(answer)
        if cached:
            self._cache.put(url, answer)
        return answer

    def write(
        self,
        method: str,
        path: str,
        params: Params = (),
        body: bytes = b"",
        *,
        headers: dict[str, str],
        wait: float = 0,
    ) -> Answer:
        """Sent once, for whether a write without an answer took effect is unknown; and again where the registry says
        that it comes too soon (429), for then it did nothing."""
        url, attempt = self._url(path, params), 0
        while True:
            request = self._request(method, url, headers | self._named(), body, timeout=self.timeout + wait)
            try:
                response = self._send(request)
            except _NEVER_SENT as error:
                raise self.unreachable(error) from None
            except httpx2.RequestError as error:
                raise StoreUnavailable(
                    f"{self.shown} gave no answer to this write ({_reason(error)}): whether it took effect is unknown"
                ) from None
            answer = self._answer(response)
            delay = retry_delay(answer, attempt) if answer.came_too_soon else None
            if delay is None or attempt >= self.retries:
                break
            time.sleep(delay)
            attempt += 1
        self._check(answer)
        return answer

    @contextmanager
    def stream(
        self, path: str, params: Params, headers: dict[str, str], *, silence: float
    ) -> Iterator[httpx2.Response]:
        """An answer that is read as it comes, at most `silence` seconds between two pieces. Raises `NotReady`, and
        httpx2's own errors about connections."""
        timeout = httpx2.Timeout(self.timeout, read=silence)
        while True:
            request = self._request("GET", self._url(path, params), self._of_read() | headers, timeout=timeout)
            response = self._send(request, stream=True)
            if not self._names_itself(request, response):
                break
            response.read()
        try:
            if response.status_code != 200:
                response.read()
                answer = self._answer(response)
                if answer.status in TRY_AGAIN:
                    raise NotReady(error_of(answer), min(LONGEST_WAIT, answer.retry_after) + backoff(0))
                self._check(answer)
            yield response
        finally:
            response.close()

    def saw(self, revision: int) -> None:
        with self._lock:
            self._seen = max(self._seen, revision)

    def close(self) -> None:
        self.closed = True
        self._http.close()

    def _of_read(self, named: bool = False) -> dict[str, str]:
        """Reads follow what was seen before, on any server."""
        freshness = {"Registry-Revision": str(self._seen)} if self._seen else {}
        return freshness | (self._named() if named or self._reads_named else {})

    def _named(self) -> dict[str, str]:
        header = self.credential.header()
        return {"Authorization": header} if header else {}

    def _names_itself(self, request: httpx2.Request, response: httpx2.Response) -> bool:
        """Whether this read has to be sent again, with what was spared: from now on all are."""
        if response.status_code != 401 or not self.credential.sparing or "Authorization" in request.headers:
            return False
        self._reads_named = True
        return True

    def _url(self, path: str, params: Params) -> str:
        return f"{str(self.url).rstrip('/')}{path}" + (f"?{encoded(params)}" if params else "")

    def _request(
        self, method: str, url: str, headers: dict[str, str], body: bytes = b"", *, timeout: float | httpx2.Timeout
    ) -> httpx2.Request:
        if self.closed:
            raise StoreUnavailable("This client was closed")
        try:
            return self._http.build_request(method, url, headers=headers, content=body or None, timeout=timeout)
        except httpx2.InvalidURL as error:
            raise InvalidRequest(f"this cannot be asked for: {error}") from None

    def _send(self, request: httpx2.Request, *, stream: bool = False) -> httpx2.Response:
        """Follows redirects within the origin: neither the token nor a write goes anywhere else."""
        for _ in range(MOST_REDIRECTS):
            response = self._http.send(request, stream=stream, follow_redirects=False)
            following = response.next_request
            if following is None:
                return response
            response.close()
            if following.url.origin != request.url.origin or following.method != request.method:
                where = following.url.copy_with(username=None, password=None, query=None)
                raise StoreUnavailable(f"{self.shown} redirects to {where}, which is not followed: is the URL right?")
            request = following
        raise StoreUnavailable(f"{self.shown} redirects without end")

    def _answer(self, response: httpx2.Response) -> Answer:
        url = str(response.request.url.copy_with(username=None, password=None, query=None))
        link = response.links.get("next", {}).get("url", "")
        answer = Answer(url, response.status_code, response.headers, response.content, link)
        self.saw(answer.revision or 0)
        return answer

    def _check(self, answer: Answer) -> None:
        if 200 <= answer.status < 300:
            return
        error = error_of(answer)
        if isinstance(error, RevisionNotShown):
            with self._lock:
                self._seen = 0  # a registry put back to an older copy would refuse every read from now on
        raise error

    def unreachable(self, error: httpx2.RequestError) -> StoreUnavailable:
        return StoreUnavailable(f"{self.shown} cannot be reached{self._way}: {_reason(error)}")


def backoff(attempt: int) -> float:
    """Seconds, drawn at random so that many clients do not come back at once."""
    return spread(min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempt, 10)))


def retry_delay(answer: Answer, attempt: int) -> float | None:
    """Seconds until this read may be tried again; None: it should not be."""
    if answer.status not in TRY_AGAIN:
        return None
    asked = answer.retry_after
    return None if asked > LONGEST_RETRY_AFTER else asked + backoff(attempt)


def encoded(params: Params) -> str:
    try:
        return urlencode(params, quote_via=quote)
    except UnicodeEncodeError:
        raise InvalidRequest(f"{dict(params)!a} holds half of a surrogate pair") from None


def _reason(error: httpx2.RequestError) -> str:
    return str(error) or type(error).__name__
