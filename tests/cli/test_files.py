import errno
import os
import pty
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from binder_registry.cli.files import replaced

from .invoking import COMMAND, CommandLine


def test_a_file_is_replaced_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    with replaced(path) as file:
        file.write(b"new")
        before = path.read_text()

    assert (before, path.read_text(), [each.name for each in tmp_path.iterdir()]) == ("old", "new", ["x"])


@pytest.mark.parametrize("reason", [KeyboardInterrupt, OSError])
def test_what_is_broken_off_leaves_the_old_file_and_nothing_else(tmp_path: Path, reason: type[BaseException]) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def breaks_off() -> None:
        with replaced(path) as file:
            file.write(b"half")
            raise reason

    with pytest.raises(reason):
        breaks_off()

    assert (path.read_text(), [each.name for each in tmp_path.iterdir()]) == ("old", ["x"])


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")

    with replaced(link) as file:
        file.write(b"new")

    assert (link.is_symlink(), (tmp_path / "target").read_text()) == (True, "new")


def test_a_loop_of_links_is_an_error_of_that_name(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    with pytest.raises(OSError, match="loop"), replaced(loop) as file:
        file.write(b"new")

    assert loop.is_symlink()


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """With a reader, so that opening it for writing does not wait."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reader
    os.close(reader)


def test_a_pipe_is_written_into(pipe: tuple[Path, int]) -> None:
    path, reader = pipe

    with replaced(path) as file:
        file.write(b"new")

    assert (os.read(reader, 100), stat.S_ISFIFO(path.stat().st_mode)) == (b"new", True)


def test_a_link_to_a_pipe_is_written_into(pipe: tuple[Path, int], tmp_path: Path) -> None:
    path, reader = pipe
    link = tmp_path / "link"
    link.symlink_to(path)

    with replaced(link) as file:
        file.write(b"new")

    assert (os.read(reader, 100), link.is_symlink()) == (b"new", True)


def test_a_terminal_is_written_into() -> None:
    master, terminal = pty.openpty()
    path = Path(os.ttyname(terminal))

    with replaced(path) as file:
        file.write(b"new")

    assert (os.read(master, 100), path.is_char_device()) == (b"new", True)
    os.close(master)
    os.close(terminal)


@pytest.mark.parametrize("folder", ["/dev/fd", "/proc/self/fd"])
def test_what_a_shell_hands_over_is_written_into(folder: str) -> None:
    reader, writer = os.pipe()

    with replaced(Path(f"{folder}/{writer}")) as file:
        file.write(b"new")

    assert os.read(reader, 100) == b"new"
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_a_file_behind_standard_output_keeps_what_is_in_it(registry: CommandLine, tmp_path: Path, name: str) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")

    with log.open("a") as appended:
        code = subprocess.run(
            [*COMMAND, "export", "--format", "json", "-f", name],
            env=os.environ | registry.environment,
            stdout=appended,
            check=False,
        ).returncode

    assert (code, log.read_text()) == (0, "before\n[]\n")


@pytest.mark.parametrize("refusal", [errno.EBUSY, errno.EACCES, errno.EROFS])
def test_a_file_that_cannot_be_replaced_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    path = tmp_path / "mounted"
    path.write_text("a longer text from before")
    number = path.stat().st_ino

    def refuse(self: Path, target: Path) -> None:
        raise OSError(refusal, os.strerror(refusal), str(self))

    monkeypatch.setattr(Path, "replace", refuse)
    with replaced(path) as file:
        file.write(b"new")

    assert (path.read_text(), path.stat().st_ino, len(list(tmp_path.iterdir()))) == ("new", number, 1)


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there"

    with pytest.raises(FileNotFoundError) as refusal, replaced(path) as file:
        file.write(b"new")

    assert refusal.value.filename == str(path)
