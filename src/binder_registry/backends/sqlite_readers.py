"""Connections that read one SQLite file: those that nobody reads with just now stay open for the next reader."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Readers:
    """`connect` opens one more."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        """It is closed where reading fails."""
        connection = self._taken() or self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        if self._closed:  # meanwhile
            self.close()

    def close(self) -> None:
        self._closed = True
        while connection := self._taken():
            connection.close()

    def _taken(self) -> sqlite3.Connection | None:
        with suppress(IndexError):
            return self._idle.pop()
        return None
