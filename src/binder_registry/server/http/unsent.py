"""Large answers that their readers have not taken: what they hold of memory, for each client and altogether.

Connections hold references: what many readers are sent of one body, or of two that share parts, is counted once.
"""

import socket
from collections.abc import Sequence
from contextlib import suppress

from ..limits import Limits
from ..live.pieces import Body, Part

LARGE = 64 * 1024  # bytes; what is less is not counted, nor refused
UNSENT = 256 * 1024  # bytes of an answer that the system takes ahead; with half, lists cost a third more


def _parts(body: Body) -> Sequence[Part]:
    return (body,) if isinstance(body, bytes) else body.large


class Held:
    """Bodies, and parts of them, by identity, with how many connections hold each."""

    def __init__(self) -> None:
        self.size = 0
        self._counts: dict[int, tuple[Part, int]] = {}

    def would_be(self, body: Body) -> int:
        return self.size + sum(len(part) for part in _parts(body) if id(part) not in self._counts)

    def add(self, body: Body) -> None:
        for part in _parts(body):
            _, count = self._counts.get(id(part), (part, 0))
            self._counts[id(part)] = part, count + 1
            if not count:
                self.size += len(part)

    def remove(self, body: Body) -> None:
        for part in _parts(body):
            count = self._counts[id(part)][1] - 1
            if count:
                self._counts[id(part)] = part, count
            else:
                del self._counts[id(part)]
                self.size -= len(part)


class Unsent:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = Held()
        self._of: dict[bytes, Held] = {}  # by client

    @property
    def size(self) -> int:
        return self._all.size

    def room(self, client: bytes, body: Body) -> bool:
        """Whether it may be sent. One alone is never too large."""
        return len(body) < LARGE or not self._all.size or not self.limit_reached(client, body)

    def limit_reached(self, client: bytes, body: Body) -> str:
        if self._all.would_be(body) > self._limits.unsent_bytes:
            return "unsent-bytes"
        of = self._of.get(client)
        over = of is not None and of.would_be(body) > self._limits.unsent_client_bytes
        return "unsent-client-bytes" if over else ""

    def hold(self, client: bytes, body: Body) -> None:
        self._all.add(body)
        self._of.setdefault(client, Held()).add(body)

    def release(self, client: bytes, body: Body) -> None:
        self._all.remove(body)
        of = self._of[client]
        of.remove(body)
        if not of.size:
            del self._of[client]


def keep_little(listener: socket.socket) -> None:
    """Of what a reader does not take the system would keep some megabytes, for each of the listener's connections."""
    with suppress(OSError, AttributeError):  # a system that has no such thing
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
