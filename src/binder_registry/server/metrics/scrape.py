"""The metrics of a service as one text, however many ask for them."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ...errors import RegistryError
from ...token_contract import Token
from ..live.blocks import Block
from ..live.entries import Entry
from ..live.head import SharedQuestion
from . import table as t
from .exposition import rendered
from .readings import Parts, Reading, readings
from .states import States

REST_SECONDS, REST_TIMES = 0.25, 9  # between two texts, at least, and as many times what the one before took:
# some milliseconds mostly, and a tenth of a second where all is told that may be. Whoever asks meanwhile waits.
DATABASE_SECONDS = 0.25  # that a text waits for what the database says of tokens; later it tells what was said before
SOONEST = 100  # tokens, of those that end first, whose end is told


class Metrics:
    """On the event loop. One text is made at a time, for all who asked before it was begun."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._states = States()
        self._tokens: Sequence[Token] = ()
        self._asked: asyncio.Future[Sequence[Token]] | None = None
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="metrics")  # one renders, one asks about tokens
        self._texts = SharedQuestion(self._made)
        self._not_before = 0.0  # loop time

    async def text(self) -> bytes:
        """As it is after this was called."""
        return await self._texts.answer()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _made(self) -> bytes:
        loop, model = asyncio.get_running_loop(), self._parts.model
        await asyncio.sleep(self._not_before - loop.time())
        await self._ask_about_tokens()
        found, blocks = list(readings(self._parts)), model.snapshot()
        deleted, begun = len(model.entries) - len(model.living), loop.time()
        try:
            return await loop.run_in_executor(self._pool, self._rendered, found, blocks, deleted)
        finally:
            ended = loop.time()
            self._not_before = ended + max(REST_SECONDS, REST_TIMES * (ended - begun))

    async def _ask_about_tokens(self) -> None:
        """A database that does not answer holds nothing up."""
        if self._asked is None:
            tokens = self._parts.registry.tokens
            self._asked = asyncio.get_running_loop().run_in_executor(self._pool, tokens.living)
        await asyncio.wait([self._asked], timeout=DATABASE_SECONDS)
        if self._asked.done():
            asked, self._asked = self._asked, None
            if not isinstance(asked.exception(), RegistryError):
                self._tokens = asked.result()

    def _rendered(self, found: list[Reading], blocks: Sequence[Block[Entry]], deleted: int) -> bytes:
        for state, number in self._states.counted(blocks, deleted).items():
            found.append((t.TEMPLATES, (state,), number))
        found.append((t.TOKENS, (), len(self._tokens)))
        found += [(t.TOKEN_EXPIRES, (token.id,), token.expires.timestamp()) for token in self._tokens[:SOONEST]]
        return rendered(found)
