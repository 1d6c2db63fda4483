"""One owner for one file: an flock on a file beside it, which says who holds it."""

import fcntl
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

from ..errors import DatabaseRefused


class FileLock:
    """Takes the lock, waiting up to `wait` seconds. Raises `DatabaseRefused`, naming the holder.

    Never on the database itself: closing any descriptor of it would drop SQLite's own locks.
    """

    def __init__(self, path: Path, wait: float) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    holder = os.pread(self._descriptor, 1000, 0).decode(errors="replace").strip()
                    os.close(self._descriptor)
                    raise DatabaseRefused(f"{path}: another server owns this database: {holder}") from None
                time.sleep(0.05)
            else:
                break
        started = datetime.now(UTC).isoformat(timespec="seconds")
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"host {socket.gethostname()}, pid {os.getpid()}, since {started}\n".encode(), 0)

    def release(self) -> None:
        """May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
