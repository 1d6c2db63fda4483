"""Compressed forms of large answers, made of their parts in a thread: what did not change was coded before."""

import asyncio
import os
import re
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

from ..live.answer import VARIES, Answer, CodedAnswer
from ..live.blocks import Block
from ..live.kept import Recent
from ..live.pieces import Part, Pieces, body_of
from ..live.runs import Run
from .codings import CODINGS, Coded

SMALLEST = 1024  # bytes; less is not worth a coding
WAIT_SECONDS = 5.0  # for a coded form; then the plain one is sent
NICENESS = 10  # of the thread: whoever is answered meanwhile comes first
AT_ONCE = 32  # parts, between two pauses: without them the thread would take the interpreter again before the loop
PAUSE_SECONDS = 0.0001
_ZERO = re.compile(rb";\s*q\s*=\s*0(\.0*)?\s*$")


def wanted_coding(accept_encoding: bytes, among: Iterable[bytes] = CODINGS) -> bytes:
    """The first of these that the client takes, or none."""
    taken = {part.partition(b";")[0].strip().lower() for part in accept_encoding.split(b",") if not _ZERO.search(part)}
    return next((coding for coding in among if coding in taken), b"")


def negotiated(answer: Answer, accept_encoding: bytes) -> Answer | None:
    """The form of `answer` for this client; None when it should be made first."""
    if answer.encodings is None or len(answer.body) < SMALLEST:
        return answer
    coding = wanted_coding(accept_encoding)
    return answer.encodings.get(coding) if coding else answer


def tags(answer: Answer) -> list[bytes]:
    """The ETags of all forms of `answer`: a client may hold any."""
    if answer.encodings is None:
        return [answer.etag]
    return [answer.etag, *(_tag(answer, coding) for coding in CODINGS)]


class Compressor:
    """One form is made at a time, in the order in which they are asked for."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="compression", initializer=_step_back)

    async def form(self, answer: CodedAnswer, coding: bytes) -> Answer | None:
        """None when it takes too long; what is coded by then is kept."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS), self._turn:
                if coding not in answer.encodings:
                    body = body_of(await self._made(answer.pieces, coding, None))
                    more = ((b"content-encoding", coding), VARIES)
                    answer.encodings[coding] = Answer(body, _tag(answer, coding), more)
        return answer.encodings.get(coding)

    async def coded(self, pieces: Pieces, coding: bytes, kept: Recent[Any]) -> Pieces | None:
        """Of what is for one caller; what its runs become is kept there. None as above."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS), self._turn:
                return await self._made(pieces, coding, kept)
        return None

    def close(self) -> None:
        self._closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _made(self, pieces: Pieces, coding: bytes, kept: Recent[Any] | None) -> Pieces:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._coded, pieces, coding, kept)

    def _coded(self, pieces: Pieces, coding: bytes, kept: Recent[Any] | None) -> Pieces:
        parts: list[Coded] = []
        for part in pieces.parts:
            if len(parts) % AT_ONCE == 0:
                if self._closed:
                    raise TimeoutError
                time.sleep(PAUSE_SECONDS)
            parts.append(_coded(part, coding) if kept is None else _coded_run(part, coding, kept))
        return CODINGS[coding].whole(parts)


def _coded(part: Part, coding: bytes) -> Coded:
    if not isinstance(part, Block):
        return _always_coded(bytes(part), coding)
    found: Coded | None = part.coded.get(coding)
    if found is None:
        found = part.coded[coding] = CODINGS[coding].part(part.rendered())
    return found


def _coded_run(part: Part, coding: bytes, kept: Recent[Any]) -> Coded:
    if not isinstance(part, Run):
        return _always_coded(b",", coding) if part == b"," else CODINGS[coding].part(bytes(part))
    key = coding, part.digest
    found: Coded | None = kept.get(key)
    if found is None:
        found = CODINGS[coding].part(bytes(part))
        kept.keep(key, found, len(found.data))
    return found


@cache
def _always_coded(punctuation: bytes, coding: bytes) -> Coded:
    return CODINGS[coding].part(punctuation)


def _step_back() -> None:
    if sys.platform == "linux":  # where a thread has a priority of its own
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _tag(answer: Answer, coding: bytes) -> bytes:
    return b'%b-%b"' % (answer.etag[:-1], coding)
