"""Event streams, long polls, and requests that wait for a revision."""

import asyncio
import json
from contextlib import suppress

from .abuse import Abuse
from .filled import a_far_past
from .wire import EVENTS, TOKEN, Seen, Target, answer, ask, connected, hold, request, together, write
from .written import apply, templates

HISTORY = 5000  # changes
KILOBYTE = 1000


async def a_history(target: Target) -> None:
    await apply(target, templates(target.many(HISTORY, 200), "history", KILOBYTE))


async def head(target: Target) -> int:
    return int((await ask(target, Seen(), "GET", "/health")).headers["registry-revision"])


async def streams_of_distinct_places(target: Target, seen: Seen) -> None:
    """2,000 event streams, each from another place of the near past, of which little is read."""
    newest = await head(target)

    def resumed(number: int) -> bytes:
        return request("GET", "/changes", EVENTS, f"Last-Event-ID: {max(0, newest - 1 - number)}")

    await hold(target, seen, target.many(2000, 40), resumed, target.many(5, 0))


async def streams_that_nobody_reads(target: Target, seen: Seen) -> None:
    """500 event streams whose readers take nothing, while 100 templates of 10 KB are written."""
    count = target.many(100, 10)

    async def writing() -> None:
        for number in range(count):
            body = templates(1, f"unread-{number % 10}", 10_000, command=f"at {number}")
            await apply(target, body, seen)

    await hold(target, seen, target.many(500, 30), lambda _: request("GET", "/changes", EVENTS), 0, meanwhile=writing())


async def streams_that_come_and_go(target: Target, seen: Seen) -> None:
    """5,000 event streams and polls that are left as soon as they are open."""

    async def one(number: int) -> None:
        with suppress(OSError):
            async with connected(target.port) as (reader, writer):
                accept = [EVENTS] if number % 2 else []
                writer.write(request("GET", f"/changes?since={2**40}&wait=60" if not accept else "/changes", *accept))
                await writer.drain()
                if number % 3:
                    await reader.readline()
        seen.statuses["left"] += 1

    await together(map(one, range(target.many(5000, 60))))


async def filtered_streams_from_the_beginning(target: Target, seen: Seen) -> None:
    """300 event streams with a filter each, from the first of 50,000 changes on, that select nothing."""

    def filtered(number: int) -> bytes:
        return request("GET", f"/changes?label=nothing%3D{number}&since=0", EVENTS)

    await hold(target, seen, target.many(300, 20), filtered, target.many(6, 0), room=2**16)


async def revisions_to_come(target: Target, seen: Seen) -> None:
    """5,000 requests for a revision that is not there yet, and as many for one far away, by clients that leave."""
    newest = await head(target)

    async def one(number: int) -> None:
        wanted = newest + 1000 if number % 2 else 9_000_000
        with suppress(OSError, TimeoutError):
            async with connected(target.port) as (reader, writer), asyncio.timeout(0.2):
                writer.write(request("GET", "/templates", f"Registry-Revision: {wanted}"))
                got = await answer(reader)
                seen.note(got.status, got.headers, got.body, 0)

    await together(map(one, range(target.many(10_000, 100))))


async def integers_that_no_log_reaches(target: Target, seen: Seen) -> None:
    """Every integer of a query, a header or a path, far beyond what a log can hold."""
    for number in ("9223372036854775808", "9" * 4000, "18446744073709551616", "-9223372036854775809", "1e9", "٣"):
        text = number if number.isascii() else "%D9%A3"
        for path in (
            f"/changes?since={text}",
            f"/changes?since={text}-0123456789abcdef",
            f"/changes?before={text}",
            f"/changes?limit={text}",
            f"/changes?since=0&wait={text}",
            f"/templates?revision={text}",
            f"/templates?limit={text}",
            f"/templates/bystander-1?revision={text}",
            f"/templates/bystander-1/changes?since={text}",
        ):
            got = await ask(target, seen, "GET", path)
            if got.status == 500:
                seen.faults[path[:60]] += 1
        if number.isascii():
            for header in ("Registry-Revision", "If-Match", "If-None-Match", "Last-Event-ID"):
                await ask(target, seen, "GET", "/templates/bystander-1", f"{header}: {number}")
            body = json.dumps({"revision": int(number)} if number.isdigit() and len(number) < 30 else {"revision": 0})
            await ask(target, seen, "POST", "/templates/bystander-1/restore", TOKEN, body=body.encode())
            await ask(target, seen, "DELETE", f"/templates/bystander-1/changes/{number}", TOKEN)


