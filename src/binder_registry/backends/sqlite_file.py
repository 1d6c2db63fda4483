"""One SQLite file: created, opened, migrated, or refused."""

import os
import sqlite3
from contextlib import closing, suppress
from importlib.resources import files
from pathlib import Path
from secrets import token_bytes

from .. import descriptors
from ..changes import MARK_BYTES
from ..errors import DatabaseRefused
from ..sync_folder import sync_folder
from .file_lock import FileLock
from .sqlite_foreign_wal import FILE_BEGINS, RawFile, beside, has_log, refuse_foreign_log
from .sqlite_pragmas import connect, keeps_wal

SCHEMA = 4  # PRAGMA user_version
A_LOG_OPENS = 10  # descriptors at least, of what is asked for here
APPLICATION_ID = 0x62726567  # "breg": tells our files from other programs' databases


def prepare(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    """Create or migrate the schema. Raises `DatabaseRefused` for what is not ours or newer than this program."""
    [[found]] = connection.execute("PRAGMA user_version")
    [[application]] = connection.execute("PRAGMA application_id")
    [[tables]] = connection.execute("SELECT count(*) FROM sqlite_schema")
    if application != APPLICATION_ID and (application or tables or found or read_only):
        raise DatabaseRefused(f"{path}: this is not a database of binder-registry")
    if found > SCHEMA:
        raise DatabaseRefused(
            f"{path}: written by a newer binder-registry (schema {found}, this program knows {SCHEMA})"
        )
    if read_only:
        return
    if not keeps_wal(connection):
        raise DatabaseRefused(f"{path}: the file system does not allow SQLite's write-ahead log")
    connection.execute("BEGIN IMMEDIATE")  # fails now, and not at the first write, where the file is read-only
    for version in range(found + 1, SCHEMA + 1):
        for statement in (files(__package__) / f"migrations/sqlite_{version}.sql").read_text().split(";\n"):
            connection.execute(statement)
    if not found:
        connection.execute("INSERT INTO origin (mark) VALUES (?)", (token_bytes(MARK_BYTES),))
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("COMMIT")
    sync_folder(path.parent)  # the new file's own entry


def owned(path: Path, wait: float) -> FileLock:
    """The lock of one who writes. Nothing is left beside what is no database. Raises `DatabaseRefused`, `OSError`."""
    with suppress(FileNotFoundError), closing(RawFile(path)) as file:
        begins = file.read(len(FILE_BEGINS), 0)
        if begins.strip(b"\0") and begins != FILE_BEGINS and not has_log(path):  # which is told of in its stead
            raise DatabaseRefused(f"{path}: {_REFUSALS[sqlite3.SQLITE_NOTADB]}")
    return FileLock(beside(path, ".lock"), wait)


def mode_to_read(path: Path) -> tuple[str, FileLock | None]:
    """How to open a file to read it: as `ro`, or as `immutable` where its folder cannot be written, so that SQLite
    finds no place for what readers share. Then a lock keeps servers away for as long.

    Raises `DatabaseRefused`, `sqlite3.Error`, `OSError`.
    """
    try:
        refuse_foreign_log(path)
        with closing(connect(path, "ro")) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        return "ro", None
    except sqlite3.OperationalError as error:
        if code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        if not os.access(path, os.R_OK, effective_ids=True) or os.access(path.parent, os.W_OK, effective_ids=True):
            raise
    name = path.name
    if has_log(path):
        raise DatabaseRefused(
            f"{path}: its newest changes are in {name}-wal, which can be read only in a folder that can be written: "
            f"copy {name} and {name}-wal to one, and read the copy"
        )
    try:
        return "immutable", FileLock.of_reader(beside(path, ".lock"))
    except PermissionError:
        raise DatabaseRefused(f"{path}: a server may be using it: {name}.lock is not yours to read") from None


def refusal(error: BaseException | None) -> str:
    """What went wrong, for people."""
    if not isinstance(error, sqlite3.Error):
        return getattr(error, "strerror", None) or str(error)
    if code(error) == sqlite3.SQLITE_CANTOPEN and not descriptors.are_left(A_LOG_OPENS):  # SQLite does not say it
        return descriptors.EXHAUSTED
    return _REFUSALS.get(code(error), str(error))


def code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code: the extended ones refine it


_REFUSALS = {
    sqlite3.SQLITE_NOTADB: "this is not a database",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened or created",
    sqlite3.SQLITE_BUSY: "another process holds the database locked",
}


def refuse_replaced(path: str, inode: int) -> None:
    """Writes to a file that was removed or replaced would succeed, and be gone with the process. Raises `OSError`."""
    try:
        found = os.stat(path).st_ino
    except FileNotFoundError:
        raise OSError(f"{path} was removed while it was in use") from None
    if found != inode:
        raise OSError(f"{path} was replaced while it was in use")
