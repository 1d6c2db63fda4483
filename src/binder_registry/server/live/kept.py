"""What may be made again, kept while there is room for it: a bound in bytes, whatever the number."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

OVERHEAD = 300  # bytes that an entry takes beside its value: key, dict and tuples

V = TypeVar("V")


class Kept(Generic[V]):
    """By key. Beyond `most` bytes what was kept first goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        # A plain dict would be looked through for its first key, past all places of those that went before.
        self._values: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self.size = 0

    def get(self, key: Hashable) -> V | None:
        found = self._values.get(key)
        return found[0] if found else None

    def keep(self, key: Hashable, value: V, size: int) -> None:
        size += OVERHEAD
        if size > self._most:
            return
        if key in self._values:
            self.size -= self._values.pop(key)[1]
        self._values[key] = value, size
        self.size += size
        while self.size > self._most:
            self.size -= self._values.popitem(last=False)[1][1]

    def clear(self) -> dict[Any, Any]:
        """Gives what was kept, for others to clear away."""
        held, self._values, self.size = self._values, OrderedDict(), 0
        return held


class Recent(Kept[V]):
    """The same, from any thread, but what was asked for least recently goes first."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._lock = Lock()

    def get(self, key: Hashable) -> V | None:
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, value: V, size: int) -> None:
        with self._lock:
            super().keep(key, value, size)

    def clear(self) -> dict[Any, Any]:
        with self._lock:
            return super().clear()
