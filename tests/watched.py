"""A log that counts what is read of it while others wait for its lock."""

from typing import Any

from binder_registry.backends.memory import MemoryLog
from binder_registry.changes import Change


class WatchedLog(MemoryLog):
    def __init__(self) -> None:
        super().__init__()
        self.read_under_lock = 0

    def read(self, *bounds: int, **options: Any) -> list[Change]:
        found = super().read(*bounds, **options)
        if self._writing.locked():
            self.read_under_lock += len(found)
        return found


class LogWithoutCount(WatchedLog):
    count = None  # type: ignore[assignment]  # as one of somebody who knows the contract only
