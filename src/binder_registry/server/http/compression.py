"""Compressed forms of the list: made once per revision, in a thread; until one is ready the plain form is served."""

import asyncio
import gzip
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..live.answer import VARIES, Answer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SMALLEST = 1024  # bytes; less is not worth a coding
_CODERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"zstd": lambda body: zstd.compress(body, level=3),
    b"gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
_ZERO = re.compile(rb";\s*q\s*=\s*0(\.0*)?\s*$")


def wanted_coding(accept_encoding: bytes) -> bytes:
    """The first of our codings that the client takes, or none."""
    taken = {part.partition(b";")[0].strip().lower() for part in accept_encoding.split(b",") if not _ZERO.search(part)}
    return next((coding for coding in _CODERS if coding in taken), b"")


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
    return [answer.etag, *(_tag(answer, coding) for coding in _CODERS)]


class Compressor:
    """At most one coding of one answer is being made at a time, in a thread of its own: who asks meanwhile is sent the
    answer as it is."""

    def __init__(self) -> None:
        self._making: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="compression")

    def make(self, answer: Answer, coding: bytes) -> None:
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._encode(answer, coding))

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _encode(self, answer: Answer, coding: bytes) -> None:
        assert answer.encodings is not None
        body = await asyncio.get_running_loop().run_in_executor(self._thread, _CODERS[coding], answer.body)
        answer.encodings[coding] = Answer(body, _tag(answer, coding), ((b"content-encoding", coding), VARIES))


def _tag(answer: Answer, coding: bytes) -> bytes:
    return b'%b-%b"' % (answer.etag[:-1], coding)
