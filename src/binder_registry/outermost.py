"""The block of a store's writes that has the log: what is in it is one commit."""

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime

from .appending import Appending, Behind
from .batch import Batch
from .changes import Change, Seen
from .clock import Warnings
from .log_contract import Log, appends_after, format_kept, writes_behind
from .token_book import TokenBook


class Writes:
    """What the blocks of one store have in common."""

    def __init__(self, log: Log, tokens: TokenBook | None, now: Callable[[], datetime], logger: logging.Logger) -> None:
        self.tokens, self.now = tokens, now
        self.local = threading.local()  # `batch`: what this thread is in
        self.warnings = Warnings(logger, log)
        self.is_newer = False  # an action was seen that a newer release added

    def look_at(self, changes: Iterable[Change]) -> None:
        """Where a newer release did what is not known here, nothing is written any more."""
        self.is_newer = self.is_newer or any(type(change.action) is str for change in changes)


class Outermost:
    """The batch that this thread is in, until the end. A class, since a write that comes alone has one of its own: a
    generator would take longer than its rules."""

    __slots__ = ("_batch", "_lock", "_log", "_rows", "_seen", "_writes")

    def __init__(self, writes: Writes, log: Log, seen: Seen | None, lock: bool) -> None:
        self._writes, self._log, self._seen, self._lock = writes, log, seen, lock
        self._rows: AbstractContextManager[list[Change]]

    def __enter__(self) -> Batch:
        writes, log, seen = self._writes, self._log, self._seen
        locked = seen is None or self._lock or not appends_after(log)
        behind = Behind(log, seen.head) if seen and self._lock and writes_behind(log) else None
        if seen and not locked:
            self._rows = Appending(log, seen.head)
        else:
            self._rows = behind or log.writing()
        rows = self._rows.__enter__()
        try:
            if seen and self._lock:
                others = behind.others if behind else []
                writes.look_at(others)
                seen = seen.followed_by(others, log.head(), format_kept(log))
            writes.local.batch = self._batch = batch = Batch(log, rows, writes.now, seen, locked=locked)
            if writes.is_newer:
                batch.refuse()
        except BaseException as error:
            self._undo(error)
            raise
        return batch

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            self._undo(error)
            return
        writes, batch = self._writes, self._batch
        try:
            batch.finish()
            if batch.behind:
                writes.warnings.look(batch.head.time, batch.behind)
        except BaseException as failure:
            self._undo(failure)
            raise
        writes.local.batch = None
        self._rows.__exit__(None, None, None)
        if batch.tokens and writes.tokens is not None:
            writes.tokens.take(batch.tokens)

    def _undo(self, error: BaseException) -> None:
        self._writes.local.batch = None
        self._rows.__exit__(type(error), error, error.__traceback__)
