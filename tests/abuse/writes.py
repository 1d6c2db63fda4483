"""Writes that are large, many, or wrong."""

import asyncio
import json
from contextlib import suppress
from typing import Any

from .abuse import Abuse
from .wire import TOKEN, Seen, Target, ask, connected, request, together, write
from .written import apply, large, templates

MiB = 2**20


async def a_megabyte(target: Target) -> None:
    await large(target, "megabyte", target.many(1_000_000, 200_000))


async def small_writes_to_a_large_template(target: Target, seen: Seen) -> None:
    """400 small writes to a template of 1 MB, while two readers ask for the whole feed, and one takes nothing."""

    async def feed(taken: bool) -> None:
        with suppress(OSError):
            async with connected(target.port) as (reader, writer):
                writer.write(request("GET", "/changes?since=0&limit=1000"))
                status = (await reader.readline()).split()
                seen.statuses[status[1].decode() if len(status) > 1 else "none"] += 1
                while taken and await reader.read(2**16):
                    pass
                await done.wait()

    async def writing() -> None:
        for number in range(target.many(400, 10)):
            await write(target, seen, "PUT", "/templates/megabyte", {"redirect-uri": f"/{number}"})
        done.set()

    done = asyncio.Event()
    await writing()
    done.clear()
    feeds = [asyncio.ensure_future(feed(taken)) for taken in (True, False)]
    await writing()
    for task in feeds:
        task.cancel()
    await asyncio.gather(*feeds, return_exceptions=True)


async def an_apply_of_200_000_templates(target: Target, seen: Seen) -> None:
    """One apply of 200,000 templates, 28 MB."""
    wanted = templates(target.many(200_000, 1000), "applied", command="c" * 90)
    await apply(target, wanted, seen)


async def an_apply_of_a_million_empty_templates(target: Target, seen: Seen) -> None:
    """One apply of a million `{}`, each of which is wrong in its own way."""
    count = target.many(1_000_000, 20_000)
    await ask(target, seen, "POST", "/apply", TOKEN, body=b'{"templates":[' + b",".join([b"{}"] * count) + b"]}")


async def applies_at_once(target: Target, seen: Seen) -> None:
    """16 applies of 4 MB at once, that write nothing."""
    body = {"templates": templates(target.many(1000, 50), "tried", 4000), "dry-run": True}
    await together(write(target, seen, "POST", "/apply", body) for _ in range(16))


