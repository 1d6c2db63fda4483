"""What makes the names of files durable: for those of backends, and those of the command line."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Makes a new file in it, or a rename, durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
