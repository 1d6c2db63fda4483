"""A log in memory that fails when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from binder_registry.backends.memory import MemoryLog
from binder_registry.changes import Change, Head
from binder_registry.errors import StoreUnavailable


class FailingLog(MemoryLog):
    """`commits_unknown`: the next one is written, and fails all the same. `pages_fail`: the head can be read, and no
    rows can. `failure` is what is raised."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__()
        self.commits_fail = False
        self.commits_unknown = False
        self.reads_fail = False
        self.pages_fail = False
        self.failures = 0
        self._failure = failure or StoreUnavailable()

    @contextmanager
    def writing(self) -> Iterator[list[Change]]:
        with super().writing() as rows:
            yield rows
            if self.commits_fail:
                self._fail()
        if self.commits_unknown and rows:
            self.commits_unknown = False
            self._fail()

    def head(self) -> Head:
        self._check_reads()
        return super().head()

    def read(self, *bounds: int, **options: Any) -> list[Change]:
        self._check_reads()
        if self.pages_fail:
            self._fail()
        return super().read(*bounds, **options)

    def state(self, revision: int, **options: Any) -> list[Change]:
        self._check_reads()
        return super().state(revision, **options)

    def _check_reads(self) -> None:
        if self.reads_fail:
            self._fail()

    def _fail(self) -> None:
        self.failures += 1
        raise self._failure
