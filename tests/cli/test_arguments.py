"""Names that the locale's encoding cannot hold: LANG=C, where Python was told not to make UTF-8 of it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from binder_registry import Client, Template
from binder_registry.cli.arguments import in_utf8

from .invoking import COMMAND, CommandLine

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

Ran = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def ran(registry: CommandLine, tmp_path: Path) -> Ran:
    def ran(*words: str | bytes) -> "subprocess.CompletedProcess[bytes]":
        environment = os.environ | registry.environment | ASCII
        return subprocess.run([*COMMAND, *words], env=environment, capture_output=True, cwd=tmp_path, check=False)

    return ran


@pytest.mark.parametrize("name", ["b ü", "環", "\N{GRINNING FACE}", "ñ", "a\N{COMBINING DIAERESIS}"])
def test_arguments_are_utf_8_in_every_locale(ran: Ran, client: Client, name: str) -> None:
    client.register_template(Template(name=name, image_name="i"))

    done = [ran("get", name), ran("update", name, "--env", f"A={name}", "-m", name), ran("list", "--name", f"{name}*")]

    assert [each.returncode for each in done] == [0, 0, 0]
    assert client.get_template(name).environment == {"A": name}
    assert client.changes(name=name, newest_first=True, limit=1)[0].note == name


def test_files_are_found_and_written_in_every_locale(ran: Ran, client: Client, tmp_path: Path) -> None:
    (tmp_path / "ü").mkdir()
    (tmp_path / "ü/環.yaml").write_text("name: ü\nimage-name: i\n", encoding="utf-8")

    done = [ran("apply", "-f", "ü"), ran("apply", "-f", "ü/環.yaml"), ran("export", "-f", "ñ.yaml")]

    assert ([each.returncode for each in done], done[0].stderr) == ([0, 0, 0], b"")
    assert (client.get_template("ü").image_name, (tmp_path / "ñ.yaml").exists()) == ("i", True)


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
