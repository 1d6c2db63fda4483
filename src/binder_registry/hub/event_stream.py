"""The lines of an event stream, read aside."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.client import HTTPException, HTTPResponse
from queue import SimpleQueue

from .answers import Refused


class EventStream(threading.Thread):
    """The lines of an event stream, read aside: who waits for them can poll meanwhile.

    `lines` ends with an exception, of whatever ended the stream.
    """

    def __init__(self, answer: Callable[[], AbstractContextManager[HTTPResponse]]) -> None:
        super().__init__(name="binder-registry-stream", daemon=True)
        self.lines: SimpleQueue[str | Exception] = SimpleQueue()
        self._answer = answer
        self._unwanted = False

    def leave(self) -> None:
        """The connection is closed after the next line, or when none comes in time."""
        self._unwanted = True

    def run(self) -> None:
        try:
            with self._answer() as response:
                if response.status != 200:
                    raise Refused(response)
                if "event-stream" not in response.headers.get("Content-Type", ""):
                    raise HTTPException("the answer is no event stream")
                while not self._unwanted and (line := response.readline()):
                    self.lines.put(line.decode().rstrip("\r\n"))
            self.lines.put(HTTPException("it ended"))
        except Exception as error:  # noqa: BLE001  # it is the reader's to judge
            self.lines.put(error)
