"""What the fast path answers, what it leaves alone, and that it answers nothing twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.auth import Identity, Scope
from binder_registry.server.app import App
from binder_registry.server.http.counters import Counters
from binder_registry.server.http.fast_path import (
    LONGEST,
    LONGEST_READY,
    MOST_HEADS,
    MOST_READY,
    NOT_PLAIN,
    asked,
    fast_protocol,
)
from binder_registry.server.live.answer import Answer
from binder_registry.server.live.entries import Entry
from binder_registry.server.live.read_model import ReadModel
from binder_registry.shown_log import LIVE
from binder_registry.template import Template
from tests.server.recording import Connection, SteppedLoop, started_app, unnamed

RECORDED = json.loads(Path(__file__).with_name("request_heads.json").read_text())
OTHERS = [f"t{number}" for number in range(20)]  # enough for a list that is worth compressing
SCIPY = b"GET /templates/scipy HTTP/1.1\r\nHost: registry\r\n\r\n"
LIST = b"GET /templates HTTP/1.1\r\nHost: registry\r\n\r\n"
DATE = b"date: Tue, 24 Nov 2026 18:28:35 GMT\r\n"


class Served:
    def __init__(self, loop: SteppedLoop, app: App) -> None:
        self.loop = loop
        self.app = app
        self.model = app.service.model
        self.counters = Counters()

    def connection(self, *, fast: bool = True, **options: int) -> Connection:
        protocol = fast_protocol(self.model, access_log=None, counters=self.counters, open_reads=fast)
        return Connection(self.loop, protocol, self.app, **options)

    def hits(self, *requests: bytes) -> int:
        """How many of these requests, on one connection, are answered fast."""
        connection, before = self.connection(), self.counters.fast_hits
        connection.receive(*requests)
        return self.counters.fast_hits - before


@pytest.fixture
def served() -> Iterator[Served]:
    with started_app("scipy", *OTHERS) as (loop, app):
        yield Served(loop, app)


def test_the_recorded_heads_of_real_readers_are_answered_fast(served: Served) -> None:
    missed = [
        (recorded["client"], recorded["via"]) for recorded in RECORDED if not served.hits(recorded["head"].encode())
    ]

    assert missed == []


@pytest.mark.parametrize("asking", [SCIPY[:-2] + b"Connection: close\r\n\r\n", SCIPY.replace(b"1.1", b"1.0")])
def test_a_reader_that_wants_it_is_closed_after_its_answer(served: Served, asking: bytes) -> None:
    """Tornado and urllib ask so; so does nginx, in HTTP/1.0, unless it is told otherwise."""
    connection = served.connection()

    connection.protocol.data_received(asking)
    connection.protocol.data_received(SCIPY)
    connection.settle()

    sent = connection.sent
    assert served.counters.fast_hits == 1
    assert b"\r\nconnection: close\r\n\r\n{" in sent
    assert connection.closed


def test_a_template_is_sent_byte_for_byte(served: Served) -> None:
    entry = served.model.entries["scipy"]
    assert isinstance(entry, Entry)

    sent = served.connection().receive(SCIPY)

    assert sent == (
        b"HTTP/1.1 200 OK\r\n" + DATE + b"registry-revision: 21\r\n"
        b"content-type: application/json; charset=UTF-8\r\n"
        b"content-length: %d\r\netag: %b\r\n\r\n%b" % (len(entry.body), entry.etag, entry.body)
    )


def test_what_the_reader_has_is_a_304(served: Served) -> None:
    etag = served.model.entries["scipy"].etag

    sent = served.connection().receive(SCIPY[:-2] + b"If-None-Match: %b\r\n\r\n" % etag)

    assert sent == b"HTTP/1.1 304 Not Modified\r\n%bregistry-revision: 21\r\netag: %b\r\n\r\n" % (DATE, etag)


def test_a_list_that_the_reader_has_is_a_304_that_varies(served: Served) -> None:
    connection = served.connection()
    connection.receive(LIST)
    etag = served.model.list_answer().etag

    sent = connection.receive(LIST[:-2] + b"If-None-Match: %b\r\n\r\n" % etag)

    assert served.counters.fast_hits == 1
    assert sent == (
        b"HTTP/1.1 304 Not Modified\r\n%bregistry-revision: 21\r\netag: %b\r\nvary: accept-encoding\r\n\r\n"
        % (DATE, etag)
    )


def test_the_index_is_answered_fast(served: Served) -> None:
    sent = served.connection().receive(b"GET / HTTP/1.1\r\n\r\n")

    assert served.counters.fast_hits == 1
    assert sent.endswith(b"\r\n\r\n" + LIVE)


@pytest.mark.parametrize("accept", [b"text/html", b"Text/HTML;q=0.1, */*", b"application/json, text/html;q=0"])
def test_the_index_is_left_to_the_ordinary_path_where_the_page_may_be_wanted(served: Served, accept: bytes) -> None:
    assert served.hits(b"GET / HTTP/1.1\r\nAccept: %b\r\n\r\n" % accept) == 0
    assert served.hits(SCIPY[:-2] + b"Accept: %b\r\n\r\n" % accept) == 1


def test_the_index_of_others_varies(served: Served) -> None:
    sent = [served.connection(fast=fast).receive(b"GET / HTTP/1.1\r\nAccept: */*\r\n\r\n") for fast in (True, False)]

    assert sent[0] == unnamed(sent[1])
    assert b"\r\nvary: accept\r\ncache-control: no-store\r\n" in sent[0]


def test_the_list_is_answered_fast_once_it_is_assembled(served: Served) -> None:
    assert [served.hits(LIST), served.hits(LIST)] == [0, 1]


def test_the_compressed_list_is_answered_fast_once_it_is_made(served: Served) -> None:
    request = LIST[:-2] + b"Accept-Encoding: gzip, deflate\r\n\r\n"
    connection = served.connection()
    served.loop.turn_until(lambda: b"content-encoding: gzip" in connection.receive(request))

    assert served.hits(request) == 1


def test_a_compressed_list_that_the_reader_has_is_a_304(served: Served) -> None:
    request = LIST[:-2] + b"Accept-Encoding: gzip, deflate\r\n\r\n"
    connection = served.connection()
    served.loop.turn_until(lambda: b"content-encoding: gzip" in connection.receive(request))
    tag = b'%b-gzip"' % served.model.list_answer().etag[:-1]
    known = request[:-2] + b"If-None-Match: %b\r\n\r\n" % tag

    sent = [served.connection(fast=fast).receive(known) for fast in (True, False)]

    assert sent[0].startswith(b"HTTP/1.1 304 Not Modified\r\n")
    assert sent[0] == unnamed(sent[1])


def test_an_answer_names_the_revision_of_the_newest_commit(served: Served) -> None:
    connection = served.connection()
    connection.receive(SCIPY)
    store, who = served.app.service.registry, Identity("test", frozenset(Scope))
    store.template_create(who, Template(name="new", image_name="x", command="y"))
    served.loop.turn_until(lambda: served.model.revision == 22)

    sent = connection.receive(SCIPY)

    assert served.counters.fast_hits == 2
    assert b"registry-revision: 22\r\n" in sent


def test_no_remembered_answer_outlives_a_commit(served: Served) -> None:
    connection, other = served.connection(), SCIPY.replace(b"scipy", b"t1")
    connection.receive(SCIPY, other)
    store, who = served.app.service.registry, Identity("test", frozenset(Scope))
    store.template_delete(who, "scipy")
    served.loop.turn_until(lambda: served.model.revision == 22)
    connection.receive(other)

    sent = connection.receive(SCIPY)

    assert sent.startswith(b"HTTP/1.1 404 Not Found\r\n")


def test_the_date_follows_the_clock_of_uvicorn(served: Served) -> None:
    connection = served.connection()
    connection.receive(SCIPY)
    connection.state.default_headers = [(b"date", b"later")]

    assert b"date: later\r\n" in connection.receive(SCIPY)


def test_a_reader_of_a_newer_revision_waits_on_the_ordinary_path(served: Served) -> None:
    asking = SCIPY[:-2] + b"Registry-Revision: %d\r\n\r\n"

    assert [served.hits(asking % revision) for revision in (21, 22)] == [1, 0]


def test_protected_reads_are_never_answered_fast(served: Served) -> None:
    sent = served.connection(fast=False).receive(SCIPY)

    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert served.counters.fast_hits == 0


@pytest.mark.parametrize(
    "request_bytes",
    [
        SCIPY + SCIPY,
        SCIPY[:-1],
        SCIPY.replace(b" /", b"  /"),
        SCIPY.replace(b"scipy ", b"scipy?x=1 "),
        SCIPY.replace(b"/templates", b"http://registry/templates"),
        SCIPY.replace(b"GET", b"HEAD"),
        SCIPY.replace(b"1.1", b"2.0"),
        SCIPY.replace(b"\r\n", b"\n"),
        SCIPY[:-2] + b"Cookie: %b\r\n\r\n" % (b"x" * LONGEST),
        *(
            SCIPY[:-2] + header + b"\r\n\r\n"
            for header in (
                b"Connection: close\r\nConnection: keep-alive",
                b"Connection: upgrade\r\nUpgrade: h2c",
                b"Content-Length: 0",
                b"Upgrade: h2c",
                b"Expect: 100-continue",
                b"Host: a\r\n folded",
                b"Host : registry",
                b"Host: caf\xe9",
                b"Host: a\0b",
                b'If-Match: "1"',
                b'If-None-Match: "1", "2"',
                b'If-None-Match: "1"\r\nIf-None-Match: "2"',
                b"If-None-Match: *",
                b"Origin: http://elsewhere",
                b"Range: bytes=0-1",
                b"Registry-Revision: x",
                b"Transfer-Encoding: chunked",
                b"X-Unknown: x",
            )
        ),
    ],
)
def test_anything_but_one_plain_request_is_left_to_the_ordinary_path(served: Served, request_bytes: bytes) -> None:
    assert served.hits(request_bytes) == 0


def test_a_body_that_looks_like_a_request_is_not_answered_after_an_early_refusal(served: Served) -> None:
    connection = served.connection()

    sent = connection.receive(b"POST /templates HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(SCIPY), SCIPY, SCIPY)

    assert sent.count(b"HTTP/1.1 401 Unauthorized\r\n") == 1
    assert sent.count(b"HTTP/1.1 200 OK\r\n") == 1
    assert sent.index(b"401") < sent.index(b"200")


def test_a_request_in_the_middle_of_another_head_is_part_of_that_head(served: Served) -> None:
    sent = served.connection().receive(b"GET /health HTTP/1.1\r\nX-Rest: ", SCIPY)

    assert sent.count(b"HTTP/1.1 ") == 1
    assert b'"status":"ok"' in sent


def test_a_request_that_follows_one_still_being_answered_waits_for_it(served: Served) -> None:
    connection = served.connection()
    connection.arrive(b"GET /health HTTP/1.1\r\n\r\n")
    connection.arrive(SCIPY)

    connection.settle()

    assert connection.sent.index(b'"status":"ok"') < connection.sent.index(b'"name":"scipy"')


def test_the_fast_path_comes_back_after_a_refused_body_was_read(served: Served) -> None:
    assert served.hits(b"POST /templates HTTP/1.1\r\nContent-Length: 2\r\n\r\n", b"{}", SCIPY) == 1


def test_a_server_at_its_limit_refuses_on_the_fast_path_too(served: Served) -> None:
    sent = [served.connection(fast=fast, limit_concurrency=1).receive(SCIPY) for fast in (True, False)]

    assert unnamed(sent[0]) == unnamed(sent[1])
    assert sent[0].startswith(b"HTTP/1.1 503 Service Unavailable\r\n")


def test_an_idle_connection_closes_when_the_server_stops(served: Served) -> None:
    connection = served.connection()
    connection.receive(SCIPY)

    connection.protocol.shutdown()

    assert connection.closed


def test_a_bounded_number_of_heads_is_remembered(served: Served) -> None:
    connection = served.connection()
    request = SCIPY[:-2] + b"X-Real-Ip: %d\r\n\r\n"
    for number in range(MOST_HEADS * 2 + 10):
        connection.protocol.data_received(request % number)

    assert served.counters.fast_hits == MOST_HEADS * 2 + 10
    heads, ready = _remembered(connection)
    assert 10 <= len(heads) <= MOST_HEADS
    assert 10 <= len(ready) <= MOST_READY


def _remembered(connection: Connection) -> tuple[Any, Any]:
    """Heads by their bytes, and whole answers by the request."""
    method = type(connection.protocol)._look_up  # type: ignore[attr-defined]
    cells = dict(zip(method.__code__.co_freevars, method.__closure__, strict=True))
    return cells["heads"].cell_contents, cells["ready"].cell_contents


def test_a_large_answer_is_not_remembered(served: Served) -> None:
    model, connection = served.model, served.connection()
    large = Answer(b"x" * (LONGEST_READY + 1), b'"1-00"')
    model.answers[b"/templates/scipy"] = large

    sent = connection.receive(SCIPY, SCIPY)

    assert served.counters.fast_hits == 2
    assert sent.count(bytes(large.body)) == 2
    assert not _remembered(connection)[1]


def test_what_is_asked_again_is_answered_alike(served: Served) -> None:
    connection = served.connection()
    connection.receive(LIST)
    tags = served.model.entries["scipy"].etag, served.model.list_answer().etag
    requests = [SCIPY, b"GET / HTTP/1.1\r\n\r\n", SCIPY[:-2] + b"If-None-Match: %b\r\n\r\n" % tags[0]]
    requests += [LIST, LIST[:-2] + b"If-None-Match: %b\r\n\r\n" % tags[1]]

    first, second = ([connection.receive(request) for request in requests] for _ in range(2))

    assert first == second
    assert len(_remembered(connection)[1]) == 4  # all but the list itself
    assert served.counters.fast_hits == 10


def test_what_is_asked_again_behind_a_request_waits_for_it(served: Served) -> None:
    connection = served.connection()
    connection.receive(SCIPY)
    connection.arrive(b"GET /health HTTP/1.1\r\n\r\n")
    connection.arrive(SCIPY)

    connection.settle()

    sent = connection.sent
    assert sent.index(b'"status":"ok"') < sent.rindex(b'"name":"scipy"')
    assert served.counters.fast_hits == 1


def test_a_server_with_a_limit_remembers_no_answer(served: Served) -> None:
    connection = served.connection(limit_concurrency=2)

    connection.receive(SCIPY, SCIPY)

    assert served.counters.fast_hits == 2
    assert not _remembered(connection)[1]


def test_a_reader_that_closes_is_not_remembered(served: Served) -> None:
    connection = served.connection()

    connection.receive(SCIPY[:-2] + b"Connection: close\r\n\r\n")

    assert connection.closed
    assert not _remembered(connection)[1]


@given(name=st.text(min_size=1, max_size=20))
def test_every_name_has_a_target_that_is_asked_plainly(name: str) -> None:
    target = ReadModel()._target(name)

    assert b" " not in target
    assert b"?" not in target
    assert target.isascii()


@given(st.lists(st.sampled_from([b"a", b":", b" ", b"\t", b"\r", b"\n", b"\r\n", b"\0", b"\xe9", b"Host: x\r\n"])))
def test_a_head_that_is_plain_ends_where_the_request_ends(parts: list[bytes]) -> None:
    head = b" HTTP/1.1\r\n" + b"".join(parts) + b"\r\n"

    if asked(head) != NOT_PLAIN:
        assert head.count(b"\r\n\r\n") == 1
        assert head.endswith(b"\r\n\r\n")
        assert b"\n" not in head.replace(b"\r\n", b"")
