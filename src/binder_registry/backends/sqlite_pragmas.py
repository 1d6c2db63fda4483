"""How connections to a SQLite file are opened, and every setting of theirs (`PRAGMA`).

What the file itself is marked with (`user_version`, `application_id`) is `sqlite_file`'s.
"""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

LOG_PAGES = 1000  # of the write-ahead log, after which a commit carries it over: SQLite's own number
BUSY_SECONDS = 5.0  # how long to wait for a lock that a process beside the server holds


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """`mode`: `ro`, `rw`, or `immutable`, for a file that nobody writes to meanwhile and that has no log."""
    asked = "immutable=1" if mode == "immutable" else f"mode={mode}"
    return sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?{asked}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def connect_to_log(path: Path, mode: str) -> sqlite3.Connection:
    """A connection of the registry's own: what is committed is on disk, and what is purged is overwritten."""
    connection = connect(path, mode)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def keeps_wal(connection: sqlite3.Connection) -> bool:
    """Turns the write-ahead log on, for good; False where the file system does not allow one."""
    return connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)  # type: ignore[no-any-return]


def carry_wal_over(connection: sqlite3.Connection) -> bool:
    """Into the file, and cut the write-ahead log to nothing; False while a reader needs it: it is not waited for."""
    [[before]] = connection.execute("PRAGMA busy_timeout")
    connection.execute("PRAGMA busy_timeout = 0")
    [busy, _, _] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {before}")
    return not busy


def carry_over_at_commits(connection: sqlite3.Connection, *, on: bool) -> None:
    """Whether a commit of this connection carries the write-ahead log over where it is long: others wait meanwhile."""
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES if on else 0}")


def carry_over_beside(connection: sqlite3.Connection) -> None:
    """Carry over what nobody needs in the log any more, while others read and write."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def data_version(connection: sqlite3.Connection) -> int:
    """Another one than before: another connection has written meanwhile."""
    [version] = connection.execute("PRAGMA data_version").fetchone()
    return version  # type: ignore[no-any-return]
