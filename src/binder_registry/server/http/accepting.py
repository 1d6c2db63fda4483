"""Takes new connections, a few in each turn of the loop.

The loop's own server takes all that wait at once: a thousand take a tenth of a second, in which nobody is answered.
"""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable

AT_ONCE = 4
REST_SECONDS = 0.1  # where there is not even a descriptor to refuse with
QUIET_SECONDS = 5.0  # between two lines about a lack of descriptors

logger = logging.getLogger(__name__)


class Accepting:
    """From its making until `close`. On the event loop."""

    def __init__(self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._listener, self._protocol = listener, protocol
        self._loop = asyncio.get_running_loop()
        self._opening = set[asyncio.Task[object]]()
        self._spare: list[int] = []  # a descriptor that is given up to refuse a connection when there is no other
        self._said_at = float("-inf")
        self._resting: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        self._begin()

    def close(self) -> None:
        if self._resting:
            self._resting.cancel()
        self._loop.remove_reader(self._listener)
        while self._spare:
            os.close(self._spare.pop())

    def _begin(self) -> None:
        if not self._spare:
            self._spare.append(os.open(os.devnull, os.O_RDONLY))
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _ = self._listener.accept()
            except OSError as error:  # none is there any more, or it was broken off
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._refuse(error)
                return
            connection.setblocking(False)
            opening = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
            self._opening.add(opening)  # the loop itself keeps no hold of it
            opening.add_done_callback(self._opened)

    def _opened(self, opening: "asyncio.Task[object]") -> None:
        self._opening.discard(opening)
        if not opening.cancelled() and (error := opening.exception()):
            logger.info("a connection was not taken: %s", error)

    def _refuse(self, error: OSError) -> None:
        """Closed unanswered, it learns that there is no place; left alone, it would wake the loop without an end."""
        if self._loop.time() >= self._said_at + QUIET_SECONDS:
            self._said_at = self._loop.time()
            logger.error("%s: new connections are closed unanswered; raise `ulimit -n`", error.strerror)
        try:
            while self._spare:
                os.close(self._spare.pop())
            self._listener.accept()[0].close()
            self._spare.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:  # others take each descriptor that there is
            self._loop.remove_reader(self._listener)
            self._resting = self._loop.call_later(REST_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._resting = None
        try:
            self._begin()
        except OSError:
            self._resting = self._loop.call_later(REST_SECONDS, self._go_on)
