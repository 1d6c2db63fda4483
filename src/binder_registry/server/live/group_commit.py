"""The one thread that writes: whatever writes are waiting go into one commit, each failing or succeeding on its own."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Collection
from functools import partial
from itertools import chain
from operator import itemgetter
from time import monotonic, perf_counter
from typing import Any, TypeVar

from ...appending import LogMoved
from ...batch import Batch
from ...changes import Change, Position, Seen
from ...errors import RegistryError, StoreUnavailable, TooBusy, UnexpectedError
from ...interpreter import let_go_later
from ...jitter import spread
from ...registry import Registry
from .commits import Commits
from .drawn import Group
from .last_commit import LastCommit
from .present import MANY, Present
from .waiting_writes import Operation, Resolve, Waiting, WaitingWrites

ANSWERS = 32  # in one turn of the loop
BACKOFF_SECONDS = (0.05, 2.0)  # after the first failure, and at most
SHOW_SECONDS = 5.0  # in which the follower shows something of what others wrote before us; else our answer is "unknown"
CATCH_UP_SECONDS = 0.01  # between two looks whether what a failed commit may have written is shown

T = TypeVar("T")
_names_of, _resolve_of = itemgetter(1), itemgetter(2)
logger = logging.getLogger(__name__)


class GroupCommit:
    """Announces to `present` what it is about to commit, and hands it over afterwards, on the loop."""

    def __init__(self, registry: Registry, present: Present, *, most_waiting: int) -> None:
        self.down = False  # the last commit failed, and the log was not seen to take writes since
        self.unanswered = 0
        self.commits = Commits()
        self._most_waiting = most_waiting
        self._registry, self._present = registry, present
        self._last = LastCommit(registry, present)
        self._loop = asyncio.get_running_loop()
        self._waiting = WaitingWrites(self._loop)
        self._closed = False
        self._closing = threading.Event()  # the same, for the thread to wait for
        self._answers: deque[tuple[Resolve, Any]] = deque()  # with what each is to be given
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def submit(self, operation: Operation[T], names: Collection[str]) -> T:
        """The operation's answer, once its commit is durable and shown; `names` are the templates it will look at.

        Raises what the operation raised, `TooBusy` before anything was done, or `StoreUnavailable` when the commit
        failed: its outcome is unknown then.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        self.put(operation, names, partial(_settle, answer))
        return await answer  # a client that goes away cancels this, and not its write, which may be half done

    def put(self, operation: Operation[Any], names: Collection[str], resolve: Resolve) -> None:
        """The same, without a future. Raises `StoreUnavailable` or `TooBusy` when it cannot be taken."""
        if self.down or self._closed:
            raise StoreUnavailable
        if len(self._waiting) >= self._most_waiting:
            limit = "waiting-writes"
            raise TooBusy(f"This server is at its limit {limit}: nothing was written; try again", reason=limit)
        self._waiting.put((operation, names, resolve))
        self.unanswered += 1

    async def close(self) -> None:
        """Finishes what waits."""
        self._closed = True
        self._closing.set()
        self._waiting.end()
        await asyncio.to_thread(self._thread.join)
        while self._answers:
            await asyncio.sleep(0)

    def _run(self) -> None:
        while group := self._waiting.group():
            self._commit(group)

    def _commit(self, group: list[Waiting]) -> None:
        begun = perf_counter()
        try:
            batch, outcomes = self._written(group)
        except Exception as error:
            if not isinstance(error, StoreUnavailable):
                logger.exception("a commit failed")
            self.commits.failed += 1
            self._last.forget()
            self._fail(group)
            return
        self._last.keep(batch)
        rows = batch.rows
        self.commits.add(len(group), rows, perf_counter() - begun)
        if batch.others and rows:
            rows = [*batch.others, *rows]
        many = len(rows) >= MANY
        if many:
            self._turn_of_loop()  # what was committed before is shown
        shown = self._present.rendered(rows) or rows
        self._loop.call_soon_threadsafe(self._finish, group, outcomes, shown)
        if many:
            let_go_later(batch.written, rows if shown is not rows else [])  # the next write is not to wait for it
            self._turn_of_loop()  # so that what was shown before is cleared away in this thread
            if isinstance(shown, Group):
                shown.let_go()

    def _written(self, group: list[Waiting]) -> tuple[Batch, list[Any]]:
        """And durable, with the outcomes. Without the lock where that may do, else, and where it did not, with it."""
        # An operation that names nothing, as an apply, is large: done once only, and of what it looks at all is asked.
        if not all(map(_names_of, group)):
            return self._attempts(group)
        if seen := self._last.seen():
            try:
                return self._attempts(group, seen)
            except LogMoved:
                self._present.announce_nothing()
        return self._attempts(group, self._last.shown(), lock=True)

    def _attempts(
        self, group: list[Waiting], seen: Seen | None = None, *, lock: bool = False
    ) -> tuple[Batch, list[Any]]:
        with self._registry.atomic(seen, lock=lock) as batch:
            if lock and seen:
                self._waiting.join(group)  # others may have written for long
            batch.look_up(chain.from_iterable(map(_names_of, group)))
            outcomes = self._outcomes(group, batch)
            if len(batch.rows) >= MANY:
                self._await_others(batch.rows[0].revision - 1)
            self._present.prepare([*batch.others, *batch.rows])
            try:
                self._present.announce(batch.rows, batch.start.mark, behind=len(batch.others))
            except StoreUnavailable:
                if not batch.locked:  # what others wrote meanwhile is shown already
                    raise LogMoved from None
                raise
        return batch, outcomes

    def _await_others(self, revision: int) -> None:
        """What others wrote before many rows is to be shown first: else the follower had to bring these too, in pages.
        It does not take long, and nobody else can write more meanwhile."""
        until = monotonic() + SHOW_SECONDS
        while self._present.position.revision < revision and monotonic() < until:
            if self._closing.wait(CATCH_UP_SECONDS):
                return

    def _turn_of_loop(self) -> None:
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result()

    def _outcomes(self, group: list[Waiting], batch: Batch) -> list[Any]:
        """What each operation gave, or the error that failed it alone."""
        outcomes: list[Any] = []
        rows, tokens = batch.rows, batch.tokens
        for operation, _, _ in group:
            length = len(rows), len(tokens)
            try:
                outcomes.append(operation(batch))
            except RegistryError as error:
                batch.cut_back(length)
                outcomes.append(error.with_traceback(None))  # its frames know the outcomes: garbage to be looked for
            except Exception:
                batch.cut_back(length)
                logger.exception("a write failed")
                outcomes.append(UnexpectedError())
        return outcomes

    def _finish(self, group: list[Waiting], outcomes: list[Any], rows: list[Change] | Group) -> None:
        shown = self._present.written(rows)
        if shown is None:
            self._answer(group, outcomes)
            return

        def answer(shown: "asyncio.Future[None]") -> None:
            if shown.exception():
                self._refuse(group)
            else:
                self._answer(group, outcomes)

        shown.add_done_callback(answer)
        self._loop.call_later(SHOW_SECONDS, self._look_after, shown, self._present.position)

    def _look_after(self, shown: "asyncio.Future[None]", before: Position) -> None:
        if shown.done():
            return
        position = self._present.position
        if position != before:  # there may be much of it
            self._loop.call_later(SHOW_SECONDS, self._look_after, shown, position)
            return
        logger.error("a commit is not shown: what others wrote before it cannot be read")
        shown.set_exception(StoreUnavailable())

    def _refuse(self, group: list[Waiting]) -> None:
        self._answer(group, [StoreUnavailable()] * len(group))

    def _answer(self, group: list[Waiting], outcomes: list[Any]) -> None:
        if not self._answers and len(group) <= ANSWERS:
            self.unanswered -= len(group)
            for (_, _, resolve), outcome in zip(group, outcomes, strict=True):
                resolve(outcome)
            return
        being_given = bool(self._answers)
        self._answers.extend(zip(map(_resolve_of, group), outcomes, strict=True))
        if not being_given:
            self._give_answers()

    def _give_answers(self) -> None:
        """Some, and the others in the next turns of the loop: reads get in between."""
        answers = self._answers
        number = min(ANSWERS, len(answers))
        self.unanswered -= number
        for _ in range(number):
            resolve, outcome = answers.popleft()
            resolve(outcome)
        if answers:
            self._loop.call_soon(self._give_answers)

    def _fail(self, group: list[Waiting]) -> None:
        """Answer the group, and all that come meanwhile, then get in step with the log again before the next one."""
        self._present.announce_nothing()
        self.down = True
        delay, most = BACKOFF_SECONDS
        while True:
            more = self._waiting.all(self._most_waiting)
            self._loop.call_soon_threadsafe(self._refuse, group + more)
            if self._closing.wait(spread(delay)):
                return
            try:
                head = self._registry.head()
                while not self._present.has_come_to(head):
                    if self._closing.wait(CATCH_UP_SECONDS):
                        return
                self._registry.try_to_write()
            except Exception as error:
                if not isinstance(error, StoreUnavailable):
                    logger.exception("the log cannot be read")
                group, delay = [], min(2 * delay, most)
            else:
                self.down = False
                return


def _settle(answer: "asyncio.Future[Any]", outcome: Any) -> None:
    if answer.done():
        return
    if isinstance(outcome, RegistryError):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
