"""One line per request: time, method, path, status, bytes of the body, microseconds, request id, client, who.

The event loop only appends to a list. A thread of its own writes: a reader of the log that stalls costs lines (their
number is logged then), never the server's time or memory. What is said of a request comes from `recorder`, and from
`fast_path` for what that answers.
"""

import os
import re
from threading import Event, Thread
from time import gmtime, strftime, time

from .request_ids import RequestIds

FLUSH_SECONDS = 0.25
MOST_LINES = 100_000  # that may wait to be written
LONGEST_PATH = 1000  # bytes; more is cut
_UNPRINTABLE = re.compile(rb"[^!-~]|\\")


class AccessLog:
    """`descriptor` stays open: who opened it closes it, after `close`."""

    def __init__(self, descriptor: int) -> None:
        self.ids = RequestIds()
        self._descriptor = descriptor
        self._line = b"%b %b %b %d %d %d " + self.ids.prefix + b"-%x %b -\n"
        self._lines: list[bytes] = []
        self._second = 0.0
        self._stamp = b""
        self._refused = 0  # lines, by the event loop, since too many waited
        self._lost = 0  # lines, by the thread, since they could not be written
        self._reported = 0
        self._torn = False  # what was written last may end within a line
        self._closing = Event()
        self._thread = Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def add(
        self, method: bytes, path: bytes, status: int, sent: int, seconds: float, number: int, client: bytes
    ) -> None:
        """A request of the fast path, where nobody is asked for a token. `number` is one of `ids`."""
        now = time()
        if not 0.0 <= now - self._second < 1.0:
            self._renew_stamp(now)
        if len(self._lines) < MOST_LINES:
            self._lines.append(self._line % (self._stamp, method, path, status, sent, seconds * 1e6, number, client))
        else:
            self._refused += 1

    def add_other(
        self,
        method: bytes,
        path: bytes,
        status: int,
        sent: int,
        seconds: float,
        request_id: bytes,
        client: bytes,
        by: bytes,
    ) -> None:
        """A request of the ordinary path. All texts are printable: see `printable` and `word`."""
        now = time()
        if not 0.0 <= now - self._second < 1.0:
            self._renew_stamp(now)
        if len(self._lines) < MOST_LINES:
            values = self._stamp, method, path, status, sent, seconds * 1e6, request_id, client, by
            self._lines.append(b"%b %b %b %d %d %d %b %b %b\n" % values)
        else:
            self._refused += 1

    def _renew_stamp(self, now: float) -> None:
        self._second = float(int(now))
        self._stamp = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(now)).encode()

    @property
    def dropped(self) -> int:
        """Lines that were never written."""
        return self._refused + self._lost

    def close(self, timeout: float = 2.0) -> None:
        """Write what waits; for at most `timeout` seconds, if nobody reads it. May be called twice."""
        self._closing.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        number = len(self._lines)  # the loop appends meanwhile
        parts = [b"\n"] if self._torn and number else []
        parts += self._lines[:number]
        del self._lines[:number]
        dropped = self.dropped
        if dropped > self._reported:
            parts.append(b"# %d lines were dropped\n" % (dropped - self._reported))
            self._reported = dropped
        waiting = memoryview(b"".join(parts))
        self._torn = False
        try:
            while waiting:
                waiting = waiting[os.write(self._descriptor, waiting) :]
        except OSError:  # a full disk, a reader that went away: the next lines may fare better
            self._lost += number
            self._torn = True


def printable(target: bytes) -> bytes:
    r"""The path of a request target as one word of visible ASCII: no line can be forged.

    The query is left out, since tokens get into queries by mistake. Other bytes are written as `\xNN`.
    """
    return word(target.partition(b"?")[0])


def word(text: bytes) -> bytes:
    return _UNPRINTABLE.sub(lambda found: b"\\x%02x" % ord(found[0]), text[:LONGEST_PATH]) or b"-"


def address(client: tuple[str, int] | None) -> bytes:
    """Without the port; of an IPv4 client of a socket for both, the IPv4 address. `-` where there is none."""
    return word(client[0].removeprefix("::ffff:").encode(errors="replace")) if client else b"-"
