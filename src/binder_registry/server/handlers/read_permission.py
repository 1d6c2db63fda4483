"""Who reads the log, and whether they still may while an answer goes on."""

import asyncio

from ...errors import RegistryError
from ..service import Request

ASK_SECONDS = 5.0  # since the last time; with a heartbeat in between, each reader is asked about within 20 seconds


async def sees_by(request: Request) -> bool:
    """Whether this caller may read who wrote what: with a valid token."""
    if request.header(b"authorization") is None:
        return False
    try:
        await request.identity()
    except RegistryError:
        return False
    return True


class Reader:
    """Of an answer that goes on. `by`: whether it shows who wrote what, which only a valid token may see."""

    def __init__(self, request: Request, *, by: bool) -> None:
        self.by = by
        self._request = request
        self._loop = asyncio.get_running_loop()
        self._ask_at = self._loop.time() + ASK_SECONDS

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask again."""
        return self._loop.time() >= self._ask_at

    async def still_may(self) -> None:
        """Raises a `RegistryError` once it may not, or nobody can tell."""
        if not self.is_due:
            return
        await self._request.find_reader()
        if self.by and not self._request.service.options.protect_reads:
            await self._request.identity()
        self._ask_at = self._loop.time() + ASK_SECONDS
