"""Keeps the present in step with the log, whoever writes to it: wait, read what is new, show it, and again.

The server's own writes are shown sooner, by the writer; the follower then has nothing left to do.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from time import monotonic

from ...errors import StoreUnavailable
from ...jitter import spread
from ...registry import Registry
from .drawn import Group
from .present import MANY, Present
from .read_model import ForkedLog

PAUSE_SECONDS = 0.005  # after a commit of our own
MANY_PAUSE_SECONDS = 0.05  # while one of many rows is rendered
WAIT_SECONDS = 1.0  # of one wait: how soon closing is noticed
PAGE = 20_000  # rows of one read, at most; mostly its bytes end it
BACKOFF_SECONDS = (0.1, 2.0)  # after the first failure, and at most

logger = logging.getLogger(__name__)


class Follower:
    """Shows on the loop, as `present` does, what is not the writer's to show."""

    def __init__(self, registry: Registry, present: Present) -> None:
        self.down = False
        self.failed = 0  # attempts to follow
        self.head = present.position.revision  # of the log, as far as is known here
        self.in_step_at = monotonic()  # when all that was known of the log was shown
        self._registry, self._present = registry, present
        self._loop = asyncio.get_running_loop()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Blocks for at most one wait. Called in a thread: the loop still has to run what is on its way to it."""
        self._closing.set()
        self._registry.wake()
        self._thread.join()

    def _run(self) -> None:
        delay, most = BACKOFF_SECONDS
        step = self._follow
        while not self._closing.is_set():
            try:
                step()
                step, self.down, delay = self._follow, False, BACKOFF_SECONDS[0]
            except ForkedLog:
                logger.critical(
                    "the log is not the one that was followed up to %s: reading it anew, from its start",
                    self._present.position,
                )
                step = self._reload
            except Exception as error:
                if not isinstance(error, StoreUnavailable):
                    logger.exception("the log cannot be followed")
                self.down = True
                self.failed += 1
                self._closing.wait(spread(delay))
                delay = min(2 * delay, most)

    def _follow(self) -> None:
        before = self._present.position
        head = self._registry.wait_beyond(self._spoken_for, WAIT_SECONDS)
        if head.revision < before.revision or (head.revision == before.revision and head != before):
            raise ForkedLog  # the log lost what is shown here, or has something else in its place
        self.head, position = head.revision, self._present.position
        if head.revision <= self._present.spoken_for(position):
            # Nothing is new, or the writer is about to show it: its commits are not to wake this thread one by one.
            self.in_step_at = monotonic()
            self._closing.wait(PAUSE_SECONDS)
            return
        if self._present.spoken_for(position) - position.revision >= MANY:
            # Others wrote behind many rows that the writer is about to show at once: in pages these would take longer.
            self._closing.wait(MANY_PAUSE_SECONDS)
            return
        changes = self._registry.rows(position.revision, head.revision, limit=PAGE)
        if changes:
            self._present.prepare(changes)
            shown = self._present.rendered(changes) or changes
            self._on_loop(lambda: self._present.show(shown))
            if isinstance(shown, Group):
                shown.let_go()

    def _spoken_for(self) -> int:
        """What needs no waking; at the end, everything does."""
        return -1 if self._closing.is_set() else self._present.spoken_for(self._present.position)

    def _reload(self) -> None:
        self._present.announce_nothing()
        position, newest = self._registry.state()
        self._present.prepare(newest, anew=True)
        self._on_loop(lambda: self._present.load(position, newest))

    def _on_loop(self, call: Callable[[], None]) -> None:
        async def run() -> None:
            call()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()
