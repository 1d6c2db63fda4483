"""The log in PostgreSQL: several servers over one database."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg

from ..changes import Action, Change, Head, head_after, size_of
from ..errors import DatabaseRefused, StoreUnavailable
from ..log_contract import LARGEST, bounded
from .postgres_append import append
from .postgres_connect import Database, beginning_with, connect, failures, parameters, problem
from .postgres_connection import Connection
from .postgres_durable import Durability
from .postgres_listen import Listener, can_notify
from .postgres_lock import head_of, in_utc, lock_head
from .postgres_many import announce, patient
from .postgres_pieces import copy, pieces_of
from .postgres_queries import (
    CHANNEL,
    COUNT,
    CURRENT_OF,
    FORMAT,
    HEAD,
    INSERT,
    OF_NAME,
    STATE,
    bounded_query,
    can_be,
)
from .postgres_schema import prepare
from .postgres_tokens import PostgresTokens, Statement
from .rows import COLUMNS, change_of, row_of

STATE_PAGE = 100  # names walked at least by one statement: most may be deleted
STATEMENT_NAMES = 5000
QUEUE_SECONDS = 10.0  # how long a write waits for others of this log


@dataclass
class _Write:
    """A `writing()` block of this thread."""

    connection: Connection
    head: Head
    format: int
    raised: int = 0
    blanked: list[int] = field(default_factory=list)
    more: list[Statement] = field(default_factory=list)  # of what is kept beside the log


class PostgresLog(PostgresTokens):
    """Creates or migrates the schema, unless `read_only`. Raises `DatabaseRefused` when the database cannot be opened
    now, `StoreUnavailable` when it fails later; then it reconnects by itself."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        settings = parameters(url, read_only=read_only)
        self._read_only = read_only
        self._writing = threading.Lock()
        self._local = threading.local()
        try:
            with connect(settings) as connection:
                prepare(connection, read_only)
                durability = None if read_only else Durability(connection)
                self._notifies = not read_only and can_notify(connection)
                settings = beginning_with(connection, settings)
                where = connection.info
                self._name = f"PostgreSQL, {where.dbname} at {where.host}:{where.port}"
        except psycopg.Error as error:
            raise DatabaseRefused(f"PostgreSQL: {problem(error)}") from None
        self._database = Database(settings)
        self._listener = Listener(self._database, durability)

    def __str__(self) -> str:
        return self._name

    def origin(self) -> bytes:
        return self._rows("SELECT origin FROM registry_head")[0][0]  # type: ignore[no-any-return]

    def head(self) -> Head:
        write: _Write | None = getattr(self._local, "write", None)
        return write.head if write else head_of(self._rows(HEAD))

    def current(self, name: str) -> Change | None:
        found = self._changes("WHERE name = %(name)s ORDER BY previous DESC LIMIT 1", name=name) if can_be(name) else []
        return found[0] if found else None

    def current_of(self, names: Collection[str]) -> list[Change]:
        possible = [name for name in names if can_be(name)]
        if len(possible) > STATEMENT_NAMES and getattr(self._local, "write", None):
            self.announce_many()
        pages = (possible[at : at + STATEMENT_NAMES] for at in range(0, len(possible), STATEMENT_NAMES))
        return [change_of(row, in_utc) for page in pages for row in self._rows(CURRENT_OF, names=page)]

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
        since, until, limit = bounded(since), bounded(until), bounded(limit)
        order = "DESC" if newest_first else "ASC"
        if name is None:
            where = f"WHERE revision > %(since)s AND revision <= %(until)s ORDER BY revision {order} LIMIT %(limit)s"
            return self._changes(where, order, most_bytes, since=since, until=until, limit=limit)
        if not can_be(name):
            return []
        where = f"{OF_NAME} ORDER BY previous {order} LIMIT %(limit)s"
        return self._changes(where, order, most_bytes, name=name, since=since, until=until, limit=limit)

    def count(self, name: str, since: int, until: int, actions: Collection[Action]) -> int:
        given = {"name": name, "since": bounded(since), "until": bounded(until), "actions": [*map(str, actions)]}
        return self._rows(COUNT, **given)[0][0] if can_be(name) else 0

    def read_each(self, revisions: Collection[int], *, most_bytes: int = LARGEST) -> list[Change]:
        possible = [revision for revision in revisions if 0 < revision <= LARGEST]
        where = "WHERE revision = ANY(%(possible)s::int8[]) ORDER BY revision"
        return self._changes(where, "ASC", most_bytes, possible=possible)

    def state(
        self, revision: int, *, after: str = "", limit: int = 1000, deleted: bool = False, most_bytes: int = LARGEST
    ) -> list[Change]:
        revision, limit = bounded(revision), bounded(limit)
        found: list[Change] = []
        after = after.partition("\0")[0]  # no name lies between the two
        size = max(limit, STATE_PAGE)
        while len(found) < limit and most_bytes > 0:
            query = bounded_query(STATE, "number", most_bytes)
            rows = self._rows(query, revision=revision, after=after, limit=size, most_bytes=most_bytes)
            page = [change_of(row, in_utc) for row in rows]
            kept = page if deleted else [change for change in page if not change.deleted]
            found += kept
            if not page or (len(page) < size and size_of(page) < most_bytes):
                break
            most_bytes -= size_of(kept)
            after = page[-1].name
        return found[:limit]

    def wait(self, since: int, timeout: float) -> Head:
        return self.wait_beyond(lambda: since, timeout)

    def wait_beyond(self, known: Callable[[], int], timeout: float) -> Head:
        until = time.monotonic() + timeout
        while True:
            seen, left = self._listener.occasions, until - time.monotonic()
            head = self._listener.newest if left > 0 else None
            if head is None:
                head = self.head()
                self._listener.remember(head, seen)
            if head.revision > known() or left <= 0:
                return head
            self._listener.wait(seen, known, left)

    def wake(self) -> None:
        self._listener.hurry()

    @contextmanager
    def writing(self) -> Iterator[list[Change]]:
        with self.writing_behind(None) as (rows, _):
            yield rows

    @contextmanager
    def writing_behind(self, revision: int | None) -> Iterator[tuple[list[Change], list[Change]]]:
        if self._read_only:
            raise StoreUnavailable from PermissionError("this log was opened to be read")
        if not self._writing.acquire(timeout=QUEUE_SECONDS):
            raise StoreUnavailable from TimeoutError("other writes take too long")
        newest = None
        try:
            with self._database.started(partial(lock_head, behind=revision)) as (connection, (head, kept, others)):
                rows: list[Change] = []
                self._local.write = write = _Write(connection, head, kept)
                yield rows, others
                if rows or write.blanked or write.more:
                    with failures(connection):
                        self._commit(connection, rows, write)
                    newest = head_after(rows, head)
        finally:
            self._local.write = None
            self._writing.release()
            self._listener.tell(newest)

    def append_after(self, head: Head, rows: Sequence[Change]) -> bool:
        newest, appended, tries = head_after(rows, head), False, 0

        def once(connection: Connection) -> bool:
            nonlocal tries
            tries += 1
            return patient(connection, lambda: append(connection, head, rows, notify=self._notifies))

        self._listener.expect(newest)
        try:
            with self._database.started(once) as (_, appended):
                pass
        finally:
            self._listener.tell(newest if appended else None)
        if tries > 1 and not appended:  # the first one may have done it, whose answer was lost
            raise StoreUnavailable
        return appended

    def announce_many(self) -> None:
        connection = self._local.write.connection
        with failures(connection):
            announce(connection)

    def blank(self, revision: int) -> None:
        self._local.write.blanked.append(revision)

    def format(self) -> int:
        write: _Write | None = getattr(self._local, "write", None)
        return write.format if write else self._rows(FORMAT)[0][0]

    def raise_format(self, number: int) -> None:
        self._local.write.raised = max(self._local.write.raised, number)

    def adopt(self, origin: bytes) -> None:
        """For a copy: see `copying.Target`."""
        with self._database.started(lock_head) as (connection, (head, *_)), failures(connection):
            if head.revision:
                raise DatabaseRefused("PostgreSQL: this database holds a registry already")
            connection.execute("UPDATE registry_head SET origin = %(origin)s, mark = %(origin)s", {"origin": origin})
            connection.execute("COMMIT")

    def close(self) -> None:
        self._database.close()
        self._listener.close()  # wakes who waits, to find the database closed

    def _commit(self, connection: Connection, rows: list[Change], write: _Write) -> None:
        newest = head_after(rows, write.head)
        self._listener.expect(newest)
        *pieces, rest = pieces_of(rows)
        plain = not (pieces or write.raised or write.blanked or write.more)
        if plain and all(row.content is not None for row in rows):
            if not append(connection, write.head, rows, notify=self._notifies, begun=True):
                raise psycopg.OperationalError("the head that was locked is another one")
            return
        for piece in pieces:
            copy(connection, piece)
        connection.warnings.clear()
        with connection.pipeline():  # one round trip
            if rows:
                connection.execute(
                    INSERT, [list(column) for column in zip(*(row_of(row, row.time) for row in rest), strict=True)]
                )
                connection.execute(
                    "UPDATE registry_head SET revision = %s, mark = %s, time = %s",
                    (newest.revision, newest.mark, newest.time),
                )
            if write.raised:
                connection.execute("UPDATE registry_head SET format = greatest(format, %s)", (write.raised,))
            if write.blanked:
                connection.execute(
                    "UPDATE registry_changes SET content = NULL WHERE revision = ANY(%s::int8[])", (write.blanked,)
                )
            for statement, parameters in write.more:
                connection.execute(statement, parameters)
            if self._notifies:
                connection.execute(f"SELECT pg_notify('{CHANNEL}', %s)", (str(newest.revision),))
            committed = connection.execute("COMMIT")
        if committed.statusmessage != "COMMIT":
            raise psycopg.OperationalError("the transaction was rolled back")
        connection.refuse_warnings()

    def _add(self, statements: Sequence[Statement]) -> None:
        self._local.write.more += statements

    def _rows(self, query: str, *given: Any, **named: Any) -> list[Any]:
        write: _Write | None = getattr(self._local, "write", None)

        def fetch(connection: Connection) -> list[Any]:
            return connection.execute(query, named or given, binary=True).fetchall()

        if write:  # the head row is ours: this connection sees what was committed before, and nothing newer can be
            with failures(write.connection):
                return fetch(write.connection)
        with self._database.started(fetch) as (_, rows):
            return rows

    def _changes(self, clauses: str, order: str = "ASC", most_bytes: int = LARGEST, **named: Any) -> list[Change]:
        query = f"SELECT {COLUMNS} FROM registry_changes {clauses}"
        if most_bytes < LARGEST:
            query = bounded_query(query, f"revision {order}", most_bytes)
        return [change_of(row, in_utc) for row in self._rows(query, **named, most_bytes=most_bytes)]
