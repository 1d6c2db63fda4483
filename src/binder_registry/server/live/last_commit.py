"""What the writer knows of the log without asking it: where its own last commit led to, and what is shown.

It may be wrong by then: it is used only where the log still ends there, or with what others wrote since.
"""

from ...batch import Batch
from ...changes import Change, Head, Position, Seen, next_mark
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
        self._format = 0  # of the log; 0 where it is not to be written to without a question
        self._rows: list[Change] = []  # what may not be shown yet: its own, and those of others that it found before
        self._newest: dict[str, Change] = {}  # of these

    def seen(self) -> Seen | None:
        """None where the log is to be asked."""
        if not self._format or self._head is None or not self._ends_what_is_shown(self._present.position):
            return None
        return Seen(self._head, self._format, self._find, self._asks if self._appends else None)

    def shown(self) -> Seen | None:
        """For a log that tells, when it is locked, what others wrote since; None for another one."""
        if not self._appends:
            return None
        position = self._present.position
        if self._head is not None and self._ends_what_is_shown(position):
            return Seen(self._head, 0, self._find, self._asks)
        return Seen(Head(position.revision, position.mark), 0, self._find_shown, self._is_tombstone)

    def keep(self, batch: Batch) -> None:
        """It was committed. Where others wrote in between, they may do so again, and most of what is written without
        the lock would be written in vain."""
        alone = batch.start == self._head
        if alone and not batch.rows:
            return
        others = batch.others
        self._head = batch.head
        if 0 < len(batch.rows) <= FEW:
            self._rows = [*others, *batch.rows] if others else batch.rows
            self._newest = {row.name: row for row in others} | batch.written if others else batch.written
            self._format = batch.format if alone or not self._appends else 0
        else:
            self.forget()

    def forget(self) -> None:
        self._rows, self._newest, self._format = [], {}, 0

    def _ends_what_is_shown(self, shown: Position) -> bool:
        """Whether what is shown is what was there before these rows, maybe a part of them, and nothing else."""
        rows = self._rows
        if not rows or not 0 <= (own := shown.revision + 1 - rows[0].revision) <= len(rows):
            return False
        return rows[own - 1].mark == shown.mark if own else next_mark(shown.mark, rows[0]) == rows[0].mark

    def _find(self, name: str) -> Change | None:
        return self._newest.get(name) or self._find_shown(name)

    def _asks(self, name: str) -> bool:
        return name not in self._newest and self._is_tombstone(name)

    def _is_tombstone(self, name: str) -> bool:
        return isinstance(self._present.newest(name), Tombstone)

    def _find_shown(self, name: str) -> Change | None:
        state = self._present.newest(name)
        if state is None:
            return None
        if isinstance(state, Tombstone):
            return self._registry.current(name)
        return state.change
