"""The logs that come with the package, by URL."""

import re
from urllib.parse import unquote

from ..errors import DatabaseRefused
from ..log_store import LogStore
from .copying import Target


def open_log(url: str, *, read_only: bool = False) -> Target:
    """`memory:`, `sqlite:///PATH` (relative to the current folder; four slashes for an absolute path), or libpq's
    `postgresql://…`.

    Raises `DatabaseRefused`.
    """
    if url == "memory:":
        from .memory import MemoryLog

        return MemoryLog()
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        from .sqlite import SQLiteLog

        return SQLiteLog(unquote(url.removeprefix("sqlite:///")), read_only=read_only)
    if url.startswith(("postgresql://", "postgres://")):
        try:
            from .postgres import PostgresLog
        except ImportError as error:
            raise DatabaseRefused("PostgreSQL needs an extra: pip install 'binder-registry[postgres]'") from error
        return PostgresLog(url, read_only=read_only)
    scheme = re.match(r"[a-z][a-z0-9+.-]*(?=://)", url)  # and no more of it: it may hold a password
    what = f"{scheme[0]!r}: " if scheme else ""
    raise DatabaseRefused(f"{what}a database is memory:, sqlite:///PATH or postgresql://…")


def open_store(url: str, *, read_only: bool = False) -> LogStore:
    """A store over `open_log`. Raises `DatabaseRefused`."""
    return LogStore(open_log(url, read_only=read_only))
