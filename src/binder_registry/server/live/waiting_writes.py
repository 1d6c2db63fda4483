"""The writes that wait for the writer, as they came."""

import asyncio
from collections.abc import Callable, Collection
from queue import SimpleQueue
from typing import Any, TypeVar

from ...batch import Batch

ALONE: list[str] = []  # in the place of its names, for an operation that is large: a commit of its own
MAX_GROUP = 250  # writes of one commit: more would be shown in one piece, while others wait

T = TypeVar("T")
Operation = Callable[[Batch], T]
"""Writes through the store, and renders its answer, before the commit; what it raises fails it alone."""

Resolve = Callable[[Any], None]
"""Takes what the operation gave, or the `RegistryError` that it raised or met. On the loop; it must not raise."""

Waiting = tuple[Operation[Any], Collection[str], Resolve]


class WaitingWrites:
    """Put there on the loop, and taken in the writer's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._turn: list[Waiting] = []  # what came in this turn of the loop
        self._queue: SimpleQueue[list[Waiting] | None] = SimpleQueue()
        self._next: list[Waiting] = []  # what the thread took from there, and has not begun
        self._came = self._begun = 0  # each counted in one thread

    def __len__(self) -> int:
        return self._came - self._begun

    def put(self, waiting: Waiting) -> None:
        if not self._turn:
            # As one piece: the thread, woken by the first, would commit that alone while all others wait.
            self._loop.call_soon(self._hand_over)
        self._turn.append(waiting)
        self._came += 1

    def end(self) -> None:
        """There will be no more."""
        self._hand_over()
        self._queue.put(None)

    def group(self) -> list[Waiting]:
        """What waits by now; blocks for one, and gives none at the end."""
        if not self._next:
            self._next = self._queue.get() or []
        group, self._next = self._next, []
        if group:
            group += self._more(MAX_GROUP - len(group))
        most = max(1, next((at for at, (_, names, _) in enumerate(group[:MAX_GROUP]) if names is ALONE), MAX_GROUP))
        if len(group) > most:
            group, self._next = group[:most], group[most:]
        self._begun += len(group)
        return group

    def join(self, group: list[Waiting]) -> None:
        """Add what came since, up to one that does not name what it looks at."""
        room = MAX_GROUP - len(group)
        came = self._next + self._more(room - len(self._next))
        number = min(room, next((at for at, (_, names, _) in enumerate(came) if not names), room))
        group += came[:number]
        self._next = came[number:]
        self._begun += len(came) - len(self._next)

    def all(self, most: int) -> list[Waiting]:
        """What waits by now, and about so many of it at most."""
        found = self._next + self._more(most)
        self._next = []
        self._begun += len(found)
        return found

    def _hand_over(self) -> None:
        if self._turn:
            self._queue.put(self._turn)
            self._turn = []

    def _more(self, wanted: int) -> list[Waiting]:
        """What else waits, as it came; so many at least, where there are."""
        found: list[Waiting] = []
        while len(found) < wanted and not self._queue.empty():
            came = self._queue.get_nowait()
            if came is None:
                self._queue.put(None)
                break
            found += came
        return found
