"""News of other servers' writes: LISTEN on one connection for all waiters, and polling while there is none."""

import logging
import threading
import time
from collections.abc import Callable

import psycopg

from ..changes import Head
from ..jitter import spread
from .postgres_connect import ACQUIRE_SECONDS, Database, problem
from .postgres_connection import Connection
from .postgres_durable import Durability
from .postgres_queries import CHANNEL

POLL_SECONDS = 0.2  # between looks at the head without LISTEN
SILENCE_SECONDS = 1.0  # after which a quiet connection is asked whether it lives
PAUSE_SECONDS = 0.01  # after news, unless somebody waits for more: commits need not wake this thread one by one
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
        self.newest: Head | None = None  # as we committed or read it, while nothing was heard of what came after it
        self._expected = 0  # the revision of what we committed, or are about to
        self._told = 0  # occasions, when that began
        self._waiting: list[Callable[[], bool]] = []  # which would go on
        self._hurried = threading.Event()  # somebody waits for what is about to be heard: the next pause is left out

    def wait(self, seen: int, known: Callable[[], int], timeout: float) -> None:
        """Until there was an occasion after `seen` of them, which is no commit of our own that ends with what is
        `known` by then; or for `timeout` seconds."""

        def is_news() -> bool:
            return known() < self.newest.revision if self.newest else self.occasions > seen

        with self._changed:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="postgres-listen", daemon=True)
                self._thread.start()
            self._waiting.append(is_news)
            self._changed.wait_for(lambda: is_news() or self._closed, timeout)
            self._waiting.remove(is_news)

    def expect(self, newest: Head) -> None:
        """We are about to commit up to it: that will be heard of, and be no news."""
        self._expected, self._told = newest.revision, self.occasions

    def tell(self, newest: Head | None = None, *, listening: bool | None = None) -> None:
        """There may be news: every waiter looks. `newest` is what we have committed, and is not to be asked for."""
        with self._changed:
            if listening is not None:
                self.listening = listening
            if newest is None:
                self._expected = 0
            elif not self.listening or self.occasions > self._told:  # others may have written behind it
                newest = None
            self.newest = newest
            self.occasions += 1
            if any(is_news() for is_news in self._waiting):
                self._changed.notify_all()

    def remember(self, head: Head, seen: int) -> None:
        """It was read after `seen` occasions: what is committed later will be heard of."""
        with self._changed:
            if self.listening and self.occasions == seen:
                self.newest = head

    def hurry(self) -> None:
        self._hurried.set()
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
        self.hurry()
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
                self._poll(spread(pause))
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
            if heard := list(connection.notifies(timeout=STOP_SECONDS, stop_after=1)):
                self._hear([notify.payload for notify in heard])
            elif time.monotonic() > alive + SILENCE_SECONDS:
                self._look(connection)
                alive = time.monotonic()

    def _hear(self, payloads: list[str]) -> None:
        """The newest revision of each commit; empty from a server of an earlier release."""
        if not all(payload.isdigit() and int(payload) <= self._expected for payload in payloads):
            self.tell()
        if self._hurried.wait(PAUSE_SECONDS):
            self._hurried.clear()

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
