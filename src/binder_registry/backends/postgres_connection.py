"""One connection to PostgreSQL, and what the driver's own does not see to."""

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import Diagnostic
from psycopg.generators import execute
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

T = TypeVar("T")

ANSWER_SECONDS = 6.0  # after which a server that says nothing counts as lost


class Connection(psycopg.Connection[TupleRow]):
    """Gives up on a server that does not answer. TCP alone never would, where a proxy in between acknowledges."""

    answer_seconds = ANSWER_SECONDS
    prepared = False  # what `postgres_append` sends

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.warnings: list[str] = []  # of the server
        self.add_notice_handler(self._notice)

    def _notice(self, diagnostic: Diagnostic) -> None:  # can only be read in here
        if diagnostic.severity_nonlocalized == "WARNING":
            self.warnings.append(str(diagnostic.message_primary))

    def undo(self) -> None:
        """Roll an open transaction back. What is prepared stays so, unlike after the driver's own `rollback`."""
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            self.pgconn.send_query(b"ROLLBACK")
            self.wait(execute(self.pgconn))

    def refuse_warnings(self) -> None:
        """Of a commit. An operator who ends the wait for a synchronous standby makes it succeed, with a warning: the
        write may be lost with this server. Raises `psycopg.OperationalError`."""
        if self.warnings:
            raise psycopg.OperationalError(f"COMMIT: {self.warnings[0]}")

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        until = time.monotonic() + self.answer_seconds
        try:
            return super().wait(gen, interval, self.answer_seconds)
        except psycopg.OperationalError:
            if time.monotonic() >= until:
                self.close()  # the answer may still come: the connection is of no use
            raise
