"""The block of a store's writes that has the log: what is in it is one commit."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from .batch import Batch
from .changes import Seen
from .clock import Warnings
from .log_contract import Appending, Log, appends_after
from .token_book import TokenBook


class Writes:
    """What the blocks of one store have in common."""

    def __init__(self, log: Log, tokens: TokenBook | None, now: Callable[[], datetime], logger: logging.Logger) -> None:
        self.tokens, self.now = tokens, now
        self.local = threading.local()  # `batch`: what this thread is in
        self.warnings = Warnings(logger, log)
        self.is_newer = False  # an action was seen that a newer release added


class Outermost:
    """The batch that this thread is in, until the end. A class, since a write that comes alone has one of its own: a
    generator would take longer than its rules."""

    __slots__ = ("_batch", "_log", "_rows", "_seen", "_writes")

    def __init__(self, writes: Writes, log: Log, seen: Seen | None) -> None:
        self._writes, self._log, self._seen = writes, log, seen

    def __enter__(self) -> Batch:
        writes, log, seen = self._writes, self._log, self._seen
        locked = seen is None or not appends_after(log)
        self._rows = log.writing() if seen is None or locked else Appending(log, seen.head)
        rows = self._rows.__enter__()
        try:
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