async def polls_of_a_crowd(target: Target, seen: Seen) -> None:
    """1,000 long polls at once, that 10 writes wake: an honest crowd, each of which gets every change."""
    count, writes = target.many(1000, 60), target.many(10, 3)
    newest = await head(target)

    async def one(_: int) -> None:
        since, asked = newest, 0
        async with connected(target.port, room=2**20) as (reader, writer):
            while since < newest + writes:
                writer.write(request("GET", f"/changes?since={since}&wait=30&limit=1000"))
                got = await answer(reader)
                seen.note(got.status, got.headers, got.body, 0)
                if got.status != 200:
                    return
                changes = json.loads(got.body)["changes"]
                since, asked = (changes[-1]["revision"] if changes else since), asked + 1
                if asked > 500:
                    seen.faults["a poll that does not come to an end"] += 1
                    return

    async def writing() -> None:
        await asyncio.sleep(target.many(2, 0))
        for number in range(writes):
            await write(target, seen, "PUT", "/templates/bystander-0", {"redirect-uri": f"/{number}"})
            await asyncio.sleep(target.many(1, 0) / 5)

    await asyncio.gather(together(map(one, range(count)), count), writing())


async def streams_of_a_crowd(target: Target, seen: Seen) -> None:
    """1,000 event streams that read what they are sent: an honest crowd, each of which gets 20 changes."""
    count, changes = target.many(1000, 60), 20
    ready = asyncio.Semaphore(0)

    async def one(_: int) -> None:
        async with connected(target.port, room=2**20) as (reader, writer):
            writer.write(request("GET", "/changes", EVENTS))
            status = (await reader.readline()).split()[1].decode()
            seen.statuses[status] += 1
            await reader.readuntil(b":")
            ready.release()
            got = 0
            while status == "200" and got < changes:
                got += (await reader.readline()).startswith(b"data: ")

    async def writing() -> None:
        for _ in range(count):
            await ready.acquire()
        for number in range(changes):
            await write(target, seen, "PUT", "/templates/bystander-0", {"redirect-uri": f"/{number}"})

    await asyncio.gather(together(map(one, range(count)), count), writing())


async def filtered_readers_far_behind(target: Target, seen: Seen) -> None:
    """20 event streams with a filter, from the first of 50,000 changes on, that read to the newest: honest ones."""

    async def one(number: int) -> None:
        async with connected(target.port, room=2**20) as (reader, writer):
            writer.write(request("GET", f"/changes?label=last&name=last-{number}&since=0", EVENTS))
            seen.statuses[(await reader.readline()).split()[1].decode()] += 1
            while not (await reader.readline()).startswith(b"data: "):
                pass

    count = target.many(20, 5)
    await apply(target, templates(count, "last", labels={"last": ""}), seen)
    await together(map(one, range(count)))


ABUSES = (
    Abuse(streams_of_distinct_places, a_history),
    Abuse(streams_that_nobody_reads),
    Abuse(streams_that_come_and_go),
    Abuse(filtered_streams_from_the_beginning, fill=a_far_past),
    Abuse(revisions_to_come),
    Abuse(integers_that_no_log_reaches),
)
HONEST = (
    Abuse(polls_of_a_crowd, honest=True),
    Abuse(streams_of_a_crowd, honest=True),
    Abuse(filtered_readers_far_behind, fill=a_far_past, honest=True),
)
