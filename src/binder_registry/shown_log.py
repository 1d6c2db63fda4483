"""What a server asks of a registry to show its log and to keep up with it: no scope is asked for."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime

from .batch import Batch
from .changes import PAGE_BYTES, Change, Newest, Position, Seen
from .errors import StoreUnavailable
from .log_contract import appends_after, known_head, wait_beyond, wake
from .log_store import LogStore

LIVE = b'{"status": "Binder Registry Live!"}\n'


class ShownLog:
    def __init__(self, store: LogStore) -> None:
        self.store = store

    def __str__(self) -> str:
        """Where it is kept."""
        return str(self.store.log)

    def index(self) -> bytes:
        """2015's literal answer to `GET /`, which is open to all."""
        return LIVE

    def rows(self, since: int, until: int, *, limit: int = 1000, most_bytes: int = PAGE_BYTES) -> list[Change]:
        """Committed changes with `since < revision <= until`, without a look at whether these are known."""
        return self.store.looked_at(self.store.log.read(since, until, limit=limit, most_bytes=most_bytes))

    def content_of(self, revision: int) -> bytes:
        """Of a committed change. Raises `StoreUnavailable` where the log does not have it any more: it was purged, or
        another log took the place of this one, which is met with soon."""
        rows = self.rows(revision - 1, revision)
        if not rows or rows[0].content is None:
            raise StoreUnavailable
        return rows[0].content

    def head(self) -> Position:
        return self.store.head()

    def known_head(self) -> Position | None:
        """The same from memory, at once; None where the log is to be asked."""
        known = known_head(self.store.log)
        return known.position if known else None

    def changed_at(self) -> datetime | None:
        """When the newest change was written; None while there is none."""
        return self.store.log.head().time

    def wait(self, since: int, timeout: float) -> Position:
        """Blocks until there is a revision after `since`, or for `timeout` seconds; gives the newest position."""
        return self.store.wait(since, timeout)

    def wait_beyond(self, known: Callable[[], int], timeout: float) -> Position:
        """The same for a revision after what is `known` by then, where the log can tell: see `WaitsBeyond`."""
        return wait_beyond(self.store.log, known, timeout).position

    def wake(self) -> None:
        """Who waits so is to look at once, where the log can tell them."""
        wake(self.store.log)

    def state(self) -> tuple[Position, list[Change]]:
        """The newest position, and the newest change of every name as of it, by name; tombstones without content."""
        return self.store.state()

    def present(self) -> tuple[Position, Iterable[Newest]]:
        """The same, as a server reads it at its start: see `LogStore.present`."""
        return self.store.present()

    def atomic(self, seen: Seen | None = None, *, lock: bool = False) -> AbstractContextManager[Batch]:
        """For writes of one commit: see `LogStore.atomic`."""
        return self.store.atomic(seen, lock=lock)

    def current(self, name: str) -> Change | None:
        """The newest committed change of a name, a tombstone too."""
        return self.store.log.current(name)

    @property
    def appends_after(self) -> bool:
        """Whether `atomic` takes what was seen."""
        return appends_after(self.store.log)

    def try_to_write(self) -> None:
        """Takes the write lock, and lets it go. Raises `StoreUnavailable` while the log takes no writes."""
        with self.store.log.writing():
            pass
