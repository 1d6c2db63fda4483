"""One release gives way to the next, a server at a time, behind a balancer: no request is refused, and none is lost."""

import http.client
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread

import httpx2

from tests.backends.postgres_server import eventually, new_registry
from tests.server.running import AUTHORIZATION, RunningServer, start_server

NEXT = """
import sys
from tests.cli.next_release import become
become()
sys.argv = sys.argv[3:]  # behind `python -m binder_registry`
from binder_registry.__main__ import main
main()
"""
DRAIN_SECONDS = 1.0
LOOK_SECONDS = 0.1  # between two looks of the balancer: it has ten while a server drains
CLIENTS = 8
ENOUGH = 100  # requests between two steps


class Balancer:
    """Sends each request to one of the servers that say that they are ready, as Kubernetes does by its probes."""

    def __init__(self, ports: list[int]) -> None:
        self._ready = ports.copy()
        self._ports = ports
        self._ended = Event()
        self.outcomes: Counter[str] = Counter()
        self.written: list[str] = []
        self._numbers = count()

    @contextmanager
    def sending(self) -> Iterator[None]:
        threads = [Thread(target=self._look), *(Thread(target=self._ask) for _ in range(CLIENTS))]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def goes_on(self) -> None:
        """Until so many more were answered, with all servers ready."""
        before = self.outcomes.total()
        eventually(lambda: self._ready == self._ports and self.outcomes.total() >= before + ENOUGH)

    def _look(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self._ready = [port for port in self._ports if answer(port, "GET", "/health") == "200"]

    def _ask(self) -> None:
        while not self._ended.is_set():
            number = next(self._numbers)
            port = self._ready[number % len(self._ready)]
            if number % 2:
                self.outcomes[answer(port, "GET", "/templates")] += 1
                continue
            name = f"written-{number}"
            told = answer(port, "POST", "/templates", json.dumps({"name": name, "image-name": "i"}))
            self.outcomes[told] += 1
            self.written += [name] if told == "201" else []


def answer(port: int, method: str, path: str, body: str = "") -> str:
    """The status, or what became of the request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body or None, AUTHORIZATION)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def server(folder: Path, url: str, port: int = 0, *, following: bool = False) -> RunningServer:
    wrapper = (sys.executable, "-c", NEXT) if following else ()
    path = {"PYTHONPATH": str(Path(__file__).parents[2])}
    return start_server(
        folder, "--drain-delay", str(DRAIN_SECONDS), db=url, port=port, wrapper=wrapper, environment=path
    )


def test_a_rolling_update_to_the_next_release_refuses_and_loses_nothing(tmp_path: Path) -> None:
    with new_registry() as url:
        servers = [server(tmp_path, url) for _ in range(2)]
        balancer = Balancer([one.port for one in servers])
        try:
            with balancer.sending():
                for number, old in enumerate(servers):
                    balancer.goes_on()
                    assert old.stop() == 0
                    servers[number] = server(tmp_path, url, old.port, following=True)
                balancer.goes_on()
            there = {one["name"] for one in httpx2.get(f"{servers[0].url}/templates", trust_env=False).json()}
            painted = {"name": "painted", "image-name": "i", "colour": "green"}
            new = httpx2.post(f"{servers[1].url}/templates", json=painted, headers=AUTHORIZATION, trust_env=False)
        finally:
            for one in servers:
                one.kill()

    assert set(balancer.outcomes) == {"200", "201"}, balancer.outcomes
    assert there == set(balancer.written)
    assert new.json()["colour"] == "green"  # both are of the next release by now
