"""One line per request: time, method, path, status, bytes of the body, microseconds, request id, client, who.

The event loop only appends to a list. A thread of its own writes: a reader of the log that stalls costs lines (their
number is logged then), never the server's time or memory. What is said of a request comes from `recorder`, and from
`fast_path` for what that answers.
"""

import os
import re
from threading import Event, Thread
from time import gmtime, perf_counter_ns, strftime, time_ns

from ...token_text import without_secrets
from .json_lines import json_lines, json_notice
from .request_ids import RequestIds

FLUSH_SECONDS = 0.25
MOST_LINES = 100_000  # that may wait to be written
LINES_AT_ONCE = 2000  # put together and written: the event loop waits for the putting together
LONGEST_PATH = 1000  # bytes; more is cut
PARTS = 6  # of a line: most lines are made of objects that others are made of, too
_UNPRINTABLE = re.compile(rb"[^!-~]|\\")


class AccessLog:
    """`descriptor` stays open: who opened it closes it, after `close`. `json` may change at any time: only the thread
    looks at it, when it writes.

    For `fast_path`, which adds to `parts` by itself: a line is `stamp`, what `said` and `microseconds` and `ids.new`
    give, and what `told` gives. Of those at most `most` wait; the others are `refused`.
    """

    def __init__(self, descriptor: int, *, json: bool = False) -> None:
        self.json = json  # lines of JSON, in the place of text
        self.ids = RequestIds()
        self.parts: list[bytes] = []  # of the lines that wait
        self.most = MOST_LINES * PARTS
        self.stamp = b""
        self.stamp_until = 0  # by `perf_counter_ns`, when its second is over
        self.refused = 0  # lines, by the event loop, since too many waited
        self._descriptor = descriptor
        self._lost = 0  # lines, by the thread, since they could not be written
        self._reported = 0
        self._torn = False  # what was written last may end within a line
        self._closing = Event()
        self._thread = Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def add(
        self,
        method: bytes,
        path: bytes,
        status: int,
        sent: int,
        seconds: float,
        request_id: bytes,
        client: bytes,
        by: bytes = b"-",
    ) -> None:
        """All texts are printable: see `printable` and `word`."""
        what, who = said(method, path, status, sent), told(client, by)
        self.add_line(what, int(seconds * 1e6), request_id, who, perf_counter_ns())

    def add_line(self, what: bytes, microseconds: int, request_id: bytes, who: bytes, now: int) -> None:
        """`what` and `who` as `said` and `told` give them, `now` as `perf_counter_ns`."""
        if now >= self.stamp_until:
            self.renew_stamp()
        if len(self.parts) < self.most:
            self.parts.extend((self.stamp, what, b"%d " % microseconds, request_id, b"", who))
        else:
            self.refused += 1

    def renew_stamp(self) -> None:
        now = time_ns()
        self.stamp_until = perf_counter_ns() + 10**9 - now % 10**9
        self.stamp = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(now // 10**9)).encode()

    @property
    def waiting(self) -> int:
        """Lines."""
        return len(self.parts) // PARTS

    @property
    def dropped(self) -> int:
        """Lines that were never written."""
        return self.refused + self._lost

    def close(self, timeout: float = 2.0) -> None:
        """Write what waits; for at most `timeout` seconds, if nobody reads it. May be called twice."""
        self._closing.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        number = self.waiting * PARTS  # the loop adds meanwhile
        parts = self.parts[:number]
        del self.parts[:number]
        for start in range(0, number, LINES_AT_ONCE * PARTS):
            some = parts[start : start + LINES_AT_ONCE * PARTS]
            text = without_secrets(b"".join(some))  # tokens get into paths by mistake
            if not self._write(json_lines(text) if self.json else text):
                self._lost += len(some) // PARTS
        dropped = self.dropped
        if dropped > self._reported:
            notice = b"%d lines were dropped" % (dropped - self._reported)
            if self._write(json_notice(notice) if self.json else b"# %b\n" % notice):
                self._reported = dropped

    def _write(self, text: bytes) -> bool:
        """False where not all of it could be: a full disk, a reader that went away. The next may fare better."""
        waiting = memoryview(b"\n" + text if self._torn else text)
        try:
            while waiting:
                waiting = waiting[os.write(self._descriptor, waiting) :]
        except OSError:
            self._torn = True
        else:
            self._torn = False
        return not self._torn


def said(method: bytes, path: bytes, status: int, sent: int) -> bytes:
    return b" %b %b %d %d " % (method, path, status, sent)


def told(client: bytes, by: bytes = b"-") -> bytes:
    return b" %b %b\n" % (client, by)


MICROSECONDS = [b"%d " % number for number in range(501)]  # of a request that is counted in the first bucket


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
