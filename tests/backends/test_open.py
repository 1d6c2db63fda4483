import os
import socket
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from binder_registry.backends import open_log, open_store
from binder_registry.backends.memory import MemoryLog
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.errors import DatabaseRefused
from binder_registry.log_store import LogStore
from binder_registry.template import Template


def test_memory_is_a_log_that_nothing_outlives() -> None:
    assert isinstance(open_log("memory:"), MemoryLog)


@pytest.mark.parametrize(("url", "name"), [("sqlite:///a.db", "a.db"), ("sqlite:///sub/a%20b.db", "sub/a b.db")])
def test_three_slashes_are_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, name: str
) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)

    with closing(open_log(url)) as log:
        assert isinstance(log, SQLiteLog)
        assert log.path == tmp_path / name


def test_four_slashes_are_an_absolute_path(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/a.db")) as store:
        store.register_template(Template(name="a", image_name="i"))

    assert (tmp_path / "a.db").exists()


@pytest.mark.parametrize(
    "url", ["", "memory", "memory:x", "sqlite:", "sqlite://a.db", "sqlite:///", "mysql://user:secret@host/db", "a.db"]
)
def test_what_is_no_database_is_refused_without_repeating_a_password(url: str) -> None:
    with pytest.raises(DatabaseRefused) as refused:
        open_log(url)

    assert "sqlite:///PATH" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("name", "url"), [("a.db", "sqlite:///a.db"), ("b ü?.db", "sqlite:///b%20%C3%BC%3F.db")])
def test_the_name_of_a_file_is_refused_with_its_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).touch()

    with pytest.raises(DatabaseRefused) as refused:
        open_log(name)

    assert str(refused.value).endswith(f"; write {url}")
    open_log(url).close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///a.db?mode=secret", "no parameters; in a path, write ? as %3F"),
        ("sqlite:///a.db#secret", "no fragment; in a path, write # as %23"),
        ("sqlite://secret@host/a.db", "three slashes"),
        ("sqlite://relative.db", "three slashes"),
        ("sqlite:/a.db", "three slashes"),
        ("sqlite+pysqlite:///secret.db", "three slashes"),
        ("sqlite:///:memory:", "here it is memory:"),
        ("sqlite:///50%.db", "write % as %25"),
        ("sqlite:///a%zz.db", "write % as %25"),
        ("sqlite:///a%ff.db", "not UTF-8"),
        ("sqlite:///a%00.db", "control characters"),
        ("sqlite:///a.db\n", "blanks"),
        ("sqlite:///a.db/", "folder"),
        ("sqlite:///C:\\secret\\a.db", "a path of Windows"),
        ("sqlite:///c:/secret.db", "a path of Windows"),
        ("sqlite:///file:secret.db", "SQLite's own"),
        ("memory:secret", "takes nothing"),
        ("memory://", "takes nothing"),
        ("host=x password=secret", "a database is"),
        ("host=x password=secret:1", "a database is"),
        ("postgresql:secret", "write postgresql://"),
        ("postgresql+psycopg://ann:secret@host/db", "write postgresql://, without a driver"),
        ("postgresql+asyncpg://ann:secret@host/db", "write postgresql://, without a driver"),
        ("POSTGRESQL://ann:secret@host/db", "write postgresql://"),
        ("Postgres://ann:secret@host/db", "write postgresql://"),
        ("pgsql://ann:secret@host/db", "write postgresql://"),
        ("postgressql://ann:secret@host/db", "write postgresql://"),
        ("postgresql:/host/secret", "write postgresql://"),
        ("SQLite:///secret.db", "write sqlite:/// with three slashes"),
        ("MEMORY:", "write memory:"),
    ],
)
def test_what_is_unknown_in_a_url_is_refused_with_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DatabaseRefused) as refused:
        open_log(url)

    assert told in str(refused.value)
    assert "secret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def folder(path: Path) -> None:
    path.mkdir()


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/null")


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def text(path: Path) -> None:
    path.write_text("not a database at all")


NO_DATABASES = (
    (folder, "this is a folder"),
    (link_to_a_device, "/dev/null: this is a device"),
    (os.mkfifo, "this is a named pipe"),
    (bound_socket, "this is a socket"),
    (text, "this is not a database"),
)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(("make", "told"), NO_DATABASES)
def test_what_is_no_database_is_refused_and_nothing_is_left_beside_it(
    tmp_path: Path, make: Callable[[Path], None], told: str, read_only: bool
) -> None:
    make(tmp_path / "a")

    with pytest.raises(DatabaseRefused, match=told):
        open_log(f"sqlite:///{tmp_path}/a", read_only=read_only)

    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_nothing_is_left_beside_a_device() -> None:
    with pytest.raises(DatabaseRefused, match="this is a device: name a file"):
        open_log("sqlite:////dev/null")

    assert not Path("/dev/null.lock").exists()


def test_the_root_is_a_folder_too() -> None:
    with pytest.raises(DatabaseRefused, match="this is a folder"):
        open_log("sqlite:////.")


@pytest.mark.parametrize(
    ("time", "warned"),
    [
        (datetime.now(UTC) + timedelta(days=1), True),
        (datetime.now(UTC), False),
        (datetime.max.replace(tzinfo=UTC), True),
        (datetime.min.replace(tzinfo=UTC), False),
    ],
    ids=["tomorrow", "now", "9999", "1"],
)
def test_a_newest_change_from_the_future_is_told_when_the_log_is_opened(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, time: datetime, warned: bool
) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with closing(LogStore(open_log(url), now=lambda: time)) as store:
        store.register_template(Template(name="a", image_name="i"))

    open_log(url).close()

    assert ("which is yet to come" in caplog.text) == warned
