"""Coded forms of the list: made beside everything else, one at a time."""

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from binder_registry.server.http.compression import Compressor
from binder_registry.server.live.answer import Answer

BODY = b"x" * 10_000


def answer() -> Answer:
    made = Answer(BODY, b'"1"')
    made.encodings = {}
    return made


def test_a_coding_waits_for_nobody_who_keeps_the_usual_threads_busy() -> None:
    async def scene() -> bytes:
        compressor, list_, done = Compressor(), answer(), Event()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = loop.run_in_executor(None, done.wait)
        try:
            compressor.make(list_, b"gzip")
            async with asyncio.timeout(20):
                while not list_.encodings:
                    await asyncio.sleep(0.001)
        finally:
            done.set()
            await busy
            compressor.close()
        return list_.encodings[b"gzip"].body

    assert gzip.decompress(asyncio.run(scene())) == BODY


def test_one_coding_is_made_at_a_time() -> None:
    async def scene() -> list[int]:
        compressor, lists = Compressor(), [answer(), answer()]
        for one in lists:
            compressor.make(one, b"gzip")
        async with asyncio.timeout(20):
            while not lists[0].encodings:
                await asyncio.sleep(0.001)
        compressor.close()
        return [len(one.encodings or {}) for one in lists]

    assert asyncio.run(scene()) == [1, 0]
