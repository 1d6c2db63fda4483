"""SQLite files: copied whole, verified, and put in place."""

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from ..auth import Identity, Scope
from ..backends import too_new
from ..backends.file_lock import create
from ..backends.sqlite import SQLiteLog
from ..backends.sqlite_file import code, refusal
from ..backends.sqlite_foreign_wal import beside
from ..backends.sqlite_pragmas import connect
from ..backends.urls import sqlite_path, sqlite_url
from ..errors import DatabaseRefused, StoreUnavailable
from ..log_contract import Log
from ..log_store import LogStore
from ..sync_folder import sync_folder
from ..token_uses import TokenUses
from ..verify import Finding, damaged_pages, verify
from .files import name_beside
from .hints import local
from .output import progress, tell

PAGES = 2000  # of one step of a copy
OPERATOR = Identity("restore-backup", frozenset(Scope), "command")


def sqlite_database(url: str) -> Path:
    """Raises `click.BadParameter`, `DatabaseRefused`."""
    if not url.startswith("sqlite:"):
        raise click.BadParameter("only SQLite is copied here; PostgreSQL has pg_dump", param_hint="--db")
    return Path(sqlite_path(url)).absolute()


@contextmanager
def sound_copy(source: Path, target: Path) -> Iterator[tuple[Path, Finding]]:
    """One state of the source, verified and on disk, in a file beside `target`; gone at the end, unless moved."""
    copy = name_beside(target)
    try:
        try:
            create(copy)
            _copy_pages(source, copy)
        except OSError as error:
            raise click.ClickException(f"{copy.parent}: {error.strerror}") from None
        finding = verified(SQLiteLog(copy, read_only=True))
        if problems := [*damaged_pages(copy), *finding.problems]:
            more = local("check", arguments=[sqlite_url(source)])
            raise click.ClickException(f"{source} is not sound: {problems[0]}. `{more}` says more.")
        with copy.open("rb") as whole:
            os.fsync(whole.fileno())
        yield copy, finding
    finally:
        for suffix in ("", "-wal", "-shm", "-journal", ".lock"):
            with suppress(OSError):  # on read-only media also where there is nothing
                beside(copy, suffix).unlink(missing_ok=True)


def revoke_tokens(copy: Path) -> int:
    """All that a copy of a database holds. Gives how many these were."""
    with closing(SQLiteLog(copy, read_only=True)) as log:
        if not log.tokens()[1]:
            return 0
    with closing(LogStore(SQLiteLog(copy))) as store:
        revoked = TokenUses(store).revoke_all(OPERATOR)
    with closing(connect(copy, "rw")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # one file again, without a log beside it
    with copy.open("rb") as whole:
        os.fsync(whole.fileno())
    return len(revoked)


def take_place(copy: Path, file: Path) -> None:
    with _replacing(file):
        copy.replace(file)
    sync_folder(file.parent)


@contextmanager
def _replacing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        mounted = error.errno == errno.EBUSY
        reason = "it is mounted by itself: mount its folder instead" if mounted else error.strerror
        raise click.ClickException(f"{file} cannot be replaced: {reason}") from None


def set_aside(path: Path) -> Path | None:
    """Another name for the file that is about to be replaced, which is never missing meanwhile where links exist."""
    if not path.exists():
        return None
    kept = beside(path, f".before-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    try:
        kept.hardlink_to(path)
    except OSError:
        with _replacing(path):
            path.rename(kept)
    return kept


def put_back(kept: Path | None, path: Path) -> None:
    """What was set aside, where nothing took its place."""
    if kept and path.exists():
        kept.unlink()
    elif kept:
        kept.rename(path)


def move_log(path: Path, kept: Path | None) -> None:
    """After the new file is in place: if we end before this, it is refused beside a log that is not its own."""
    with suppress(FileNotFoundError):
        beside(path, "-wal").rename(beside(kept or path, "-wal" if kept else ".wal-before"))
    for suffix in ("-shm", "-journal"):
        beside(path, suffix).unlink(missing_ok=True)
    sync_folder(path.parent)


def verified(opened: Log) -> Finding:
    """Closes it."""
    say_it_once()
    with closing(opened) as log:
        try:
            if warning := too_new(log):
                tell(f"warning: {warning}")
            total = log.head().revision
            with progress("Verifying", total) as seen:
                return verify(log, seen)
        except StoreUnavailable as error:
            raise click.ClickException(f"The database cannot be read: {refusal(error.__cause__)}") from None


def say_it_once() -> None:
    """What goes wrong in a database is told as an error, and not by the log too."""
    logging.getLogger("binder_registry").addHandler(logging.NullHandler())


def _copy_pages(source: Path, target: Path) -> None:
    """One state of the source, however long it takes and whatever is written meanwhile: in one read transaction."""
    with closing(SQLiteLog(source, read_only=True)) as log:  # which refuses what is not whole, or not ours
        try:
            with (
                closing(connect(log.path, log.mode)) as reader,
                closing(connect(target, "rw")) as writer,
                progress("Copying") as seen,
            ):
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                reader.backup(writer, pages=PAGES, progress=lambda status, left, total: seen(total - left))
                writer.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        except sqlite3.Error as error:
            named = target.parent if code(error) == sqlite3.SQLITE_FULL else source
            raise DatabaseRefused(f"{named}: {refusal(error)}") from None
