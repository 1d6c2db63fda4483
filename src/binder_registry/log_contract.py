"""The contract of a backend: an append-only list of changes. `LogConformance` holds it."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import Protocol, runtime_checkable

from msgspec.structs import replace

from .changes import PAGE, PAGE_BYTES, Action, Change, Head, Newest, Position

STATE_PAGE = 5000  # rows of one read, where the whole state is read
MANY = 2000  # rows of one commit that others are told of
LARGEST = 2**63 - 1  # what the integers of a database hold


def bounded(number: int) -> int:
    """For a backend: the bounds of a read may be any integers, and no revision lies beyond these."""
    return max(0, min(number, LARGEST))


def within(changes: Iterable[Change], most_bytes: int) -> list[Change]:
    """For a backend: these, up to and with the one with which their contents have so many bytes."""
    found: list[Change] = []
    for change in changes:
        found.append(change)
        if change.content is not None:
            most_bytes -= len(change.content)
        if most_bytes <= 0:
            break
    return found


class Log(Protocol):
    """All methods may be called from any thread, and raise `StoreUnavailable` when the backend fails.

    Reads see committed rows only, and give lists: an open cursor would hold the backend's old state alive. One ends
    with the row with which the contents that it gives have `most_bytes`, and holds not much more than these.
    """

    def origin(self) -> bytes:
        """The mark before revision 1, drawn at random when the log was created."""
        ...

    def head(self) -> Head: ...

    def current(self, name: str) -> Change | None:
        """The newest change of `name`, also when it is a tombstone."""
        ...

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
        """Changes with `since < revision <= until`, of one template or of all, at most `limit`.

        Any integers are bounds: also those that no revision has, or that the backend cannot hold.
        """
        ...

    def read_each(self, revisions: Collection[int], *, most_bytes: int = LARGEST) -> list[Change]:
        """The changes with these revisions, oldest first, in one query; without those that the log does not have."""
        ...

    def state(
        self, revision: int, *, after: str = "", limit: int = 1000, deleted: bool = False, most_bytes: int = LARGEST
    ) -> list[Change]:
        """The newest change per name as of `revision`, for names after `after`, by name (code points).

        Tombstones only when `deleted`; `limit` counts what is returned.
        """
        ...

    def wait(self, since: int, timeout: float) -> Head:
        """Blocks until there is a revision after `since`, or for `timeout` seconds; gives the head either way."""
        ...

    def writing(self) -> AbstractContextManager[list[Change]]:
        """Takes the write lock and gives an empty list. What is in the list at the end is written and durable when the
        block is left; after an exception nothing is. Reads inside the block see the log as committed before it."""
        ...

    def blank(self, revision: int) -> None:
        """Drop the content of one change; only inside `writing()`, whose fate it shares."""
        ...

    def close(self) -> None:
        """May be called twice."""
        ...


@cache  # to find it out takes as long as a tenth of a write
def _offers(kind: type[Log], what: type) -> bool:
    return issubclass(kind, what)


@runtime_checkable
class ReadsMany(Protocol):
    """What a log may offer beside the contract, where a query for each template is dear."""

    def current_of(self, names: Collection[str]) -> list[Change]:
        """`current` of many names at once, without those that never were; in any order."""
        ...


@runtime_checkable
class ReadsPresent(Protocol):
    """What a log may offer beside the contract: `state` as it is now, of no more than a server shows."""

    def present(self) -> Iterator[Newest]:
        """All as of one moment, tombstones too, by name backwards. To be read to the end, at once, by one thread."""
        ...


@runtime_checkable
class WaitsBeyond(Protocol):
    """What a log may offer beside the contract, where what is written to it passes through this process mostly."""

    def wait_beyond(self, known: Callable[[], int], timeout: float) -> Head:
        """`wait` for a revision after what is `known` by then: a commit that ends there wakes nobody. It is asked in
        the thread that has committed, and must neither wait nor raise."""
        ...

    def wake(self) -> None:
        """What is known has changed without a commit, or somebody waits for news: all who wait look again."""
        ...


@runtime_checkable
class KnowsHead(Protocol):
    """What a log may offer beside the contract, where all that is written to it passes through this process."""

    def known_head(self) -> Head | None:
        """`head()` from memory, where nothing has to be asked for it; it must neither wait nor raise."""
        ...


def wait_beyond(log: Log, known: Callable[[], int], timeout: float) -> Head:
    if _offers(type(log), WaitsBeyond):
        return log.wait_beyond(known, timeout)  # type: ignore[attr-defined, no-any-return]
    return log.wait(known(), timeout)


def wake(log: Log) -> None:
    if _offers(type(log), WaitsBeyond):
        log.wake()  # type: ignore[attr-defined]


def known_head(log: Log) -> Head | None:
    """None where the log is to be asked."""
    return log.known_head() if _offers(type(log), KnowsHead) else None  # type: ignore[attr-defined]


@runtime_checkable
class AppendsAfter(Protocol):
    """What a log may offer beside the contract, where its write lock is far away."""

    def append_after(self, head: Head, rows: list[Change]) -> bool:
        """`writing()` in one step, with `rows` that were made for a log that ends with `head`. False, and nothing is
        written, where it ends otherwise."""
        ...


@runtime_checkable
class WritesBehind(Protocol):
    """What a log may offer beside `AppendsAfter`, where others write to it, too."""

    def writing_behind(self, revision: int) -> AbstractContextManager[tuple[list[Change], list[Change]]]:
        """`writing()`, and with its list, in the same step as the lock, the changes after `revision`, oldest first;
        only the first of them where they are many, or large."""
        ...


@runtime_checkable
class AnnouncesMany(Protocol):
    """What a log may offer beside the contract, where other servers wait for its write lock."""

    def announce_many(self) -> None:
        """Inside `writing()`: many rows are to come, which take long to write. Others wait longer for them."""
        ...


class Stage(Protocol):
    """Rows that a log holds beside itself."""

    def close(self) -> None:
        """Let go of them; those that were written are. May be called twice, and when the log was closed."""
        ...


@runtime_checkable
class StagesMany(Protocol):
    """What a log may offer beside the contract, where many rows take long to hand over: it takes them before its lock
    is taken, while others write."""

    def stage(self, rows: Iterable[Change]) -> Stage | None:
        """Of one group, by one and with one note, each of another name; revision, mark and `first` mean nothing yet.
        Nobody sees them. There is one stage at a time: an older one is let go of. None where there can be none now."""
        ...

    def write_staged(self, stage: Stage, at: int) -> None:
        """Only inside `writing()`: what is in its list from `at` on is what was staged, with a place."""
        ...


def appends_after(log: Log) -> bool:
    return _offers(type(log), AppendsAfter)


def writes_behind(log: Log) -> bool:
    return _offers(type(log), WritesBehind)


@runtime_checkable
class KeepsFormat(Protocol):
    """What a log may offer beside the contract, where several releases may meet: the newest format of a content that
    was ever written to it. A release that knows only older ones reads it, and does not write to it."""

    def format(self) -> int:
        """1 in a new log."""
        ...

    def raise_format(self, number: int) -> None:
        """Only inside `writing()`, whose fate it shares, beside the rows that need it. It never falls."""
        ...


def format_kept(log: Log) -> int:
    return log.format() if _offers(type(log), KeepsFormat) else 1  # type: ignore[attr-defined]


def keep_format(log: Log, number: int) -> None:
    """Inside `writing()`."""
    if _offers(type(log), KeepsFormat):
        log.raise_format(number)  # type: ignore[attr-defined]


@runtime_checkable
class CountsChanges(Protocol):
    """What a log may offer beside the contract, where it counts quicker than it reads: it is asked in `writing()`."""

    def count(self, name: str, since: int, until: int, actions: Collection[Action]) -> int:
        """How many of the changes that `read` gives of this name are such."""
        ...


def count_of(log: Log, name: str, since: int, until: int, actions: Collection[Action]) -> int:
    if isinstance(log, CountsChanges):
        return log.count(name, since, until, actions)
    return sum(change.action in actions for change in each_change(partial(log.read, until=until, name=name), since))


def each_change(rows: Callable[..., list[Change]], since: int) -> Iterator[Change]:
    """All after `since` that `rows` reads, as `Log.read` does: a page at a time."""
    while page := rows(since, limit=PAGE, most_bytes=PAGE_BYTES):
        yield from page
        since = page[-1].revision


def state_pages(
    log: Log, revision: int, *, after: str = "", limit: int = PAGE, deleted: bool = False
) -> Iterator[list[Change]]:
    """All of `state`, at most `limit` at a time, and not much more than `PAGE_BYTES`."""
    while page := log.state(revision, after=after, limit=limit, deleted=deleted, most_bytes=PAGE_BYTES):
        yield page
        after = page[-1].name


def whole_state(log: Log) -> tuple[Position, list[Change]]:
    """The head, and the newest change of every name as of it, by name; of tombstones without their content."""
    while True:
        head = log.head()
        newest, purged = list[Change](), False
        for page in state_pages(log, head.revision, limit=STATE_PAGE, deleted=True):
            purged = purged or any(change.content is None for change in page)
            newest += [replace(change, content=None) if change.deleted else change for change in page]
        if not purged:  # else one was replaced and purged meanwhile
            return head.position, newest


def mark_at(log: Log, revision: int) -> bytes | None:
    """The mark of one revision, or None where the log has no such revision."""
    if revision == 0:
        return log.origin()
    rows = log.read(revision - 1, revision)
    return rows[0].mark if rows else None
