"""Connections that ask nothing, or ask as nobody should."""

import asyncio
from contextlib import suppress

from .abuse import Abuse
from .wire import TOKEN, Seen, Target, answer, ask, connected, hold, request, together

IDLE, SENDING = 5, 6  # seconds


async def connections_that_say_nothing(target: Target, seen: Seen) -> None:
    """5,000 connections that send nothing."""
    await hold(target, seen, target.many(5000, 100), lambda _: b"", target.many(IDLE, 0))


async def heads_that_never_end(target: Target, seen: Seen) -> None:
    """2,000 requests whose heads stop after 60 KB."""
    head = b"GET /templates HTTP/1.1\r\nHost: r\r\nX-Long: " + b"x" * 60_000
    await hold(target, seen, target.many(2000, 50), lambda _: head, target.many(IDLE, 0))


async def bodies_that_never_end(target: Target, seen: Seen) -> None:
    """1,000 writes of 1 MB and 20 applies of 60 MB, half of them without a token, whose last byte never comes."""

    def sent(number: int) -> bytes:
        apply = number % 50 == 0
        path, size = ("/apply", target.many(60_000_000, 2_000_000)) if apply else ("/templates", 1_000_000)
        token = f"{TOKEN}\r\n" if number % 100 < 50 else ""
        head = f"POST {path} HTTP/1.1\r\nHost: r\r\n{token}Content-Length: {size}\r\n\r\n"
        return head.encode() + b" " * (size - 1)

    await hold(target, seen, target.many(1000, 50), sent, target.many(SENDING, 0))


async def pieces_of_one_byte(target: Target, seen: Seen) -> None:
    """100 bodies of 200,000 pieces of one byte each."""
    pieces = b"1\r\n \r\n" * target.many(200_000, 2000)
    head = f"PATCH /templates/bystander-7 HTTP/1.1\r\nHost: r\r\n{TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def one(_: int) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(40), connected(target.port) as (reader, writer):
                writer.write(head.encode() + pieces + b"0\r\n\r\n")
                got = await answer(reader)
                seen.note(got.status, got.headers, got.body, 0)

    await together(map(one, range(target.many(100, 5))))


async def requests_in_a_row(target: Target, seen: Seen) -> None:
    """50 connections that send 10,000 requests each, and take no answer."""
    row = request("GET", "/templates") * target.many(10_000, 200)
    await hold(target, seen, target.many(50, 5), lambda _: row, target.many(IDLE, 0))


async def dear_requests_in_a_row(target: Target, seen: Seen) -> None:
    """50 connections that send 200 lists of the past each, and take no answer."""
    row = b"".join(request("GET", f"/templates?revision={number}") for number in range(1, target.many(200, 20)))
    await hold(target, seen, target.many(50, 5), lambda _: row, target.many(IDLE, 0))


async def bytes_that_are_no_requests(target: Target, seen: Seen) -> None:
    """2,000 connections that send what is no HTTP."""
    what = (b"\x16\x03\x01\x02\x00" * 100, b"\r\n" * 5000, b"GET\r\n\r\n", b"\x00" * 5000, b"PRI * HTTP/2.0\r\n\r\n")
    await hold(target, seen, target.many(2000, 50), lambda number: what[number % len(what)], 0)


async def connections_one_after_the_other(target: Target, seen: Seen) -> None:
    """10,000 connections, each for one read."""
    await together(ask(target, seen, "GET", "/templates/bystander-8") for _ in range(target.many(10_000, 100)))


async def methods_and_paths_that_are_not_there(target: Target, seen: Seen) -> None:
    """5,000 requests for paths of 8 KB that are not there, with methods that are none."""
    long = "/x" * 4000
    await together(
        ask(target, seen, ("GET", "BREW", "OPTIONS", "DELETE")[number % 4], f"{long}/{number}", TOKEN)
        for number in range(target.many(5000, 60))
    )


ABUSES = (
    Abuse(connections_that_say_nothing, of_store=False),
    Abuse(heads_that_never_end, of_store=False),
    Abuse(bodies_that_never_end),
    Abuse(pieces_of_one_byte, of_store=False),
    Abuse(requests_in_a_row, of_store=False),
    Abuse(dear_requests_in_a_row),
    Abuse(bytes_that_are_no_requests, of_store=False),
    Abuse(connections_one_after_the_other, of_store=False),
    Abuse(methods_and_paths_that_are_not_there, of_store=False),
)
