"""One question, shared by all who ask it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedQuestion(Generic[T]):
    """One is under way at most, and one more waits for all who came since.

    What an answer shows may be older than whoever came after its question began: these get the next one.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._asked = False
        self._next: asyncio.Future[T] | None = None

    async def answer(self) -> T:
        """Of a question that begins after this was called. Raises what it does. On the loop."""
        return await asyncio.shield(self.shared())

    def shared(self) -> "asyncio.Future[T]":
        """The same, for all who come now: it is not to be cancelled."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            if not self._asked:
                self._asked = True
                asyncio.get_running_loop().call_soon(self._begin)  # also for those who come in this turn of the loop
        return self._next

    def _begin(self) -> None:
        self._asked = self._next is not None
        if self._next is None:
            return
        self._begun, self._next = self._next, None
        self._begun.add_done_callback(_seen)
        asyncio.ensure_future(self._ask()).add_done_callback(self._end)

    def _end(self, ended: "asyncio.Future[T]") -> None:
        if ended.cancelled():
            self._begun.cancel()
        elif error := ended.exception():
            self._begun.set_exception(error)
        else:
            self._begun.set_result(ended.result())
        self._begin()


def _seen(answer: "asyncio.Future[T]") -> None:
    """All who waited may be gone: a failure is then nobody's."""
    if not answer.cancelled():
        answer.exception()
