"""The servers of a JupyterHub, as its REST API tells of them, and which template each runs."""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ..hub.marks import CHANNEL_MARK, REVISION_MARK, TEMPLATE_MARK
from .failures import FAILED, NOT_ALLOWED, UNREACHABLE
from .output import printable

if TYPE_CHECKING:
    import httpx2

TOKEN = "JUPYTERHUB_API_TOKEN"  # noqa: S105  # the variable that holds it
SCOPES = ("list:users", "read:servers")
PAGE = 200  # users; a hub's own limit may be lower
AGAIN = 10  # a page begins with the last tenth of the one before: users who stop meanwhile move the others up
TIMEOUT = 30.0  # seconds without a byte
PATH = "/hub/api"
PAGINATED = "application/jupyterhub-pagination+json"


class Server(NamedTuple):
    template: str  # "" where it runs nothing of a registry
    revision: int | None  # None: not known
    channel: str
    running: bool  # or on its way to that, or to its end


class HubProblem(click.ClickException):
    """Why a hub does not say what it runs."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(printable(message))
        self.exit_code = code  # type: ignore[misc]  # declared for the class


def servers_of(hub: str, *, stopped: bool = False) -> list[Server]:
    """Those that run or are about to, and where `stopped`, those that only exist. Raises `HubProblem`."""
    url, token = _api(hub), _token()
    found: dict[tuple[str, str], Server] = {}
    with _client(url, token) as client:
        _check_scopes(client)
        try:
            for user in _users(client, {"include_stopped_servers": "1"} if stopped else {"state": "active"}):
                for name, server in user["servers"].items():
                    found[user["name"], name] = _server(server)
        except (LookupError, TypeError, AttributeError, ValueError):
            raise _not_a_hub(client) from None
    return [*found.values()]


def _server(model: Mapping[str, Any]) -> Server:
    options, running = model.get("user_options"), not model["stopped"]
    if not isinstance(options, dict):
        return Server("", None, "", running)
    name = options.get(TEMPLATE_MARK)
    if isinstance(name, str):
        revision = str(options.get(REVISION_MARK, ""))
        known = int(revision) if revision.isascii() and revision.isdecimal() else None
        return Server(name, known, str(options.get(CHANNEL_MARK, "")), running)
    chosen = options.get("template")  # it is about to start, or did so by a release that did not keep what runs
    name, _, channel = chosen.partition("/") if isinstance(chosen, str) else ("", "", "")
    return Server(name, None, channel, running)


def _users(client: "httpx2.Client", query: dict[str, str]) -> Iterator[Mapping[str, Any]]:
    offset = 0
    while True:
        page = _asked(client, "/users", {**query, "offset": str(offset), "limit": str(PAGE)})
        yield from page["items"]
        following = page["_pagination"]["next"]
        if not following:
            return
        begin = following["offset"] - following["limit"] // AGAIN
        if begin <= offset:
            raise ValueError("it does not go on")
        offset = begin


def _check_scopes(client: "httpx2.Client") -> None:
    """A scope that is narrowed, `read:servers!group=physics`, would leave out servers without a word."""
    holder = _asked(client, "/user")
    try:
        name, lacking = holder["name"], [scope for scope in SCOPES if scope not in holder["scopes"]]
    except (LookupError, TypeError):
        raise _not_a_hub(client) from None
    if lacking:
        lacks = f"The token of {name!r} lacks {' and '.join(lacking)} on the hub, for all users"
        raise HubProblem(NOT_ALLOWED, f"{lacks}: give them to a role of whoever holds it.")


def _asked(client: "httpx2.Client", path: str, query: dict[str, str] | None = None) -> Any:
    import httpx2

    try:
        answer = client.get(path, params=query)  # below the path of the API
    except httpx2.TransportError as error:
        reason = str(error) or type(error).__name__
        raise HubProblem(UNREACHABLE, f"The hub at {_shown(client)} cannot be reached: {reason}") from None
    if answer.status_code in (401, 403):
        raise HubProblem(NOT_ALLOWED, f"The hub at {_shown(client)} does not take the token of {TOKEN}.")
    if answer.status_code >= 500:
        raise HubProblem(UNREACHABLE, f"The hub at {_shown(client)} cannot answer now: {answer.status_code}")
    if answer.is_redirect:
        raise HubProblem(FAILED, f"{_shown(client)} sends requests elsewhere: give the address that answers them.")
    try:
        if answer.status_code != 200:
            raise ValueError(answer.status_code)
        return answer.json()
    except ValueError:
        raise _not_a_hub(client) from None


def _not_a_hub(client: "httpx2.Client") -> HubProblem:
    return HubProblem(FAILED, f"What {_shown(client)} answers is not a JupyterHub's.")


def _shown(client: "httpx2.Client") -> str:
    return str(client.base_url).rstrip("/")


def _client(url: "httpx2.URL", token: str) -> "httpx2.Client":
    import httpx2

    from ..client.environment import authorities, proxy_of

    setting = proxy_of(url)
    tls = url.scheme == "https" or (setting is not None and setting.proxy.url.scheme == "https")
    return httpx2.Client(
        base_url=url,
        headers={"Authorization": f"token {token}", "Accept": PAGINATED},
        timeout=TIMEOUT,
        verify=authorities(True, needed=tls),
        proxy=setting.proxy if setting else None,
        trust_env=False,
    )


def _api(hub: str) -> "httpx2.URL":
    """A hub's address as people know it, or that of its API."""
    from ..client.address import registry_url, shown
    from ..errors import InvalidRequest

    try:
        url = registry_url(hub)
    except InvalidRequest:
        problem = f"{shown(hub)!r} is not the URL of a hub: https://HUB, or http://HUB:8081{PATH}, without a password."
        raise click.BadParameter(problem, param_hint="--hub") from None
    path = url.path.rstrip("/")
    return url.copy_with(path=path if path.endswith(PATH) else f"{path.removesuffix('/hub')}{PATH}")


def _token() -> str:
    from ..client.credentials import checked_token
    from ..errors import InvalidToken

    try:
        token = checked_token(os.environ.get(TOKEN, ""))
    except InvalidToken:
        raise HubProblem(NOT_ALLOWED, f"{TOKEN} holds a character that no token has.") from None
    if not token:
        needed = " and ".join(SCOPES)
        raise HubProblem(NOT_ALLOWED, f"Set {TOKEN} to a token of the hub with the scopes {needed}.")
    return token
