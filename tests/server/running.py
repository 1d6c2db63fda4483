"""A real server for a test: its own process, on a port of its own, ended with the block."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..forks import Fork, fork
from ..ports import free_port

KEY = "THISISMYTOKEN"
AUTHORIZATION = {"Authorization": f"token {KEY}"}
START_SECONDS = 30.0


class RunningServer:
    def __init__(self, port: int, process: "Fork | subprocess.Popen[bytes]", log: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.log = log

    def kill(self) -> None:
        """SIGKILL: nothing is finished, flushed or closed."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


def start_server(
    folder: Path,
    *arguments: str,
    db: str = "memory:",
    port: int = 0,
    environment: Mapping[str, str] | None = None,
    wrapper: Sequence[str] = (),
    health: str = "/health?for=reads",
) -> RunningServer:
    """Returns once it answers. `wrapper` is a command that runs the server's; without one it is forked."""
    chosen = port or free_port()
    command = ["serve", "--host", "127.0.0.1", "--port", str(chosen), "--db", db, *arguments]
    log = folder / f"server-{chosen}.log"
    given = {**os.environ, "BINDER_API_KEY": KEY, **(environment or {})}
    process: Fork | subprocess.Popen[bytes]
    if wrapper:
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "binder_registry", *command],
                cwd=folder,
                env=given,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
    else:
        process = fork(*command, folder=folder, environment=given, log=log)
    end = time.monotonic() + START_SECONDS
    while not _answers(chosen, health):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            process.wait()
            if not port and "Address already in use" in log.read_text():  # by somebody who came in between
                return start_server(folder, *arguments, db=db, environment=environment, wrapper=wrapper, health=health)
            raise AssertionError(f"the server does not answer: {log.read_text()[-2000:]}")
        time.sleep(0.02)
    return RunningServer(chosen, process, log)


def _answers(port: int, path: str) -> bool:
    """httpx2 would read all authorities' certificates each time, for which the server has to wait."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


@contextmanager
def running_server(
    folder: Path,
    *arguments: str,
    db: str = "memory:",
    port: int = 0,
    environment: Mapping[str, str] | None = None,
    wrapper: Sequence[str] = (),
) -> Iterator[RunningServer]:
    server = start_server(folder, *arguments, db=db, port=port, environment=environment, wrapper=wrapper)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
            try:
                server.process.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
