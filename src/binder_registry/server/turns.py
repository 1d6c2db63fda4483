"""Turns of the event loop: what many ask for at once is begun a little at a time, so that a plain read, which takes no
turn, gets in between, and so that nobody waits behind all of somebody else's.

How much is begun in one turn of the loop is found out: less as soon as the loop's thread took too long for one, with
all that came of what was begun before.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from time import thread_time

SLICE_SECONDS = 0.001  # of the processor, that one turn of the loop may take
LEAST, FIRST, MOST = 2, 8, 64  # begun in one: at least, at most before its cost is known, and at most

READ, REQUEST, PIECE, END = "read", "request", "piece", "end"
"""What is waited for: each kind, of each client, has a queue, and the queues are served in turn."""


class Turns:
    """On the event loop only."""

    def __init__(self) -> None:
        self.size = 0  # bytes of what waits: its owners count them
        self._waiting: dict[tuple[str, str], deque[Callable[[], object]]] = {}  # whose turn is next stands first
        self._most = self._room = FIRST
        self._begun: float | None = None  # the thread's time when this turn of the loop began; None: nobody counts

    def now(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it is the turn of what comes now."""
        if self._waiting or not self._room:
            return False
        self._count(loop)
        self._room -= 1
        return True

    def take_all(self) -> None:
        """What began costs as much as all that may in one turn of the loop."""
        self._room = 0

    def wait(self, loop: asyncio.AbstractEventLoop, client: str, kind: str, call: Callable[[], object]) -> None:
        """`call` it in its turn."""
        self._count(loop)
        self._waiting.setdefault((client, kind), deque()).append(call)

    async def turn(self, client: str, kind: str) -> None:
        """Returns when it is the turn of who awaits this, which is not at once: who goes on and on lets others in."""
        loop = asyncio.get_running_loop()
        come: asyncio.Future[None] = loop.create_future()
        self.wait(loop, client, kind, partial(_come, come))
        await come

    def _count(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._begun is None:
            self._begun = thread_time()
            loop.call_soon(self._next, loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._room == self._most and not self._waiting:
            self._begun = None
            self._most = self._room = min(self._most, FIRST)  # what was dear may come again
            return
        now, before = thread_time(), self._begun or 0.0
        if now - before > SLICE_SECONDS:
            self._most = max(LEAST, self._most // 2)
        elif not self._room:
            self._most = min(MOST, self._most + 1)
        self._begun, self._room = now, self._most
        loop.call_soon(self._next, loop)  # first of all: one that fails must not leave the others
        while self._waiting and self._room:
            self._room -= 1
            self._take_one()()

    def _take_one(self) -> Callable[[], object]:
        whose = next(iter(self._waiting))
        calls = self._waiting.pop(whose)
        call = calls.popleft()
        if calls:
            self._waiting[whose] = calls  # behind all others
        return call


def _come(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_result(None)
