"""Many connections at once, over sockets: each limit answers what goes beyond it, and everybody else is served."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from binder_registry import InMemoryStore
from binder_registry.server import App, Limits
from binder_registry.server.http import fast_path
from binder_registry.server.http.crowd import Crowd

from .asking import application, listening
from .sockets import Answer, Connection, connected, request

GET = request("GET", "/templates")
STREAM = request("GET", "/changes", b"", "Accept: text/event-stream")
POLL = request("GET", "/changes?since=0&wait=30")
UNFINISHED = request("POST", "/templates", b"", "Content-Length: 99")

Open = Callable[[], Connection]


class Served:
    """A server with a few limits, and connections to it that stay until the test ends."""

    def __init__(self, stack: ExitStack, **limits: int) -> None:
        self.app: App = application(InMemoryStore(), limits=Limits(**limits))
        self.port = stack.enter_context(listening(self.app))
        self._stack = stack

    def open(self, *requests: bytes) -> Connection:
        connection = self._stack.enter_context(connected(self.port))
        connection.send(*requests)
        return connection

    def streaming(self) -> Connection:
        """One that has been sent the beginning of an endless answer."""
        connection = self.open(STREAM)
        assert connection.sock.recv(12) == b"HTTP/1.1 200"
        return connection


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    with ExitStack() as stack:
        yield lambda **limits: Served(stack, **limits)


def refusal(answer: Answer) -> tuple[int, str, str]:
    return answer.status, answer.headers["registry-error"], answer.headers["retry-after"]


# Connections.


def test_a_connection_beyond_the_servers_limit_is_answered_and_closed(serve: Callable[..., Served]) -> None:
    served = serve(connections=2)
    for _ in range(2):
        served.streaming()

    late = served.open()
    answer = late.answer()

    assert refusal(answer) == (503, "too_busy", "1")
    assert answer.json()["message"] == "This server is at its limit connections; try again"
    assert late.ended()


def test_a_connection_beyond_a_clients_share_is_a_429(serve: Callable[..., Served]) -> None:
    served = serve(connections_per_client=2)
    for _ in range(2):
        served.streaming()

    answer = served.open(GET).answer()

    assert refusal(answer) == (429, "too_many_requests", "1")
    assert served.app.service.counters.refused == {("too_many_requests", "connections-per-client"): 1}


@pytest.mark.parametrize("limit", ["connections", "connections_per_client"])
@pytest.mark.parametrize("waiting", [b"", GET, GET[:9]], ids=["silent", "kept alive", "in a head"])
def test_a_connection_that_waits_for_a_request_makes_room(
    serve: Callable[..., Served], limit: str, waiting: bytes
) -> None:
    served = serve(**{limit: 2})
    oldest = served.open(waiting)
    if waiting == GET:
        oldest.answer()
    else:
        until_received(served)
    streaming = served.streaming()

    late = served.open(GET)

    assert late.answer().status == 200
    assert oldest.ended()
    assert streaming.sock.recv(1)


def until_received(served: Served) -> None:
    """Another connection's request, sent later, is answered later: one loop reads all."""
    with connected(served.port) as other:
        assert other.ask("GET", "/health").status == 200


def test_a_connection_that_ends_gives_its_place_to_the_next(serve: Callable[..., Served]) -> None:
    served = serve(connections=1)
    for _ in range(3):
        connection = served.open(request("GET", "/templates", b"", "Connection: close"))
        assert connection.answer().status == 200
        assert connection.ended()

    assert served.open(GET).answer().status == 200


# Streams and long polls.


@pytest.mark.parametrize("asked", [STREAM, POLL], ids=["stream", "poll"])
@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        ({"streams": 1}, (503, "too_busy", "1")),
        ({"streams_per_client": 1}, (429, "too_many_requests", "1")),
    ],
)
def test_a_stream_or_poll_beyond_the_limit_is_refused_and_its_connection_goes_on(
    serve: Callable[..., Served], asked: bytes, limits: dict[str, int], refused: tuple[int, str, str]
) -> None:
    served = serve(**limits)
    served.streaming()

    late = served.open(asked)

    assert refusal(late.answer()) == refused
    assert late.ask("GET", "/health").status == 200


