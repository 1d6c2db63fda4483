"""Those who wait for a commit in this process, and are woken by no other than the one that they wait for."""

import threading
import time
from collections.abc import Callable

from ..changes import Head

Known = Callable[[], int]  # the newest revision that one who waits knows by now


class Waiting:
    """`head` gives the newest there is."""

    def __init__(self, head: Callable[[], Head]) -> None:
        self._head = head
        self._lock = threading.Lock()  # taken as such by each commit: the condition's own methods are not in C
        self._told = threading.Condition(self._lock)
        self._known: list[Known] = []

    def wait(self, known: Known, timeout: float, look_after: float) -> Head:
        """Blocks until there is more than is `known`, or for `timeout` seconds; gives the head either way. Where nobody
        tells, it looks `look_after` seconds."""
        until = time.monotonic() + timeout
        with self._told:
            self._known.append(known)
            try:
                while (head := self._head()).revision <= known() and (left := until - time.monotonic()) > 0:
                    self._told.wait(min(left, look_after))
            finally:
                self._known.remove(known)
        return head

    def tell(self, head: Head | None = None) -> bool:
        """That it ends there now; None where that is not known, and all are to look. Whether anybody was woken."""
        with self._lock:
            for known in self._known:
                if head is None or head.revision > known():
                    self._told.notify_all()
                    return True
        return False
