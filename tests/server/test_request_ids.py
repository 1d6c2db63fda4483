"""`Request-Id`: on every answer but the fast path's short one, and the same in the logs."""

import re
from collections.abc import Iterator

import pytest

from binder_registry.server.http.counters import Counters
from binder_registry.server.http.fast_path import fast_protocol
from binder_registry.server.http.request_ids import RequestIds
from tests.server.asking import application, asked
from tests.server.recording import Connection, started_app

PLAIN = b"GET /templates/scipy HTTP/1.1\r\n\r\n"


class Named:
    def __init__(self, connection: Connection, counters: Counters) -> None:
        self.connection = connection
        self.counters = counters

    def ids(self, *requests: bytes) -> list[bytes]:
        """Of the answers to these, in order."""
        lines = self.connection.receive(*requests).split(b"\r\n")
        return [line.removeprefix(b"request-id: ") for line in lines if line.startswith(b"request-id: ")]


@pytest.fixture
def named() -> Iterator[Named]:
    with started_app("scipy") as (loop, app):
        counters = Counters()
        yield Named(
            Connection(loop, fast_protocol(app.service.model, access_log=None, counters=counters), app), counters
        )


@pytest.mark.parametrize(
    "asking",
    [
        *(b"GET /health HTTP/1.1\r\n\r\n", b"HEAD /templates HTTP/1.1\r\n\r\n", b"GET /nowhere HTTP/1.1\r\n\r\n"),
        *(b"OPTIONS /templates HTTP/1.1\r\n\r\n", b"POST /templates HTTP/1.1\r\n\r\n", b"no HTTP\r\n\r\n"),
        *(b"BREW / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nlong: " + b"x" * 70_000, b"GET /%zz HTTP/1.1\r\n\r\n"),
        b"GET /changes?wait=0 HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n",
    ],
)
def test_an_answer_has_one(named: Named, asking: bytes) -> None:
    [found] = named.ids(asking)

    assert found.startswith(named.connection.protocol.recorder.ids.prefix + b"-")  # type: ignore[attr-defined]


def test_each_has_its_own(named: Named) -> None:
    assert len(set(named.ids(*[b"GET /health HTTP/1.1\r\n\r\n"] * 5))) == 5


@pytest.mark.parametrize("given", [b"a", b"0f9c-7", b"Root=1-67891233-abcdef", b"a/b+c=:~._@-", b"x" * 128])
def test_the_one_that_a_request_brings_is_taken_and_its_answer_has_it(named: Named, given: bytes) -> None:
    found = named.ids(PLAIN[:-2] + b"X-Request-Id: %b\r\n\r\n" % given)

    assert found == [given]
    assert named.counters.fast_hits == 0


@pytest.mark.parametrize(
    "given", [b"", b"two words", b"x" * 129, b"caf\xc3\xa9", b'"quoted"', b"a,b", b"<b>", b"a\\b", b"a;b"]
)
def test_one_that_could_do_harm_is_not_taken(named: Named, given: bytes) -> None:
    [found] = named.ids(PLAIN[:-2] + b"X-Request-Id: %b\r\n\r\n" % given)

    assert found.startswith(named.connection.protocol.recorder.ids.prefix + b"-")  # type: ignore[attr-defined]


def test_a_refusal_has_the_one_of_the_request_that_it_cuts_off(named: Named) -> None:
    named.connection.receive(b"POST /templates HTTP/1.1\r\nX-Request-Id: mine\r\n")
    named.connection.receive(b"Authorization: token THISISMYTOKEN\r\nContent-Length: 9\r\n\r\n{")

    named.connection.loop.advance(31)

    assert b"HTTP/1.1 408 " in named.connection.sent
    assert b"\r\nrequest-id: mine\r\n" in named.connection.sent


def test_a_server_at_its_limit_names_its_refusals() -> None:
    with started_app("scipy") as (loop, app):
        protocol = fast_protocol(app.service.model, access_log=None, counters=Counters())

        sent = Connection(loop, protocol, app, limit_concurrency=1).receive(PLAIN[:-2] + b"X-Request-Id: mine\r\n\r\n")

    assert sent.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nrequest-id: mine\r\n" in sent


def test_under_another_server_an_answer_has_one_too() -> None:
    with asked(application()) as client:
        answers = [client.get("/templates"), client.get("/templates", headers={"X-Request-Id": "mine"})]

    assert len(answers[0].headers["request-id"]) == 16
    assert answers[1].headers["request-id"] == "mine"


def test_no_id_comes_twice_however_many_there_are() -> None:
    ids = RequestIds()

    found = [ids.new() for _ in range(10_000)]

    assert len(set(found)) == 10_000
    assert all(re.fullmatch(ids.prefix + b"-[0-9a-f]+", found_id) for found_id in found)
