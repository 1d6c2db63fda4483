"""Names that the locale's encoding cannot hold: LANG=C, where Python was told not to make UTF-8 of it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from binder_registry import Client, Template, open_store
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.cli.arguments import in_utf8
from tests.server.running import KEY, running_server

from .invoking import COMMAND, CommandLine

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

Ran = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def ran(registry: CommandLine, tmp_path: Path) -> Ran:
    def ran(*words: str | bytes) -> "subprocess.CompletedProcess[bytes]":
        environment = os.environ | registry.environment | ASCII
        return subprocess.run([*COMMAND, *words], env=environment, capture_output=True, cwd=tmp_path, check=False)

    return ran


COMMANDS = """
import json, os, sys
from binder_registry.cli import run
for variable, words in json.loads(sys.argv[1]):
    os.environb[b"BINDER_REGISTRY_DB"] = variable.encode()
    print(run([os.fsdecode(word.encode()) for word in words]))
"""


def many(
    folder: Path, commands: list[tuple[str, list[str]]], locale: dict[str, str]
) -> "subprocess.CompletedProcess[bytes]":
    """In one process, each with its BINDER_REGISTRY_DB; arguments and environment are bytes of UTF-8."""
    line = [sys.executable, "-c", COMMANDS, json.dumps(commands)]
    return subprocess.run(line, env=os.environ | ASCII | locale, capture_output=True, cwd=folder, check=False)


def codes(done: "subprocess.CompletedProcess[bytes]") -> list[int]:
    return [int(line) for line in done.stdout.splitlines() if line.isdigit()]


def test_arguments_are_utf_8_in_every_locale(registry: CommandLine, client: Client, tmp_path: Path) -> None:
    names = ["b ü", "環", "\N{GRINNING FACE}", "ñ", "a\N{COMBINING DIAERESIS}"]
    client.apply([Template(name=name, image_name="i") for name in names])
    commands = [
        ("", words)
        for name in names
        for words in (["get", name], ["update", name, "--env", f"A={name}", "-m", name], ["list", "--name", f"{name}*"])
    ]

    done = many(tmp_path, commands, registry.environment)

    assert codes(done) == [0] * len(commands)
    assert [client.get_template(name).environment for name in names] == [{"A": name} for name in names]
    assert [client.changes(name=name, newest_first=True, limit=1)[0].note for name in names] == names


def test_files_are_found_and_written_in_every_locale(ran: Ran, client: Client, tmp_path: Path) -> None:
    (tmp_path / "ü").mkdir()
    (tmp_path / "ü/環.yaml").write_text("name: ü\nimage-name: i\n", encoding="utf-8")

    done = [ran("apply", "-f", "ü"), ran("apply", "-f", "ü/環.yaml"), ran("export", "-f", "ñ.yaml")]

    assert ([each.returncode for each in done], done[0].stderr) == ([0, 0, 0], b"")
    assert (client.get_template("ü").image_name, (tmp_path / "ñ.yaml").exists()) == ("i", True)


NAMES = ["ü.db", "b ö/環.db", "\N{GRINNING FACE}.db", "50 % ñ?.db", "a\N{COMBINING DIAERESIS}.db"]


@pytest.mark.parametrize("locale", [{}, {"LC_ALL": "POSIX"}, {"LC_ALL": "", "LC_CTYPE": "", "LANG": "C"}])
def test_databases_are_found_and_written_in_every_locale(tmp_path: Path, locale: dict[str, str]) -> None:
    commands: list[tuple[str, list[str]]] = []
    for number, name in enumerate(NAMES):
        path = tmp_path / "ü" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        SQLiteLog(path).close()
        quoted, copy = f"sqlite:///ü/{quote(name)}", f"ü/{number} ç.db"
        plain = f"sqlite:///ü/{name.replace('%', '%25').replace('?', '%3F')}"
        commands += [("", ["check", quoted]), ("", ["check", plain]), (plain, ["check"]), (plain, ["backup", copy])]
        commands += [("", ["backup", "--db", quoted, copy]), ("", ["restore-backup", copy, f"--db={plain}"])]
        commands += [(plain, ["restore-backup", copy]), ("", ["copy", plain, f"{plain}.copy"])]

    done = many(tmp_path, commands, locale)

    assert (done.stderr, codes(done)) == (b"", [0] * len(commands))
    assert all((tmp_path / f"ü/{name}.copy").exists() for name in NAMES)


def test_what_is_wrong_with_a_database_names_it_in_every_locale(tmp_path: Path) -> None:
    (tmp_path / "ü").mkdir()
    (tmp_path / "ü/no.db").write_text("ü" * 1000)
    SQLiteLog(tmp_path / "ü/ö.db").close()
    backup, restore = ["backup", "--db=sqlite:///ü/ö.db"], ["restore-backup", "--db=sqlite:///ü/ö.db"]
    commands = [
        ("", words)
        for words in (
            ["check", "sqlite:///ü/ä.db"],
            ["check", "sqlite:///ü/no.db"],
            [*backup, "ü/ä/b.db"],
            [*backup, "ü"],
        )
    ]
    commands += [("", [*restore, "ü/no.db"]), ("sqlite:///ü/ä.db", ["check"]), ("sqlite:///%fc.db", ["check"])]

    done = many(tmp_path, commands, {})

    told = [line for line in done.stderr.splitlines() if line.startswith(b"Error: ")]
    assert (len(told), done.stderr.count(b"udc"), done.stderr.count(b"locale")) == (len(commands), 0, 0)
    assert all(b"\\xfc" in line for line in told[:-1])


def test_a_backup_takes_the_place_of_a_file_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    SQLiteLog(folder / "registry.db").close()
    copy = folder / os.fsdecode(b"copy\xe9.db")
    copy.touch()
    words = ["backup", "--db=sqlite:///registry.db", copy.name]

    done = subprocess.run([*COMMAND, *words], cwd=folder, capture_output=True, check=False)

    assert (done.returncode, done.stderr, copy.stat().st_size > 0) == (0, b"", True)


def test_the_environment_is_utf_8_in_every_locale(ran: Ran, registry: CommandLine, server: str) -> None:
    registry.environment["BINDER_REGISTRY_URL"] = f"{server}/ü"

    done = ran("list")

    assert (done.returncode, b"is not the URL" in done.stderr) == (1, False)


def test_a_server_finds_its_database_in_every_locale(tmp_path: Path) -> None:
    (tmp_path / "ü").mkdir()

    with running_server(tmp_path, db="sqlite:///ü/環.db", environment=ASCII, wrapper=("env",)) as server:
        with Client(server.url, KEY) as client:
            client.register_template(Template(name="ü", image_name="i"))
        server.stop()

    assert "ü/環.db: 0 templates" in server.log.read_text(encoding="utf-8")
    with closing(open_store(f"sqlite:///{tmp_path}/ü/環.db", read_only=True)) as store:
        assert store.get_template("ü").image_name == "i"


@pytest.mark.parametrize("words", [("get", b"\xff"), ("list", b"--name=\xe9"), ("create", "a", "--image", b"i\xc3")])
def test_bytes_that_are_no_text_are_wrong_usage(ran: Ran, words: tuple[str | bytes, ...]) -> None:
    done = ran(*words)

    assert (done.returncode, b"is not text in UTF-8" in done.stderr) == (2, True)


@pytest.mark.parametrize("option", ["{}", "--file={}"])
def test_a_file_keeps_the_name_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"caf\xe9.yaml")
    Path(name).touch()

    assert in_utf8([option.format(name)]) == [option.format(name)]
