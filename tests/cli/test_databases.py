import errno
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest

from binder_registry import Client, Identity, LogStore, Scope, Template, open_store
from binder_registry.backends import open_log
from binder_registry.errors import InvalidToken
from binder_registry.token_rules import NewToken
from binder_registry.token_uses import TokenUses
from binder_registry.tokens import StoredTokens
from tests.backends.postgres_server import new_registry
from tests.server.running import KEY, running_server

from .invoking import PATIENCE, CommandLine

ROOT = Identity("api-key", frozenset(Scope), "key")
CAN_MOUNT = subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode == 0


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """With every kind of change in it, and nobody's."""
    path = tmp_path / "registry.db"
    store = open_store(f"sqlite:///{path}")
    first = store.register_template(Template(name="a", image_name="secret")).revision
    store.update_template(Template(name="a", image_name="clean"))
    store.purge_change("a", first)
    store.register_template(Template(name="b", image_name="i"))
    store.delete_template("b", replaced_by="a")
    store.restore_template("b", 4)
    store.delete_template("b")
    store.close()
    return path


@pytest.fixture
def live(database: Path, tmp_path: Path) -> Iterator[Client]:
    with running_server(tmp_path, db=f"sqlite:///{database}") as running, Client(running.url, KEY) as client:
        yield client


def test_a_sound_database_is_called_sound(command_line: CommandLine, database: Path) -> None:
    result = command_line("check", f"sqlite:///{database}")

    assert (result.code, result.out.split(", position")[0]) == (0, "sound: 7 revisions, 1 templates")


def test_a_database_is_checked_beside_its_server(command_line: CommandLine, database: Path, live: Client) -> None:
    live.register_template(Template(name="c", image_name="i"))

    result = command_line("check", f"sqlite:///{database}")

    assert (result.code, result.out.split(", position")[0]) == (0, "sound: 8 revisions, 2 templates")


DAMAGE = {
    "UPDATE changes SET note = 'forged' WHERE revision = 2": "revision 2: its mark does not follow",
    "UPDATE changes SET content = CAST(replace(content, 'clean', 'dirty') AS BLOB) WHERE revision = 2": (
        "revision 2: its content does not have the digest"
    ),
    "UPDATE changes SET content = x'7b7d78' WHERE revision = 4": "revision 4: cannot be decoded",
    "UPDATE changes SET content = 'text' WHERE revision = 4": "after revision 3 a row cannot be read",
    "UPDATE changes SET action = 'burnt 🔥' WHERE revision = 4": "after revision 0 a row cannot be read",
    "UPDATE changes SET content = NULL WHERE revision = 4": "b: 1 of its rows are blank and 0 were purged: [4]",
    "DELETE FROM changes WHERE revision = 3": "revision 4: revisions 3 to 3 are missing before it",
    "DELETE FROM changes WHERE revision = 1": "revision 2: revisions 1 to 1 are missing before it",
    "UPDATE changes SET previous = 99 WHERE revision = 7": "revision 7: says that it follows revision 99, and 6 came",
    "UPDATE changes SET deleted = 0 WHERE revision = 7": "revision 7: is marked as living, and its action is deleted",
    "UPDATE changes SET time = 5 WHERE revision = 4": "revision 4: its time is not after",
    "UPDATE changes SET first = 8 WHERE revision = 7": "revision 7: belongs to an apply that began at 8",
    "UPDATE origin SET mark = x'0000000000000000'": "revision 1: its mark does not follow",
}


@pytest.mark.parametrize("statement", DAMAGE)
def test_what_is_wrong_is_named(command_line: CommandLine, database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)

    result = command_line("check", f"sqlite:///{database}")

    assert (result.code, DAMAGE[statement] in result.err) == (1, True)


