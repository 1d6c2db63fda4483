"""A log in memory: the shortest backend, and 2015's `InMemoryStore`."""

import threading
from bisect import bisect_right, insort
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from secrets import token_bytes

from msgspec.structs import replace

from ..changes import MARK_BYTES, Action, Change, Head
from ..clock import utc_now
from ..errors import DatabaseRefused
from ..log_contract import LARGEST, bounded, within
from ..log_store import LogStore
from ..token_contract import AuditEntry, Token


class MemoryLog:
    def __init__(self, origin: bytes = b"") -> None:
        self._origin = origin or token_bytes(MARK_BYTES)
        self._changes: list[Change] = []  # revision n at n - 1
        self._names: list[str] = []  # sorted
        self._revisions: dict[str, list[int]] = {}  # of each name, ascending
        self._blanked: list[int] = []
        self._format = self._raised = 1
        self._tokens: dict[str, Token] = {}
        self._given = set[str]()  # ids and names of tokens
        self._audit: list[AuditEntry] = []
        self._token_changes: list[tuple[Token | None, AuditEntry]] = []
        self._forgotten: list[str] = []
        self._uses: dict[str, datetime] = {}
        self._writing = threading.Lock()
        self._state = threading.Condition()

    def __str__(self) -> str:
        return "memory:"

    def origin(self) -> bytes:
        return self._origin

    def head(self) -> Head:
        with self._state:
            if not self._changes:
                return Head(0, self._origin)
            newest = self._changes[-1]
            return Head(newest.revision, newest.mark, newest.time)

    def current(self, name: str) -> Change | None:
        with self._state:
            return self._changes[self._revisions[name][-1] - 1] if name in self._revisions else None

    def read(
        self,
        since: int,
        until: int,
        *,
        name: str | None = None,
        newest_first: bool = False,
        limit: int = 1000,
        most_bytes: int = LARGEST,
    ) -> list[Change]:
        limit = bounded(limit)
        with self._state:
            revisions: Sequence[int] = range(max(since, 0) + 1, min(until, len(self._changes)) + 1)
            if name is not None:
                known = self._revisions.get(name, [])
                revisions = known[bisect_right(known, since) : bisect_right(known, until)]
            chosen = revisions[::-1][:limit] if newest_first else revisions[:limit]
            return within((self._changes[revision - 1] for revision in chosen), most_bytes)

    def count(self, name: str, since: int, until: int, actions: Collection[Action]) -> int:
        with self._state:
            known = self._revisions.get(name, [])
            chosen = known[bisect_right(known, since) : bisect_right(known, until)]
        return sum(self._changes[revision - 1].action in actions for revision in chosen)  # which stays as it is

    def read_each(self, revisions: Collection[int], *, most_bytes: int = LARGEST) -> list[Change]:
        with self._state:
            last = len(self._changes)
            chosen = (revision for revision in sorted(set(revisions)) if 0 < revision <= last)
            return within((self._changes[revision - 1] for revision in chosen), most_bytes)

    def state(
        self, revision: int, *, after: str = "", limit: int = 1000, deleted: bool = False, most_bytes: int = LARGEST
    ) -> list[Change]:
        with self._state:
            found: list[Change] = []
            for name in self._names[bisect_right(self._names, after) :]:
                if len(found) >= limit or most_bytes <= 0:
                    break
                if past := bisect_right(self._revisions[name], revision):
                    change = self._changes[self._revisions[name][past - 1] - 1]
                    if deleted or not change.deleted:
                        found.append(change)
                        most_bytes -= len(change.content or b"")
            return found

    def wait(self, since: int, timeout: float) -> Head:
        return self.wait_beyond(lambda: since, timeout)

    def wait_beyond(self, known: Callable[[], int], timeout: float) -> Head:
        with self._state:
            self._state.wait_for(lambda: len(self._changes) > known(), timeout)
        return self.head()

    def wake(self) -> None:
        with self._state:
            self._state.notify_all()

    def known_head(self) -> Head:
        return self.head()

    @contextmanager
    def writing(self) -> Iterator[list[Change]]:
        with self._writing:
            rows: list[Change] = []
            self._blanked, self._raised = [], self._format
            self._token_changes, self._uses, self._forgotten = [], {}, []
            yield rows
            with self._state:
                self._format = self._raised
                for revision in self._blanked:
                    self._changes[revision - 1] = replace(self._changes[revision - 1], content=None)
                for row in rows:
                    if row.name not in self._revisions:
                        insort(self._names, row.name)
                    self._changes.append(row)
                    self._revisions.setdefault(row.name, []).append(row.revision)
                for token, entry in self._token_changes:
                    self._audit.append(entry)
                    one = token or entry
                    self._given |= {one.id, one.name}
                    if token:
                        self._tokens[token.id] = token
                    else:
                        self._tokens.pop(entry.id, None)
                for identifier in self._forgotten:
                    self._tokens.pop(identifier, None)
                for identifier in self._uses.keys() & self._tokens.keys():
                    self._tokens[identifier] = replace(self._tokens[identifier], used=self._uses[identifier])
                self._state.notify_all()

    def blank(self, revision: int) -> None:
        self._blanked.append(revision)

    def format(self) -> int:
        return self._format

    def raise_format(self, number: int) -> None:
        self._raised = max(self._raised, number)

    def tokens(self, since: int = 0) -> tuple[int, list[Token]]:
        with self._state:
            return len(self._audit), [token for token in self._tokens.values() if token.number > since]

    def when_used(self, identifiers: Collection[str]) -> dict[str, datetime]:
        with self._state:
            found = [self._tokens[identifier] for identifier in identifiers if identifier in self._tokens]
            return {token.id: token.used for token in found if token.used}

    def given(self, texts: Collection[str]) -> set[str]:
        with self._state:
            return self._given & {*texts}

    def audit(self, since: int, *, limit: int) -> list[AuditEntry]:
        with self._state:
            return self._audit[bounded(since) :][: bounded(limit)]

    def write_tokens(self, changes: Sequence[tuple[Token | None, AuditEntry]]) -> None:
        self._token_changes += changes

    def forget_tokens(self, identifiers: Collection[str]) -> None:
        self._forgotten += identifiers

    def write_uses(self, uses: Mapping[str, datetime]) -> None:
        self._uses |= uses

    def adopt(self, origin: bytes) -> None:
        """For a copy: see `copying.Target`."""
        with self._writing:
            if self._changes:
                raise DatabaseRefused("this log holds a registry already")
            self._origin = origin

    def close(self) -> None:
        pass


class InMemoryStore(LogStore):
    """2015's store: nothing outlives the process."""

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(MemoryLog(), now=now)
