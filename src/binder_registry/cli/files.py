"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO


@contextmanager
def replaced(path: Path, *, rights: int | None = None) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path`, durably, when the block ends well; else it is removed.

    `rights` None: those of the file that it replaces, or what the umask leaves.
    """
    path = path.resolve()  # a symbolic link stays one
    if rights is None:
        rights = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    new = name_beside(path)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            os.fchmod(file.fileno(), rights)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)


def name_beside(path: Path) -> Path:
    """For what will take the place of `path`. Known before the file is there, so that an interrupt leaves nothing."""
    return path.with_name(f".{path.name}.{token_hex(8)}")


def sync_folder(folder: Path) -> None:
    """Makes a rename in it durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
