"""Connections to PostgreSQL: how they are opened, and what happens while the database is away."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from ..errors import DatabaseRefused, StoreUnavailable
from ..jitter import spread
from .postgres_connection import Connection
from .urls import refuse_parameters

T = TypeVar("T")

CONNECT_SECONDS = 2  # for each host; the least that libpq takes
ACQUIRE_SECONDS = 1.5  # how long a call waits for a connection of the pool, or for the first try to reconnect
LOCK_SECONDS = 3  # how long to wait for the head row, which another server's write holds
STATEMENT_SECONDS = 5  # after which the server stops a statement
IDLE_SECONDS = 10  # after which the server ends a transaction whose client has stopped, and frees the head row
STOP_SECONDS = 0.5  # for a thread of a pool, which may be about to connect; it ends by itself
POOL_SECONDS = 10.0  # for the first connection of a new pool
POOL_SIZE = 8  # connections at most, of one log, beside the one that listens
RECONNECT_SECONDS = (0.1, 2.0)  # the first pause between tries, which doubles, and the longest

DEFAULTS: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "fallback_application_name": "binder-registry",
    "keepalives_idle": 5,  # seconds, as the next
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,  # milliseconds until sent bytes that nobody acknowledges end the connection
}
KNOWN = {option.keyword.decode() for option in Conninfo.get_defaults()}
SETTINGS = {
    "TimeZone": "UTC",
    "client_encoding": "UTF8",
    "default_transaction_isolation": "read committed",  # which waits for another server's commit, and looks again
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
}

logger = logging.getLogger(__name__)


def parameters(url: str, *, read_only: bool) -> dict[str, Any]:
    """What the URL says, over our defaults. Raises `DatabaseRefused` without repeating any of it: where a password is
    not percent-encoded, any part of the URL may be a part of the password."""
    encode = "the URL cannot be read: in a user or a password, percent-encode / ? : @ and %"
    credentials = url.partition("://")[2].partition("?")[0].rpartition("@")[0]
    if "/" in credentials or "@" in credentials:
        raise DatabaseRefused(encode)
    refuse_parameters(url, KNOWN)
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        raise DatabaseRefused(encode) from None
    if not all(port.isdigit() for port in str(given.get("port", "0")).split(",") if port):
        raise DatabaseRefused(encode)
    # A server that lands on a standby could not write, and would show what the primary may never have.
    if not read_only and given.get("target_session_attrs", "read-write") not in ("read-write", "primary"):
        raise DatabaseRefused("PostgreSQL: a server needs the primary: leave target_session_attrs out")
    defaults = DEFAULTS if read_only else DEFAULTS | {"target_session_attrs": "read-write"}
    return defaults | given


def connect(parameters: dict[str, Any]) -> Connection:
    connection = Connection.connect(**parameters, autocommit=True)
    try:
        configure(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def configure(connection: Connection) -> None:
    calls = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in SETTINGS.items())
    # A write is answered when it is durable, whatever the server, the database, the role or the URL has set. Other
    # values stay, and are set too: a change of the server's file is not to reach this session.
    durable = "replace(current_setting('synchronous_commit'), 'off', 'on')"
    connection.execute(f"SELECT {calls}, set_config('synchronous_commit', {durable}, false)")


def beginning_with(connection: Connection, parameters: dict[str, Any]) -> dict[str, Any]:
    """The same hosts, first the one that `connection` has reached: others may take long to say that they are away."""
    hosts, ports = (str(parameters.get(name, "")).split(",") for name in ("host", "port"))
    if len(hosts) == 1 or "hostaddr" in parameters:
        return parameters
    here = connection.info.host, str(connection.info.port)
    pairs = list(zip(hosts, ports if len(ports) > 1 else ports * len(hosts), strict=True))
    pairs.sort(key=lambda pair: pair not in (here, (here[0], "")))
    return parameters | {"host": ",".join(host for host, _ in pairs), "port": ",".join(port for _, port in pairs)}


def problem(error: BaseException) -> str:
    """The error in one line, without its detail, which may hold a row's content."""
    text = error.diag.message_primary if isinstance(error, psycopg.Error) and error.diag.message_primary else str(error)
    return f"{type(error).__name__}: {' '.join(text.split())}"


