"""A history of a million changes, read by who is honest."""

import json

from .abuse import Abuse
from .wire import Seen, Target, answer, connected, request
from .written import apply, templates

CHANGES, AT_ONCE = 1_000_000, 50_000


async def a_million_changes(target: Target) -> None:
    """Of the same templates, again and again."""
    count = target.many(AT_ONCE, 100)
    for turn in range(target.many(CHANGES // AT_ONCE, 2)):
        await apply(target, templates(count, "again", command=f"turn {turn}"))


async def a_history_read_to_its_end(target: Target, seen: Seen) -> None:
    """1,000,000 changes, page by page, on one connection: an honest reader, who gets each of them once."""
    since, position = 0, "0"
    async with connected(target.port, room=2**24) as (reader, writer):
        while True:
            writer.write(request("GET", f"/changes?since={position}&limit=1000"))
            got = await answer(reader)
            seen.note(got.status, got.headers, got.body, 0)
            if got.status != 200:
                return
            changes = json.loads(got.body)["changes"]
            if not changes or since > target.many(CHANGES, 5000):
                return
            if [change["revision"] for change in changes] != list(range(since + 1, since + 1 + len(changes))):
                seen.faults["changes that are missing"] += 1
            since, position = changes[-1]["revision"], changes[-1]["position"]


HONEST = (Abuse(a_history_read_to_its_end, a_million_changes, honest=True),)
