"""A crowd takes turns: what many connections ask for at once is begun in slices of the loop's time, so that a plain
read gets in between, however many came before it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, ClassVar

from .fast_writes import WritingProtocol

SLICE_SECONDS = 0.001  # of one turn of the loop
FEW = 32  # connections, and fewer, do not wait for each other
MOST_BYTES = 16 * 1024**2  # that may wait; what comes then is taken at once


class Turns:
    """On the event loop only. In the order in which they come."""

    def __init__(self) -> None:
        self.size = 0  # bytes that wait
        self._waiting: deque[Callable[[], object]] = deque()
        self._until = 0.0  # when this slice ends; 0 where none has begun

    def now(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it is the turn of what comes now."""
        if self._waiting:
            return False
        if not self._until:
            self._until = perf_counter() + SLICE_SECONDS
            loop.call_soon(self._next, loop)
            return True
        return perf_counter() < self._until

    def wait(self, call: Callable[[], object]) -> None:
        """`call` it in its turn: where `now` was False, so that there is a next one."""
        self._waiting.append(call)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        until, waiting = perf_counter() + SLICE_SECONDS, self._waiting
        while waiting:
            waiting.popleft()()
            if perf_counter() >= until:
                break
        self._until = until if waiting else 0.0
        if waiting:
            loop.call_soon(self._next, loop)


class PatientProtocol(WritingProtocol):
    """Waits for its turn with all that is no plain read, or a read of much."""

    turns: ClassVar[Turns]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._late = b""  # came, and waits for its turn
        self._has_turn = False
        self._end_is_late = False  # and so does the end of what the client sends

    def data_received(self, data: bytes) -> None:
        if self._late:
            self._late += data
            self.turns.size += len(data)
            self.flow.pause_reading()
        elif len(self.connections) <= FEW or self.may_begin():  # the first is the usual case, without a call
            super().data_received(data)
        else:
            self.put_off(data)

    def may_begin(self) -> bool:
        """Whether it is its turn, where there is a crowd."""
        return (
            len(self.connections) <= FEW or self._has_turn or self.turns.size > MOST_BYTES or self.turns.now(self.loop)
        )

    def put_off(self, data: bytes) -> None:
        self.idle = False
        self._late = data
        self.turns.size += len(data)
        self.turns.wait(self._take_turn)

    def in_turn(self, data: bytes) -> None:
        super().data_received(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        if self._late:
            self._end_is_late = True
            return True
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._take_turn()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self._take_turn()
        super().shutdown()

    def _take_turn(self) -> None:
        if not self._late:  # its turn came before
            return
        data, self._late = self._late, b""
        self.turns.size -= len(data)
        self._settle()
        if not self.transport.is_closing():
            self.flow.resume_reading()
        self._has_turn = True
        self.in_turn(data)
        self._has_turn = False
        if self._end_is_late:
            self._end_is_late = False
            if not super().eof_received():
                self.transport.close()

    def _settle(self) -> None:
        super()._settle()
        if self._late:
            self.idle = False

    def _deadline(self) -> float:
        return float("inf") if self._late else super()._deadline()
