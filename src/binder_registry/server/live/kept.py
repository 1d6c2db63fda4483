"""What may be made again, kept while there is room for it: a bound in bytes, whatever the number."""

from collections.abc import Hashable
from typing import Generic, TypeVar

OVERHEAD = 300  # bytes that an entry takes beside its value: key, dict and tuples

V = TypeVar("V")


class Kept(Generic[V]):
    """By key. Beyond `most` bytes what was kept first goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[Hashable, tuple[V, int]] = {}
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
            self.size -= self._values.pop(next(iter(self._values)))[1]

    def clear(self) -> None:
        self._values.clear()
        self.size = 0
