"""Login to the web page by a hub: there, back, and out again."""

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

from ...errors import AuthUnavailable, InvalidToken, MissingAuthHeader, RegistryError
from ..http.logins import SECOND, WAY, WAY_LIFE, Place, brings_second, drop_login, opened, set_login, values
from ..http.replies import Header, Reply
from ..service import Request

CALLBACK = "/oauth_callback"
_ALONE: list[Header] = [(b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer")]


async def enter(request: Request) -> Reply:
    """To the hub."""
    logins = request.logins
    assert logins is not None, "there is no such route otherwise"
    url, way = logins.way_in(_query(request).get("next", ""))
    return _seen_other(url, [_way(request, way, WAY_LIFE)])


async def come_back(request: Request) -> Reply:
    """From the hub. It always goes on at once: the code in this address is for nobody to see."""
    logins, query, where = request.logins, _query(request), request.kept_at
    assert logins is not None, "there is no such route otherwise"
    gone = _way(request, "", 0)
    ways = values(request.cookies, _way_place(request).named(WAY))
    state, code = query.get("state", ""), query.get("code", "")
    try:
        if len(ways) != 1 or not code:
            raise InvalidToken
        call = lambda: logins.came_back(ways[0], state, code)  # noqa: E731
        cookie, landing = await request.aside(request.service.users, call)
    except RegistryError as error:
        why = "refused" if isinstance(error, InvalidToken) else "unavailable"
        return _seen_other(f"{logins.landing('')}login?{urlencode({'failed': why})}", [gone])
    return _seen_other(landing, [gone, *set_login(cookie, logins.second(logins.opened(cookie)), where)])


async def leave(request: Request) -> Reply:
    """The cookies go, and the hub's token where the hub lets us end it. Raises `MissingAuthHeader`."""
    logins, where = request.logins, request.kept_at
    assert logins is not None, "there is no such route otherwise"
    login = opened(request.cookies, where, logins)
    if request.header(SECOND.encode()) is None:
        raise MissingAuthHeader  # of a form in somebody else's page
    if login is not None:
        if not brings_second(request.headers, login, logins):
            raise MissingAuthHeader
        with suppress(AuthUnavailable):  # it ends by itself
            await request.aside(request.service.users, lambda: logins.end(login))
    return Reply(204, [*_ALONE, *drop_login(where)])


def _query(request: Request) -> dict[str, str]:
    """The last of each: what hubs add is theirs."""
    try:
        return dict(parse_qsl(request.scope["query_string"].decode("ascii"), errors="strict", max_num_fields=20))
    except ValueError:
        return {}


def _way_place(request: Request) -> Place:
    """Of the cookie of who is on the way: no other address needs it. On a host of our own all do, for then no host
    beside it can set it: see `Place.named`."""
    where = request.kept_at
    return where if where.path == "/" else Place(where.path.rstrip("/") + CALLBACK, where.secure)


def _way(request: Request, value: str, seconds: int) -> Header:
    where = _way_place(request)
    return where.set(where.named(WAY), value, seconds)


def _seen_other(location: str, more: list[Header]) -> Reply:
    return Reply(303, [(b"location", location.encode("ascii")), (b"content-length", b"0"), *_ALONE, *more])
