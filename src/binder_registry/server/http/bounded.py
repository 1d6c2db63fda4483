"""The protocol within the limits of all connections: a place for each, and room for what is received over it."""

from typing import Any, ClassVar

from ...errors import TooBusy
from ..shares import NOBODY, client_of
from .crowd import Crowd
from .deadlines import BODY, HEAD
from .protocol import SLICE_BYTES, SafeProtocol
from .uvicorn_parts import RequestResponseCycle

LINGERING = 64  # refused connections that are kept until their answer has surely arrived


class BoundedProtocol(SafeProtocol):
    crowd: ClassVar[Crowd]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.whose = NOBODY  # who has the connection
        self.sender = NOBODY  # who sent what is received over it: another one, where it is a proxy's
        self._inside = False  # has a place in the crowd
        self._turned_away = False
        self._lost = False
        self._holds = 0  # bytes received for requests that are not done with
        self._answering = 0  # requests that the application is not done with, also when nobody waits for them any more

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.whose = self.sender = self.place()
        try:
            self.crowd.enter(self.whose, self.connections, self._now())  # type: ignore[arg-type]
        except TooBusy as error:
            self._turn_away(error)
        else:
            self._inside = True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._leave()
        self._lost = True
        self.crowd.turned_away -= self._turned_away
        self._release_if_over()

    def data_received(self, data: bytes) -> None:
        if self.refusal:  # or `_lingers`: nothing more is looked at
            return
        if not self._passes_over():
            try:
                self.crowd.received.take(self.sender, len(data))
            except TooBusy as error:
                self.idle = False
                self._held = b""
                self._refuse(error)
                self._release_if_over()
                return
            self._holds += len(data)
        super().data_received(data)

    def _passes_over(self) -> bool:
        """Whether a body comes that was answered already."""
        return self._lingers or (self._stage == BODY and self.cycle.response_complete)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering += 1
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        waits = len(self._held) + self._silence + (len(self.cycle.body) + SLICE_BYTES if self.pipeline else 0)
        self._release(max(0, self._holds - waits))
        super().on_response_complete()

    def answer_ended(self) -> None:
        self._answering -= 1
        self._release_if_over()

    def _release_if_over(self) -> None:
        """Nothing more is done with what was received: others wait for its room."""
        if (self._lost or self.refusal) and not self._answering:
            self._release(self._holds)

    def _release(self, amount: int) -> None:
        if amount:
            self._holds -= amount
            self.crowd.received.give_back(self.sender, amount)

    def sent_by(self, sender: str) -> None:
        """What was received, and what is from now on, is this one's."""
        if self._holds and sender != self.sender:
            self.crowd.received.pass_on(self.sender, sender, self._holds)
        self.sender = sender

    # Places.

    def place(self) -> str:
        """Who has a share of the connections."""
        return client_of(self.client[0]) if self.client else NOBODY

    def owes_nothing(self) -> bool:
        """Whether it may be closed for others: it has a place, and no request to its end."""
        return self._inside and (self.idle or (self._stage == HEAD and self._answered() and not self.refusal))

    def make_room(self) -> None:
        self._leave()
        self.transport.abort()

    def _leave(self) -> None:
        if self._inside:
            self._inside = False
            self.crowd.connections.give_back(self.whose)

    def _turn_away(self, error: TooBusy) -> None:
        self._turned_away = True
        self.crowd.turned_away += 1
        self._refuse(error)
        if self.crowd.turned_away > LINGERING:
            self.transport.close()
