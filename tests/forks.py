"""The command line, each call a process of its own, forked from one that has imported everything: starting Python for
each would take a tenth of the time of the tests. `PYTHON…` variables change nothing in them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from threading import Lock

import binder_registry
from binder_registry.__main__ import main

ASKED_SECONDS = 0.01  # between two looks at whether a process has ended


class Fork:
    """As much of `subprocess.Popen` as tests use."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None
        self._lock = Lock()

    def poll(self) -> int | None:
        with self._lock:  # a process ends once
            if self._status is None:
                self._status = _server().asked(pid=self.pid)
            return self._status

    def wait(self, timeout: float = 30.0) -> int:
        """Raises `subprocess.TimeoutExpired`."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("binder-registry", timeout)
            time.sleep(ASKED_SECONDS)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork(*arguments: str, folder: Path, environment: Mapping[str, str], log: Path) -> Fork:
    """Its input is empty; what it prints is added to the log."""
    pid = _server().asked(arguments=arguments, folder=str(folder), environment=dict(environment), log=str(log))
    assert pid
    return Fork(pid)


class _Server:
    def __init__(self) -> None:
        self._lock = Lock()
        command, root = [sys.executable, "-m", __name__], Path(__file__).parents[1]
        self._process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def asked(self, **question: object) -> int | None:
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            print(json.dumps(question), file=self._process.stdin, flush=True)
            answer: int | None = json.loads(self._process.stdout.readline())
        return answer


_first = Lock()  # of threads that ask for it at once


def _server() -> _Server:
    """One for each process that runs tests; it ends with it, at the end of its input."""
    with _first:
        return _made()


@cache
def _made() -> _Server:
    return _Server()


def _import_everything() -> None:
    """But for what a hub mounts, and a module that would take the name of the function that runs a command."""
    for module in walk_packages(binder_registry.__path__, "binder_registry."):
        if not module.name.endswith((".__main__", ".jupyterhub", ".cli.run")):
            import_module(module.name)


def _serve() -> None:
    """Returns once there is nothing to fork any more; in a process that was forked, once that has done its work."""
    for line in sys.stdin:
        question = json.loads(line)
        if pid := question.get("pid"):
            ended, status = os.waitpid(pid, os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if ended else None
        else:
            answer = os.fork()
            if not answer:
                _become(**question)
                main()
                return
        print(json.dumps(answer), flush=True)


def _become(arguments: list[str], folder: str, environment: dict[str, str], log: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with Path(os.devnull).open() as nothing, Path(log).open("ab") as output:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.argv = ["binder-registry", *arguments]


if __name__ == "__main__":
    _import_everything()
    _serve()
