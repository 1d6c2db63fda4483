"""A database that the next release wrote to, which has one more member: this one reads it, and would lose of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import binder_registry
from binder_registry.backends import open_log
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.errors import FormatTooNew
from binder_registry.log_store import LogStore
from tests.server.asking import application, asked

PLACE = "    contact: Annotated[\n"
LEASE = '    lease: Annotated[str, Member("How long it runs.", must_understand=True, format=4)] = ""\n'
WRITE = """
import sys
from contextlib import closing
from binder_registry.backends import open_store
from binder_registry.template import Template

with closing(open_store(sys.argv[1])) as store:
    store.register_template(Template(name="plain", image_name="i"))
    store.update_template(Template(name="plain", command="c"))
    store.register_template(Template(name="leased", image_name="i", lease="2 h"))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the next release wrote."""
    folder = tmp_path_factory.mktemp("next")
    package = folder / "binder_registry"
    shutil.copytree(Path(binder_registry.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    members = package / "template.py"
    members.write_text(members.read_text().replace(PLACE, LEASE + PLACE))
    path = folder / "registry.db"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    subprocess.run([sys.executable, "-c", WRITE, f"sqlite:///{path}"], env=environment, check=True)
    return path


@pytest.fixture
def path(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written, tmp_path / "registry.db"))


@pytest.fixture
def client(path: Path) -> Iterator[TestClient]:
    with closing(LogStore(SQLiteLog(path))) as store, asked(application(store)) as client:
        yield client


@pytest.mark.parametrize("target", ["/templates/leased", "/templates", "/templates?view=full", "/changes"])
def test_reads_answer_what_the_next_release_stored(client: TestClient, target: str) -> None:
    answer = client.get(target)

    assert answer.status_code == 200
    assert b'"lease":"2 h"' in answer.content


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/templates", {"name": "b", "image-name": "i"}),
        ("PUT", "/templates/leased", {"command": "c"}),
        ("PATCH", "/templates/plain", {"command": "c"}),
        ("DELETE", "/templates/leased", None),
        ("POST", "/templates/leased/restore", {"revision": 3}),
        ("DELETE", "/templates/plain/changes/1", None),
        ("POST", "/apply", {"templates": [{"name": "leased", "image-name": "j"}]}),
        ("POST", "/apply", {"delete": {"plain": None}}),
    ],
)
def test_writes_are_refused_in_one_line(client: TestClient, method: str, target: str, body: object) -> None:
    answer = client.request(method, target, json=body)

    assert (answer.status_code, answer.headers["registry-error"]) == (409, "format_too_new")
    assert answer.json() == {"message": FormatTooNew.text}
    assert "retry-after" not in answer.headers
    assert client.get("/changes").json()["changes"][-1]["revision"] == 3


def test_a_server_says_so_when_it_starts(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_log(f"sqlite:///{path}").close()

    assert "written by a newer binder-registry (format 4, this program knows 3)" in caplog.text


def test_a_check_says_so_and_finds_the_database_sound(path: Path) -> None:
    checked = program("check", f"sqlite:///{path}")

    assert checked.returncode == 0
    assert "written by a newer binder-registry" in checked.stderr


@pytest.mark.parametrize("command", ["backup", "copy"])
def test_a_copy_is_as_new_as_its_source(path: Path, tmp_path: Path, command: str) -> None:
    copy = tmp_path / "copy.db"
    url = f"sqlite:///{path}"
    arguments = [str(copy), "--db", url] if command == "backup" else [url, f"sqlite:///{copy}"]

    done = program(command, *arguments)

    assert done.returncode == 0
    with closing(LogStore(SQLiteLog(copy))) as store, pytest.raises(FormatTooNew):
        store.delete_template("leased")


def program(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "binder_registry", *arguments], capture_output=True, text=True)
