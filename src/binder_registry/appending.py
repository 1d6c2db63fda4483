"""Writes to a log whose lock is far away: without it, or with what others wrote in one step."""

from contextlib import AbstractContextManager
from typing import Any

from .changes import Change, Head
from .log_contract import Log


class LogMoved(Exception):
    """The log does not end as it was thought to, or what was written needs its lock: nothing was written."""


class Appending:
    """A block as `writing()` gives, for a log that `appends_after`. Raises `LogMoved`."""

    __slots__ = ("_head", "_log", "_rows")

    def __init__(self, log: Log, head: Head) -> None:
        self._log, self._head = log, head
        self._rows: list[Change] = []

    def __enter__(self) -> list[Change]:
        return self._rows

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is None and not self._log.append_after(self._head, self._rows):  # type: ignore[attr-defined]
            raise LogMoved


class Behind:
    """A block as `writing()` gives, for a log that `writes_behind`; `others` is what came after `head`."""

    __slots__ = ("_block", "others")

    def __init__(self, log: Log, head: Head) -> None:
        self._block: AbstractContextManager[tuple[list[Change], list[Change]]]
        self._block = log.writing_behind(head.revision)  # type: ignore[attr-defined]
        self.others: list[Change] = []

    def __enter__(self) -> list[Change]:
        rows, self.others = self._block.__enter__()
        return rows

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._block.__exit__(kind, error, traceback)
