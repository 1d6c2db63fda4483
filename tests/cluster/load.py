"""Clients that write and read at random over several servers, and note what they did."""

import asyncio
import random
import threading
import time
from collections.abc import Sequence

import httpx2

from tests.backends.postgres_server import eventually
from tests.server.running import AUTHORIZATION

from .history import Call

NAMES = [f"template-{number}" for number in range(12)]  # few, so that clients meet
DEADLINE = 15.0  # seconds: no request may take longer, whatever is down; far below what TCP would wait
PAUSE = 0.02  # after an answer that says to come back later


class Load:
    """Runs in a thread of its own while its block lasts, for at most `seconds`. `calls` is what was done."""

    def __init__(self, urls: Sequence[str], *, clients: int = 32, seconds: float = 60, seed: int = 1) -> None:
        self.calls: list[Call] = []
        self._urls, self._clients, self._seconds, self._seed = urls, clients, seconds, seed
        self._number = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def slowest(self) -> float:
        """Seconds that the longest request took."""
        return max(call.ended - call.sent for call in self.calls)

    @property
    def acknowledged(self) -> list[Call]:
        return [call for call in self.calls if call.kind != "read" and call.acknowledged]

    def goes_on(self, writes: int = 20, *, servers: int = 0) -> float:
        """Wait until every server (or the first `servers`) acknowledged as many writes from now on; gives the seconds
        to the first."""
        start, since = time.monotonic(), len(self.calls)
        wanted = range(servers or len(self._urls))
        while True:
            new = [call for call in self.calls[since:] if call.kind != "read" and call.acknowledged]
            if all(sum(call.server == server for call in new) >= writes for server in wanted):
                return min(call.ended for call in new) - start
            assert self._thread.is_alive(), f"writes did not go on within {self._seconds} s"
            time.sleep(0.05)

    def lasts(self) -> None:
        """Wait until its time is over."""
        self._thread.join()

    def is_refused(self) -> None:
        """Wait until a write is answered with 503."""
        since = len(self.calls)
        eventually(lambda: any(call.status == 503 for call in self.calls[since:]))

    async def _run(self) -> None:
        end = time.monotonic() + self._seconds
        async with asyncio.TaskGroup() as group:
            for client in range(self._clients):
                group.create_task(self._client(client, end))

    async def _client(self, client: int, end: float) -> None:
        choose = random.Random(self._seed * 1000 + client)
        seen: dict[str, int] = {}  # the newest revision of each template that this client knows
        shown = 0
        limits = httpx2.Limits(max_keepalive_connections=len(self._urls))
        async with httpx2.AsyncClient(timeout=DEADLINE, limits=limits, trust_env=False, headers=AUTHORIZATION) as http:
            while not self._ended.is_set() and time.monotonic() < end:
                call = await self._call(http, client, choose, seen, shown)
                self.calls.append(call)
                shown = max(shown, call.shown, call.revision)
                if call.acknowledged:
                    seen[call.name] = 0 if call.kind == "delete" else call.revision
                elif call.status in (404, 412):
                    seen[call.name] = 0
                elif call.unknown:
                    await asyncio.sleep(PAUSE)

    async def _call(
        self, http: httpx2.AsyncClient, client: int, choose: random.Random, seen: dict[str, int], shown: int
    ) -> Call:
        name, server = choose.choice(NAMES), choose.randrange(len(self._urls))
        kind = choose.choices(["create", "update", "delete", "read"], [2, 3, 1, 4])[0]
        expected = seen.get(name, 0) if kind == "update" else 0
        self._number += 1
        note = f"{client}-{self._number}" if kind != "read" else ""
        headers = {"Registry-Revision": str(shown)}
        if note:
            headers["Registry-Note"] = note
        if expected:
            headers["If-Match"] = str(expected)
        method = {"create": "POST", "update": "PUT", "delete": "DELETE", "read": "GET"}[kind]
        url = f"{self._urls[server]}/templates" + ("" if kind == "create" else f"/{name}")
        body = {"name": name, "image-name": f"image:{self._number}"} if kind in ("create", "update") else None
        sent = time.monotonic()
        try:
            answer = await http.request(method, url, headers=headers, json=body)
        except httpx2.TransportError:
            return Call(client, kind, name, sent, time.monotonic(), 0, server=server, expected=expected, note=note)
        ended = time.monotonic()
        behind = answer.headers.get("Registry-Error") == "revision_not_shown"
        position = answer.headers.get("ETag", "").strip('"').partition("-")[0]
        return Call(
            client,
            kind,
            name,
            sent,
            ended,
            503 if behind else answer.status_code,  # a server that is cut off says so: come back later, or elsewhere
            server=server,
            shown=int(answer.headers.get("Registry-Revision", 0)),
            revision=int(position) if position and answer.status_code < 300 else 0,
            expected=expected,
            note=note,
        )
