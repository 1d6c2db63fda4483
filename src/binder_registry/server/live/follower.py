"""Keeps a read model in step with its log, whoever writes to it: wait, read what is new, show it, and again.

The server's own writes reach the read model sooner, from the writer; the follower then has nothing left to do.
"""

import asyncio
import logging
import random
import threading
from collections.abc import Callable, Sequence

from ...changes import Change, Position, next_mark
from ...errors import StoreUnavailable
from ...log_store import LogStore
from .read_model import ForkedLog, ReadModel

CATCH_UP_SECONDS = 0.01  # between two looks, when the writer has to be brought in step after a failure
PAUSE_SECONDS = 0.005  # after a commit of our own
WAIT_SECONDS = 1.0  # of one wait: how soon closing is noticed
PAGE = 5000  # rows of one read
BACKOFF_SECONDS = (0.1, 2.0)  # after the first failure, and at most

logger = logging.getLogger(__name__)


class Follower:
    """`show(changes)` and `load(position, newest)` are called on the loop; `show` may raise `ForkedLog`."""

    def __init__(
        self,
        store: LogStore,
        model: ReadModel,
        *,
        show: Callable[[Sequence[Change]], None],
        load: Callable[[Position, Sequence[Change]], None],
    ) -> None:
        self.down = False
        self._store, self._model, self._show, self._load = store, model, show, load
        self._loop = asyncio.get_running_loop()
        self._expected = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Blocks for at most one wait. Called in a thread: the loop still has to run what is on its way to it."""
        self._closing.set()
        self._thread.join()

    def expect(self, rows: Sequence[Change]) -> None:
        """The writer is about to commit these, and will show them itself; none after a failure.

        Raises `StoreUnavailable` when the log is not the one that is shown, which will be met with soon.
        """
        shown = self._model.position
        if not rows:
            self._expected = 0
        elif rows[0].revision <= shown.revision or (
            rows[0].revision == shown.revision + 1 and next_mark(shown.mark, rows[0]) != rows[0].mark
        ):
            raise StoreUnavailable
        elif rows[0].revision in (self._model.revision + 1, self._expected + 1):
            self._expected = rows[-1].revision

    def catch_up(self, position: Position) -> None:
        """Block the writer's thread until the read model shows `position`, or what came after it."""
        while self._model.position != position and self._model.revision <= position.revision:
            if self._closing.wait(CATCH_UP_SECONDS):
                return

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
                    self._model.position,
                )
                step = self._reload
            except Exception as error:
                if not isinstance(error, StoreUnavailable):
                    logger.exception("the log cannot be followed")
                self.down = True
                self._closing.wait(delay * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret
                delay = min(2 * delay, most)

    def _follow(self) -> None:
        before = self._model.position
        head = self._store.log.wait(max(before.revision, self._expected), WAIT_SECONDS).position
        if head.revision < before.revision or (head.revision == before.revision and head != before):
            raise ForkedLog  # the log lost what is shown here, or has something else in its place
        position = self._model.position
        if head.revision <= max(position.revision, self._expected):
            # Nothing is new, or the writer is about to show it: its commits are not to wake this thread one by one.
            self._closing.wait(PAUSE_SECONDS)
            return
        changes = self._store.log.read(position.revision, head.revision, limit=PAGE)
        if changes:
            self._on_loop(lambda: self._show(changes))

    def _reload(self) -> None:
        self._expected = 0
        position, newest = read_state(self._store)
        self._on_loop(lambda: self._load(position, newest))

    def _on_loop(self, call: Callable[[], None]) -> None:
        async def run() -> None:
            call()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()


def read_state(store: LogStore) -> tuple[Position, list[Change]]:
    """The head, and the newest change of every name as of it, tombstones too, by name."""
    while True:
        head = store.log.head()
        newest: list[Change] = []
        while page := store.log.state(head.revision, after=newest[-1].name if newest else "", limit=PAGE, deleted=True):
            newest += page
        if all(change.content is not None for change in newest):  # else one was replaced and purged meanwhile
            return head.position, newest
