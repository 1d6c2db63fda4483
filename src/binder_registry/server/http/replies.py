"""What a handler gives back, and how it goes out over ASGI."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from ...auth import Identity
from ...changes import Change
from ...kept_members import shown
from ...wire import timestamp
from ..live.answer import JSON, VARIES, Answer, entity_tag
from ..live.answer import Header as Header
from ..live.pieces import Body, Pieces, is_long
from .asgi import Scope, Send


def expiry(who: Identity | None) -> list[Header]:
    """`Registry-Token-Expires`, for answers to writes with a token of the registry's own, which can be renewed."""
    if who is None or not who.token or who.expires is None:
        return []
    return [(b"registry-token-expires", timestamp(who.expires).encode())]


@lru_cache(1024)
def expiry_line(expires: datetime | None) -> bytes:
    """The same as a line of a head, or nothing."""
    return b"registry-token-expires: %b\r\n" % timestamp(expires).encode() if expires else b""


class Reply(Struct):
    """With a `body`, or where it is long, its `pieces`."""

    status: int
    headers: list[Header]
    body: bytes = b""
    pieces: Pieces | None = None


class Written(Struct):
    """What answers a write: the template as `change` wrote it."""

    status: int
    change: Change
    more: Sequence[Header] = ()

    @property
    def reply(self) -> Reply:
        return change_reply(self.status, self.change, self.more)


def json_reply(status: int, body: bytes, more: Sequence[Header] = ()) -> Reply:
    return Reply(status, [(b"content-type", JSON), (b"content-length", b"%d" % len(body)), *more], body)


def body_reply(body: Body, more: Sequence[Header] = ()) -> Reply:
    """200, in JSON."""
    return _reply([(b"content-type", JSON), (b"content-length", b"%d" % len(body)), *more], body)


def answer_reply(answer: Answer) -> Reply:
    return _reply(answer.headers, answer.body)


def _reply(headers: list[Header], body: Body) -> Reply:
    return Reply(200, headers, body) if isinstance(body, bytes) else Reply(200, headers, pieces=body)


def not_modified(etag: bytes, *, varies: bool = False) -> Reply:
    return Reply(304, [(b"etag", etag), VARIES] if varies else [(b"etag", etag)])


def change_reply(status: int, change: Change, more: Sequence[Header] = ()) -> Reply:
    """The template as this change wrote it."""
    assert change.content is not None, "a new change has its content"
    return json_reply(status, shown(change.content) + b"\n", [(b"etag", entity_tag(change.position)), *more])


async def send_reply(scope: Scope, send: Send, reply: Reply, first: Sequence[Header] = ()) -> None:
    """A long body in slices; our own protocol sends them as their reader takes them."""
    start = {"type": "http.response.start", "status": reply.status, "headers": [*first, *reply.headers]}
    pieces = reply.pieces or (Pieces([reply.body]) if is_long(len(reply.body)) else None)
    if pieces is None or scope["method"] == "HEAD":
        await send(start)
        await send({"type": "http.response.body", "body": reply.body})
    elif "send_long" in scope:
        await scope["send_long"](start, pieces)
    else:
        await send(start)
        for _, some in pieces.slices():
            await send({"type": "http.response.body", "body": b"".join(some), "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})
