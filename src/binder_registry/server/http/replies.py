"""What a handler gives back, and how it goes out over ASGI."""

from collections.abc import Sequence

from msgspec import Struct
from starlette.types import Send

from ...changes import Change
from ..live.read_model import JSON, VARY, Answer, entity_tag

Header = tuple[bytes, bytes]


class Reply(Struct):
    status: int
    headers: list[Header]
    body: bytes = b""


def json_reply(status: int, body: bytes, more: Sequence[Header] = ()) -> Reply:
    return Reply(status, [(b"content-type", JSON), (b"content-length", b"%d" % len(body)), *more], body)


def answer_reply(answer: Answer) -> Reply:
    """The headers stand in `answer.head` already: the fast path writes the same bytes."""
    lines = answer.head.split(b"\r\n")
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines if line)]
    return Reply(200, headers, answer.body)


def not_modified(etag: bytes, *, varies: bool = False) -> Reply:
    headers = [(b"etag", etag)]
    if varies:
        name, _, value = VARY.rstrip().partition(b": ")
        headers.append((name, value))
    return Reply(304, headers)


def change_reply(status: int, change: Change, more: Sequence[Header] = ()) -> Reply:
    """The template as this change wrote it."""
    assert change.content is not None, "a new change has its content"
    return json_reply(status, change.content + b"\n", [(b"etag", entity_tag(change.position)), *more])


async def send_reply(send: Send, reply: Reply, first: Sequence[Header] = ()) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": [*first, *reply.headers]})
    await send({"type": "http.response.body", "body": reply.body})
