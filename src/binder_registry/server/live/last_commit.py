"""What the writer knows of the log without asking it: where its own last commit led to, and what is shown.

It may be wrong by then: it is used only where the log still ends there.
"""

from ...batch import Batch
from ...changes import Change, Head, Seen
from ...registry import Registry
from .entries import Tombstone
from .present import Present

FEW = 250  # rows of a commit, at most, that are kept until the next: what they hold is in memory twice


class LastCommit:
    """Of the writer, and in its thread."""

    def __init__(self, registry: Registry, present: Present) -> None:
        self._registry, self._present = registry, present
        self._appends = registry.appends_after
        self._head: Head | None = None
        self._batch: Batch | None = None  # None where it is of no use
        self._own: dict[str, Change] = {}  # what it wrote, which may not be shown yet

    def seen(self) -> Seen | None:
        """None where the log is to be asked."""
        if self._batch is None or self._head is None or not self._is_shown(self._batch):
            return None
        return Seen(self._head, self._batch.format, self._find)

    def keep(self, batch: Batch) -> None:
        """It was committed. Where others wrote in between, they may do so again, and most of what is written without
        the lock would be written in vain."""
        alone = batch.start == self._head
        if alone and not batch.rows:
            return
        self._head = batch.head
        if (alone or not self._appends) and 0 < len(batch.rows) <= FEW:
            self._batch, self._own = batch, batch.written
        else:
            self.forget()

    def forget(self) -> None:
        self._batch, self._own = None, {}

    def _is_shown(self, batch: Batch) -> bool:
        """What was there before it, maybe a part of it, and nothing else."""
        shown, before = self._present.position, batch.start
        own = shown.revision - before.revision
        if not 0 <= own <= len(batch.rows):
            return False
        return shown.mark == (batch.rows[own - 1].mark if own else before.mark)

    def _find(self, name: str) -> Change | None:
        if own := self._own.get(name):
            return own
        state = self._present.newest(name)
        if state is None:
            return None
        if isinstance(state, Tombstone):
            return self._registry.current(name)
        return state.change
