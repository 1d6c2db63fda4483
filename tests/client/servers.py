"""Real servers, each a process of its own over an empty store in memory.

They are forked from one process that has imported everything: starting Python for every test would take most of the
time of the tests.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from binder_registry import InMemoryStore, Registry, TokenAuthStore
from binder_registry.server import App, Options
from binder_registry.server import uvicorn_server as serving

TOKEN = "the-token"


class Servers:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @contextmanager
    def running(self) -> Iterator[str]:
        """The URL of a new, empty registry that knows `TOKEN`."""
        process, port = self._asked("start").split()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            self._asked(process)

    def _asked(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        print(line, file=self._process.stdin, flush=True)
        return self._process.stdout.readline()


@contextmanager
def forking_servers() -> Iterator[Servers]:
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Servers(process)
        process.communicate()  # at the end of its input it ends, and its servers with it


def _started() -> tuple[int, int]:
    with serving.listen("127.0.0.1", 0) as listener:
        process = os.fork()
        if not process:
            serving.run(App(Registry(InMemoryStore(), TokenAuthStore(TOKEN)), Options()), listener)
            os._exit(0)
        return process, listener.getsockname()[1]


def _stop(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def _main() -> None:
    running: set[int] = set()
    for line in sys.stdin:
        if line == "start\n":
            process, port = _started()
            running.add(process)
            print(process, port, flush=True)
        else:
            running.remove(int(line))
            _stop(int(line))
            print(flush=True)
    for process in running:
        _stop(process)


if __name__ == "__main__":
    _main()
