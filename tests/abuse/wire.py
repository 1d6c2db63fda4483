"""Requests of abusers: bytes as they like them, and what came of them."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from msgspec import Struct, field

from tests.server.running import KEY

ABUSER = "127.0.0.1"
PATIENCE = 60.0  # seconds for an answer: 30 until it is a question's turn, and as long to take some megabytes
AT_ONCE = 200  # connections being opened at a time
PIECE = 2**18  # bytes of an answer that is passed over
TOKEN = f"Authorization: token {KEY}"
EVENTS = "Accept: text/event-stream"


class Target(Struct, frozen=True):
    """The server, and how much of everything it gets."""

    port: int
    short: bool
    others: tuple[int, ...] = ()  # ports of other servers over the same database

    def many(self, long: int, short: int) -> int:
        return short if self.short else long


class Seen(Struct):
    """What the abuser was answered, and what was wrong with that."""

    statuses: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    slowest_refusal: float = 0.0  # seconds

    def note(self, status: int, headers: dict[str, str], body: bytes, seconds: float) -> None:
        self.statuses[str(status or "none")] += 1
        if status < 400:
            return
        self.slowest_refusal = max(self.slowest_refusal, seconds)
        if status >= 500 and status != 503:
            self.faults[f"answered {status}"] += 1
        if status in (429, 503) and "retry-after" not in headers:
            self.faults[f"{status} without Retry-After"] += 1
        if not _says_why(body):
            self.faults[f"{status} without a reason in JSON"] += 1


class Answer(Struct, frozen=True):
    status: int  # 0: none came
    headers: dict[str, str]
    body: bytes


NONE = Answer(0, {}, b"")


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: r", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def connected(
    port: int, source: str = ABUSER, room: int = 2**16
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that ends without a word. `room` is what its reader keeps before it makes the server wait."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), limit=room)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer(reader: asyncio.StreamReader, *, whole: bool = True) -> Answer:
    """The next one; all of its body, or none: who reads many megabytes and does not look at them need not copy them."""
    status = (await reader.readline()).split()
    if len(status) < 2:
        return NONE
    headers = {}
    while line := (await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    number = int(status[1])
    if headers.get("transfer-encoding") == "chunked":
        return Answer(number, headers, b"".join([piece async for piece in _pieces(reader)]))
    length = 0 if number in (204, 304) else int(headers.get("content-length", 0))
    if not whole:
        while length:
            some = await reader.read(min(length, PIECE))
            if not some:
                raise asyncio.IncompleteReadError(b"", length)
            length -= len(some)
    return Answer(number, headers, await reader.readexactly(length))


async def ask(
    target: Target, seen: Seen, method: str, path: str, *headers: str, body: bytes = b"", patience: float = PATIENCE
) -> Answer:
    """On a connection of its own."""
    begun, got = time.monotonic(), NONE
    with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
        async with asyncio.timeout(patience), connected(target.port) as (reader, writer):
            writer.write(request(method, path, *headers, body=body))
            got = await answer(reader)
    seen.note(got.status, got.headers, got.body, time.monotonic() - begun)
    return got


async def write(target: Target, seen: Seen, method: str, path: str, body: object) -> Answer:
    """With the key."""
    return await ask(target, seen, method, path, TOKEN, body=json.dumps(body).encode())


async def together(calls: Iterable[Awaitable[object]], at_once: int = AT_ONCE) -> None:
    gate = asyncio.Semaphore(at_once)

    async def one(call: Awaitable[object]) -> None:
        async with gate:
            await call

    await asyncio.gather(*map(one, calls))


async def hold(
    target: Target,
    seen: Seen,
    count: int,
    sent: Callable[[int], bytes],
    seconds: float,
    *,
    meanwhile: Awaitable[object] | None = None,
    room: int = 2**10,
) -> None:
    """As many connections that send something and read next to nothing of what comes, for so long after the last."""
    opened: list[asyncio.StreamWriter] = []

    async def one(number: int) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", target.port, local_addr=(ABUSER, 0), limit=room)
        except OSError:
            seen.statuses["none"] += 1
            return
        opened.append(writer)
        writer.write(sent(number))
        told = "waits"
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(0.5):
                status = (await reader.readline()).split()
                told = status[1].decode() if len(status) > 1 else "closed"
        seen.statuses[told] += 1

    try:
        await together(map(one, range(count)))
        await asyncio.gather(asyncio.sleep(seconds), *([meanwhile] if meanwhile else []))
    finally:
        for writer in opened:
            writer.transport.abort()


def _says_why(body: bytes) -> bool:
    with suppress(ValueError):
        return bool(json.loads(body)["message"])
    return False


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readline(), 16):
        yield await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
