"""Logins by a hub, and the cookies that carry them: what a request may ride on, and what may be done by it.

Two cookies make a login. The first is sealed, and no script reads it; the second is for pages below our path only,
which send it back in a header. A request that brings the first alone comes from somebody else's page: it counts as
without a login. On an origin that users' servers share, a page of theirs can open ours and read and click in it all
the same: there a login reads, and does nothing else.
"""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from ...auth import Identity, Scope
from .replies import Header

LOGIN, WAY = "registry-login", "registry-way"
SECOND = "registry-xsrf"  # the cookie, and the header
LIFE, WAY_LIFE = 3600, 600  # seconds, for the browser: the seal has times of its own
MOST = 8  # cookies of one name that are looked at
PRIVATE: list[Header] = [(b"vary", b"cookie, registry-xsrf"), (b"cache-control", b"private, no-store")]


class Logins(Protocol):
    """What a server needs of who logs in. A login is theirs alone; it has a `token`. Those that wait are called in a
    thread."""

    host: str  # of the registry alone, as `Host` says it; empty where users' servers share it, or nobody knows
    tls: bool  # whether the registry is reached by https, also where no request says so

    def way_in(self, landing: str) -> tuple[str, str]: ...
    def came_back(self, cookie: str, state: str, code: str) -> tuple[str, str]: ...
    def opened(self, cookie: str) -> Any | None: ...
    def renewed(self, login: Any) -> str | None: ...
    def second(self, login: Any) -> str: ...
    def end(self, login: Any) -> None: ...
    def landing(self, wanted: str) -> str: ...


class Ride(Struct, frozen=True):
    """The login that a request rides on. `whole`: it does all that the hub grants."""

    login: Any
    whole: bool

    def allowed(self, who: Identity) -> Identity:
        return who if self.whole else replace(who, scopes=who.scopes & {Scope.READ})


class Place(Struct, frozen=True):
    """Where a browser keeps our cookies: below our path, and over TLS only where there is TLS."""

    path: str
    secure: bool

    def named(self, name: str) -> str:
        """A browser takes a name that begins so from nobody without TLS, and `__Host-` from no other host."""
        if not self.secure:
            return name
        return f"__Host-{name}" if self.path == "/" else f"__Secure-{name}"

    def set(self, name: str, value: str, seconds: int, *, hidden: bool = True) -> Header:
        ends = f"; Max-Age={seconds}; Path={self.path}; SameSite=Lax"
        ends += "; Secure" * self.secure + "; HttpOnly" * hidden
        return b"set-cookie", f"{name}={value}{ends}".encode("latin-1")


def place(headers: Mapping[bytes, bytes], scheme: str, logins: Logins, path: str) -> Place:
    """`X-Forwarded-Proto` is believed of everybody: who lies makes the own cookies stricter, and nobody else's."""
    said = headers.get(b"x-forwarded-proto", b"").split(b",")[0].strip().lower()
    return Place(path, logins.tls or scheme == "https" or said == b"https")


def values(cookies: str, name: str) -> list[str]:
    """All of that name: others, of paths above and below, may have set some."""
    pairs = (pair.strip(" \t").partition("=") for pair in cookies.split(";"))
    return [value for key, _, value in pairs if key == name][:MOST]


def opened(cookies: str, where: Place, logins: Logins) -> Any | None:
    """The one login that they hold. Of two nobody knows which is meant, and one may have been foisted on."""
    found = [login for login in map(logins.opened, values(cookies, where.named(LOGIN))) if login is not None]
    return found[0] if len({login.token for login in found}) == 1 else None


def ride(headers: Mapping[bytes, bytes], cookies: str, where: Place, logins: Logins, *, document: bool) -> Ride | None:
    """What a request without `Authorization` rides on. `document`: a page of ours is asked for, to be looked at."""
    login = opened(cookies, where, logins)
    if login is None:
        return None
    if not (document and navigates(headers)) and not brings_second(headers, login, logins):
        return None
    return Ride(login, is_alone(headers, logins))


def is_alone(headers: Mapping[bytes, bytes], logins: Logins) -> bool:
    """Whether this was asked of the registry's own host, which no user's server shares."""
    host = headers.get(b"host", b"").decode("latin-1").strip().lower()
    return bool(logins.host) and host == logins.host


def brings_second(headers: Mapping[bytes, bytes], login: Any, logins: Logins) -> bool:
    return compare_digest(headers.get(SECOND.encode(), b"").strip(), logins.second(login).encode())


def navigates(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"


def set_login(cookie: str, second: str, where: Place) -> list[Header]:
    return [where.set(where.named(LOGIN), cookie, LIFE), where.set(SECOND, second, LIFE, hidden=False)]


def drop_login(where: Place) -> list[Header]:
    return [where.set(where.named(LOGIN), "", 0), where.set(SECOND, "", 0, hidden=False)]
