"""The logs that come with the package, by URL."""

import logging
from pathlib import Path

from ..clock import dated_ahead, utc_now
from ..errors import DatabaseRefused, StoreUnavailable
from ..file_names import as_text
from ..installing import installs, is_missing
from ..log_contract import Log, format_kept
from ..log_store import LogStore
from ..must_understand import FORMAT
from .copying import Target
from .urls import sqlite_path, sqlite_url, unknown

POSTGRES = ("postgresql://", "postgres://")

logger = logging.getLogger(__name__)


def open_log(url: str, *, read_only: bool = False) -> Target:
    """`memory:`, `sqlite:///PATH` (relative to the current folder; four slashes for an absolute path), or libpq's
    `postgresql://…`.

    Raises `DatabaseRefused`.
    """
    log = _opened(url, read_only)
    if not read_only:
        try:
            for warning in filter(None, (dated_ahead(log.head().time, utc_now()), too_new(log))):
                logger.warning("%s", warning)
        except StoreUnavailable as error:
            from .sqlite_file import refusal

            log.close()
            raise DatabaseRefused(f"the database cannot be read: {refusal(error.__cause__)}") from error
    return log


def database_name(url: str) -> str:
    """How it is shown, without a password, from the URL alone: nothing is opened. Raises `DatabaseRefused`."""
    if url == "memory:":
        return url
    if url.startswith("sqlite:///"):
        return sqlite_url(Path(sqlite_path(url)))
    if not url.startswith(POSTGRES):
        raise unknown(url)
    try:
        from .postgres_connect import parameters
    except ImportError as error:
        raise _without_postgres(error) from error
    found = parameters(as_text(url), read_only=False)
    shown = (f"{name}={found[name]}" for name in ("host", "port", "dbname") if found.get(name))
    return ", ".join(["PostgreSQL", *shown])


def too_new(log: Log) -> str:
    """What to say of a log that takes no writes of this release; empty where it does."""
    kept = format_kept(log)
    if kept <= FORMAT:
        return ""
    return (
        f"written by a newer binder-registry (format {kept}, this program knows {FORMAT}): it is read here, and takes "
        "no writes until the program is upgraded"
    )


def _opened(url: str, read_only: bool) -> Target:
    if url == "memory:":
        from .memory import MemoryLog

        return MemoryLog()
    if url.startswith("sqlite:///"):
        from .sqlite import SQLiteLog

        return SQLiteLog(sqlite_path(url), read_only=read_only)
    if url.startswith(POSTGRES):
        try:
            from .postgres import PostgresLog
        except ImportError as error:
            raise _without_postgres(error) from error
        return PostgresLog(as_text(url), read_only=read_only)
    raise unknown(url)


def _without_postgres(error: ImportError) -> DatabaseRefused:
    """Raises `error`, where it is another."""
    if not is_missing(error, "psycopg", "psycopg_pool", "psycopg_binary", "psycopg_c"):
        raise error
    return DatabaseRefused(f"PostgreSQL needs an extra: {installs('binder-registry[postgres]')}")


def open_store(url: str, *, read_only: bool = False) -> LogStore:
    """A store over `open_log`. Raises `DatabaseRefused`."""
    return LogStore(open_log(url, read_only=read_only))
