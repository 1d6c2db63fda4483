"""The files that `-f` names, and their text."""

import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import Struct

from ..file_names import on_disk
from .output import printable

SUFFIXES = (".yaml", ".yml", ".json")  # in capitals too
MOST_BYTES = 256 << 20  # of one file: an apply takes 64 MiB, and devices have no end
STANDARD_INPUT = "-"

_URL = re.compile("[A-Za-z][A-Za-z0-9+.-]*://")
_LEFT_BY_SYSTEMS = ("thumbs.db", "desktop.ini")
_LEFT_BY_PROGRAMS = (".#", "._", "..")  # locks of Emacs, forks of macOS, versions of Kubernetes' mounts


class InvalidDocument(click.ClickException):
    """What is wrong with a file, and where; `line` is 0 where it is not one of the file's. `advice` is for the command
    line."""

    def __init__(self, *lines: str, line: int = 0, advice: str = "") -> None:
        told = [*lines, advice] if advice else lines
        super().__init__("\n       ".join(map(printable, told)))  # as wide as click's "Error: "
        self.lines, self.line = lines, line


class Found(Struct, frozen=True):
    files: list[str] = []
    subfolders: list[Path] = []  # which are not looked into, and not named either
    passed_over: list[Path] = []  # what else folders hold, but for what editors and systems hide


def find(sources: Sequence[str]) -> Found:
    """Files and pipes as they are named, and the files of folders, sorted. Raises `InvalidDocument` and `OSError`."""
    found = Found()
    named = {Path(on_disk(source)).resolve() for source in sources}
    for source in sources:
        if not source:
            raise InvalidDocument("-f '' names no file: is a variable empty?")
        if _URL.match(source):
            from ..client.address import shown

            raise InvalidDocument(f"{shown(source)} is a URL, and no file: fetch it first, and give it with -f -")
        if source == STANDARD_INPUT or not Path(on_disk(source)).is_dir():
            found.files.append(source)
            continue
        every = sorted(Path(on_disk(source)).iterdir())
        entries = [each for each in every if not _hidden(each.name)]
        folders = [each for each in entries if each.is_dir()]
        files = [each for each in entries if _is_ours(each.name) and (each.is_file() or not each.exists())]
        if not files:
            raise InvalidDocument(f"{source}: no {', '.join(SUFFIXES)} files in this folder")
        found.files.extend(map(str, files))
        found.subfolders.extend(each for each in folders if each.resolve() not in named)
        found.passed_over.extend(each for each in entries if each not in files and each not in folders)
        found.passed_over.extend(each for each in every if _hidden_by_people(each.name))
    return found


def holds_files(folder: Path) -> bool:
    """Whether there is a file at any depth that would be read if its folder were named. Raises `OSError`."""

    def fail(error: OSError) -> None:
        raise error

    for _, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not _hidden(name)]
        if any(_is_ours(name) and not _hidden(name) for name in files):
            return True
    return False


def read_text(source: str) -> str:
    """Raises `InvalidDocument` and `OSError`."""
    if source == STANDARD_INPUT:
        content = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        with Path(on_disk(source)).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InvalidDocument(f"{shown(source)}: is larger than {MOST_BYTES >> 20} MiB")
    return decoded(content, shown(source))


def shown(source: str) -> str:
    return "standard input" if source == STANDARD_INPUT else source


def decoded(content: bytes, where: str) -> str:
    """UTF-8, or UTF-16 or UTF-32 as editors and PowerShell write them, with a byte order mark or without."""
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.upper().removesuffix("-SIG")
        raise InvalidDocument(f"{where}: is not text in {name}: byte {error.start + 1} cannot be read") from None


def _hidden(name: str) -> bool:
    """Also the locks, copies and forks that editors, Kubernetes and macOS leave: they begin with a dot."""
    return name.startswith(".") or name.lower() in _LEFT_BY_SYSTEMS


def _hidden_by_people(name: str) -> bool:
    return name.startswith(".") and not name.startswith(_LEFT_BY_PROGRAMS) and _is_ours(name)


def _is_ours(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES
