"""Questions that are dear to answer."""

from contextlib import suppress

from .abuse import Abuse, strong_reads
from .wire import TOKEN, Seen, Target, ask, connected, request, together, write
from .written import apply, templates


async def many_templates(target: Target) -> None:
    """2,000 of 4 KB."""
    await apply(target, templates(target.many(2000, 50), "asked", 4000, labels={"course": "physics"}))


async def a_large_image_name(target: Target) -> None:
    """As long as the server takes it."""
    for size in (900_000, 60_000, 4096, 255):
        got = await write(target, Seen(), "POST", "/templates", {"name": f"long-{size}", "image-name": "a" * size})
        if got.status in (201, 409):
            return


async def _each(target: Target, seen: Seen, count: int, path: str) -> None:
    await together(ask(target, seen, "GET", path.replace("{}", str(number))) for number in range(count))


async def questions_of_30_000_words(target: Target, seen: Seen) -> None:
    """66 questions, each of as many words as a request line holds, none of which is there."""
    await _each(target, seen, target.many(66, 8), "/templates?q=" + "+".join(f"w{word}" for word in range(9000)))


async def labels_of_30_000_requirements(target: Target, seen: Seen) -> None:
    """66 selectors of as many requirements as a request line holds, for the list, and for the feed."""
    many = ",".join(["!a"] * target.many(20_000, 5000))
    await _each(target, seen, target.many(33, 2), f"/templates?label={many}")
    await _each(target, seen, target.many(33, 2), f"/changes?label={many}")


async def globs_of_60_000_marks(target: Target, seen: Seen) -> None:
    """Patterns of many wildcards, over an image name as long as there may be one."""
    for glob in ("?" * 60_000, "*a" * 100 + "b", "*" * 60_000 + "b", "*?" * 120 + "b", "[a-z]*" * 40 + "!"):
        await _each(target, seen, target.many(10, 2), f"/templates?image={glob}")
        await _each(target, seen, target.many(10, 2), f"/changes?name={glob}")


async def questions_of_clients_that_left(target: Target, seen: Seen) -> None:
    """1,000 dear questions whose clients leave at once."""

    async def one(number: int) -> None:
        with suppress(OSError):
            async with connected(target.port) as (_, writer):
                words = "+".join(f"w{number}x{word}" for word in range(16))
                writer.write(request("GET", f"/templates?q={words}&view=full"))
                await writer.drain()
        seen.statuses["left"] += 1

    await together(map(one, range(target.many(1000, 40))))


async def questions_that_differ(target: Target, seen: Seen) -> None:
    """2,000 questions that select everything, each in other words, so that each is answered anew and may be kept."""
    await _each(target, seen, target.many(2000, 12), "/templates?label=!x{}&view=full")


async def lists_of_the_past(target: Target, seen: Seen) -> None:
    """500 whole lists as they were, each at another revision."""
    await _each(target, seen, target.many(500, 20), "/templates?revision={}&limit=1000")


async def histories_from_the_beginning(target: Target, seen: Seen) -> None:
    """500 pages of the log, of as many changes as a page may have, at once."""
    await _each(target, seen, target.many(500, 8), "/changes?since={}&limit=1000")


async def compressed_answers(target: Target, seen: Seen) -> None:
    """300 lists, each to be compressed for its asker."""
    await together(
        ask(target, seen, "GET", f"/templates?label=!y{number}&view=full", "Accept-Encoding: gzip, br, zstd")
        for number in range(target.many(300, 8))
    )


async def conditions_of_60_kilobytes(target: Target, seen: Seen) -> None:
    """500 reads with thousands of tags in `If-None-Match`."""
    tags = ", ".join(f'"{number}-0123456789abcdef"' for number in range(2500))
    await together(
        ask(target, seen, "GET", "/templates", f"If-None-Match: {tags}") for _ in range(target.many(500, 20))
    )


async def escapes_of_60_kilobytes(target: Target, seen: Seen) -> None:
    """500 reads, some of a path and some with a question, each of which is all escapes."""
    for path in ("/templates/", "/templates?q="):
        most = "%41" * 4000
        await _each(target, seen, target.many(125, 5), path + most + "{}")
        await _each(target, seen, target.many(125, 5), path + most * 5 + "{}")


async def patterns_that_never_end(target: Target, seen: Seen) -> None:
    """200 texts for a pattern of 1,000 characters that goes back and back."""
    free = {"pattern": "(a+)+$", "set": {"environment": {"V": "{value}"}}}
    body = {"name": "backtracking", "image-name": "i", "options": [{"name": "text", "free-text": free}]}
    await write(target, seen, "POST", "/templates", body)
    await _each(target, seen, target.many(200, 6), f"/templates/backtracking?option.text.free-text={'a' * 60}!" + "{}")


async def a_feed_of_relabelled_templates(target: Target, seen: Seen) -> None:
    """100 pages of a label's feed, each row of which came into the selection or left it."""
    count = target.many(1000, 20)
    for label in ("in", "out"):
        await apply(target, templates(count, "relabelled", labels={"state": label}), seen)
    await _each(target, seen, target.many(100, 5), "/changes?label=state%3Din&limit=1000&since={}")


async def metrics_at_once(target: Target, seen: Seen) -> None:
    """500 who ask for the metrics at once."""
    await together(ask(target, seen, "GET", "/metrics", TOKEN) for _ in range(target.many(500, 20)))


async def strong_reads_of_a_crowd(target: Target, seen: Seen) -> None:
    """1,000 reads at once, each of which asks the database first, five times over: an honest crowd."""
    count = target.many(1000, 60)
    for _ in range(target.many(5, 1)):
        await together((ask(target, seen, "GET", "/templates/bystander-1", TOKEN) for _ in range(count)), count)


ABUSES = (
    Abuse(questions_of_30_000_words, many_templates),
    Abuse(labels_of_30_000_requirements, many_templates),
    Abuse(globs_of_60_000_marks, a_large_image_name),
    Abuse(questions_of_clients_that_left, many_templates),
    Abuse(questions_that_differ, many_templates),
    Abuse(lists_of_the_past, many_templates),
    Abuse(histories_from_the_beginning, many_templates),
    Abuse(compressed_answers, many_templates),
    Abuse(conditions_of_60_kilobytes),
    Abuse(escapes_of_60_kilobytes, of_store=False),
    Abuse(patterns_that_never_end),
    Abuse(a_feed_of_relabelled_templates, stores=True),
    Abuse(metrics_at_once, many_templates, of_store=False),
)
HONEST = (Abuse(strong_reads_of_a_crowd, around=strong_reads, honest=True),)