async def documents_that_are_deep_or_wide(target: Target, seen: Seen) -> None:
    """Bodies that nest 100,000 levels deep, and bodies of one long number, key or list."""
    levels, size = target.many(100_000, 20_000), target.many(500_000, 100_000)  # twice what may be, at least
    deep = b"[" * levels + b"]" * levels
    bodies = (
        deep,
        b'{"a":' * levels + b"1" + b"}" * levels,
        b'{"name":"n","image-name":"i","overrides":{"kubespawner":{"a":' + deep + b"}}}",
        b'{"name":"n","image-name":"i","order":' + b"9" * size + b"}",
        b'{"name":"n","image-name":"i","' + b"k" * size + b'":1}',
        b'{"name":"n","image-name":"i","labels":{' + b",".join(b'"k%d":""' % n for n in range(size // 10)) + b"}}",
        b'{"name":"n","image-name":"i","allowed-groups":[' + b",".join(b'"g%d"' % n for n in range(size // 6)) + b"]}",
    )
    for body in bodies:
        for method, path in (("POST", "/templates"), ("PATCH", "/templates/bystander-2"), ("POST", "/apply")):
            await together(ask(target, seen, method, path, TOKEN, body=body) for _ in range(target.many(5, 1)))


async def documents_of_yaml(target: Target, seen: Seen) -> None:
    """100 documents of YAML at once, without a token: of nearly a megabyte, nested deeply, with aliases of aliases that
    stand for a thousand million texts, of ninety thousand labels, and of one long number."""
    size, yaml = target.many(900_000, 50_000), "Content-Type: application/yaml"
    anchors = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    documents = (
        "\n".join(f"- {{name: t{n}, image-name: i}}" for n in range(size // 30)).encode(),
        b"[" * (size // 2) + b"]" * (size // 2),
        f"a0: &a0 [x]\n{anchors}".encode(),
        b"name: n\nlabels:\n" + b"".join(b"  k%d: v\n" % n for n in range(size // 10)),
        b"name: n\norder: " + b"9" * size,
    )
    await together(
        ask(target, seen, "POST", "/documents", yaml, body=document)
        for _ in range(target.many(20, 1))
        for document in documents
    )


async def texts_of_a_megabyte(target: Target, seen: Seen) -> None:
    """20 templates, of each of whose texts one is nearly a megabyte long."""
    text = "t" * 900_000
    wrong: tuple[dict[str, Any], ...] = (
        {"image-name": text},
        {"command": text},
        {"redirect-uri": text},
        {"container-ip": text},
        {"environment": {"V": text}},
        {"labels": {"l": text}},
        {"allowed-groups": [text]},
        {"display-name": text},
        {"description": text},
        {"deprecated": text},
        {"replaced-by": text},
        {"overrides": {"kubespawner": {"k": text}}},
    )
    for number, members in enumerate(wrong):
        for method, path in (("POST", "/templates"), ("PATCH", "/templates/bystander-4")):
            body = {"name": f"text-{number}", "image-name": "i"} if method == "POST" else {}
            got = await write(target, seen, method, path, {**body, **members})
            if got.status in (200, 201) and "environment" not in members:
                seen.faults[f"{next(iter(members))} of 900,000 characters is taken"] += 1


async def names_that_are_deleted_again(target: Target, seen: Seen) -> None:
    """100,000 templates that are made and deleted again, as previews are."""
    count = target.many(10_000, 100)
    for turn in range(target.many(10, 2)):
        wanted = templates(count, f"preview-{turn}", labels={"preview": ""}, description="A preview of a branch")
        await apply(target, wanted, seen)
        await apply(target, [], seen, prune="preview", **{"allow-empty": True})


async def writers_at_once(target: Target, seen: Seen) -> None:
    """2,000 writers, each on a connection of its own, who write five times."""

    async def one(number: int) -> None:
        for turn in range(target.many(5, 2)):
            await write(target, seen, "PUT", f"/templates/bystander-{number % 20}", {"redirect-uri": f"/{turn}"})

    count = target.many(2000, 20)
    await together(map(one, range(count)), 500)


async def writes_of_clients_that_left(target: Target, seen: Seen) -> None:
    """1,000 writers who leave before they are answered."""

    async def one(number: int) -> None:
        with suppress(OSError):
            async with connected(target.port) as (_, writer):
                body = json.dumps({"redirect-uri": f"/{number}"}).encode()
                writer.write(request("PUT", "/templates/bystander-5", TOKEN, body=body))
                await writer.drain()
        seen.statuses["left"] += 1

    await together(map(one, range(target.many(1000, 40))))


async def an_apply_of_64_mebibytes(target: Target, seen: Seen) -> None:
    """One apply of 64 MiB, while another server writes to the same database, where there is one."""
    size = len(json.dumps(templates(1, "whole-10000", 10_000))) + 2
    wanted = templates(target.many(64 * MiB, 2**20) // size, "whole", 10_000)
    applied = asyncio.ensure_future(apply(target, wanted, seen))
    for other in target.others:
        number = 0
        while not applied.done():
            body = {"redirect-uri": f"/{number}"}
            await write(Target(other, target.short), seen, "PUT", "/templates/bystander-6", body)
            await asyncio.sleep(0.1)
            number += 1
    await applied


ABUSES = (
    Abuse(small_writes_to_a_large_template, a_megabyte),
    Abuse(an_apply_of_200_000_templates, stores=True),
    Abuse(an_apply_of_a_million_empty_templates),
    Abuse(applies_at_once),
    Abuse(documents_that_are_deep_or_wide),
    Abuse(documents_of_yaml, of_store=False),
    Abuse(texts_of_a_megabyte),
    Abuse(names_that_are_deleted_again, stores=True, deletes=True),
    Abuse(writers_at_once),
    Abuse(writes_of_clients_that_left),
)
HONEST = (Abuse(an_apply_of_64_mebibytes, honest=True, stores=True, beside=True),)
