"""Many rows take long to write: the server that is about to says so, and others wait longer for the head row then."""

import time
from collections.abc import Callable
from typing import TypeVar

from psycopg.errors import LockNotAvailable

from .postgres_connection import Connection

T = TypeVar("T")

WAIT_SECONDS = 60.0  # for many rows of others, at most
IDLE = "60s"  # for what a program does in between, before the server ends its transaction
_KEY = 0x6D616E79  # "many": of an advisory lock, with the number of this registry's table
_ANNOUNCE = (
    f"SELECT set_config('idle_in_transaction_session_timeout', '{IDLE}', true),"
    f" pg_advisory_xact_lock_shared({_KEY}, 'registry_head'::regclass::oid::int)"
)
_UNDER_WAY = (
    f"SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = {_KEY}"
    " AND objid = 'registry_head'::regclass"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


def announce(connection: Connection) -> None:
    """Until the end of its transaction. Raises `psycopg.Error`."""
    connection.execute(_ANNOUNCE)


def patient(connection: Connection, call: Callable[[], T]) -> T:
    """`call`, which begins a write, and again while it cannot do so because others write many rows."""
    until, waits = time.monotonic() + WAIT_SECONDS, False
    while True:
        try:
            return call()
        except LockNotAvailable:
            connection.undo()
            waited, waits = waits, _under_way(connection)
            if not (waited or waits) or time.monotonic() > until:
                raise


def _under_way(connection: Connection) -> bool:
    return connection.execute(_UNDER_WAY).fetchall() == [(True,)]
