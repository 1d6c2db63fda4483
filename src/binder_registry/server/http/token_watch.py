"""Ends what goes on for the holder of a token that ends, soon after it has."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import RegistryError
from .identities import Identities

LOOK_SECONDS = 0.1  # between two looks, while somebody is watched


class TokenWatch:
    """On the event loop. One look at each token, however many answers go on for its holder."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._ends: dict[str, list[Callable[[], None]]] = {}  # by the token
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def watched(self, token: str, end: Callable[[], None]) -> Iterator[None]:
        """Calls `end`, once, when the token is good no longer, or nobody can tell."""
        ends = self._ends.setdefault(token, [])
        ends.append(end)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            if end in ends:
                ends.remove(end)
            if not ends and self._ends.get(token) is ends:
                del self._ends[token]

    async def _look(self) -> None:
        while self._ends:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.gather(*map(self._look_at, list(self._ends)))

    async def _look_at(self, token: str) -> None:
        try:
            await self._identities.of(token)
        except RegistryError:
            for end in self._ends.pop(token, ()):
                end()