def test_a_state_that_differs_from_the_log_is_named(command_line: CommandLine, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE changes SET name = 'c' WHERE revision = 7")

    result = command_line("check", f"sqlite:///{database}")

    assert (result.code, "revision 7: holds the template 'b', and its name is 'c'" in result.err) == (1, True)


def test_damaged_pages_are_named(command_line: CommandLine, database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(-4096, 2)
        file.write(b"\xff" * 4096)

    result = command_line("check", f"sqlite:///{database}")

    assert (result.code, "The database" in result.err, "Traceback" in result.err) == (1, True, False)


@pytest.mark.parametrize("url", ["sqlite:///nowhere.db", "mysql://user:s3cret@host/x", "sqlite:///"])
def test_what_is_no_database_is_one_line_without_secrets(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    monkeypatch.chdir(tmp_path)

    result = command_line("check", url)

    assert (result.code, result.err.count("\n"), "s3cret" in result.err) == (1, 1, False)


def test_a_check_needs_something_to_check(command_line: CommandLine) -> None:
    assert command_line("check").code == 2


def test_a_live_registry_is_copied_whole(
    command_line: CommandLine, database: Path, live: Client, tmp_path: Path
) -> None:
    live.register_template(Template(name="c", image_name="i"))
    file = tmp_path / "copy.db"

    result = command_line("backup", "--db", f"sqlite:///{database}", str(file))

    with closing(open_store(f"sqlite:///{file}", read_only=True)) as copy:
        assert (result.code, copy.head()) == (0, live.head())
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["copy.db"]


def test_only_the_owner_may_read_a_backup(command_line: CommandLine, database: Path, tmp_path: Path) -> None:
    command_line("backup", "--db", f"sqlite:///{database}", str(tmp_path / "copy.db"))

    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_a_backup_of_what_is_not_sound_leaves_the_last_one(
    command_line: CommandLine, database: Path, tmp_path: Path
) -> None:
    file = tmp_path / "copy.db"
    command_line("backup", "--db", f"sqlite:///{database}", str(file))
    before = file.read_bytes()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE changes SET note = 'forged' WHERE revision = 2")

    result = command_line("backup", "--db", f"sqlite:///{database}", str(file))

    assert (result.code, file.read_bytes() == before, len(list(tmp_path.glob(".copy*")))) == (1, True, 0)


def test_a_backup_that_is_interrupted_leaves_nothing(command_line: CommandLine, database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")  # the copy waits for it

        with command_line.started("backup", "--db", f"sqlite:///{database}", str(tmp_path / "copy.db")) as program:
            deadline = time.monotonic() + PATIENCE
            while not list(tmp_path.glob(".copy.db.*")) and time.monotonic() < deadline:
                time.sleep(0.01)
            program.send_signal(signal.SIGINT)
            connection.execute("ROLLBACK")
            program.communicate(timeout=PATIENCE)

    assert (program.returncode, [path.name for path in tmp_path.iterdir() if "copy" in path.name]) == (130, [])


def test_a_backup_over_the_database_itself_is_refused(command_line: CommandLine, database: Path) -> None:
    assert command_line("backup", "--db", f"sqlite:///{database}", str(database)).code == 2


def test_a_backup_over_a_file_in_use_is_refused(command_line: CommandLine, database: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db-wal").touch()

    result = command_line("backup", "--db", f"sqlite:///{database}", str(tmp_path / "copy.db"))

    assert (result.code, "in use" in result.err) == (1, True)


def test_a_backup_of_another_engine_is_refused(command_line: CommandLine, tmp_path: Path) -> None:
    assert command_line("backup", "--db", "postgresql://x", str(tmp_path / "copy.db")).code == 2


def test_a_registry_moves_with_its_history_and_marks(command_line: CommandLine, database: Path, tmp_path: Path) -> None:
    target = tmp_path / "moved.db"

    result = command_line("copy", f"sqlite:///{database}", f"sqlite:///{target}")

    with closing(open_store(f"sqlite:///{target}")) as moved, closing(open_store(f"sqlite:///{database}")) as source:
        assert (result.code, moved.changes()) == (0, source.changes())


def test_a_registry_moves_to_postgresql_and_back(command_line: CommandLine, database: Path, tmp_path: Path) -> None:
    source, back = f"sqlite:///{database}", f"sqlite:///{tmp_path / 'back.db'}"

    with new_registry() as postgres:
        there = command_line("copy", source, postgres)
        checked = command_line("check", postgres)
        returned = command_line("copy", postgres, back)

    assert [there.code, checked.code, returned.code] == [0, 0, 0]
    with closing(open_store(source)) as first, closing(open_store(back)) as last:
        assert first.changes() == last.changes()


def test_a_copy_goes_on_where_it_stopped(command_line: CommandLine, database: Path, tmp_path: Path) -> None:
    line = ("copy", f"sqlite:///{database}", f"sqlite:///{tmp_path / 'moved.db'}")
    command_line(*line)
    with closing(open_store(f"sqlite:///{database}")) as source:
        source.register_template(Template(name="later", image_name="i"))

    assert command_line(*line).out.startswith("8 revisions copied and verified")


def test_a_copy_onto_another_registry_is_refused(command_line: CommandLine, database: Path, tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'other.db'}")) as other:
        other.register_template(Template(name="x", image_name="i"))

    result = command_line("copy", f"sqlite:///{database}", f"sqlite:///{tmp_path / 'other.db'}")

    assert (result.code, "holds another registry" in result.err) == (1, True)


def test_a_copy_to_memory_is_wrong_usage(command_line: CommandLine, database: Path) -> None:
    assert command_line("copy", f"sqlite:///{database}", "memory:").code == 2


# ── restoring ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def backup_file(command_line: CommandLine, database: Path, tmp_path: Path) -> Path:
    """Of `database`, to which one template was added since."""
    file = tmp_path / "backup.db"
    command_line("backup", "--db", f"sqlite:///{database}", str(file))
    with closing(open_store(f"sqlite:///{database}")) as store:
        store.register_template(Template(name="later", image_name="i"))
    return file


def kept(database: Path) -> list[Path]:
    return [path for path in database.parent.glob(f"{database.name}.before-*") if path.suffix != ".lock"]


def left_by_a_killed_server(database: Path) -> None:
    """Its newest change is in the write-ahead log only."""
    aside = database.with_name("aside")
    with closing(open_store(f"sqlite:///{database}")) as store:
        store.register_template(Template(name="newest", image_name="i"))
        for suffix in ("", "-wal"):
            shutil.copy(f"{database}{suffix}", f"{aside}{suffix}")
    for suffix in ("", "-wal"):
        Path(f"{aside}{suffix}").replace(f"{database}{suffix}")


def test_a_backup_takes_the_place_of_what_a_killed_server_left(
    command_line: CommandLine, database: Path, backup_file: Path
) -> None:
    left_by_a_killed_server(database)

    result = command_line("restore-backup", str(backup_file), "--db", f"sqlite:///{database}")

    with closing(open_store(f"sqlite:///{database}")) as restored:
        assert (result.code, restored.head().revision) == (0, 7)
    assert database.stat().st_mode & 0o777 == 0o600


def test_what_was_there_before_is_kept_whole(command_line: CommandLine, database: Path, backup_file: Path) -> None:
    left_by_a_killed_server(database)

    result = command_line("restore-backup", str(backup_file), "--db", f"sqlite:///{database}")

    before = next(path for path in kept(database) if path.name in result.out and not path.name.endswith("-wal"))
    with closing(open_store(f"sqlite:///{before}")) as store:
        assert store.get_template("newest").revision == 9


def test_what_was_there_before_is_discarded_when_told(
    command_line: CommandLine, database: Path, backup_file: Path
) -> None:
    left_by_a_killed_server(database)

    result = command_line("restore-backup", str(backup_file), "--db", f"sqlite:///{database}", "--discard")

    assert (result.code, kept(database)) == (0, [])
    assert not Path(f"{database}-wal").exists()


def test_a_backup_is_put_where_nothing_was(command_line: CommandLine, backup_file: Path, tmp_path: Path) -> None:
    result = command_line("restore-backup", str(backup_file), "--db", f"sqlite:///{tmp_path / 'new.db'}")

    with closing(open_store(f"sqlite:///{tmp_path / 'new.db'}")) as restored:
        assert (result.code, restored.head().revision) == (0, 7)


def test_nothing_is_restored_under_a_server(
    command_line: CommandLine, database: Path, backup_file: Path, live: Client
) -> None:
    result = command_line("restore-backup", str(backup_file), "--db", f"sqlite:///{database}")

    assert (result.code, "another server owns this database" in result.err) == (1, True)
    assert live.head().revision == 8


def test_a_backup_that_is_not_sound_is_not_restored(
    command_line: CommandLine, database: Path, backup_file: Path
) -> None:
    with closing(sqlite3.connect(backup_file)) as connection, connection:
        connection.execute("UPDATE changes SET note = 'forged' WHERE revision = 2")
    before = database.read_bytes()

    result = command_line("restore-backup", str(backup_file), "--db", f"sqlite:///{database}")

    assert (result.code, "not sound" in result.err, database.read_bytes() == before) == (1, True, True)
    assert (kept(database), list(database.parent.glob(".registry.db*"))) == ([], [])


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_what_is_no_backup_is_not_restored(command_line: CommandLine, database: Path, content: bytes) -> None:
    file = database.with_name("file")
    file.write_bytes(content)
    before = database.read_bytes()

    result = command_line("restore-backup", str(file), "--db", f"sqlite:///{database}")

    assert (result.code, database.read_bytes() == before) == (1, True)


def test_a_database_is_not_restored_from_itself(command_line: CommandLine, database: Path) -> None:
    assert command_line("restore-backup", str(database), "--db", f"sqlite:///{database}").code == 2


def test_a_backup_that_was_copied_by_hand_is_noticed(
    command_line: CommandLine, database: Path, backup_file: Path, tmp_path: Path
) -> None:
    left_by_a_killed_server(database)
    shutil.copy(backup_file, database)

    results = [
        command_line("check", f"sqlite:///{database}"),
        command_line("backup", "--db", f"sqlite:///{database}", str(tmp_path / "x")),
    ]

    assert [(result.code, "does not belong to it" in result.err) for result in results] == [(1, True)] * 2


# ── special files, clocks, closed folders ────────────────────────────────────────────────────────────────────────────


def test_a_backup_into_a_pipe_is_refused_and_the_pipe_stays(
    command_line: CommandLine, database: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")

    result = command_line("backup", "--db", f"sqlite:///{database}", str(tmp_path / "pipe"))

    assert (result.code, "a device or a pipe" in result.err, (tmp_path / "pipe").is_fifo()) == (2, True, True)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/stdout", "/dev/fd/1"])
def test_a_backup_into_a_device_is_refused(command_line: CommandLine, database: Path, device: str) -> None:
    if Path(device).is_file():
        pytest.skip("standard output is a file here")

    assert command_line("backup", "--db", f"sqlite:///{database}", device).code == 2
    assert not Path(device).is_file()


def test_a_backup_into_a_folder_is_refused(command_line: CommandLine, database: Path, tmp_path: Path) -> None:
    assert command_line("backup", "--db", f"sqlite:///{database}", str(tmp_path)).code == 2


def test_a_backup_through_a_link_leaves_the_link(command_line: CommandLine, database: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "real" / "copy.db")

    assert command_line("backup", "--db", f"sqlite:///{database}", str(tmp_path / "link.db")).code == 0
    assert ((tmp_path / "link.db").is_symlink(), (tmp_path / "real" / "copy.db").is_file()) == (True, True)


def test_a_newest_change_from_the_future_is_told_by_a_check(command_line: CommandLine, database: Path) -> None:
    with closing(LogStore(open_log(f"sqlite:///{database}"), now=lambda: datetime(2099, 1, 1, tzinfo=UTC))) as store:
        store.register_template(Template(name="c", image_name="i"))

    result = command_line("check", f"sqlite:///{database}")

    assert (result.code, "dated 2099-01-01" in result.err) == (0, True)


def test_a_folder_is_no_place_for_a_backup(command_line: CommandLine, backup_file: Path, tmp_path: Path) -> None:
    result = command_line("restore-backup", str(backup_file), "--db", f"sqlite:///{tmp_path}")

    assert (result.code, "Invalid value for --db: a database is a file" in result.err) == (2, True)


COMMANDS = {
    "check": ["check", "sqlite:///registry.db"],
    "backup": ["backup", "--db=sqlite:///registry.db", "copy.db"],
    "restore-backup": ["restore-backup", "backup.db", "--db=sqlite:///registry.db"],
    "a new restore-backup": ["restore-backup", "backup.db", "--db=sqlite:///new.db"],
    "copy": ["copy", "sqlite:///registry.db", "sqlite:///new.db"],
}


def contents(folder: Path) -> dict[str, bytes]:
    """Of the databases, but for one that is new, and of what is hidden."""
    found = {*folder.glob("*.db"), *folder.glob(".*")} - {folder / "new.db"}
    return {path.name: path.read_bytes() for path in found}


@contextmanager
def descriptors(number: int) -> Iterator[None]:
    """At most so many more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as taken:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
        taken.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with suppress(OSError):
            while True:
                taken.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512) + number, hard))
        yield


@pytest.mark.usefixtures("database", "backup_file")
@pytest.mark.parametrize("command", COMMANDS)
def test_without_descriptors_commands_say_so_and_change_nothing(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    command_line(*COMMANDS[command][:1], "--help")  # imports what it needs
    before, results = contents(tmp_path), []
    for number in range(30):
        with descriptors(number):
            results.append(command_line(*COMMANDS[command]))
        if not results[-1].code:
            break
        assert contents(tmp_path) == before

    *failed, last = results
    assert (last.code, len(failed) >= 3) == (0, True)
    assert [each.code for each in failed] == [1] * len(failed)
    assert [each.err for each in failed if "Too many open files" not in each.err or each.err.count("\n") > 1] == []


def test_without_descriptors_not_even_the_explanation_can_be_read_and_it_is_one_line(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "binder_registry.cli.failures")

    with descriptors(0):
        result = command_line("check", "sqlite:////nowhere/registry.db")

    assert (result.code, result.err) == (1, "Error: Too many open files.\n")


ON_READ_ONLY_MEDIA = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'  # $0: the folder
RUN = """
import json, sys
from binder_registry.cli import run
for words in json.loads(sys.argv[1]):
    print(run(words), file=sys.stderr)
"""


@pytest.mark.skipif(not (CAN_MOUNT or "CI" in os.environ), reason="this user may not mount read-only media")
@pytest.mark.usefixtures("database")
def test_read_only_media_are_named_and_read(
    backup_file: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(backup_file, elsewhere / "other.db")
    other, new = f"sqlite:///{elsewhere}/other.db", f"{elsewhere}/new.db"
    refused = {
        "backup --db=sqlite:///registry.db copy.db": "",
        f"backup --db={other} backup.db": "",
        "restore-backup backup.db --db=sqlite:///registry.db": "/registry.db",
        f"restore-backup {elsewhere}/other.db --db=sqlite:///nothing.db": "/nothing.db",
        "copy sqlite:///registry.db sqlite:///nothing.db": "/nothing.db",
        f"copy {other} sqlite:///registry.db": "/registry.db",
        "serve --port=0 --db=sqlite:///registry.db": "/registry.db",
        "serve --port=0 --db=sqlite:///nothing.db": "/nothing.db",
    }
    taken = [
        "check sqlite:///registry.db",
        f"backup --db=sqlite:///registry.db {new}",
        f"restore-backup backup.db --db={other}",
    ]
    taken += [f"copy sqlite:///registry.db sqlite:///{elsewhere}/copied.db"]
    commands = json.dumps([line.split() for line in (*refused, *taken)])

    wrapper = ["unshare", "-rm", "sh", "-c", ON_READ_ONLY_MEDIA, str(tmp_path)]
    environment = os.environ | {"BINDER_API_KEY": KEY}
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", RUN, commands], env=environment, capture_output=True, text=True, check=False
    )

    told = [f"Error: {tmp_path}{named}: Read-only file system" for named in refused.values()]
    lines = [line.rstrip(".") for line in done.stderr.splitlines()]
    assert lines == [*chain.from_iterable((line, "1") for line in told), *("0" for _ in taken)]


@pytest.mark.skipif(not (CAN_MOUNT or "CI" in os.environ), reason="this user may not mount a file")
def test_a_database_that_is_mounted_by_itself_is_not_restored(
    database: Path, backup_file: Path, tmp_path: Path
) -> None:
    before = database.read_bytes()
    line = [sys.executable, "-m", "binder_registry", "restore-backup", str(backup_file), f"--db=sqlite:///{database}"]

    mounted = ["unshare", "-rm", "sh", "-c", 'mount --bind "$0" "$0" && exec "$@"', str(database)]
    done = subprocess.run([*mounted, *line], capture_output=True, text=True, check=False)

    assert (done.returncode, "it is mounted by itself: mount its folder instead" in done.stderr) == (1, True)
    assert (database.read_bytes() == before, list(tmp_path.glob("*before*"))) == (True, [])


@pytest.mark.parametrize("links", [True, False])
def test_what_was_there_stays_under_its_name_where_nothing_can_take_its_place(
    command_line: CommandLine, database: Path, backup_file: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    before = database.read_bytes()

    def fails(path: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "replace", fails)
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", fails)

    result = command_line("restore-backup", str(backup_file), "--db", f"sqlite:///{database}")

    assert (result.code, result.err) == (1, f"Error: {database} cannot be replaced: Operation not permitted\n")
    assert (database.read_bytes() == before, list(database.parent.glob("*before*"))) == (True, [])


def test_a_full_disk_is_named_and_what_was_there_stays(
    command_line: CommandLine, database: Path, backup_file: Path, small_disk: Path
) -> None:
    target = small_disk / "registry.db"
    shutil.copy(database, target)
    before = target.read_bytes()
    (small_disk / "ballast").write_bytes(bytes(2 * 1024**2 - 16 * 1024 - len(before)))

    result = command_line("restore-backup", str(backup_file), "--db", f"sqlite:///{target}")

    assert (result.code, result.err) == (1, f"Error: {small_disk}: database or disk is full.\n")
    assert target.read_bytes() == before


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def text(database: Path) -> str:
    """Of a token that the database holds."""
    with closing(open_store(f"sqlite:///{database}")) as store:
        return TokenUses(store).make(ROOT, NewToken("ci", ("read",)))[1]


def holders(path: Path, text: str) -> list[str]:
    """Whose the token is to a server over this database."""
    with closing(open_store(f"sqlite:///{path}")) as store:
        assert store.tokens is not None
        with closing(StoredTokens(store.tokens)) as tokens, suppress(InvalidToken):
            return [tokens.identify(text).by]
    return []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE tokens SET content = '{}'", "the tokens cannot be read"),
        ("UPDATE tokens SET content = replace(content, '\"number\":1', '\"number\":9')", "it says 9"),
        ("UPDATE tokens SET number = 9", "has 9, and it says 1"),
        ("UPDATE tokens SET name = 'other'", "has other, and it says ci"),
        ("UPDATE tokens SET id = '12345678'", "has 12345678, and it says"),
        ("DELETE FROM tokens", "it is not there"),
        ("DELETE FROM token_audit", "does not tell once that it was made"),
        ("UPDATE token_audit SET content = 'x'", "the audit cannot be read"),
    ],
)
def test_tokens_that_are_not_sound_are_told(
    command_line: CommandLine, database: Path, text: str, change: str, told: str
) -> None:
    assert ", 1 token, position" in command_line("check", f"sqlite:///{database}").out
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(change)

    result = command_line("check", f"sqlite:///{database}")

    assert (result.code, told in result.err) == (1, True), result.err


@pytest.mark.parametrize(("options", "held"), [([], []), (["--keep-tokens"], ["token:ci"])])
def test_the_tokens_of_a_backup_that_is_restored_are_revoked_unless_told(
    command_line: CommandLine, database: Path, text: str, tmp_path: Path, options: list[str], held: list[str]
) -> None:
    file, back = tmp_path / "backup.db", tmp_path / "restored.db"
    command_line("backup", str(file), "--db", f"sqlite:///{database}")

    result = command_line("restore-backup", str(file), "--db", f"sqlite:///{back}", *options)

    assert (result.code, "1 token was revoked: make a new one (" in result.out) == (0, not held)
    assert holders(back, text) == held
    assert holders(file, text) == ["token:ci"]
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".restored")]


@pytest.mark.parametrize(("options", "held"), [([], []), (["--tokens"], ["token:ci"])])
def test_a_copy_has_tokens_where_they_are_asked_for(
    command_line: CommandLine, database: Path, text: str, tmp_path: Path, options: list[str], held: list[str]
) -> None:
    line = ("copy", f"sqlite:///{database}", f"sqlite:///{tmp_path / 'copy.db'}", *options)

    results = [command_line(*line), command_line(*line)]

    assert [result.code for result in results] == [0, 0]
    assert holders(tmp_path / "copy.db", text) == held


def test_a_copy_with_tokens_goes_on_where_it_stopped(
    command_line: CommandLine, database: Path, text: str, tmp_path: Path
) -> None:
    line = ("copy", f"sqlite:///{database}", f"sqlite:///{tmp_path / 'copy.db'}", "--tokens")
    command_line(*line)
    with closing(open_store(f"sqlite:///{database}")) as store:
        TokenUses(store).revoke_all(ROOT)

    result = command_line(*line)

    assert (result.code, "0 tokens copied" in result.out) == (0, True)
    assert holders(tmp_path / "copy.db", text) == []


def test_a_target_with_tokens_of_its_own_is_refused(
    command_line: CommandLine, database: Path, text: str, tmp_path: Path
) -> None:
    command_line("copy", f"sqlite:///{database}", f"sqlite:///{tmp_path / 'copy.db'}")
    with closing(open_store(f"sqlite:///{tmp_path / 'copy.db'}")) as store:
        TokenUses(store).make(ROOT, NewToken("other", ("read",)))

    result = command_line("copy", f"sqlite:///{database}", f"sqlite:///{tmp_path / 'copy.db'}", "--tokens")

    assert (result.code, "holds other tokens" in result.err) == (1, True)
