"""The ASGI application: finds the route, and answers with what its handler gives or raises."""

import asyncio
import logging
import re
from collections.abc import Sequence
from functools import partial

from ..auth import Scope as TokenScope
from ..errors import (
    APIErrorResponse,
    MethodNotAllowed,
    RegistryError,
    RouteNotFound,
    StoreUnavailable,
    UnexpectedError,
)
from ..registry import Registry
from .description.bodies import encode_change
from .description.openapi import described
from .handlers import event_stream
from .handlers.assets import tree_digest
from .handlers.event_stream import Stream
from .http.asgi import Receive, Scope, Send
from .http.cors import cors_headers, preflight
from .http.error_status import error_reply, logged_reply
from .http.logins import PRIVATE, set_login
from .http.replies import Header, Reply, expiry, send_reply
from .http.requests import ClientDisconnected, decoded_path
from .live.hub_rules import ANY_HUB, HubRules
from .live.viewing import Views
from .login_routes import LOGIN_ROUTES
from .renewed import renew
from .routes import FILES, PAGE, PLAIN, ROUTES, Route
from .server_options import Options
from .service import Request, Service

DOCS_FILES = "/docs/assets/"
logger = logging.getLogger(__name__)


def new_default_router(registry: Registry, options: Options | None = None) -> "App":
    """An ASGI application over the registry. It starts on its first request where nobody sends it a lifespan."""
    return App(registry, options or Options())


def _by_path(routes: Sequence[Route]) -> dict[str, dict[str, Route]]:
    found: dict[str, dict[str, Route]] = {}
    for route in routes:
        found.setdefault(route.path, {})[route.method] = route
    return found


def _pattern(path: str) -> re.Pattern[str]:
    """`/templates/{name}`: a parameter is one segment."""
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))


class App:
    paths = _by_path(ROUTES)
    patterns = tuple((_pattern(path), methods) for path, methods in paths.items() if "{" in path)

    def __init__(self, registry: Registry, options: Options, hub: HubRules = ANY_HUB) -> None:
        describe = partial(described, options.prefix, protect_reads=options.protect_reads)
        self.service = Service(
            registry, options, describe, hub=hub, render=encode_change, heartbeat=event_stream.HEARTBEAT_SECONDS
        )
        self._starting: asyncio.Task[None] | None = None

    def renew_hub(self, hub: HubRules) -> None:
        """From the next question on. In the thread of the event loop, in a handler of a signal say."""
        self.service.views = Views(hub, self.service.options.limits)

    def renew(self, wanted: Options) -> None:
        """What of them can change while it runs; see `renewed`."""
        renew(self.service, wanted)

    async def start(self) -> None:
        """May be called twice, and at once. Raises `StoreUnavailable`, also once the application was closed."""
        if self.service.running:
            return
        if self.service.draining:
            raise StoreUnavailable
        if self._starting is None or (self._starting.done() and self._starting.exception()):
            self._starting = asyncio.create_task(self.service.start())
        await asyncio.shield(self._starting)

    async def aclose(self) -> None:
        """Finishes what waits to be written. May be called twice; the store stays open."""
        await self.service.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except RegistryError as error:
            await send({"type": "lifespan.startup.failed", "message": error.message})
            return
        tree_digest()  # reads a hundred files: before anybody is served, who would wait for them
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(self.service, scope, receive)
        try:
            reply = await self._reply(request)
            if isinstance(reply, Stream):
                self.service.streams.take(whose := request.client)
        except ClientDisconnected:
            return
        except APIErrorResponse as error:
            self.service.counters.refuse(error)
            reply = logged_reply(error, request.id)
        except Exception:
            logger.exception("request %s failed", request.id)
            reply = error_reply(UnexpectedError())
        if isinstance(reply, Stream):
            try:
                await reply.send(send, self._first(request))
            finally:
                self.service.streams.give_back(whose)
            return
        await send_reply(scope, send, reply, self._first(request))

    def _first(self, request: Request) -> list[Header]:
        """The headers that every answer begins with."""
        first: list[Header] = [
            (b"registry-revision", b"%d" % self.service.model.revision),
            (b"request-id", request.id.encode()),
        ]
        if request.holder is not None and request.scope["method"] not in ("GET", "HEAD"):
            first += expiry(request.holder)
        if request.logins and "ride" in vars(request):  # it was looked at
            first += _of_login(request)
        if self.service.options.cors_origins:
            first += cors_headers(request, self.service.options.cors_origins)
        return first

    async def _reply(self, request: Request) -> Reply | Stream:
        await self.start()
        route = self._route(request)
        if isinstance(route, Reply):
            return route
        options = self.service.options
        if route.scope is TokenScope.READ:
            await request.find_reader()
        awaited = request.awaited_revision()
        if awaited is not None:
            await self.service.shows(awaited)
        if route.scope is TokenScope.READ and options.strong_reads:
            await self.service.catch_up()
        return await route.handler(request)

    def _route(self, request: Request) -> "Route | Reply":
        """The route, or the answer to OPTIONS. HEAD is GET: the server leaves the body out."""
        method = request.scope["method"]
        path = decoded_path(request.scope, self.service.options.prefix)
        if path != "/" and path.endswith("/"):
            path = path[:-1]
        methods, request.parameters = self._match(path)
        found = methods.get("GET" if method == "HEAD" else method)
        if found:
            request.scope["route"] = found  # for the counters
            return found
        allowed = [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]
        if method == "OPTIONS":
            return preflight(request, allowed, self.service.options.cors_origins)
        raise MethodNotAllowed(allowed=allowed)

    def _match(self, path: str) -> tuple[dict[str, Route], dict[str, str]]:
        """The routes of a path by method, and its parameters. Raises `RouteNotFound`."""
        if path in self.paths and "{" not in path:
            return self.paths[path], {}
        if self.service.options.logins and path in LOGIN_ROUTES:
            return LOGIN_ROUTES[path], {}
        if path.startswith(DOCS_FILES):
            return {"GET": FILES}, {"file": path[len(DOCS_FILES) :]}
        if self.service.options.ui and f"{path}/".startswith("/ui/"):
            return {"GET": PLAIN if path == PLAIN.path else PAGE}, {}
        for pattern, methods in self.patterns:
            match = pattern.fullmatch(path)
            if match and not {".", ".."} & set(match.groups()):
                return methods, match.groupdict()
        raise RouteNotFound


def _of_login(request: Request) -> list[Header]:
    """No cache keeps what a login gave; and the login's next cookies, when it is time."""
    ride, logins = request.ride, request.logins
    if ride is None or logins is None:
        return PRIVATE[:1]
    renewed = logins.renewed(ride.login) if request.holder else None
    return PRIVATE + (set_login(renewed, logins.second(ride.login), request.kept_at) if renewed else [])
