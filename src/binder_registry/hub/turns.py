"""How what a hub makes for many leaves its loop to its other requests: in parts, and one after another."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

PART = 16  # templates; a millisecond or so where each has options
TURNS = 16  # of the loop: as many as an ordinary request needs from its arrival to its answer


async def in_parts(things: Iterable[Any], look: Callable[[Any], Any]) -> None:
    """Look at each, with a turn for others now and then."""
    for place, thing in enumerate(things, 1):
        look(thing)
        if place % PART == 0:
            await asyncio.sleep(0)


async def turns_of_others() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
