"""Coded forms of the list: made beside everything else, one at a time, and waited for."""

import asyncio
import gzip
import hashlib
import random
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx2
import pytest
import requests

from binder_registry import InMemoryStore, Template
from binder_registry.server.http import compression
from binder_registry.server.http.codings import CODINGS
from binder_registry.server.http.compression import Compressor
from binder_registry.server.live.answer import Answer, CodedAnswer
from binder_registry.server.live.kept import Recent
from binder_registry.server.live.pieces import SLICE, Pieces
from binder_registry.server.live.runs import Piece, shown_of

from .asking import application, listening

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor
else:
    from backports.zstd import ZstdDecompressor

BODY = b"x" * 10_000


def answer(number: int = 1) -> CodedAnswer:
    return CodedAnswer(Pieces([BODY]), b'"%d"' % number)


def test_a_coding_waits_for_nobody_who_keeps_the_usual_threads_busy() -> None:
    async def scene() -> Answer | None:
        compressor, done = Compressor(), Event()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = loop.run_in_executor(None, done.wait)
        try:
            return await compressor.form(answer(), b"gzip")
        finally:
            done.set()
            await busy
            compressor.close()

    form = asyncio.run(scene())

    assert form
    assert gzip.decompress(bytes(form.body)) == BODY


def test_all_who_ask_for_a_form_get_the_same() -> None:
    async def scene() -> list[Answer | None]:
        compressor, list_ = Compressor(), answer()
        try:
            return await asyncio.gather(*(compressor.form(list_, b"gzip") for _ in range(3)))
        finally:
            compressor.close()

    first, *others = asyncio.run(scene())

    assert first
    assert all(other is first for other in others)


def test_a_form_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> Answer | None:
        compressor, done = Compressor(), Event()
        compressor._thread.submit(done.wait)
        try:
            return await compressor.form(answer(), b"gzip")
        finally:
            done.set()
            compressor.close()

    monkeypatch.setattr(compression, "WAIT_SECONDS", 0.01)

    assert asyncio.run(scene()) is None


@pytest.mark.parametrize("coding", CODINGS)
def test_what_was_coded_for_one_is_used_for_all_who_are_shown_the_same(coding: bytes) -> None:
    shown, kept = shown_of((Piece.of(b"%d" % number * 3000), True) for number in range(30)), Recent[Any](10**6)

    async def scene() -> list[Pieces | None]:
        compressor = Compressor()
        try:
            first = await compressor.coded(shown.between(b"one", b"]"), coding, kept)
            for run in shown.runs:
                run.texts = []  # of which nothing is needed any more
            return [first, await compressor.coded(shown.between(b"other", b"]"), coding, kept)]
        finally:
            compressor.close()

    expected = bytes(shown.between(b"", b"]"))
    decoded = [decompressed(coding, bytes(coded or b"")) for coded in asyncio.run(scene())]

    assert decoded == [b"one" + expected, b"other" + expected]


def decompressed(coding: bytes, body: bytes) -> bytes:
    return (zlib.decompressobj(31) if coding == b"gzip" else ZstdDecompressor()).decompress(body)


def text(pick: random.Random) -> bytes:
    """What tempts a coder to refer to what was before: runs, and short periods from the start."""
    return pick.choice(
        (
            b",",
            bytes([pick.choice(b"ab")]) * pick.randrange(1, 3000),
            pick.randbytes(pick.choice((4, 8))) * pick.randrange(1, 900),
            pick.randbytes(pick.randrange(1, 200_000)),
            b",".join(b'{"name":"t-%05d","image":"%d"}' % (number, pick.randrange(10)) for number in range(2000)),
        )
    )


@pytest.mark.parametrize("coding", CODINGS)
def test_parts_that_were_coded_alone_are_one_stream_in_any_order(coding: bytes) -> None:
    pick = random.Random(3)
    parts = [(plain, CODINGS[coding].part(plain)) for plain in (text(pick) for _ in range(30))]

    for _ in range(10):
        chosen = pick.choices(parts, k=12)
        whole = bytes(CODINGS[coding].whole([part for _, part in chosen]))

        decoder = zlib.decompressobj(31) if coding == b"gzip" else ZstdDecompressor()
        assert decoder.decompress(whole) == b"".join(plain for plain, _ in chosen)
        assert decoder.eof
        assert decoder.unused_data == b""


@pytest.fixture(scope="module")
def listed() -> Iterator[tuple[str, bytes]]:
    """Where a long list is, and its bytes."""
    store = InMemoryStore()
    for number in range(1500):
        digest = hashlib.sha256(b"%d" % number).hexdigest()
        store.register_template(Template(f"t{number}", f"quay.io/{digest}", description="x" * (number % 300)))
    with listening(application(store)) as port:
        url = f"http://127.0.0.1:{port}/templates"
        yield url, httpx2.get(url, headers={"Accept-Encoding": "identity"}).content


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_libraries_read_a_long_coded_list(listed: tuple[str, bytes], coding: str) -> None:
    url, plain = listed
    headers = {"Accept-Encoding": coding}

    first, second = httpx2.get(url, headers=headers), requests.get(url, headers=headers, timeout=20)

    assert len(plain) > SLICE
    assert first.headers["content-encoding"] == second.headers["content-encoding"] == coding
    assert [first.content == plain, second.content == plain] == [True, True]


@pytest.mark.parametrize(
    "command",
    [
        ["curl", "--silent", "--compressed"],
        ["node", "-e", "fetch(process.argv[1]).then(r => r.text()).then(text => process.stdout.write(text))"],
    ],
    ids=lambda command: command[0],
)
def test_programs_read_a_long_coded_list(listed: tuple[str, bytes], command: list[str]) -> None:
    url, plain = listed
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")

    read = subprocess.run([*command, url], capture_output=True, timeout=20)

    assert read.stdout == plain


@pytest.mark.parametrize("coding", CODINGS)
def test_the_first_answer_after_a_change_is_coded(coding: bytes) -> None:
    """It was waited for."""
    store = InMemoryStore()
    for number in range(20):
        store.register_template(Template(f"t{number}", "i", description="x" * 100))

    with listening(application(store)) as port:
        answer = httpx2.get(f"http://127.0.0.1:{port}/templates", headers={"Accept-Encoding": coding.decode()})

    assert answer.headers["content-encoding"] == coding.decode()
    assert len(answer.json()) == 20
