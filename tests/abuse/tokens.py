"""Tokens that are no good, and what is said of all that into a log that nobody reads."""

from .abuse import Abuse, hanging_hub, unread_log
from .wire import Seen, Target, ask, together


async def tokens_that_are_wrong(target: Target, seen: Seen) -> None:
    """5,000 writes, each with another wrong token."""
    await together(
        ask(target, seen, "PUT", "/templates/bystander-9", f"Authorization: token wrong-{number}", body=b"{}")
        for number in range(target.many(5000, 60))
    )


async def tokens_of_60_kilobytes(target: Target, seen: Seen) -> None:
    """500 writes with a token of 60 KB, or with what is no token."""
    values = (
        "token " + "t" * 60_000,
        "Basic " + "b" * 60_000,
        "token",
        "Bearer " + "ä" * 1000,
        "token " + " " * 60_000,
    )
    await together(
        ask(target, seen, "PUT", "/templates/bystander-9", f"Authorization: {values[number % 5]}", body=b"{}")
        for number in range(target.many(500, 20))
    )


async def tokens_of_a_hub_that_hangs(target: Target, seen: Seen) -> None:
    """500 writes, each with another token, of which a hub is asked that does not answer."""
    await together(
        (
            ask(target, seen, "PUT", "/templates/bystander-9", f"Authorization: token unknown-{number}", body=b"{}")
            for number in range(target.many(500, 40))
        ),
        500,
    )


async def refusals_into_a_log_that_nobody_reads(target: Target, seen: Seen) -> None:
    """5,000 requests that are refused, and 2,000 that are not, while nobody reads what the server says of them."""
    paths = ("/nothing", "/templates?lable=a", "/changes?since=5-0123456789abcdef", "/templates?q=a", "/templates")
    await together(
        ask(target, seen, "GET", f"{paths[number % 5]}{'&' if '?' in paths[number % 5] else '?'}x{number}")
        for number in range(target.many(7000, 100))
    )


async def paths_of_60_kilobytes_into_that_log(target: Target, seen: Seen) -> None:
    """500 requests for a path of 60 KB, each of which has its line in a log that nobody reads."""
    await together(ask(target, seen, "GET", "/" + "p" * 60_000) for _ in range(target.many(500, 20)))


ABUSES = (
    Abuse(tokens_that_are_wrong, of_store=False),
    Abuse(tokens_of_60_kilobytes, of_store=False),
    Abuse(tokens_of_a_hub_that_hangs, around=hanging_hub, of_store=False),
    Abuse(refusals_into_a_log_that_nobody_reads, around=unread_log, of_store=False),
    Abuse(paths_of_60_kilobytes_into_that_log, around=unread_log, of_store=False),
)
