"""Who reads the log, and whether they still may while an answer goes on."""

from ...errors import RegistryError
from ..service import Request


async def sees_by(request: Request, *, anew: bool = False) -> bool:
    """Whether this caller may read who wrote what: with a valid token."""
    if not request.brings_token:
        return False
    try:
        await request.identity(anew=anew)
    except RegistryError:
        return False
    return True


class Reader:
    """Of an answer that goes on. `by`: whether it shows who wrote what, which only a valid token may see."""

    def __init__(self, request: Request, *, by: bool) -> None:
        self.by = by
        self._request = request
        self._ring = request.service.ring
        self._asked_at = -1  # the heartbeat since which nobody has to be asked

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask: at the beginning, and at each heartbeat."""
        return self._ring.beats != self._asked_at

    async def still_may(self) -> None:
        """Raises a `RegistryError` once it may not, or nobody can tell."""
        self._asked_at = self._ring.beats
        await self._request.find_reader(anew=True)
        if self.by and not self._request.service.options.protect_reads:
            await self._request.identity(anew=True)
