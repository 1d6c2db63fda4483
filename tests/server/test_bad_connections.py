"""Connections that send what no server should trip over: each is refused or cut off, and harms no other."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from binder_registry import InMemoryStore

from .asking import application, listening
from .sockets import Connection, chunked, connected, request
from .test_bad_input import MALFORMED, MIB, TEMPLATE, WRONG_MEMBERS


@pytest.fixture
def connection(store: InMemoryStore) -> Iterator[Connection]:
    with listening(application(store)) as port, connected(port) as connection:
        yield connection


def test_a_body_that_says_it_is_too_large_is_refused_unread(connection: Connection) -> None:
    connection.send(request("POST", "/templates", b"", "Content-Length: 99999999999999999999"))

    answer = connection.answer()

    assert answer.status in (400, 413)  # the parser's own limit is 64 bits
    assert connection.ended()


def test_a_body_over_the_limit_is_refused_and_the_connection_closed(connection: Connection) -> None:
    connection.send(request("POST", "/templates", b"", f"Content-Length: {MIB + 1}"), b" " * 65536)

    answer = connection.answer()

    assert (answer.status, answer.hints()) == (413, ["body"])
    assert answer.headers["connection"] == "close"


def test_a_body_in_chunks_over_the_limit_is_refused(connection: Connection) -> None:
    connection.send(request("POST", "/templates", b"", "Transfer-Encoding: chunked"))
    for _ in range(17):
        connection.send(b"10000\r\n", b" " * 65536, b"\r\n")

    answer = connection.answer()

    assert (answer.status, answer.hints()) == (413, ["body"])
    assert answer.headers["connection"] == "close"


def test_a_body_in_too_many_small_pieces_is_refused(connection: Connection, store: InMemoryStore) -> None:
    connection.send(request("POST", "/templates", b"", "Transfer-Encoding: chunked"))
    connection.send(b"1\r\n \r\n" * 2000)

    answer = connection.answer()

    assert (answer.status, answer.hints()) == (400, ["body"])
    assert store.head().revision == 0


def test_a_body_in_many_pieces_that_are_not_small_is_taken(connection: Connection) -> None:
    template = TEMPLATE + b" " * (200_000 - len(TEMPLATE))
    connection.send(request("POST", "/templates", b"", "Transfer-Encoding: chunked"))
    connection.send(*(b"64\r\n%b\r\n" % template[at : at + 100] for at in range(0, len(template), 100)), b"0\r\n\r\n")

    assert connection.answer().status == 201


def test_a_body_that_others_get_in_between_is_taken_to_its_end(store: InMemoryStore) -> None:
    pieces = b"20\r\n%b\r\n" % (b" " * 32) * 30_000
    with listening(application(store)) as port, ExitStack() as open_:
        connections = [open_.enter_context(connected(port)) for _ in range(40)]  # a crowd
        for one in connections[1:]:
            one.send(request("POST", "/templates", b"", "Transfer-Encoding: chunked"), pieces[:50_000])
        connections[0].send(request("POST", "/templates", b"", "Transfer-Encoding: chunked"))
        connections[0].send(b"%x\r\n%b\r\n" % (len(TEMPLATE), TEMPLATE), pieces, b"0\r\n\r\n")

        assert connections[0].answer().status == 201


def test_a_body_shorter_than_it_says_stores_nothing(connection: Connection, store: InMemoryStore) -> None:
    connection.send(request("POST", "/templates", TEMPLATE, f"Content-Length: {len(TEMPLATE) + 1}"))

    connection.sock.shutdown(1)

    assert connection.ended()
    assert store.head().revision == 0


def test_what_follows_a_body_is_the_next_request(connection: Connection, store: InMemoryStore) -> None:
    connection.send(request("POST", "/templates", TEMPLATE + b"smuggled", f"Content-Length: {len(TEMPLATE)}"))

    created, refused = connection.sock.makefile("rb").read().split(b"HTTP/1.1 ")[1:]

    assert created.startswith(b"201")
    assert refused.startswith(b"400")
    assert store.head().revision == 1


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: -1",),
        ("Content-Length: five",),
        ("Transfer-Encoding: gzip",),
        ("Transfer-Encoding: chunked, identity",),
        ("Bad Name: x",),
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(connection: Connection, headers: tuple[str, ...]) -> None:
    connection.send(request("POST", "/templates", b"", *headers), b"0\r\n\r\n")

    answer = connection.answer()

    assert answer.status == 400
    assert answer.json()["message"]
    assert connection.ended()


@pytest.mark.parametrize(
    "first", [b"\x16\x03\x01\x02\x00", b"hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 99]
)
def test_what_is_no_http_is_refused(connection: Connection, first: bytes) -> None:
    connection.send(first)

    answer = connection.answer()

    assert (answer.status, answer.headers["registry-error"]) == (400, "invalid_request")
    assert connection.ended()


@pytest.mark.parametrize(
    "body",
    [MALFORMED["depth 100,000"], WRONG_MEMBERS["6,000 digits"][0], MALFORMED["invalid UTF-8"], b"x" * MIB],
    ids=len,
)
@pytest.mark.parametrize("in_chunks", [False, True])
def test_after_a_refused_body_the_connection_goes_on(connection: Connection, body: bytes, in_chunks: bool) -> None:
    if in_chunks:
        refused = connection.ask("POST", "/templates", chunked(body[:9], body[9:]), "Transfer-Encoding: chunked")
    else:
        refused = connection.ask("POST", "/templates", body)

    created = connection.ask("POST", "/templates", TEMPLATE)

    assert (refused.status, created.status) == (400, 201)


def test_after_a_refused_key_the_body_is_passed_over(connection: Connection) -> None:
    refused = connection.ask("POST", "/templates", b"x" * 200_000, "Authorization: token wrong")

    assert refused.status == 401
    assert connection.ask("POST", "/templates", TEMPLATE).status == 201


def test_a_request_for_100_continue_that_is_too_large_is_refused_at_once(connection: Connection) -> None:
    connection.send(request("POST", "/templates", b"", "Expect: 100-continue", f"Content-Length: {MIB + 1}"))

    answer = connection.answer()

    assert answer.status == 413
    assert connection.ended()


def test_a_client_that_leaves_in_the_middle_of_a_body_stores_nothing(store: InMemoryStore) -> None:
    with listening(application(store)) as port:
        with connected(port) as leaving:
            leaving.send(request("POST", "/templates", TEMPLATE, "Content-Length: 1000"))
        with connected(port) as connection:
            assert connection.ask("POST", "/templates", TEMPLATE).status == 201

    assert store.head().revision == 1
