"""Answers that their readers do not take."""

import asyncio

from .abuse import Abuse
from .queries import many_templates
from .wire import Seen, Target, hold, request, write


async def lists_that_nobody_takes(target: Target, seen: Seen) -> None:
    """300 readers that ask for everything in full, and take nothing of it."""
    await hold(
        target,
        seen,
        target.many(300, 30),
        lambda number: request("GET", f"/templates?view=full&label=!z{number % 7}"),
        target.many(5, 0),
    )


async def the_list_that_nobody_takes(target: Target, seen: Seen) -> None:
    """1,000 readers of the whole list that take nothing of it, while it changes."""

    async def writing() -> None:
        for number in range(target.many(50, 3)):
            await write(target, seen, "PUT", "/templates/bystander-3", {"redirect-uri": f"/{number}"})
            await asyncio.sleep(0.1)

    await hold(target, seen, target.many(1000, 30), lambda _: request("GET", "/templates"), 0, meanwhile=writing())


async def pages_for_people_that_nobody_takes(target: Target, seen: Seen) -> None:
    """500 readers of what the server says of itself, who take nothing of it."""
    paths = ("/openapi.json", "/docs", "/health", "/")
    await hold(target, seen, target.many(500, 30), lambda number: request("GET", paths[number % 4]), target.many(5, 0))


ABUSES = (
    Abuse(lists_that_nobody_takes, many_templates),
    Abuse(the_list_that_nobody_takes, many_templates),
    Abuse(pages_for_people_that_nobody_takes),
)
