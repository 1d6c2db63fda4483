"""What a handler gives back, and how it goes out over ASGI."""

from collections.abc import Sequence

from msgspec import Struct

from ...auth import Identity
from ...changes import Change
from ...wire import timestamp
from ..live.answer import JSON, VARIES, Answer, entity_tag
from ..live.answer import Header as Header
from .asgi import Send


def expiry(who: Identity | None) -> list[Header]:
    """`Registry-Token-Expires`, for answers to writes with a token that ends."""
    if who is None or who.expires is None:
        return []
    return [(b"registry-token-expires", timestamp(who.expires).encode())]


class Reply(Struct):
    status: int
    headers: list[Header]
    body: bytes = b""


def json_reply(status: int, body: bytes, more: Sequence[Header] = ()) -> Reply:
    return Reply(status, [(b"content-type", JSON), (b"content-length", b"%d" % len(body)), *more], body)


def answer_reply(answer: Answer) -> Reply:
    return Reply(200, answer.headers, answer.body)


def not_modified(etag: bytes, *, varies: bool = False) -> Reply:
    return Reply(304, [(b"etag", etag), VARIES] if varies else [(b"etag", etag)])


def change_reply(status: int, change: Change, more: Sequence[Header] = ()) -> Reply:
    """The template as this change wrote it."""
    assert change.content is not None, "a new change has its content"
    return json_reply(status, change.content + b"\n", [(b"etag", entity_tag(change.position)), *more])


async def send_reply(send: Send, reply: Reply, first: Sequence[Header] = ()) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": [*first, *reply.headers]})
    await send({"type": "http.response.body", "body": reply.body})
