"""The command line, and JupyterHub, each call a process of its own, forked from one that has imported everything:
starting Python for each would take a tenth of the time of the tests. Of `PYTHON…` variables only `PYTHONIOENCODING`
changes anything."""

import atexit
import gc
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import NoReturn

import binder_registry
from binder_registry.__main__ import main

COMMAND, HUB = "binder-registry", "jupyterhub"
ASKED_SECONDS = 0.01  # between two looks at whether a process has ended

Main = Callable[[], None]


class Fork:
    """As much of `subprocess.Popen` as tests use."""

    def __init__(self, server: "_Server", pid: int) -> None:
        self.pid, self._server = pid, server
        self._status: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        with self._lock:  # a process ends once
            if self._status is None:
                self._status = self._server.asked(pid=self.pid)
            return self._status

    def wait(self, timeout: float = 30.0) -> int:
        """Raises `subprocess.TimeoutExpired`."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(ASKED_SECONDS)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork(
    *arguments: str,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    errors: Path | None = None,
    program: str = COMMAND,
) -> Fork:
    """Its input is empty; what it prints is added to the log, which may be of errors another one."""
    return _forked(program, arguments, folder, environment, [os.devnull, str(log), str(errors or log)])


def fork_on(terminal: str, *arguments: str, environment: Mapping[str, str]) -> Fork:
    """With a terminal of its own, by its path."""
    return _forked(COMMAND, arguments, Path.cwd(), environment, [terminal] * 3)


def ran(*arguments: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[bytes]":
    """As `subprocess.run`, without an input."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        code = fork(*arguments, folder=Path.cwd(), environment=environment, log=out, errors=err).wait()
        return subprocess.CompletedProcess(arguments, code, out.read_bytes(), err.read_bytes())


def _forked(
    program: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], streams: list[str]
) -> Fork:
    server = _server(program)
    pid = server.asked(arguments=arguments, folder=str(folder), environment=dict(environment), streams=streams)
    assert pid
    return Fork(server, pid)


class _Server:
    def __init__(self, program: str) -> None:
        self._lock = threading.Lock()
        command, root = [sys.executable, "-m", __name__, program], Path(__file__).parents[1]
        self._process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        atexit.register(self._end)

    def _end(self) -> None:
        with self._process as process:
            assert process.stdin
            process.stdin.close()

    def asked(self, **question: object) -> int | None:
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            print(json.dumps(question), file=self._process.stdin, flush=True)
            answer: int | None = json.loads(self._process.stdout.readline())
        return answer


_first = threading.Lock()  # of threads that ask for it at once


def _server(program: str) -> _Server:
    """One for each process that runs tests; it ends with it, at the end of its input."""
    with _first:
        return _made(program)


@cache
def _made(program: str) -> _Server:
    return _Server(program)


def _command_line() -> Main:
    """All but what a hub mounts, and a module that would take the name of the function that runs a command."""
    for module in walk_packages(binder_registry.__path__, "binder_registry."):
        if not module.name.endswith((".__main__", ".jupyterhub", ".cli.run")):
            import_module(module.name)
    return main


def _hub() -> Main:
    """Without a grammar that one of its libraries compiles when it is imported: half the time of that."""
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    hub: Main = import_module("jupyterhub.app").main
    return hub


def _serve(program: str) -> None:
    """Returns once there is nothing to fork any more."""
    run = {COMMAND: _command_line, HUB: _hub}[program]()
    gc.freeze()  # what is shared stays so: looking through it copies it
    for line in sys.stdin:
        question = json.loads(line)
        if pid := question.get("pid"):
            ended, status = os.waitpid(pid, os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if ended else None
        else:
            begun, begins = os.pipe()
            answer = os.fork()
            if not answer:
                _become(program, **question)
                os.close(begun)
                os.close(begins)
                _ran(run)
            os.close(begins)
            os.read(begun, 1)  # until it has its streams
            os.close(begun)
        print(json.dumps(answer), flush=True)


def _ran(run: Main) -> NoReturn:
    """Then the process ends as Python's do, but that it does not clear away all that was imported: that takes as long
    as a server's start."""
    status = 1
    try:
        run()
        status = 0
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001  # and the process ends
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        status = 120
    os._exit(status)


def _become(program: str, arguments: list[str], folder: str, environment: dict[str, str], streams: list[str]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.setsid()  # a terminal that is opened now is the one whose keys are signals
    for number, path in enumerate(streams):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    encoding, _, errors = environment.get("PYTHONIOENCODING", "utf-8").partition(":")
    sys.stdin, sys.stdout = _stream(0, "r", encoding, errors or "strict"), _stream(1, "w", encoding, errors or "strict")
    sys.stderr = _stream(2, "w", encoding, "backslashreplace")
    sys.argv = [program, *arguments]


def _stream(number: int, mode: str, encoding: str, errors: str) -> io.TextIOWrapper:
    """As Python makes them when it starts."""
    by_line = number == 2 or os.isatty(number)
    raw = open(number, f"{mode}b", closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(raw, encoding, errors, line_buffering=by_line)


if __name__ == "__main__":
    _serve(sys.argv[1])
