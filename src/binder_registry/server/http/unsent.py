"""Large answers that their readers have not taken: what they hold of memory, for each client and altogether.

Connections hold references: what many readers are sent of one body is counted once.
"""

from ..limits import Limits

LARGE = 64 * 1024  # bytes; what is less is not counted, nor refused


class Held:
    """Bodies by identity, with how many connections hold each."""

    def __init__(self) -> None:
        self.size = 0
        self._counts: dict[int, tuple[bytes, int]] = {}

    def would_be(self, body: bytes) -> int:
        return self.size if id(body) in self._counts else self.size + len(body)

    def add(self, body: bytes) -> None:
        self.size = self.would_be(body)
        self._counts[id(body)] = body, self._counts.get(id(body), (body, 0))[1] + 1

    def remove(self, body: bytes) -> None:
        count = self._counts[id(body)][1] - 1
        if count:
            self._counts[id(body)] = body, count
        else:
            del self._counts[id(body)]
            self.size -= len(body)


class Unsent:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = Held()
        self._of: dict[bytes, Held] = {}  # by client

    @property
    def size(self) -> int:
        return self._all.size

    def room(self, client: bytes, body: bytes) -> bool:
        """Whether it may be sent. One alone is never too large."""
        return len(body) < LARGE or not self._all.size or not self.limit_reached(client, body)

    def limit_reached(self, client: bytes, body: bytes) -> str:
        if self._all.would_be(body) > self._limits.unsent_bytes:
            return "unsent-bytes"
        of = self._of.get(client)
        over = of is not None and of.would_be(body) > self._limits.unsent_client_bytes
        return "unsent-client-bytes" if over else ""

    def hold(self, client: bytes, body: bytes) -> None:
        self._all.add(body)
        self._of.setdefault(client, Held()).add(body)

    def release(self, client: bytes, body: bytes) -> None:
        self._all.remove(body)
        of = self._of[client]
        of.remove(body)
        if not of.size:
            del self._of[client]
