"""The command line, called in this process, as its own process, or on a terminal."""

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from binder_registry.cli import run
from tests.forks import Fork, fork_on

COMMAND = [sys.executable, "-m", "binder_registry"]
PATIENCE = 30.0  # seconds that a test waits for what a program has to say


class Result(NamedTuple):
    code: int
    out: str
    err: str


class CommandLine:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
        self.monkeypatch = monkeypatch
        self.environment = dict(environment)

    def __call__(self, *arguments: str, stdin: str | bytes = "", **environment: str) -> Result:
        """In this process: the same code, without the wait for a new Python."""
        given = stdin if isinstance(stdin, bytes) else stdin.encode()
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with self.monkeypatch.context() as patch:
            for name, value in (self.environment | environment).items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run(arguments)
            out.flush()
            err.flush()
        return Result(code, *(stream.detach().getvalue().decode() for stream in (out, err)))

    def started(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=os.environ | self.environment | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def on_terminal(self, *arguments: str, **environment: str) -> "Iterator[Terminal]":
        terminal = Terminal(arguments, os.environ | self.environment | {"TERM": "xterm-256color"} | environment)
        try:
            yield terminal
        finally:
            terminal.close()


class Terminal:
    """A program whose standard streams are one pseudo-terminal, 100 columns wide."""

    def __init__(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        size = {"COLUMNS": "100", "LINES": "40"}
        self.process = fork_on(os.ttyname(slave), *arguments, environment=size | dict(environment))
        os.close(slave)
        self.shown = ""

    def until(self, text: str) -> str:
        """Everything shown, once `text` is in it."""
        return self._read(lambda: text in self.shown, f"{text!r} did not appear")

    def end(self) -> Result:
        """Everything shown, once the program has ended."""
        self._read(lambda: False, "the program did not end")
        return Result(self.process.wait(PATIENCE), self.shown.replace("\r\n", "\n"), "")

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        interrupt(self.process, lambda: self.type("\x03"))

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self._master)

    def _read(self, enough: object, problem: str) -> str:
        assert callable(enough)
        deadline = time.monotonic() + PATIENCE
        while not enough():
            ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"{problem}:\n{self.shown}")
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # Linux: the other side is closed
                piece = b""
            if not piece:
                if problem.startswith("the program"):
                    break
                raise AssertionError(f"{problem}:\n{self.shown}")
            self.shown += piece.decode(errors="replace")
        return self.shown


def interrupt(process: "subprocess.Popen[Any] | Fork", send: Callable[[], None]) -> None:
    """Sends once the program sleeps: Python looks at signals between its own steps, and one that comes between the last
    of them and the wait for a key stays unseen until there is a key. Then again, as people do."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if _sleeps(process.pid):
            send()
            with suppress(subprocess.TimeoutExpired):
                process.wait(2)
        else:
            time.sleep(0.01)


def _sleeps(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "S"
