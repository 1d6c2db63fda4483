"""Real servers in a process of their own, each over an empty store in memory: one for each line that the process reads.

Starting a process for every test would take most of the time of the tests.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from binder_registry import InMemoryStore, Registry, TokenAuthStore
from binder_registry.server import new_default_router

TOKEN = "the-token"


class Servers:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def new(self) -> str:
        """The URL of a new, empty registry that knows `TOKEN`."""
        assert self._process.stdin
        assert self._process.stdout
        print(file=self._process.stdin, flush=True)
        return self._process.stdout.readline().strip()


@contextmanager
def running_servers() -> Iterator[Servers]:
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Servers(process)
        finally:
            process.kill()


async def _serve_one(serving: set["asyncio.Task[None]"]) -> None:
    app = new_default_router(Registry(InMemoryStore(), TokenAuthStore(TOKEN)))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
    serving.add(asyncio.create_task(server.serve()))
    while not server.started:
        await asyncio.sleep(0.001)
    print(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", flush=True)


async def _main() -> None:
    serving: set[asyncio.Task[None]] = set()
    while await asyncio.to_thread(sys.stdin.readline):
        await _serve_one(serving)


if __name__ == "__main__":
    asyncio.run(_main())
