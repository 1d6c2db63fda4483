"""The body of a write, taken apart: at once where that is no work, else beside the loop, in turn among the clients."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ...errors import ErrorHint, InvalidRequest
from ...lengths import BODY_VALUES
from ..service import Request

AT_ONCE = 2000  # values: they take a few milliseconds at most

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
    if _values(body) > BODY_VALUES and _values(_without_texts(body)) > BODY_VALUES:
        problem = f"has more than {BODY_VALUES:,} values"
        raise InvalidRequest(f"The body {problem}", [ErrorHint("Request", "body", "invalid")])
    return read(body)


def _without_texts(body: bytes) -> bytes:
    without_escapes = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(without_escapes.split(b'"')[::2])


def _values(body: bytes) -> int:
    return sum(map(body.count, _MARKS))
