"""Event streams over several servers: each goes on at another server when its own is lost."""

import asyncio
import threading
from collections.abc import Sequence

from tests.backends.postgres_server import eventually

PAUSE = 0.1  # seconds before the next server is tried


class Reader:
    """One stream. `revisions` are those of its events, `refused` the statuses of answers that were no streams."""

    def __init__(self, ports: Sequence[int], first: int) -> None:
        self.revisions: list[int] = []
        self.refused: list[int] = []
        self.position = "0"
        self.connections = 0
        self._ports, self._at = ports, first

    async def run(self) -> None:
        while True:
            port = self._ports[self._at % len(self._ports)]
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                pass
            else:
                try:
                    writer.write(
                        f"GET /changes HTTP/1.1\r\nHost: r\r\nConnection: close\r\nAccept: text/event-stream\r\n"
                        f"Last-Event-ID: {self.position}\r\n\r\n".encode()
                    )
                    await self._read(reader)
                except OSError:
                    pass
                finally:
                    writer.transport.abort()
            self._at += 1
            await asyncio.sleep(PAUSE)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        status = int((await reader.readline()).split()[1] or 0)
        if status != 200:
            self.refused.append(status)
            return
        self.connections += 1
        position = ""
        while line := await reader.readline():  # between the pieces of a chunked answer lie lines of their own
            if line.startswith(b"id: "):
                position = line.decode().removeprefix("id: ").rstrip("\n")
            elif line.startswith(b"data: ") and line.endswith(b"\n"):
                self.position = position
                self.revisions.append(int(position.partition("-")[0]))


class Readers:
    """As many streams, in a thread of their own while the block lasts, from the first change on."""

    def __init__(self, ports: Sequence[int], streams: int) -> None:
        self.streams = [Reader(ports, first) for first in range(streams)]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Readers":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._all.cancel)
        self._thread.join()

    def are_open(self) -> None:
        eventually(lambda: all(stream.connections for stream in self.streams))

    def have(self, revision: int) -> None:
        """Wait until each has the change with this revision."""
        eventually(lambda: all(stream.revisions[-1:] >= [revision] for stream in self.streams))

    def _run(self) -> None:
        async def run() -> None:
            self._all = asyncio.gather(*(stream.run() for stream in self.streams))
            await self._all

        try:
            self._loop.run_until_complete(run())
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()
