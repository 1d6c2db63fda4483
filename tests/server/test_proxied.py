"""Connections of a trusted proxy, each request of which is its own client's."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from binder_registry import InMemoryStore, Template
from binder_registry.server import App, Limits
from binder_registry.server.http.access_log import AccessLog
from binder_registry.server.http.bounded import BoundedProtocol
from binder_registry.server.shares import NOBODY
from binder_registry.server.uvicorn_server import protocol_of

from .asking import application
from .recording import Connection, SteppedLoop, started
from .sockets import request

PROXY = "127.0.0.1"  # the other end of every recorded connection
ADA, BOB = "X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.8"
READ = "/templates/scipy"
BODY = b'{"name":"r","image-name":"jupyter/r"}'


class Served:
    def __init__(self, loop: SteppedLoop, app: App, folder: Path) -> None:
        self.loop, self.app, self._path = loop, app, folder / "access.log"
        self._descriptor = os.open(self._path, os.O_CREAT | os.O_WRONLY)
        self._log = AccessLog(self._descriptor)
        self.protocol = protocol_of(app, self._log)

    def connection(self) -> Connection:
        return Connection(self.loop, self.protocol, self.app)

    def ask(self, connection: Connection, *requests: bytes) -> None:
        connection.receive(*requests)
        self.loop.turn_until(lambda: not self.app.service.group_commit.unanswered)
        connection.settle()

    @property
    def received(self) -> dict[str, int]:
        """Bytes that each client is counted for."""
        crowd: Any = self.protocol.crowd
        return dict(crowd.received._each)

    def clients(self) -> list[str]:
        """Of each line of the access log."""
        self._log.close()
        os.close(self._descriptor)
        return [line.split()[-2] for line in self._path.read_text().splitlines()]


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    store = InMemoryStore()
    store.register_template(Template("scipy", "jupyter/scipy"))
    contexts = []

    def begin(**options: Any) -> Served:
        context = started(application(store, **{"trusted_proxies": (PROXY,)} | options))
        contexts.append(context)
        return Served(*context.__enter__(), tmp_path)

    yield begin
    for context in contexts:
        context.__exit__(None, None, None)


STREAM = "Accept: text/event-stream"


def test_plain_reads_stay_plain_and_are_each_their_own_clients(serve: Serve) -> None:
    served = serve()

    served.ask(served.connection(), *[request("GET", READ, b"", header) for header in (ADA, BOB, ADA, "Accept: */*")])

    assert served.app.service.counters.fast_hits == 4
    assert served.clients() == ["192.0.2.7", "192.0.2.8", "192.0.2.7", PROXY]


@pytest.mark.parametrize("options", [{}, {"protect_reads": True}, {"cors_origins": ("*",)}])
def test_requests_of_every_path_are_their_own_clients(serve: Serve, options: dict[str, Any]) -> None:
    served = serve(**options)
    connection = served.connection()

    served.ask(connection, request("GET", READ, b"", ADA), request("GET", READ, b"", BOB, "X-Request-Id: a"))
    served.loop.turn_until(lambda: connection.sent.count(b"HTTP/1.1 200") == 2)
    served.ask(connection, request("POST", "/templates", BODY, ADA), request("DELETE", READ, b"", BOB))

    assert served.clients() == ["192.0.2.7", "192.0.2.8"] * 2


def test_a_write_whose_body_comes_later_is_its_own_clients(serve: Serve) -> None:
    served = serve()
    whole = request("POST", "/templates", BODY, ADA)

    served.ask(served.connection(), whole[: -len(BODY)], BODY)

    assert served.clients() == ["192.0.2.7"]


def test_requests_that_follow_at_once_are_their_own_clients(serve: Serve) -> None:
    served = serve()

    served.ask(served.connection(), request("GET", READ, b"", ADA) + request("GET", READ, b"", BOB))

    assert served.clients() == ["192.0.2.7", "192.0.2.8"]


def test_what_a_body_holds_names_no_client(serve: Serve) -> None:
    served = serve()

    served.ask(served.connection(), request("POST", "/templates", b"{\r\nX-Forwarded-For: 203.0.113.9\r\n", ADA))

    assert served.clients() == ["192.0.2.7"]


def test_who_is_not_trusted_is_the_client_itself(serve: Serve) -> None:
    served = serve(trusted_proxies=("10.0.0.0/8",))

    served.ask(served.connection(), request("GET", READ, b"", ADA), request("POST", "/templates", BODY, BOB))

    assert served.clients() == [PROXY, PROXY]


def test_a_request_that_is_refused_halfway_is_its_own_clients(serve: Serve) -> None:
    served = serve(limits=Limits(received_bytes=1000))
    connection = served.connection()

    connection.receive(request("PUT", READ, b"", ADA, "Content-Length: 5000"), b"x" * 2000)

    assert connection.sent.startswith(b"HTTP/1.1 503")
    assert served.clients() == ["192.0.2.7"]


def test_a_proxys_connection_has_no_share(serve: Serve) -> None:
    served = serve(limits=Limits(connections_per_client=1))
    connections = [served.connection() for _ in range(3)]

    assert [connection.sent for connection in connections] == [b"", b"", b""]
    assert {cast(BoundedProtocol, connection.protocol).whose for connection in connections} == {NOBODY}
    served.clients()


@pytest.mark.parametrize("pieces", [1, 2])
def test_what_is_received_counts_for_the_client(serve: Serve, pieces: int) -> None:
    served = serve()
    head = request("PUT", READ, b"", ADA, "Content-Length: 5000", "X-Request-Id: a")
    connection = served.connection()

    connection.receive(*([head] if pieces == 1 else [head[:20], head[20:]]), b"x" * 1000)
    during = served.received
    connection.receive(b"x" * 4000)

    assert (during, served.received) == ({"192.0.2.7": len(head) + 1000}, {})
    served.clients()


def test_a_stream_counts_for_the_client(serve: Serve) -> None:
    served = serve(limits=Limits(streams_per_client=1))
    connections = [served.connection() for _ in range(3)]
    for connection, header in zip(connections, (ADA, ADA, BOB), strict=True):
        connection.receive(request("GET", "/changes", b"", STREAM, header, "Authorization: none"))

    statuses = [connection.sent[9:12] for connection in connections]

    assert statuses == [b"200", b"429", b"200"]
    served.clients()
    for connection in connections:
        connection.transport.close()
