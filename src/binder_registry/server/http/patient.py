"""A connection among many: all that it asks for beside plain reads waits for its turn, and so do what it is still owed,
and its end."""

from collections.abc import Callable
from typing import Any, ClassVar

from ..turns import END, PIECE, REQUEST, Turns
from .fast_writes import WritingProtocol

FEW = 32  # connections, and fewer, do not wait for each other
FEW_ESCAPES = 256  # of a target: to decode many takes long
MOST_BYTES = 64 * 1024**2  # that may wait; what comes then is taken at once, and others wait for all of it


class PatientProtocol(WritingProtocol):
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
            WritingProtocol.data_received(self, data)  # `super()` is felt, too
        else:
            self.put_off(data, REQUEST)

    def may_begin(self) -> bool:
        """Whether it is its turn, where there is a crowd."""
        return self._has_turn or self.turns.size > MOST_BYTES or self._may_now()

    def _may_now(self) -> bool:
        return len(self.connections) <= FEW or self.turns.now(self.loop)

    def put_off(self, data: bytes, kind: str) -> None:
        self.idle = False
        self._late = data
        self.turns.size += len(data)
        self.turns.wait(self.loop, self.sender, kind, self._take_turn)

    def lets_others(self, rest: bytes) -> bool:
        self.put_off(rest, PIECE)
        self.flow.pause_reading()
        return True

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if len(self.connections) > FEW and self.url.count(b"%") > FEW_ESCAPES:
            self.turns.take_all()

    def in_turn(self, data: bytes) -> None:
        super().data_received(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        if self._late:
            self._end_is_late = True
            return True
        if self.may_begin():
            return super().eof_received()
        self.turns.wait(self.loop, self.sender, END, self._end)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._take_turn()
        super().connection_lost(exc)

    def wake(self, waiting: Callable[[], None]) -> None:
        if self._may_now():
            waiting()
        else:
            self.turns.wait(self.loop, self.sender, END, waiting)

    async def next_turn(self) -> None:
        if len(self.connections) <= FEW:
            await super().next_turn()
        else:
            await self.turns.turn(self.sender, PIECE)

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
        if self._end_is_late and not self._late:
            self._end_is_late = False
            self._end()

    def _end(self) -> None:
        """The client's, in its turn."""
        if not self.transport.is_closing():
            self._has_turn = True
            if not self.eof_received():
                self.transport.close()
            self._has_turn = False

    def _settle(self) -> None:
        super()._settle()
        if self._late:
            self.idle = False

    def _deadline(self) -> float:
        return float("inf") if self._late else super()._deadline()
