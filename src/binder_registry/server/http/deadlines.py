"""How long a connection is waited for: for a request, for the next one, and for a reader that does not take its answer.

One timer for each connection.
"""

import fcntl
import struct
import termios
from contextlib import suppress
from typing import Any

from .uvicorn_parts import HttpToolsProtocol

PATIENCE = 30.0  # seconds for a head, for a body, and for a reader
LEAST_RATE = 16 * 1024  # bytes a second that a body must come, or an answer go, with on the average, once it is over
LONGEST_BODY = 64 * 1024**2  # bytes that earn more time: nobody holds a connection for ever

BETWEEN, HEAD, BODY = range(3)  # where the parser is


class TimedProtocol(HttpToolsProtocol):
    """What is waited for is told by `_deadline`, and what becomes of it by `_expire`."""

    _stage: int
    _held: bytes
    _received: int  # bytes of this body
    since: float  # loop time at which this stage began, or the last answer was complete

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._now = self.loop.time
        self._pause = min(PATIENCE, self.timeout_keep_alive)
        self._untaken: tuple[float, int] | None = None  # since when, and how many bytes then
        self.owed = 0  # bytes of a long answer that are not written yet: they count as not taken

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.since = self._now()
        self._timer = self.loop.call_later(self._pause, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        if self._untaken is None:
            self._untaken = self._now(), self._size_untaken()
        super().pause_writing()

    def resume_writing(self) -> None:
        if not self.owed:
            self._untaken = None
        super().resume_writing()

    def owe_nothing(self) -> None:
        """A long answer is written to its end, or will never be."""
        self.owed = 0
        if not self.flow.write_paused:
            self._untaken = None

    def _answered(self) -> bool:
        raise NotImplementedError

    def _expire(self) -> None:
        raise NotImplementedError

    def drop_reader(self) -> None:
        """It takes nothing, or too slowly: what it was to be sent is let go."""
        self.transport.abort()

    def close_after(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._close)

    def _close(self) -> None:
        """What was written still goes out, as long as it is taken."""
        self.transport.close()
        self._timer = self.loop.call_later(self._pause, self._look)

    def _look(self) -> None:
        """No deadline is nearer than `_pause` when it begins, so none is missed."""
        timer, now, closing = self._timer, self._now(), self.transport.is_closing()
        if self._untaken is None and closing:
            self._untaken = now, self._size_untaken()
        taken_until = self._taken_until()
        wait = min(float("inf") if closing else self._deadline(), taken_until) - now
        if wait <= 0:
            if taken_until <= now:
                self.drop_reader()
                return
            self._expire()
            wait = self._pause
        if self._timer is timer:  # and the connection does not linger
            self._timer = self.loop.call_later(min(wait, self._pause), self._look)

    def _deadline(self) -> float:
        """Loop time; far away while the client waits for us."""
        if self._stage == BETWEEN and self._answered() and not self.flow.write_paused:
            return self.since + self.timeout_keep_alive
        if self._stage == BETWEEN or self._held or self.flow.read_paused:
            return float("inf")
        return self.since + PATIENCE + min(self._received, LONGEST_BODY) / LEAST_RATE

    def _taken_until(self) -> float:
        """Loop time until which the reader has time, with what it took since it kept us waiting."""
        if self._untaken is None:
            return float("inf")
        since, size = self._untaken
        return since + PATIENCE + max(0, size - self._size_untaken()) / LEAST_RATE

    def _size_untaken(self) -> int:
        """Bytes that were written, or are about to be, and that the other end's system has not confirmed."""
        size: int = self.owed + self.transport.get_write_buffer_size()
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            with suppress(OSError):  # a socket that is closed, or a system that does not tell
                size += struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
        return size
