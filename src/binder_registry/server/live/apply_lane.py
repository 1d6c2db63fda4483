"""Where applies are read, planned and answered: in a thread of their own, one after the other, before any lock.

What takes seconds there holds up neither queries nor other writes, and only one body at a time is taken apart.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from ...errors import TooBusy
from ...interpreter import no_collection

T = TypeVar("T")


class ApplyLane:
    """`most_bytes` is how much may wait, with the one that is under way. Used on the loop."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="applies")

    @asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """Wait for it, with a body of `size` bytes. Raises `TooBusy`; one alone is never too large."""
        if self._bytes and self._bytes + size > self._most_bytes:
            message = "Too many applies wait for the one before already: nothing was written; try again"
            raise TooBusy(message, reason="waiting-apply-bytes")
        self._bytes += size
        try:
            async with self._turn:
                yield
        finally:
            self._bytes -= size

    async def run(self, call: Callable[[], T]) -> T:
        """In the lane's thread, in one's turn."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _without_a_look, call)

    def start(self, call: Callable[[], object]) -> None:
        """The same, and nobody waits for it; not once the lane is closed."""
        with suppress(RuntimeError):
            self._thread.submit(call)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


@no_collection()
def _without_a_look(call: Callable[[], T]) -> T:
    return call()
