"""Wrong tokens, counted by the address that they come from.

They are looked at all the same: to look up a key, a token of ours, or one that was good before takes microseconds, and
whoever has a right one is let in, whoever else sits behind the same address. What an address that sent too many has to
wait for is its next question to somebody else, such as a hub, about a token that was never good.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from ...errors import RegistryError
from ..limits import Limits
from ..rates import Rate
from ..shares import NOBODY, Share

DEBT_SECONDS = 60.0  # after which nothing is left of what was sent beyond the limit
REST_SECONDS = 0.1  # from the end of one question of an address that sent too many to its next one


class FailedTokens:
    """On the event loop only. A client without an address is not counted: it may be everybody."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = monotonic) -> None:
        most, burst = limits.failed_tokens_per_minute, limits.failed_tokens_burst
        self._rate = Rate("failed-tokens-per-minute", most, burst, DEBT_SECONDS, clock=clock)
        self._lines: dict[str, asyncio.Lock] = {}  # of clients that have too many
        # With the one that is asked about, and the rest after it. Those that wait take no place of others.
        self._waiting = Share("unknown-tokens", 0, limits.unknown_tokens_per_client)

    def renew(self, limits: Limits) -> None:
        self._rate.renew(limits.failed_tokens_per_minute, limits.failed_tokens_burst)

    def refusal(self, client: str, error: RegistryError) -> RegistryError:
        """What a wrong token is answered with: `error`, where there is room. It counts, also where there is none."""
        if client == NOBODY:
            return error
        wait = self._rate.take(client)
        if wait:
            self._rate.add(client, 1)
        return self._rate.refusal("wrong tokens from your address", wait) if wait else error

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """To ask about a token that was never good: at once, or after the others of its address. Raises
        `TooManyRequests` where too many of these wait."""
        if not self._rate.is_full(client):
            yield
            return
        self._waiting.take(client)
        line = self._lines.setdefault(client, asyncio.Lock())
        try:
            await line.acquire()
        except BaseException:
            self._leave(client)
            raise
        try:
            yield
        finally:
            asyncio.get_running_loop().call_later(REST_SECONDS, self._next, client)

    def _next(self, client: str) -> None:
        self._lines[client].release()
        self._leave(client)

    def _leave(self, client: str) -> None:
        self._waiting.give_back(client)
        if not self._waiting.held(client):
            del self._lines[client]
