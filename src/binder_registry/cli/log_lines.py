"""The log of a server on standard error, written by a thread of its own: a reader that stalls costs lines only.

Of one kind of message at most `MOST_ALIKE` are written in a second, then how many more there were.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import TextIO

import click

from ..file_names import as_text
from .log_formats import LONGEST, TextFormat, log_format

MOST_LINES = 10_000  # that may wait to be written
MOST_ALIKE = 10  # in a second
MOST_KINDS = 1000  # that are told apart in a second
CLOSE_SECONDS = 2.0

Kind = tuple[str, int, str]  # logger, level, and the message before its values are put in

Write = Callable[[bytes | memoryview], int]


class LogLines(logging.Handler):
    """`write` takes what it can, and says how many bytes. Handlers of signals may log: `SimpleQueue` stands that."""

    def __init__(self, write: Write, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self.dropped = 0  # lines that were never written, but for those alike
        self._write_some, self._clock = write, clock
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._reported = 0
        self._second = clock()
        self._alike: dict[Kind, int] = {}  # in this second
        self.setFormatter(TextFormat())
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        self._look_at_the_clock()
        kind = (record.name, record.levelno, str(record.msg)[:LONGEST])
        if kind not in self._alike and len(self._alike) >= MOST_KINDS:
            self.dropped += 1
            return
        self._alike[kind] = self._alike.get(kind, 0) + 1
        if self._alike[kind] <= MOST_ALIKE:
            self._put(record)

    def _put(self, record: logging.LogRecord) -> None:
        if self._lines.qsize() < MOST_LINES:
            self._lines.put(self.format(record))
        else:
            self.dropped += 1

    def _look_at_the_clock(self) -> None:
        if self._clock() - self._second >= 1:
            self._sum_up()

    def _sum_up(self) -> None:
        alike, self._alike = self._alike, {}
        self._second = self._clock()
        for (name, level, message), number in alike.items():
            if number > MOST_ALIKE:
                more = number - MOST_ALIKE
                self._put(_record(name, level, "and %d more like it: %s", more, message))

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Write what waits; for at most `timeout` seconds, if nobody reads it. May be called twice."""
        self.acquire()
        try:
            self._sum_up()
        finally:
            self.release()
        self._lines.put(None)
        self._thread.join(timeout)
        super().close()

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            lines = self._waiting()
            goes_on = None not in lines
            written = [line for line in lines if line is not None]
            if self.dropped > self._reported:
                lost, self._reported = self.dropped - self._reported, self.dropped
                written.append(
                    self.format(_record(__name__, logging.WARNING, "%d lines of the log were not written", lost))
                )
            self._write(as_text("".join(f"{line}\n" for line in written)).encode(errors="replace"), len(written))

    def _waiting(self) -> list[str | None]:
        """Sleeps until there is something, but for no longer than a second, after which sums may be due."""
        try:
            lines = [self._lines.get(timeout=1)]
        except Empty:
            self.acquire()
            try:
                self._look_at_the_clock()
            finally:
                self.release()
            return []
        while lines[-1] is not None and len(lines) < 1000 and not self._lines.empty():
            lines.append(self._lines.get())
        return lines

    def _write(self, lines: bytes, number: int) -> None:
        waiting = memoryview(lines)
        try:
            while waiting:
                waiting = waiting[self._write_some(waiting) :]
        except OSError:  # a full disk, a reader that went away: the next lines may fare better
            self.dropped += number


def _record(name: str, level: int, message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord(name, level, "", 0, message, values, None)


@contextmanager
def logged_to(stream: TextIO, level: str, how: str = "text") -> Iterator[LogLines]:
    """All logs of this process until the block ends; `how` is of `FORMATS`."""
    try:
        # Past the stream: a thread that hangs in it holds its lock, without which Python does not end.
        write: Write = partial(os.write, stream.fileno())
    except OSError:  # no file, as in tests of the command
        write = stream.buffer.write
    lines, root = LogLines(write), logging.getLogger()
    lines.setFormatter(log_format(how))
    logging.basicConfig(level=level, handlers=[lines], force=True)
    try:
        yield lines
    except click.ClickException as error:
        if how != "json":
            raise
        logging.getLogger("binder_registry").error("%s", error.format_message())  # as all other lines
        raise SystemExit(error.exit_code) from None
    finally:
        root.removeHandler(lines)
        lines.close()
