"""A network that fails: a TCP proxy on loopback that delays, cuts and half-opens connections."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

CHUNK = 65536


class Proxy:
    """In front of one port of this machine, in a thread of its own, while its block lasts."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._delay = 0.0  # seconds, each way
        self._silent = False  # takes what comes, and hands nothing on
        self._of = b""  # of connections that said this
        self._refuses = False
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def delay(self, seconds: float) -> None:
        self._delay = seconds

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        self._refuses = True
        self._on_loop(self._abort)

    def half_open(self, said: bytes = b"") -> None:
        """Connections stay and new ones are taken; no byte arrives any more, of those whose client said this."""
        self._of = said
        self._silent = True

    def heal(self) -> None:
        """What was swallowed stays lost: connections of before are ended."""
        self._on_loop(self._abort)
        self._silent = self._refuses = False
        self._delay = 0.0

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _on_loop(self, call: Callable[[], None]) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(call)
        self._loop.call_soon_threadsafe(done.set)
        done.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self._server = self._loop.run_until_complete(asyncio.start_server(self._accept, sock=listener))
        self._ready.set()
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        try:
            onward, answers = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, answers}
        with suppress(asyncio.CancelledError):  # at the end of the block
            said = bytearray()
            await asyncio.gather(self._copy(reader, answers, said, keep=True), self._copy(onward, writer, said))
        for each in (writer, answers):
            self._writers.discard(each)
            each.transport.abort()

    async def _copy(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, said: bytearray, *, keep: bool = False
    ) -> None:
        """`said` is what the client of this connection began with."""
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if keep and len(said) < CHUNK:
                    said += data
                if self._delay:
                    await asyncio.sleep(self._delay)
                if not (self._silent and self._of in said):
                    target.write(data)
                    await target.drain()
            target.write_eof()