class Database:
    """A pool of connections, and what is known about the server behind it.

    When a connection is lost, the pool is given up and a thread tries to connect until it can; then there is a new
    pool. Calls wait for the first of these tries, and fail at once after it.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._parameters = parameters
        self._changed = threading.Condition()  # of all below
        self._pool: ConnectionPool[Connection] | None = self._new_pool()
        self._away = False  # a try to reconnect has failed
        self._reason: Exception = TimeoutError("the database does not answer")  # for there being no pool
        self._closed = False
        self._lent = 0  # connections

    def connect(self, name: str = "binder-registry") -> Connection:
        """A connection outside the pool. `name` is what the database's operators see, unless the URL has another."""
        return connect(self._parameters | {"fallback_application_name": name})

    @contextmanager
    def started(self, first: Callable[[Connection], T]) -> Iterator[tuple[Connection, T]]:
        """A connection, and what `first` gave on it. Where that finds the connection lost, it is done once more on a
        new one; what the block does is never done twice. An open transaction is rolled back at the end."""
        pool, connection, result = self._start(first)
        try:
            yield connection, result
        finally:
            self._give_back(pool, connection)

    def lost(self, pool: ConnectionPool[Connection] | None = None) -> None:
        """Start over with new connections, unless that is under way. `pool` is the one that failed; None is today's."""
        with self._changed:
            if self._closed or self._pool is None or pool not in (None, self._pool):
                return
            pool, self._pool = self._pool, None
            self._away = False
            self._reason = TimeoutError("the database does not answer")
        logger.warning("the connection to the database was lost")
        threading.Thread(target=self._reconnect, args=(pool,), name="postgres-reconnect", daemon=True).start()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._reason = ValueError("the log is closed")
            pool, self._pool = self._pool, None
            self._changed.notify_all()
        if pool:
            pool.close(timeout=STOP_SECONDS)

    def _new_pool(self) -> ConnectionPool[Connection]:
        return ConnectionPool(
            connection_class=Connection,
            kwargs=self._parameters | {"autocommit": True},
            configure=configure,
            name="binder-registry",
            min_size=1,
            max_size=POOL_SIZE,
            timeout=ACQUIRE_SECONDS,
            num_workers=1,
            open=True,
        )

    def _start(self, first: Callable[[Connection], T]) -> tuple[ConnectionPool[Connection], Connection, T]:
        for last in (False, True):
            pool = self._available()
            try:
                connection = self._borrow(pool)
                try:
                    with failures(connection):
                        return pool, connection, first(connection)
                except BaseException:
                    self._give_back(pool, connection)
                    raise
            except StoreUnavailable:
                if last or self._pool is pool:  # as it is where the connection was not lost
                    raise
        raise AssertionError("the loop returns or raises")

    def _borrow(self, pool: ConnectionPool[Connection]) -> Connection:
        try:
            connection = pool.getconn()
        except psycopg.Error as error:
            # None in time, and none is lent: there is none, rather than too few.
            if isinstance(error, PoolTimeout) and not self._lent:
                self.lost(pool)
            raise StoreUnavailable from error
        with self._changed:
            self._lent += 1
        return connection

    def _available(self) -> ConnectionPool[Connection]:
        with self._changed:
            known = self._changed.wait_for(lambda: self._pool or self._away or self._closed, ACQUIRE_SECONDS)
            if not known:
                self._away = True  # as far as calls are concerned: the try goes on
            if self._pool is None:
                raise StoreUnavailable from self._reason
            return self._pool

    def _give_back(self, pool: ConnectionPool[Connection], connection: Connection) -> None:
        if not connection.closed:
            with suppress(psycopg.Error):  # which closes it
                connection.undo()
        if connection.closed:
            self.lost(pool)
        with self._changed:
            self._lent -= 1
        pool.putconn(connection)

    def _reconnect(self, old: ConnectionPool[Connection]) -> None:
        old.close(timeout=STOP_SECONDS)
        pause, longest = RECONNECT_SECONDS
        while True:
            try:
                with self.connect() as connection:
                    self._parameters = beginning_with(connection, self._parameters)
                pool = self._new_pool()
                pool.wait(POOL_SECONDS)
            except psycopg.Error as error:
                if pause == RECONNECT_SECONDS[0]:
                    logger.error("the database is away: %s", problem(error))
                with self._changed:
                    self._away = True
                    if not self._closed:
                        self._reason = error
                    self._changed.notify_all()
                    if self._changed.wait_for(lambda: self._closed, spread(pause)):
                        break
                pause = min(2 * pause, longest)
            else:
                with self._changed:
                    if not self._closed:
                        self._pool, self._away = pool, False
                    self._changed.notify_all()
                if self._pool is not pool:
                    pool.close(timeout=STOP_SECONDS)
                logger.warning("connected to the database again")
                break


@contextmanager
def failures(connection: Connection) -> Iterator[None]:
    """Errors of the driver leave as `StoreUnavailable`."""
    try:
        yield
    except psycopg.Error as error:
        logger.error("the database failed: %s", problem(error))
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            connection.close()  # its server is a standby by now: another connection may find the primary
        raise StoreUnavailable from error
