"""backup, restore-backup, check and copy: what works on a database and not on a server."""

from contextlib import closing
from pathlib import Path

import click
from click.core import ParameterSource

from ..backends import open_log
from ..backends.copying import copy_log, copy_tokens
from ..backends.file_lock import FileLock
from ..backends.sqlite_file import refusal
from ..backends.sqlite_foreign_wal import beside
from ..clock import dated_ahead, utc_now
from ..errors import StoreUnavailable
from ..verify import damaged_pages
from .arguments import File
from .connection import context_option, url_option
from .database_files import (
    move_log,
    put_back,
    revoke_tokens,
    say_it_once,
    set_aside,
    sound_copy,
    sqlite_database,
    take_place,
    verified,
)
from .hub import allow_command_option, check_hub, kind_option
from .hub_rules import rules_option
from .output import counted, progress, say, tell
from .publishers import check_publishers, public_url_option


@click.command("backup", short_help="Copy a live SQLite registry to a file.")
@click.argument("file", type=File(path_type=Path, dir_okay=False))
@click.option("--db", required=True, envvar="BINDER_REGISTRY_DB", metavar="URL", help="sqlite:///PATH, as for serve.")
def backup(file: Path, db: str) -> None:
    """Copy a live SQLite registry to a file: consistent, verified, and in place only when it is whole. Only you may
    read the file; `serve --db sqlite:///FILE` opens it.

    PostgreSQL has its own tools: see its page in the documentation.

    \b
    Example:
      binder-registry backup --db sqlite:////srv/registry.db registry-$(date +%F).db
    """
    path = sqlite_database(db)
    file = file.resolve()
    if file.exists() and not file.is_file():
        raise click.BadParameter(f"{file} is a device or a pipe: a backup is a file", param_hint="FILE")
    if file.exists() and file.samefile(path):
        raise click.BadParameter("this is the database itself", param_hint="FILE")
    if Path(f"{file}-wal").exists():
        # Its log would be played into the copy that takes the file's place.
        raise click.ClickException(
            f"{file} is in use by another program ({file.name}-wal is there). Choose another name."
        )
    with sound_copy(path, file) as (copy, finding):
        take_place(copy, file)
    say(f"{file}: {finding.templates} templates at {finding.position}")


@click.command("restore-backup", short_help="Put a backup in the place of a SQLite database.")
@click.argument("file", type=File(path_type=Path, dir_okay=False, exists=True))
@click.option("--db", required=True, envvar="BINDER_REGISTRY_DB", metavar="URL", help="sqlite:///PATH, as for serve.")
@click.option("--discard", is_flag=True, help="Do not keep what was there before.")
@click.option("--keep-tokens", is_flag=True, help="Do not revoke the tokens that the backup holds.")
def restore_backup(file: Path, db: str, discard: bool, keep_tokens: bool) -> None:
    """Put a backup in the place of a SQLite database, whose server must not run: verified first, and in one step. What
    was there before is kept beside it, with its write-ahead log.

    The tokens in the backup are revoked: some may have been revoked since it was made, which it does not know.

    Readers that saw what the backup does not have notice, and start over.

    \b
    Example:
      binder-registry restore-backup registry-2026-11-26.db --db sqlite:////srv/registry.db
    """
    path = sqlite_database(db).resolve()
    file = file.resolve()
    for each, hint in ((file, "FILE"), (path, "--db")):
        if not each.is_file() and (each.exists() or each == file):
            raise click.BadParameter("a database is a file, and neither a device nor a pipe", param_hint=hint)
    if path.exists() and file.samefile(path):
        raise click.BadParameter("this is the database itself", param_hint="FILE")
    try:
        lock = FileLock(beside(path, ".lock"), 0)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
    with closing(lock), sound_copy(file, path) as (copy, finding):
        revoked = 0 if keep_tokens else revoke_tokens(copy)
        kept = set_aside(path)
        try:
            take_place(copy, path)
        except click.ClickException:
            put_back(kept, path)
            raise
        move_log(path, kept)
        if discard and kept:
            for suffix in ("", "-wal"):
                beside(kept, suffix).unlink(missing_ok=True)
    say(f"{path}: {finding.templates} templates at {finding.position}")
    if revoked:
        were, ones = ("was", "a new one") if revoked == 1 else ("were", "new ones")
        say(f"{counted(revoked, 'token')} {were} revoked: make {ones} (--keep-tokens leaves them)")
    if kept and not discard:
        say(f"what was there before is {kept}")


@click.command("check", short_help="Verify a database.")
@click.argument("db", required=False, metavar="[DB_URL]", envvar="BINDER_REGISTRY_DB")
@click.option("--publishers", type=File(path_type=Path), metavar="FILE", help="Verify this file, as `serve` reads it.")
@public_url_option
@click.option("--hub", is_flag=True, help="The old spelling of `check-hub`.")
@rules_option
@kind_option
@allow_command_option
@url_option
@context_option
@click.pass_context
def check(
    ctx: click.Context,
    /,
    db: str | None,
    publishers: Path | None,
    public_url: str,
    hub: bool,
    rules_file: Path | None,
    kind: str | None,
    allow_commands: tuple[str, ...],
    **chosen: str | None,
) -> None:
    """Verify a database, also beside a live server: every revision is there, the chain of marks holds, every row
    decodes and has its digest, and the folded log equals the current state; each token decodes, and is what the audit
    says was done to it. What is wrong is named, and the exit code is 1.

    With --publishers, verify that file; the database only where it is named on the command line, too.

    \b
    Examples:
      binder-registry check sqlite:////srv/registry.db
      binder-registry check --publishers publishers.toml --public-url https://registry.example.org
    """
    if publishers:
        check_publishers(publishers, public_url)
        if ctx.get_parameter_source("db") is not ParameterSource.COMMANDLINE:
            return
    if hub:
        ctx.invoke(check_hub, rules_file=rules_file, kind=kind, allow_commands=allow_commands, **chosen)
        return
    if not db:
        raise click.UsageError("Name the database: sqlite:///PATH. What hubs can offer is `binder-registry check-hub`.")
    finding = verified(open_log(db, read_only=True))
    problems = finding.problems
    if db.startswith("sqlite:"):
        problems = [*damaged_pages(sqlite_database(db)), *problems]
    if warning := dated_ahead(finding.time, utc_now()):
        tell(f"warning: {warning}")
    for problem in problems:
        tell(problem)
    if problems:
        raise click.ClickException("The database is not sound. Restore a backup, or ask for help with the lines above.")
    tokens = f", {counted(finding.tokens, 'token')}" if finding.tokens else ""
    found = f"{finding.position.revision} revisions, {finding.templates} templates{tokens}"
    say(f"sound: {found}, position {finding.position}")


@click.command("copy", short_help="Move a registry to another database.")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--tokens", is_flag=True, help="With the registry's own tokens, which are left out else.")
def copy(source: str, target: str, tokens: bool) -> None:
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
    say_it_once()
    with closing(open_log(source, read_only=True)) as reads, closing(open_log(target)) as writes:
        try:
            with progress("Copying", 2 * reads.head().revision) as seen:
                head = copy_log(
                    reads, writes, lambda step, revision, last: seen(revision + (last if step == "verifying" else 0))
                )
            copied = copy_tokens(reads, writes) if tokens else 0
        except StoreUnavailable as error:
            raise click.ClickException(
                f"A database failed: {refusal(error.__cause__)}. Run the same line again: it goes on where it stopped."
            ) from None
    say(f"{head.revision} revisions copied and verified, position {head.position}")
    if tokens:
        say(f"{counted(copied, 'token')} copied, not counting revoked ones")
