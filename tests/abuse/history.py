"""A history of a million changes, read by who is honest."""

import json

from .abuse import Abuse
from .filled import MANY, a_million_changes
from .wire import Seen, Target, answer, connected, request


async def a_history_read_to_its_end(target: Target, seen: Seen) -> None:
    """1,000,000 changes, page by page, on one connection: an honest reader, who gets each of them once."""
    since, position = 0, "0"
    async with connected(target.port, room=2**24) as (reader, writer):
        while since < target.many(MANY, 1000):
            writer.write(request("GET", f"/changes?since={position}&limit=1000"))
            got = await answer(reader)
            seen.note(got.status, got.headers, got.body, 0)
            if got.status != 200:
                return
            changes = json.loads(got.body)["changes"]
            if [change["revision"] for change in changes] != list(range(since + 1, since + 1 + len(changes))):
                seen.faults["changes that are missing"] += 1
            since, position = changes[-1]["revision"], changes[-1]["position"]


HONEST = (Abuse(a_history_read_to_its_end, fill=a_million_changes, honest=True),)
