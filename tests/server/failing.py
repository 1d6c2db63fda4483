"""A log in memory that fails when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from binder_registry.backends.memory import MemoryLog
from binder_registry.changes import Change, Head
from binder_registry.errors import StoreUnavailable


class FailingLog(MemoryLog):
    """`commits_fail`: nothing is written. `commits_unknown`: the next one is written, and fails all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.commits_fail = False
        self.commits_unknown = False
        self.reads_fail = False

    @contextmanager
    def writing(self) -> Iterator[list[Change]]:
        with super().writing() as rows:
            yield rows
            if self.commits_fail:
                raise StoreUnavailable
        if self.commits_unknown and rows:
            self.commits_unknown = False
            raise StoreUnavailable

    def head(self) -> Head:
        self._readable()
        return super().head()

    def read(self, *bounds: int, **options: Any) -> list[Change]:
        self._readable()
        return super().read(*bounds, **options)

    def state(self, revision: int, **options: Any) -> list[Change]:
        self._readable()
        return super().state(revision, **options)

    def _readable(self) -> None:
        if self.reads_fail:
            raise StoreUnavailable
