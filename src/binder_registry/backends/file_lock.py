"""One owner for one file: an flock on a file beside it, which says who holds it."""

import fcntl
import logging
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ..errors import DatabaseRefused

OURS = 0o600  # rights of every file that we create

logger = logging.getLogger(__name__)


def create(path: Path) -> None:
    """An empty file that only its owner may read, whatever the umask; one that exists stays as it is."""
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OURS)
        try:
            os.fchmod(descriptor, OURS)
        finally:
            os.close(descriptor)


class FileLock:
    """Takes the lock, waiting up to `wait` seconds. Raises `DatabaseRefused`, naming the holder.

    Never on the database itself: closing any descriptor of it would drop SQLite's own locks.
    """

    def __init__(self, path: Path, wait: float) -> None:
        self._path = path
        create(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OURS)
        self._take(fcntl.LOCK_EX, wait)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"host {socket.gethostname()}, pid {os.getpid()}, since {started}\n".encode(), 0)

    @classmethod
    def of_reader(cls, path: Path) -> "FileLock | None":
        """Keeps owners away, and other readers not. None where nobody ever owned the file."""
        lock = cls.__new__(cls)
        lock._path = path
        try:
            lock._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        lock._take(fcntl.LOCK_SH, 0)
        return lock

    def taken_again(self) -> "FileLock":
        """In place of this one, whose file was removed; this one where another server has it now."""
        try:
            lock = FileLock(self._path, 0)
        except (DatabaseRefused, OSError) as error:
            logger.error("the lock file was removed, and the database is not this server's alone: %s", error)
            return self
        logger.warning("%s was removed, and is there again", self._path)
        self.close()
        return lock

    @property
    def stands(self) -> bool:
        """Whether the file is still the one that is locked, and nobody removed it."""
        try:
            return os.stat(self._path).st_ino == os.fstat(self._descriptor).st_ino
        except OSError:
            return False

    def close(self) -> None:
        """May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _take(self, kind: int, wait: float) -> None:
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    holder = os.pread(self._descriptor, 1000, 0).decode(errors="replace").strip()
                    os.close(self._descriptor)
                    raise DatabaseRefused(f"{self._path}: another server owns this database: {holder}") from None
                time.sleep(0.05)
            else:
                return
