"""`--strong-reads` at nearly the speed of plain ones: a request waits here, as the bytes that it is, until what the
database held after it came is shown; then the fast path answers it.

What is not a lone request on an idle connection takes the ordinary path, which asks for itself; so does what waited in
vain, and it is told why there.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from ..live.read_model import ReadModel
from ..turns import READ
from .fast_path import LONGEST
from .patient import PatientProtocol

AT_ONCE = 32  # answered in one turn of the loop; of more each client's take turns


def strong_protocol(
    protocol: type[PatientProtocol],
    model: ReadModel,
    shows_head: Callable[[], bool],
    head_shown: Callable[[], "asyncio.Future[None]"],
) -> type[PatientProtocol]:
    """`protocol`, which answers from what is shown, made to wait for `head_shown`, which many share, unless it is known
    by `shows_head` that there is no more."""

    def shows_present(data: bytes) -> bool:
        target = data[4 : data.find(b" HTTP/1.")]
        return target in model.answers and target != index

    index = f"{model.prefix}/".encode()  # which tells nothing of the present
    asked: dict[asyncio.Future[None], list[Any]] = {}  # connections that wait for each

    def answer(shown: "asyncio.Future[None]") -> None:
        waiting, loop, turns = asked.pop(shown), shown.get_loop(), protocol.turns
        if len(waiting) <= AT_ONCE:
            for each in waiting:
                each.go_on(shown)
            return
        for each in waiting:
            turns.wait(loop, each.whose, READ, partial(each.go_on, shown))

    class StrongProtocol(protocol):  # type: ignore[valid-type,misc]
        waits = b""  # what came, and waits

        def data_received(self, data: bytes) -> None:
            if self.waits:
                self.waits += data
                self.flow.pause_reading()
            elif self.idle and len(data) <= LONGEST and data[:5] == b"GET /" and shows_present(data):
                if not shows_head():
                    self.waits = data
                    shown = head_shown()
                    if shown not in asked:
                        asked[shown] = []
                        shown.add_done_callback(answer)
                    asked[shown].append(self)
                elif self._may_now():
                    super().data_received(data)
                else:
                    self.waits = data
                    protocol.turns.wait(self.loop, self.whose, READ, self.go_on)
            else:
                PatientProtocol.data_received(self, data)

        def go_on(self, shown: "asyncio.Future[None] | None" = None) -> None:
            """None: what the database holds was shown when the request came."""
            data, self.waits = self.waits, b""
            if not data or self.transport.is_closing():
                return
            self.flow.resume_reading()
            if (shown and (shown.cancelled() or shown.exception())) or not self.idle:
                PatientProtocol.data_received(self, data)
            else:
                super().data_received(data)

        def eof_received(self) -> bool:
            answers: bool = super().eof_received()
            return answers or bool(self.waits)

        def shutdown(self) -> None:
            if self.waits:
                data, self.waits = self.waits, b""
                PatientProtocol.data_received(self, data)
            super().shutdown()

        def _expire(self) -> None:
            if not self.waits:  # else it is we who are slow
                super()._expire()

    return StrongProtocol
