"""A real server in its own process."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .invoking import COMMAND, PATIENCE

KEY = "s3cret-key"


@contextmanager
def serving(database: str, *options: str) -> Iterator[str]:
    """Gives the URL."""
    arguments = ["serve", "--host", "127.0.0.1", "--port", "0", "--db", database, "--no-access-log", *options]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as file:
            server = subprocess.Popen([*COMMAND, *arguments], env=os.environ | {"BINDER_API_KEY": KEY}, stderr=file)
        try:
            yield f"http://127.0.0.1:{_port(server, log)}"
        finally:
            server.terminate()
            server.wait(PATIENCE)


def _port(server: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(r"Serving on :(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.02)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
