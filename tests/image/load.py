"""`python -m tests.image.load PID PORT …`: load on a server that is told to stop, and what came of each request.

Runs in the container's network, where all is on loopback.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from threading import Event, Lock, Thread

from msgspec import Struct
from msgspec import json as msgspec_json

CLIENTS = 8
FEWEST = 500  # requests, before it is told to stop
LONGEST_SECONDS = 120.0  # all together
LIST = "/templates"


class Outcome(Struct):
    answered: int = 0
    acknowledged: list[str] = []  # templates whose creation was answered
    lost: list[str] = []  # requests that were sent and had no answer, or one of failure
    refused_after: float = -1.0  # seconds from the signal to the first connection that was refused
    drained_after: float = -1.0  # and to when a balancer would have stopped sending


class Clients:
    """Each asks again and again until it is to stop, on a connection that is kept or on one of its own."""

    def __init__(self, port: int, key: str) -> None:
        self.outcome, self.enough = Outcome(), Event()
        self._port, self._headers, self._lock = port, {"Authorization": f"token {key}"}, Lock()
        self._threads = [Thread(target=self._work, args=(number,), daemon=True) for number in range(CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def have_asked(self, number: int) -> None:
        end = time.monotonic() + LONGEST_SECONDS
        while self.outcome.answered < number:
            assert time.monotonic() < end, f"{self.outcome.answered} of {number} were answered: {self.outcome.lost[:5]}"
            time.sleep(0.02)

    def finish(self) -> None:
        self.enough.set()
        for thread in self._threads:
            thread.join(LONGEST_SECONDS)

    def _work(self, number: int) -> None:
        with closing(self._connection()) as kept:
            turn = 0
            while not self.enough.is_set():
                name = f"of-{number}-{turn}" if turn % 3 == 0 else ""
                self.ask("POST" if name else "GET", LIST, name, connection=kept if turn % 2 else None)
                turn += 1

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=LONGEST_SECONDS)

    def ask(
        self,
        method: str,
        path: str,
        name: str = "",
        *,
        connection: http.client.HTTPConnection | None = None,
        meanwhile: Event | None = None,
    ) -> None:
        """On a connection of its own, if none is given. Half of the body is sent only once `meanwhile` is set."""
        body = json.dumps({"name": name, "image-name": "quay.io/a/b:1"}).encode() if name else b""
        asking = connection or self._connection()
        try:
            asking.putrequest(method, path)
            for header, value in {**self._headers, "Content-Length": str(len(body))}.items():
                asking.putheader(header, value)
            asking.endheaders(body[: len(body) // 2])
            if meanwhile:
                meanwhile.wait(LONGEST_SECONDS)
            if body:
                asking.send(body[len(body) // 2 :])
            answer = asking.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._count(f"{method} {path} {name}: {error!r}")
        else:
            self._count("" if answer.status < 400 else f"{method} {path} {name}: {answer.status}", name)
        finally:
            if asking is not connection:
                asking.close()

    def _count(self, lost: str, name: str = "") -> None:
        with self._lock:
            if lost:
                self.outcome.lost.append(lost)
            else:
                self.outcome.answered += 1
                self.outcome.acknowledged += [name] if name else []


def loaded_and_stopped(
    port: int, key: str, stop: Callable[[], None], *, drains: bool, path: str, period: float, failures: int
) -> Outcome:
    """One that drains gets requests until a balancer that asks `path` takes it off; else until it is told to stop."""
    clients, told = Clients(port, key), Event()
    clients.start()
    slow = Thread(target=clients.ask, args=("POST", LIST, "slow"), kwargs={"meanwhile": told}, daemon=True)
    slow.start()
    clients.have_asked(FEWEST)
    if not drains:
        clients.finish()
    stop()
    told_at = time.monotonic()
    told.set()
    if drains:
        _taken_off(port, path, period, failures)
        clients.outcome.drained_after = round(time.monotonic() - told_at, 2)
        clients.finish()
    slow.join(LONGEST_SECONDS)
    while _connects(port):
        assert time.monotonic() < told_at + LONGEST_SECONDS, "it never stops"
        time.sleep(0.05)
    clients.outcome.refused_after = round(time.monotonic() - told_at, 2)
    return clients.outcome


def _taken_off(port: int, path: str, period: float, failures: int) -> None:
    failed = 0
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=period)
        try:
            connection.request("GET", path)
            failed = failed + 1 if connection.getresponse().status >= 400 else 0
        except (OSError, http.client.HTTPException):
            failed += 1
        connection.close()
        if failed >= failures:
            return
        time.sleep(period)


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.image.load")
    parser.add_argument("pid", type=int, help="of the server")
    parser.add_argument("port", type=int)
    parser.add_argument("--path", required=True, help="that a balancer asks")
    parser.add_argument("--period", type=float, required=True, metavar="SECONDS")
    parser.add_argument("--failures", type=int, required=True, metavar="N", help="after which a balancer takes it off")
    parser.add_argument("--drains", action="store_true")
    given = parser.parse_args()
    outcome = loaded_and_stopped(
        given.port,
        os.environ["BINDER_API_KEY"],
        lambda: os.kill(given.pid, signal.SIGTERM),
        drains=given.drains,
        path=given.path,
        period=given.period,
        failures=given.failures,
    )
    print(msgspec_json.encode(outcome).decode())


if __name__ == "__main__":
    main()
