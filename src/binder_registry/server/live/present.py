"""The present as one: what is shown, the ring of its newest changes, and those who wait for a revision.

Own rows are the writer's to show, all others the follower's. The writer announces its rows just before a commit, and
hands them over after it; until then the follower leaves them alone, and is not woken by each commit.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from ...changes import Change, Position
from ...errors import StoreUnavailable
from .drawn import Group
from .entries import State
from .event_ring import EventRing
from .read_model import ForkedLog, ReadModel

MANY = 500  # rows of one commit, whose rendering is not for the loop

logger = logging.getLogger(__name__)


class Present:
    """Changed on the loop only, but for what is announced: that is the writer's, and after a failure the follower's."""

    def __init__(self, model: ReadModel, ring: EventRing, hurry: Callable[[], None] = lambda: None) -> None:
        """`hurry` is told that somebody waits for what the follower is to bring."""
        self._model, self._ring, self._hurry = model, ring, hurry
        self._announced = 0  # the last revision that the writer will show itself; 0 where the follower shows all
        self._waiting: dict[asyncio.Future[None], int] = {}  # the revision of each

    @property
    def position(self) -> Position:
        return self._model.position

    # For the writer.

    def newest(self, name: str) -> State | None:
        """What is shown of it, a tombstone too. In any thread."""
        return self._model.entries.get(name)

    def announce(self, rows: Sequence[Change], mark: bytes, *, behind: int = 0) -> None:
        """These, which follow `mark`, are about to be committed, and will be handed over to `written`, together with so
        many of others that they are `behind`. In the writer's thread.

        Raises `StoreUnavailable` when the log is not the one that is shown, which will be met with soon.
        """
        shown = self.position
        if not rows:
            self.announce_nothing()
            return
        first, newest = rows[0].revision, shown.revision
        if first <= newest or (first == newest + 1 and mark != shown.mark):
            raise StoreUnavailable
        if first - behind <= self.spoken_for(shown) + 1:
            self._announced = rows[-1].revision

    def announce_nothing(self) -> None:
        """Whatever there is now, the follower is to bring. In any thread."""
        self._announced = 0

    def prepare(self, rows: Sequence[Change], *, anew: bool = False) -> None:
        """Have at hand what the channels of these show; `anew`: they are of another log than what is shown. In any
        thread, before they are shown. Raises `StoreUnavailable`."""
        if not anew and self._model.is_drawn(rows):
            return
        self._model.prepared.prepare(rows, {} if anew else self._model.entries)

    def rendered(self, rows: list[Change]) -> Group | None:
        """What `show` and `written` take in the place of many rows, which may leave the list. In the thread that has
        them to show, when all is shown that comes before."""
        if len(rows) < MANY:
            return None
        return self._model.drawn(rows, self._ring.most) or self._model.group(rows, self._ring.most)

    def written(self, rows: Sequence[Change] | Group) -> "asyncio.Future[None] | None":
        """Show what was announced, once it is durable. None when it is shown; else done when it is, by whomever. On the
        loop."""
        try:
            self.show(rows)
        except ForkedLog:
            self.announce_nothing()  # the follower will meet the fork itself, and load the other log
        last = rows.after.revision if isinstance(rows, Group) else rows[-1].revision if rows else 0
        if self._model.position.revision >= last:
            return None
        self.announce_nothing()  # another server's rows come before these: the follower brings them all
        return self.when_shown(last)

    def has_come_to(self, position: Position) -> bool:
        """Whether `position`, or what came after it, is shown. In any thread."""
        return self._model.position == position or self._model.revision > position.revision

    # For the follower.

    def spoken_for(self, position: Position) -> int:
        """The revision up to which all is shown at `position`, or will be by the writer. In the follower's thread."""
        return max(position.revision, self._announced)

    def show(self, changes: Sequence[Change] | Group) -> None:
        """On the loop. Raises `ForkedLog`."""
        if isinstance(changes, Group):
            if not self._model.apply_group(changes):
                return
            changes.gone = self._ring.take_group(changes.begins, changes.events, changes.size)
            changes.events = deque()  # they are the ring's
        elif new := self._model.apply(changes):
            self._ring.publish(new)
        else:
            return
        if self._waiting:
            self._resolve(lambda revision: revision <= self._model.revision)

    def load(self, position: Position, newest: Sequence[Change]) -> None:
        """Another log took the place of the one that was shown: all streams and all who wait end. On the loop."""
        self._model.load(position, newest)
        self._ring.reset(position)
        self._resolve(lambda revision: True, StoreUnavailable())
        logger.critical("the log was read anew: it is at %s, with %d templates", position, len(self._model.living))

    # For those who wait.

    def when_shown(self, revision: int) -> "asyncio.Future[None]":
        """Done when `revision` is shown; fails with `StoreUnavailable` when another log is. On the loop."""
        shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._model.revision >= revision:
            shown.set_result(None)
        else:
            self._waiting[shown] = revision
            shown.add_done_callback(self._forget)
            self._hurry()
        return shown

    @property
    def waiting(self) -> int:
        """How many wait for a revision."""
        return len(self._waiting)

    def _resolve(self, settled: Callable[[int], bool], failure: Exception | None = None) -> None:
        for shown, revision in list(self._waiting.items()):
            if shown.done() or not settled(revision):
                continue
            if failure:
                shown.set_exception(failure)
            else:
                shown.set_result(None)

    def _forget(self, shown: "asyncio.Future[None]") -> None:
        """It is answered, or who waited for it is gone."""
        self._waiting.pop(shown, None)
