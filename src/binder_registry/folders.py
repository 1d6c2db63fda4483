"""What the files of backends and those of the command line both need of the folder that they are in."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Makes a new file in it, or a rename, durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
