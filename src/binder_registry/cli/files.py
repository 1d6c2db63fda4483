"""Files that are there whole or not at all; and what is no file is written into."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import IO

from ..sync_folder import sync_folder

# A single file that is mounted into a container, and a folder that only others may write to: the file itself stays.
_IN_PLACE = (errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def replaced(path: Path, *, rights: int | None = None) -> Iterator[IO[bytes]]:
    """What the block writes takes the place of `path`, durably, when the block ends well; else nothing happens.

    `rights` None: those of the file that it replaces, or what the umask leaves. Pipes, devices and standard output,
    under any of its names, are written into, and so is a file that cannot be replaced.
    """
    content = BytesIO()
    yield content
    written = content.getvalue()
    descriptor = _own_descriptor(path)
    if descriptor is not None:
        _write(os.dup(descriptor), written)
        return
    path = Path(os.path.realpath(path))  # a symbolic link stays one
    try:
        before = path.stat()
    except FileNotFoundError:
        before = None
    if before and not stat.S_ISREG(before.st_mode):
        _write(os.open(path, os.O_WRONLY), written)
        return
    if rights is None:
        rights = before.st_mode & 0o777 if before else 0o666 & ~_umask()
    try:
        _replace(path, written, rights)
    except OSError as error:
        if before is None or error.errno not in _IN_PLACE:
            raise OSError(error.errno, error.strerror, str(path)) from None  # of the new file nobody has heard
        _write(os.open(path, os.O_WRONLY | os.O_TRUNC), written)


def name_beside(path: Path) -> Path:
    """For what will take the place of `path`. Known before the file is there, so that an interrupt leaves nothing."""
    return path.with_name(f".{path.name}.{token_hex(8)}")


def _replace(path: Path, content: bytes, rights: int) -> None:
    new = name_beside(path)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), rights)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)


def _write(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _own_descriptor(path: Path) -> int | None:
    """The 1 of /dev/stdout, /dev/fd/1 and /proc/self/fd/1. A file behind it, opened by name, would lose its content."""
    for _ in range(40):  # as many links as Linux follows
        folder = Path(os.path.realpath(path.parent))
        if str(folder) in ("/dev/fd", f"/proc/{os.getpid()}/fd") and path.name.isdigit():
            return int(path.name)
        try:
            path = folder / (folder / path.name).readlink()
        except OSError:
            return None
    return None


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