def test_a_poll_that_was_answered_gives_its_place_back(serve: Callable[..., Served]) -> None:
    served = serve(streams=1)
    polling = served.open(request("GET", "/changes?since=0&wait=1"))
    assert polling.answer().status == 200

    assert served.streaming()


# What was received of requests that are not answered.


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        ({"received_bytes": 100_000}, (503, "too_busy", "1")),
        ({"received_bytes_per_client": 100_000}, (429, "too_many_requests", "1")),
    ],
)
def test_bodies_under_way_beyond_the_limit_are_refused(
    serve: Callable[..., Served], limits: dict[str, int], refused: tuple[int, str, str]
) -> None:
    served = serve(**limits)

    late = served.open(request("POST", "/apply", b"", "Content-Length: 2000000"), b" " * 300_000)

    assert refusal(late.answer()) == refused
    assert late.ended()


def test_what_was_answered_makes_room_for_the_next(serve: Callable[..., Served]) -> None:
    served = serve(received_bytes=100_000)
    connection = served.open()

    statuses = [connection.ask("POST", "/apply", b" " * 60_000).status for _ in range(5)]

    assert statuses == [400] * 5
    assert served.app.service.counters.refused == {("invalid_request", ""): 5}


def test_what_was_refused_makes_room_though_its_connection_lingers(serve: Callable[..., Served]) -> None:
    served = serve(received_bytes=100_000)
    refused = served.open(request("POST", "/apply", b"", "Content-Length: 900000"), b" " * 60_000)
    until_received(served)
    refused.send(b" " * 60_000)
    assert refused.answer().status == 503

    assert served.open().ask("POST", "/apply", b" " * 60_000).status == 400


def test_a_client_that_left_gives_back_what_was_read(serve: Callable[..., Served]) -> None:
    served = serve(received_bytes=100_000)
    for _ in range(5):
        connection = served.open(request("POST", "/apply", b"", "Content-Length: 90000"), b" " * 60_000)
        connection.sock.shutdown(1)
        assert connection.ended()

    assert served.open().ask("POST", "/apply", b" " * 60_000).status == 400


def test_a_body_without_a_valid_token_is_passed_over_and_takes_no_room(serve: Callable[..., Served]) -> None:
    served = serve(received_bytes=400_000)
    connection = served.open(
        request("POST", "/apply", b"", "Content-Length: 900000", "Authorization: token wrong"), b" " * 900_000
    )

    assert connection.answer().status == 401
    assert connection.ask("GET", "/health").status == 200


def test_requests_behind_a_stream_take_of_the_same_room(serve: Callable[..., Served]) -> None:
    served = serve(received_bytes=10_000)
    served.streaming().send(GET * 1000)

    until_received(served)

    assert served.app.service.counters.refused == {("too_busy", "received-bytes"): 1}


def test_many_lines_of_a_head_are_refused(serve: Callable[..., Served]) -> None:
    connection = serve().open(request("GET", "/templates", b"", *["a: b"] * 300))

    answer = connection.answer()

    assert (answer.status, answer.headers["registry-error"]) == (431, "head_too_large")
    assert connection.ended()


def test_all_places_are_given_back_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(Limits(received_bytes=50_000))
    monkeypatch.setattr(fast_path, "Crowd", lambda limits: crowd)
    app = application()

    with listening(app) as port, ExitStack() as stack:
        for sent in (STREAM, POLL, UNFINISHED, GET[:9], GET * 2000, b"no HTTP", b"", STREAM + GET):
            stack.enter_context(connected(port)).send(sent)
        assert stack.enter_context(connected(port)).ask("GET", "/health").status == 200

    assert [share.taken for share in (crowd.connections, crowd.received, app.service.streams)] == [0, 0, 0]


@pytest.mark.parametrize("connections", [5, 100])
def test_the_number_of_connections_can_be_set(connections: int) -> None:
    crowd = Crowd(Limits(connections=connections, connections_per_client=0))

    for _ in range(connections):
        crowd.enter("a", [], 0.0)

    assert crowd.connections.taken == connections
