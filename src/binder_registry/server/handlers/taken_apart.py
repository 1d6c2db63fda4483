"""The body of a write, taken apart: at once where that is no work, else beside the loop, in turn among the clients."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from ...errors import ErrorHint, InvalidRequest
from ...lengths import BODY_VALUES
from ..service import Request

AT_ONCE = 2000  # values: they take a few milliseconds at most
PIECE = 16 * 1024  # bytes

T = TypeVar("T")
_MARKS = (b",", b"{", b"[")  # that begin or separate values


async def taken_apart(request: Request, read: Callable[[bytes], T]) -> T:
    """What `read` makes of the body, and raises. Raises `InvalidRequest` where there are too many values in it, and
    `TooBusy`. A client that sends no more waits for its answer."""
    body = await request.body()
    if not is_work(body):
        return read(body)
    return await request.service.bodies.run(partial(_bounded, body, read), request.client)


def is_work(body: bytes) -> bool:
    """Some of the marks may stand in texts."""
    return len(body) > AT_ONCE and _values(body) > AT_ONCE


def _bounded(body: bytes, read: Callable[[bytes], T]) -> T:
    if _values(body) > BODY_VALUES and sum(map(_values, _outside_texts(body))) > BODY_VALUES:
        problem = f"has more than {BODY_VALUES:,} values"
        raise InvalidRequest(f"The body {problem}", [ErrorHint("Request", "body", "invalid")])
    return read(body)


def _outside_texts(body: bytes) -> Iterator[bytes]:
    """In pieces: of a large body, all at once would hold the loop up for a thirtieth of a second."""
    at = inside = 0
    while piece := body[at : at + PIECE]:
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2:  # it ends within an escape
            piece = body[at : at + len(piece) + 1]
        at += len(piece)
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        yield b"".join(parts[inside::2])
        inside = (inside + len(parts) - 1) % 2


def _values(body: bytes) -> int:
    return sum(map(body.count, _MARKS))
