"""`GET /metrics`: for holders of the scope, and for all who reach the address that `--metrics-listen` names."""

from ...auth import Scope as TokenScope
from ...errors import InvalidRequest, MethodNotAllowed, RegistryError, RouteNotFound
from ..http.asgi import ASGIApp, Receive, Scope, Send
from ..http.error_status import error_reply
from ..http.replies import Reply, send_reply
from ..metrics.exposition import CONTENT_TYPE
from ..service import Request, Service


async def metrics(request: Request) -> Reply:
    who = await request.identity()
    who.require(TokenScope.METRICS)
    request.query()
    return await _reply(request.service)


def only_metrics(service: Service) -> ASGIApp:
    """An application that asks for no token, and serves nothing else."""

    async def answer(scope: Scope, _: Receive, send: Send) -> None:
        try:
            if scope["path"] != "/metrics":
                raise RouteNotFound
            if scope["method"] not in ("GET", "HEAD"):
                raise MethodNotAllowed(allowed=["GET", "HEAD"])
            if scope["query_string"]:
                raise InvalidRequest.parameter("query", "has no place here")
            reply = await _reply(service)
        except RegistryError as error:
            reply = error_reply(error)
        await send_reply(scope, send, reply, [(b"request-id", scope["request_id"].encode())])

    return answer


async def _reply(service: Service) -> Reply:
    text = await service.metrics.text()
    headers = [(b"content-type", CONTENT_TYPE), (b"content-length", b"%d" % len(text)), (b"cache-control", b"no-store")]
    return Reply(200, headers, text)
