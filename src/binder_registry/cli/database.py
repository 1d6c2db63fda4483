"""backup, check and copy: what works on a database and not on a server."""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, unquote

import click

from ..backends import open_log
from ..backends.copying import copy_log
from ..errors import DatabaseRefused, StoreUnavailable
from ..verify import Finding, damaged_pages, verify
from .connection import context_option, url_option
from .files import name_beside, sync_folder
from .hub import allow_command_option, check_hub
from .output import progress, say, tell

PAGES = 2000  # of one step of a backup


@click.command("backup", short_help="Copy a live SQLite registry to a file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--db", required=True, envvar="BINDER_REGISTRY_DB", metavar="URL", help="sqlite:///PATH, as for serve.")
def backup(file: Path, db: str) -> None:
    """Copy a live SQLite registry to a file: consistent, verified, and in place only when it is whole. Only you may
    read the file; `serve --db sqlite:///FILE` opens it.

    PostgreSQL has its own tools: see its page in the documentation.

    \b
    Example:
      binder-registry backup --db sqlite:////srv/registry.db registry-$(date +%F).db
    """
    path = _sqlite_path(db)
    if path is None:
        raise click.BadParameter("only SQLite is copied here; PostgreSQL has pg_dump", param_hint="--db")
    file = file.absolute()
    if file.exists() and file.samefile(path):
        raise click.BadParameter("this is the database itself", param_hint="FILE")
    if Path(f"{file}-wal").exists():
        # Its log would be played into the copy that takes the file's place.
        raise click.ClickException(
            f"{file} is in use by another program ({file.name}-wal is there). Choose another name."
        )
    copy = name_beside(file)
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL, 0o600))
        _copy_pages(path, copy)
        finding = _verified(f"sqlite:///{quote(str(copy))}")
        if finding.problems:
            raise click.ClickException(f"The copy is not sound: {finding.problems[0]}. `check` says more.")
        with copy.open("rb") as whole:
            os.fsync(whole.fileno())
        copy.replace(file)
    finally:
        for left in (copy, Path(f"{copy}-wal"), Path(f"{copy}-shm")):
            left.unlink(missing_ok=True)
    sync_folder(file.parent)
    say(f"{file}: {finding.templates} templates at {finding.position}")


@click.command("check", short_help="Verify a database, or what a hub can offer.")
@click.argument("db", required=False, metavar="[DB_URL]", envvar="BINDER_REGISTRY_DB")
@click.option("--hub", is_flag=True, help="Ask a registry instead, and name what a JupyterHub cannot offer.")
@click.option(
    "--kind",
    type=click.Choice(["kubernetes", "docker", "swarm", "local"]),
    default="kubernetes",
    show_default=True,
    help="With --hub: its spawner.",
)
@allow_command_option
@url_option
@context_option
@click.pass_context
def check(
    ctx: click.Context, /, db: str | None, hub: bool, kind: str, allow_commands: tuple[str, ...], **chosen: str | None
) -> None:
    """Verify a database, also beside a live server: every revision is there, the chain of marks holds, every row
    decodes and has its digest, and the folded log equals the current state. What is wrong is named, and the exit code
    is 1.

    With --hub: name what a JupyterHub cannot offer, and why.

    \b
    Examples:
      binder-registry check sqlite:////srv/registry.db
      binder-registry check --hub
    """
    if hub:
        ctx.invoke(check_hub, kind=kind, allow_commands=allow_commands, **chosen)
        return
    if not db:
        raise click.UsageError("Name the database: sqlite:///PATH. Or ask for --hub.")
    path = _sqlite_path(db)
    finding = _verified(db)
    problems = finding.problems
    if path is not None:
        problems = [*damaged_pages(path), *problems]
    for problem in problems:
        tell(problem)
    if problems:
        raise click.ClickException("The database is not sound. Restore a backup, or ask for help with the lines above.")
    say(f"sound: {finding.position.revision} revisions, {finding.templates} templates, position {finding.position}")


@click.command("copy", short_help="Move a registry to another database.")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Move a registry to another database, with its whole history, its numbers and its marks: from SQLite to PostgreSQL
    or back. At the end both are compared and the chain of marks is verified.

    A copy that was broken off goes on where it stopped. What is written to FROM meanwhile is copied the next time: stop
    the server, copy once more, and start it on TO.

    \b
    Example:
      binder-registry copy sqlite:////srv/registry.db postgresql://registry@db.example.org/registry
    """

    if "memory:" in (source, target):
        raise click.UsageError("memory: is gone when this command ends: name a database that stays.")
    _say_it_once()
    with closing(open_log(source, read_only=True)) as reads, closing(open_log(target)) as writes:
        try:
            with progress("Copying", 2 * reads.head().revision) as seen:
                head = copy_log(
                    reads, writes, lambda step, revision, last: seen(revision + (last if step == "verifying" else 0))
                )
        except StoreUnavailable as error:
            raise click.ClickException(
                f"A database failed: {error.__cause__}. Run the same line again: it goes on where it stopped."
            ) from None
    say(f"{head.revision} revisions copied and verified, position {head.position}")


def _say_it_once() -> None:
    """What goes wrong in a database is told as an error, and not by the log too."""
    logging.getLogger("binder_registry").addHandler(logging.NullHandler())


def _sqlite_path(url: str) -> Path | None:
    return Path(unquote(url.removeprefix("sqlite:///"))).absolute() if url.startswith("sqlite:///") else None


def _verified(url: str) -> Finding:

    _say_it_once()
    with closing(open_log(url, read_only=True)) as log:
        try:
            total = log.head().revision
            with progress("Verifying", total) as seen:
                return verify(log, seen)
        except StoreUnavailable as error:
            raise click.ClickException(f"The database cannot be read: {error.__cause__}") from None


def _copy_pages(source: Path, target: Path) -> None:
    """One state of the source, however long it takes and whatever is written meanwhile: in one read transaction."""

    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True, isolation_level=None)) as reader,
            closing(sqlite3.connect(target, isolation_level=None)) as writer,
            progress("Copying") as seen,
        ):
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            reader.backup(writer, pages=PAGES, progress=lambda status, left, total: seen(total - left))
            writer.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except sqlite3.Error as error:
        raise DatabaseRefused(f"{source}: {error}") from None
