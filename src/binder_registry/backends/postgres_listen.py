"""News of other servers' writes: LISTEN on one connection for all waiters, and polling while there is none."""

import logging
import random
import threading
import time

import psycopg

from .postgres_connect import ACQUIRE_SECONDS, Connection, Database, problem
from .postgres_durable import Durability

CHANNEL = "registry_changes"
POLL_SECONDS = 0.2  # between looks at the head without LISTEN
SILENCE_SECONDS = 1.0  # after which a quiet connection is asked whether it lives
STOP_SECONDS = 0.25  # how soon `close` is noticed
RETRY_SECONDS = (0.2, 5.0)  # the first pause between tries to listen, which doubles, and the longest

logger = logging.getLogger(__name__)


class Listener:
    """Counts the occasions on which there may be news. Its thread starts with the first `wait`."""

    def __init__(self, database: Database, durability: Durability | None = None) -> None:
        self._database, self._durability = database, durability
        self._changed = threading.Condition()  # of all below
        self._thread: threading.Thread | None = None
        self._closed = False
        self.listening = False  # and not polling
        self.occasions = 0

    def wait(self, seen: int, timeout: float) -> None:
        """Until there was an occasion after `seen` of them, or for `timeout` seconds."""
        with self._changed:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="postgres-listen", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self.occasions > seen or self._closed, timeout)

    def tell(self, listening: bool | None = None) -> None:
        """There may be news: every waiter looks."""
        with self._changed:
            self.occasions += 1
            if listening is not None:
                self.listening = listening
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        pause, longest = RETRY_SECONDS
        while not self._closed:
            try:
                with self._database.connect("binder-registry listen") as connection:
                    self._listen(connection)
            except psycopg.Error as error:
                if self.listening:
                    self._database.lost()
                    pause = RETRY_SECONDS[0]
                logger.log(
                    logging.WARNING if self.listening else logging.DEBUG, "polls, without LISTEN: %s", problem(error)
                )
                self.tell(listening=False)
                self._poll(pause * random.uniform(0.5, 1))  # noqa: S311 (jitter)
                pause = min(2 * pause, longest)

    def _listen(self, connection: Connection) -> None:
        """Until `close`. Raises `psycopg.Error`."""
        connection.answer_seconds = ACQUIRE_SECONDS
        connection.execute(f"LISTEN {CHANNEL}")
        # There are engines, and pools in transaction mode, that accept LISTEN and never say anything.
        connection.execute(f"SELECT pg_notify('{CHANNEL}', '')")
        if not list(connection.notifies(timeout=ACQUIRE_SECONDS, stop_after=1)):
            raise psycopg.NotSupportedError("LISTEN is accepted, and a NOTIFY does not arrive")
        self.tell(listening=True)
        self._look(connection)
        alive = time.monotonic()
        while not self._closed:
            if list(connection.notifies(timeout=STOP_SECONDS, stop_after=1)):
                self.tell()
            elif time.monotonic() > alive + SILENCE_SECONDS:
                self._look(connection)
                alive = time.monotonic()

    def _look(self, connection: Connection) -> None:
        """Whether the server is there, and still keeps what was answered. Raises `psycopg.Error`."""
        if self._durability:
            self._durability.look(connection)
        else:
            connection.execute("SELECT 1")

    def _poll(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._closed and (left := until - time.monotonic()) > 0:
            with self._changed:
                self._changed.wait_for(lambda: self._closed, min(POLL_SECONDS, left))
            self.tell()


def can_notify(connection: Connection) -> bool:
    try:
        connection.execute(f"SELECT pg_notify('{CHANNEL}', '')")
    except psycopg.Error:
        return False
    return True
