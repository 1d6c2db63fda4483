"""What SQLite's driver raises, as what a store raises."""

import logging
import sqlite3
from pathlib import Path

from ..errors import StoreUnavailable
from .sqlite_file import refusal

logger = logging.getLogger(__name__)


class Failures:
    """A block, within which the driver's errors are logged and become `StoreUnavailable`. For any number of threads,
    and a class: each commit goes through several, and a generator takes ten times as long."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            self.meet(error)

    def meet(self, error: BaseException) -> None:
        """Raises `StoreUnavailable` if it is the driver's."""
        if isinstance(error, (sqlite3.Error, OSError)):
            logger.error("%s: %s: %s", self._path, type(error).__name__, refusal(error))
            raise StoreUnavailable from error
