"""Does the write-ahead log beside a SQLite file belong to it?

SQLite plays any `-wal` that it finds into the file: also one that was left by a server that was killed, before somebody
copied a backup over its file. The copy is then undone, or damaged, in silence. So each log carries a token: the first
thing that is written into a new log is a new `token`, and as `base` the one that the file has, into which all logs
before have gone. In the file itself stands its log's base, or its token once that page was carried over; anything else
is of another state.
"""

import os
import shlex
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

from ..errors import DatabaseRefused
from .sqlite_pragmas import connect
from .urls import sqlite_url

HEADER_BYTES = 32  # of the log
SALTS = slice(16, 24)  # within it: new in every log
FILE_BEGINS = b"SQLite format 3\0"
WAL_VERSIONS = slice(18, 20), b"\2\2"  # within the file's header; a backup of ours has 1 and 1
ROW_BEGINS = b"\3\x1c\x1c"  # a row of two blobs of eight bytes, as it stands in a page
NO_BASE = bytes(8)
LOOKS = 5  # beside a live server, the log may be replaced between a look at the file and one at the log


class RawFile:
    """Reads a file past SQLite. A process that closes any descriptor of a file gives up all its locks on it, SQLite's
    too: so there is one for each file, which is closed when nobody here has that file open.

    Raises `DatabaseRefused` for a folder, a device, and whatever else is no file: opening some would wait for ever."""

    _held: dict[tuple[int, int], list[int]] = {}  # device, inode → descriptor, users
    _changing = threading.Lock()

    def __init__(self, path: Path) -> None:
        with self._changing:
            found = os.stat(path)
            if not stat.S_ISREG(found.st_mode):
                raise DatabaseRefused(f"{path}: this is {_kind(found.st_mode)}: name a file")
            self.identity = found.st_dev, found.st_ino
            if self.identity not in self._held:
                self._held[self.identity] = [os.open(path, os.O_RDONLY | os.O_CLOEXEC), 0]
            self._held[self.identity][1] += 1
        self._open = True

    def read(self, size: int, offset: int) -> bytes:
        return os.pread(self._held[self.identity][0], size, offset)

    def close(self) -> None:
        """May be called twice."""
        with self._changing:
            if self._open:
                self._open = False
                self._held[self.identity][1] -= 1
                if not self._held[self.identity][1]:
                    os.close(self._held.pop(self.identity)[0])


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def has_log(path: Path) -> bool:
    """Whether there is a log with more in it than its header."""
    try:
        return beside(path, "-wal").stat().st_size > HEADER_BYTES
    except FileNotFoundError:
        return False


class WriteAheadLog:
    """The log beside a file, looked at after every commit: so it stays open, while a connection keeps it there."""

    def __init__(self, path: Path) -> None:
        self._path = str(beside(path, "-wal"))
        self._descriptor = -1

    def salts(self) -> bytes:
        """What tells one log from the next in the same file; empty where there is none."""
        if self._descriptor < 0:
            try:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return b""
        return os.pread(self._descriptor, HEADER_BYTES, 0)[SALTS]

    def close(self) -> None:
        """May be called twice, and asked again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def renew(connection: sqlite3.Connection) -> None:
    """In the first transaction of a new log."""
    connection.execute("UPDATE wal_token SET base = token, token = randomblob(8)")


def refuse_foreign_log(path: Path) -> None:
    """Before anything else opens the file: SQLite carries a log over when the last connection is closed, and deletes it
    where the file is empty. Raises `DatabaseRefused`, `sqlite3.Error`, `OSError`."""
    if not has_log(path) or any(_belongs(path) for _ in range(LOOKS)):
        return
    name = path.name
    raise DatabaseRefused(
        f"{path}: the write-ahead log beside it, {name}-wal, does not belong to it. Was a backup copied over the file "
        f"of a server that was killed? To open {name} as it is, move {name}-wal and {name}-shm away; to put a backup "
        f"in its place: binder-registry restore-backup BACKUP --db {shlex.quote(sqlite_url(path))}"
    )


def _belongs(path: Path) -> bool:
    try:
        file = RawFile(path)
    except FileNotFoundError:
        return False
    with closing(file):
        begins = file.read(100, 0)
        where, versions = WAL_VERSIONS
        if not begins.startswith(FILE_BEGINS) or begins[where] != versions:
            return False
        size = int.from_bytes(begins[16:18], "big")
        size = 65536 if size == 1 else size
        schema = file.read(size, 0)
        try:
            with closing(connect(path, "ro")) as connection:
                page, token, base = _played(connection)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                return False
            raise
        if not page:  # a log of schema 1, which has no token
            return b"wal_token" not in schema
        row = file.read(size, (page - 1) * size)
    if base == NO_BASE and ROW_BEGINS not in row:  # the file is from before the first log that has one
        return True
    return ROW_BEGINS + base in row or ROW_BEGINS + token in row


def _played(connection: sqlite3.Connection) -> tuple[int, bytes, bytes]:
    """The token's page, the token and its base, as they are with the log; page 0 where there is none."""
    connection.execute("BEGIN")
    found = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'wal_token'").fetchone()
    if not found:
        return 0, b"", b""
    return (found[0], *connection.execute("SELECT token, base FROM wal_token").fetchone())
