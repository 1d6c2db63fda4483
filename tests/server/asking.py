"""Applications in this process: asked over ASGI, or listening on a port of their own."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Semaphore, Thread
from typing import Any

import httpx2
import uvicorn
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, LogStore, Registry, TokenAuthStore
from binder_registry.server import App, Options
from binder_registry.server import uvicorn_server as serving
from binder_registry.server.lanes import Lane

from .running import AUTHORIZATION, KEY

SCIPY = {"name": "scipy", "image-name": "jupyter/scipy"}
R = {"name": "r", "image-name": "jupyter/r"}


def application(store: LogStore | None = None, **options: Any) -> App:
    """Over an empty store in memory, unless another is given."""
    return App(Registry(store or InMemoryStore(), TokenAuthStore(KEY)), Options(**options))


@contextmanager
def asked(app: App) -> Iterator[TestClient]:
    """A client that holds the key."""
    with TestClient(app, base_url="http://registry", headers=AUTHORIZATION, follow_redirects=False) as client:
        yield client


@contextmanager
def held(lane: Lane) -> Iterator[None]:
    """All its threads are taken meanwhile: what comes waits for its turn."""
    done, begun = Event(), Semaphore(0)

    def hold() -> None:
        begun.release()
        done.wait(60)

    taken = [lane._pool.submit(hold) for _ in range(lane.threads)]
    lane._running["held"] = lane.threads
    for _ in taken:
        begun.acquire()
    try:
        yield
    finally:
        done.set()
        del lane._running["held"]


class QuickServer(serving.Server):
    """Ends as soon as `end` is called, in a thread: uvicorn's own looks ten times a second whether it was told to."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # which only a main thread can

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._ending.wait()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)


@contextmanager
def listening(app: App) -> Iterator[int]:
    """The port. The protocol and its options are those of `binder-registry serve`."""
    options: dict[str, Any] = {
        "http": serving.protocol_of(app),
        "ws": "none",
        "loop": "uvloop",
        "lifespan": "on",
        "log_config": None,
    }
    config = uvicorn.Config(app, server_header=False, proxy_headers=False, access_log=False, **options)
    server = QuickServer(app, config)
    with serving.listen("127.0.0.1", 0) as listener:
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.end()
            thread.join()


def hints(answer: httpx2.Response) -> list[str]:
    """The fields that an error's hints name."""
    return [hint["field"] for hint in answer.json().get("errors", [])]


def names(answer: httpx2.Response) -> list[str]:
    """Of a list of templates."""
    return [template["name"] for template in answer.json()]


def error_name(answer: httpx2.Response) -> str:
    return answer.headers.get("registry-error", "")


def without_times(template: Any) -> Any:
    return {member: value for member, value in template.items() if member not in ("time-created", "time-modified")}


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
