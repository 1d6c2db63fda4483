"""What the protocol guards against, on both paths."""

import asyncio
import inspect
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httptools
import pytest
from uvicorn.config import Config
from uvicorn.protocols.http import flow_control, httptools_impl
from uvicorn.server import ServerState

from binder_registry.server.http import deadlines
from binder_registry.server.http.counters import Counters
from binder_registry.server.http.deadlines import LEAST_RATE, PATIENCE
from binder_registry.server.http.fast_path import fast_protocol
from binder_registry.server.http.protocol import HEAD_BYTES, LINGER, MOST_ESCAPES, SafeProtocol
from binder_registry.server.live.read_model import ReadModel
from tests.server.recording import HIGH_WATER, Connection, SteppedLoop, started_app

PLAIN = b"GET /templates/scipy HTTP/1.1\r\nHost: registry\r\n\r\n"
LIST = b"GET /templates HTTP/1.1\r\nHost: registry\r\n\r\n"
WRITE = b"POST /templates HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\n"
KEEP_ALIVE = 7

Connect = Callable[..., Connection]


@pytest.fixture(params=["fast", "ordinary"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Opens a connection to the whole application, or to `app`."""
    with started_app("scipy") as (loop, served):
        protocol = fast_protocol(
            served.service.model, access_log=None, counters=Counters(), open_reads=request.param == "fast"
        )

        opened: list[Connection] = []

        def connect(app: Any = served, **options: int) -> Connection:
            opened.append(Connection(loop, protocol, app, **{"timeout_keep_alive": KEEP_ALIVE, **options}))
            return opened[-1]

        yield connect
        for connection in opened:
            connection.transport.abort()
            connection.settle()


def statuses(sent: bytes) -> list[int]:
    return [int(part[:3]) for part in sent.split(b"HTTP/1.1 ")[1:]]


def message(sent: bytes) -> str:
    text: str = json.loads(sent.rpartition(b"\r\n\r\n")[2])["message"]
    return text


# Sizes.


def test_a_head_of_more_than_64_kib_is_refused(connect: Connect) -> None:
    connection = connect()

    sent = connection.receive(PLAIN[:-2] + b"X-Large: %b\r\n\r\n" % (b"x" * HEAD_BYTES))

    assert statuses(sent) == [431]
    assert b"registry-error: head_too_large\r\n" in sent


@pytest.mark.parametrize("before", [b"/", b"/templates?q="])
def test_a_target_of_more_than_4096_escapes_is_refused(connect: Connect, before: bytes) -> None:
    sent = [
        connect().receive(b"GET %b%b HTTP/1.1\r\nHost: r\r\n\r\n" % (before, b"%41" * escapes))
        for escapes in (MOST_ESCAPES, MOST_ESCAPES + 1)
    ]

    assert (statuses(sent[0]) != [431], statuses(sent[1])) == (True, [431])


@pytest.mark.parametrize(
    "begin",
    [b"GET /", b"GET / HTTP/1.1\r\nX: ", b"POST /health HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: "],
)
def test_a_head_or_trailer_without_an_end_is_refused_before_it_fills_memory(connect: Connect, begin: bytes) -> None:
    connection = connect()

    connection.receive(begin, *[b"x" * 10_000] * 8)

    assert connection.transport.write_ended or connection.closed


def test_trailers_do_not_become_headers(connect: Connect) -> None:
    connection = connect()

    connection.receive(b"POST /health HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n")

    assert connection.protocol.headers == [(b"transfer-encoding", b"chunked")]


def test_a_body_of_many_small_chunks_is_no_oversized_head(connect: Connect) -> None:
    connection = connect()

    sent = connection.receive(WRITE + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\n[\r\n" * 1000] * 20, b"0\r\n\r\n")

    assert statuses(sent) == [400]
    assert not connection.closed


@pytest.mark.parametrize(
    ("head", "most"),
    [(b"Content-Length: 200000\r\n\r\n%s", 2), (b"Transfer-Encoding: chunked\r\n\r\n30d40\r\n%s\r\n0\r\n\r\n", 60)],
)
def test_a_body_whose_length_is_known_is_joined_of_few_pieces(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, head: bytes, most: int
) -> None:
    pieces = list[bytes]()
    taken = SafeProtocol.on_body

    def on_body(self: SafeProtocol, body: bytes) -> None:
        pieces.append(body)
        taken(self, body)

    monkeypatch.setattr(SafeProtocol, "on_body", on_body)

    sent = connect().receive(WRITE + head % (b"[" + b" " * 199_998 + b"]") + PLAIN)

    assert statuses(sent) == [400, 200]
    assert sum(map(len, pieces)) == 200_000
    assert most // 2 <= len(pieces) <= most


def test_requests_behind_an_unanswered_one_are_not_all_taken_in(connect: Connect) -> None:
    started: list[str] = []
    hanging = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        started.append(scope["path"])
        await hanging.wait()
        await _answer(send)

    connection = connect(app)

    connection.arrive(b"GET /x HTTP/1.1\r\n\r\n" * 10_000)
    connection.settle()

    assert started == ["/x"]
    assert len(connection.protocol.pipeline) == 1
    assert not connection.transport.reading
    hanging.set()
    connection.settle()
    assert len(started) == 10_000


def test_what_is_done_for_a_client_that_left_counts_until_it_is_done(connect: Connect) -> None:
    done = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await done.wait()

    connection = connect(app)
    received = connection.protocol.crowd.received  # type: ignore[attr-defined]
    connection.receive(WRITE + b"Content-Length: 5\r\n\r\n12345")
    connection.protocol.connection_lost(ConnectionResetError())
    connection.settle()
    meanwhile = received.taken
    done.set()
    connection.settle()

    assert (meanwhile > 5, received.taken) == (True, 0)


def test_what_is_answered_behind_another_request_gives_its_room_back(connect: Connect) -> None:
    connection = connect()
    received = connection.protocol.crowd.received  # type: ignore[attr-defined]

    connection.arrive((WRITE + b"Content-Length: 5\r\n\r\n12345") * 50 + PLAIN)
    connection.settle()

    assert statuses(connection.sent) == [400] * 50 + [200]
    assert received.taken == 0


def test_a_reader_that_takes_nothing_does_not_fill_memory(connect: Connect) -> None:
    connection = connect()
    connection.receive(LIST)
    connection.transport.stuck = True

    connection.receive(*[LIST] * 5000)

    assert connection.transport.waiting < HIGH_WATER + 2000
    assert not connection.transport.reading


def test_nothing_is_answered_fast_to_a_reader_that_has_yet_to_take_a_large_answer(connect: Connect) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await _answer(send, b"x" * 100_000)

    connection = connect(app)
    connection.transport.stuck = True

    connection.receive(b"GET /x HTTP/1.1\r\n\r\n", *[PLAIN] * 500)

    assert connection.transport.waiting < 101_000


def test_a_reader_that_takes_its_answers_late_gets_them_all(connect: Connect) -> None:
    connection = connect()
    connection.transport.stuck = True
    connection.receive(*[LIST] * 1000)

    connection.transport.unstick()
    connection.settle()

    assert statuses(connection.sent) == [200] * 1000


# Deadlines.


def test_a_head_that_is_not_complete_in_time_is_a_408(connect: Connect) -> None:
    connection = connect()
    connection.loop.advance(KEEP_ALIVE - 2)
    connection.receive(PLAIN[:-2])

    connection.loop.advance(PATIENCE - 1)
    assert connection.sent == b""
    connection.loop.advance(2)

    assert statuses(connection.sent) == [408]
    assert b"registry-error: request_timeout\r\n" in connection.sent


def test_a_head_that_comes_in_drips_has_no_more_time(connect: Connect) -> None:
    connection = connect()
    connection.receive(PLAIN[:-2])
    for _ in range(int(PATIENCE) + 1):
        connection.receive(b"x")
        connection.loop.advance(1)

    assert statuses(connection.sent) == [408]


def test_a_body_that_is_not_complete_in_time_is_a_408(connect: Connect) -> None:
    connection = connect()
    connection.receive(WRITE + b"Content-Length: 5\r\n\r\n{")

    connection.loop.advance(PATIENCE + 1)

    assert statuses(connection.sent) == [408]


def seconds_until_it_ends(connection: Connection, rate: int, most: int) -> int:
    """How long a body that comes with so many bytes a second is read."""
    for second in range(most):
        if connection.closed or connection.transport.write_ended or b" 408 " in connection.sent:
            return second
        connection.receive(b"x" * rate)
        connection.loop.advance(1)
    return most


def test_a_body_may_take_as_long_as_it_comes_fast_enough(connect: Connect) -> None:
    connection = connect()
    connection.receive(WRITE.replace(b"/templates", b"/apply") + b"Content-Length: %d\r\n\r\n" % (100 * LEAST_RATE))

    seconds = seconds_until_it_ends(connection, LEAST_RATE, 100)
    connection.loop.turn_until(lambda: connection.sent)

    assert seconds == 100
    assert statuses(connection.sent) == [400]


@pytest.mark.parametrize("share", [2, 4, LEAST_RATE])
def test_a_body_that_comes_too_slowly_is_a_408(connect: Connect, share: int) -> None:
    connection = connect()
    connection.receive(WRITE.replace(b"/templates", b"/apply") + b"Content-Length: 9999999\r\n\r\n")

    seconds = seconds_until_it_ends(connection, LEAST_RATE // share, 100)

    assert PATIENCE <= seconds <= PATIENCE * share / (share - 1) + 2
    assert statuses(connection.sent) == [408]


def test_a_body_that_never_ends_holds_no_connection_for_ever(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "LONGEST_BODY", 10 * LEAST_RATE)
    connection = connect()
    connection.receive(b"POST /templates HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n")  # 401, and read on

    seconds = seconds_until_it_ends(connection, 4 * LEAST_RATE, 100)

    assert PATIENCE + 10 <= seconds <= PATIENCE + 12


def test_each_body_earns_its_time_by_itself(connect: Connect) -> None:
    connection = connect()
    connection.receive(WRITE + b"Content-Length: %d\r\n\r\n" % (20 * LEAST_RATE) + b"x" * 20 * LEAST_RATE)
    connection.receive(WRITE + b"Content-Length: 5\r\n\r\n{")

    connection.loop.advance(PATIENCE + 1)

    assert statuses(connection.sent) == [400, 408]


def test_a_refused_request_whose_body_never_comes_is_not_answered_twice(connect: Connect) -> None:
    connection = connect()
    connection.receive(b"POST /templates HTTP/1.1\r\nContent-Length: 5\r\n\r\n{")

    connection.loop.advance(PATIENCE + 1)

    assert statuses(connection.sent) == [401]
    assert connection.closed


def test_the_connection_ends_after_a_408(connect: Connect) -> None:
    connection = connect()
    connection.receive(PLAIN[:-2])

    connection.loop.advance(PATIENCE + 1)
    assert connection.transport.write_ended
    connection.loop.advance(LINGER)

    assert connection.closed


@pytest.mark.parametrize("before", [[], [PLAIN], [b"GET /health HTTP/1.1\r\n\r\n"]])
def test_a_connection_is_kept_from_its_last_request_on(connect: Connect, before: list[bytes]) -> None:
    connection = connect()
    connection.loop.advance(KEEP_ALIVE - 2)
    connection.receive(*before)
    wait = KEEP_ALIVE if before else 2

    connection.loop.advance(wait - 0.5)
    assert not connection.closed
    connection.loop.advance(1)

    assert connection.closed


def test_empty_lines_do_not_keep_a_connection(connect: Connect) -> None:
    connection = connect()
    for _ in range(KEEP_ALIVE + 1):
        connection.receive(b"\r\n")
        connection.loop.advance(1)

    assert connection.closed


def test_empty_lines_before_a_request_are_passed_over_together(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed = list[int]()
    parse = SafeProtocol._parse

    def counted(self: SafeProtocol, data: bytes) -> None:
        fed.append(len(data))
        parse(self, data)

    monkeypatch.setattr(SafeProtocol, "_parse", counted)

    sent = connect().receive(b"\r\n" * 5000 + PLAIN)

    assert statuses(sent) == [200]
    assert len(fed) <= 4  # pieces of 4 KB


def test_an_answer_may_take_long(connect: Connect) -> None:
    done = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await done.wait()
        await _answer(send)

    connection = connect(app)
    connection.receive(b"GET /x HTTP/1.1\r\n\r\n")

    connection.loop.advance(PATIENCE + KEEP_ALIVE)
    done.set()
    connection.settle()
    connection.loop.advance(KEEP_ALIVE - 1)

    assert statuses(connection.sent) == [200]
    assert not connection.closed


def large(connect: Connect, request: bytes) -> Connection:
    """A connection whose reader takes nothing of an answer of 100 times what a second must take."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await _answer(send, bytes(100 * LEAST_RATE))

    connection = connect(app)
    connection.transport.stuck = True
    connection.receive(request)
    return connection


def seconds_until_it_is_dropped(connection: Connection, rate: float, most: int) -> int:
    """Of a reader that takes so many bytes a second."""
    for second in range(most):
        if connection.transport.aborted:
            return second
        connection.transport.waiting -= int(rate)
        connection.loop.advance(1)
    return most


@pytest.mark.parametrize("share", [2, 4, LEAST_RATE])
@pytest.mark.parametrize("ends", [b"", b"Connection: close\r\n"], ids=["kept", "closing"])
def test_a_reader_that_takes_its_answer_too_slowly_is_dropped(connect: Connect, share: int, ends: bytes) -> None:
    connection = large(connect, b"GET /x HTTP/1.1\r\n%b\r\n" % ends)

    seconds = seconds_until_it_is_dropped(connection, LEAST_RATE // share, 100)

    assert PATIENCE <= seconds <= PATIENCE * share / (share - 1) + KEEP_ALIVE + 1
    assert isinstance(connection.protocol, SafeProtocol)
    assert connection.protocol.recorder.counters.refused["reader_dropped", "answer"] == 1


def test_a_reader_may_take_as_long_as_it_takes_fast_enough(connect: Connect) -> None:
    connection = large(connect, b"GET /x HTTP/1.1\r\n\r\n")

    seconds = seconds_until_it_is_dropped(connection, LEAST_RATE, 90)
    connection.transport.unstick()
    connection.loop.advance(KEEP_ALIVE - 1)

    assert seconds == 90
    assert not connection.closed


def test_a_request_behind_an_answer_that_nobody_takes_gives_its_reader_no_more_time(connect: Connect) -> None:
    connection = large(connect, b"GET /x HTTP/1.1\r\n\r\n")
    connection.loop.advance(PATIENCE - 5)

    connection.receive(b"GET /x HTTP/1.1\r\n")
    connection.loop.advance(5 + KEEP_ALIVE)

    assert connection.closed


def test_what_was_written_last_is_not_kept_for_ever_for_who_takes_nothing(connect: Connect) -> None:
    connection = large(connect, b"no HTTP\r\n\r\n")
    connection.transport.waiting = 10

    connection.loop.advance(LINGER + PATIENCE + 2 * KEEP_ALIVE)

    assert connection.transport.aborted


def test_one_timer_serves_all_requests_of_a_connection(connect: Connect) -> None:
    connection = connect()
    timers: list[asyncio.TimerHandle] = connection.loop._scheduled  # type: ignore[attr-defined]
    before = len(timers)

    connection.receive(*[PLAIN, b"GET /health HTTP/1.1\r\n\r\n"] * 50)

    assert len(timers) == before


# What is not HTTP, and what comes after.


@pytest.mark.parametrize(
    "request_bytes",
    [b"\0\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"CONNECT a:80 HTTP/1.1\r\n\r\n"],
)
def test_what_is_not_http_is_told_so_in_json(connect: Connect, request_bytes: bytes) -> None:
    connection = connect()

    sent = connection.receive(request_bytes)

    assert statuses(sent) == [400]
    assert b"registry-error: invalid_request\r\n" in sent
    assert b"connection: close\r\n" in sent
    assert message(sent) == "The request is not valid HTTP/1.1"


def test_requests_before_a_broken_one_are_answered_first(connect: Connect) -> None:
    connection = connect()

    sent = connection.receive(b"GET /health HTTP/1.1\r\n\r\n" + PLAIN + b"no HTTP\r\n\r\n" + PLAIN)

    assert statuses(sent) == [200, 200, 400]


def test_nothing_is_read_after_a_refusal(connect: Connect) -> None:
    connection = connect()

    sent = connection.receive(b"no HTTP\r\n\r\n", PLAIN)

    assert statuses(sent) == [400]


def test_a_broken_body_is_refused(connect: Connect) -> None:
    connection = connect()

    sent = connection.receive(WRITE + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n")

    assert statuses(sent) == [400]
    assert message(sent) == "The request is not valid HTTP/1.1"


def test_the_broken_body_of_a_request_that_waits_is_refused_after_the_others(connect: Connect) -> None:
    connection = connect()
    broken = WRITE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"

    connection.arrive(b"GET /health HTTP/1.1\r\n\r\n" + broken)
    connection.settle()

    assert statuses(connection.sent) == [200, 400]


def test_a_refusal_that_closes_reads_on_so_that_it_arrives(connect: Connect) -> None:
    connection = connect()

    sent = connection.receive(WRITE + b"Content-Length: 90000000\r\n\r\n", *[b"x" * 10_000] * 5)

    assert statuses(sent) == [413]
    assert connection.transport.write_ended
    assert connection.transport.reading
    assert not connection.closed
    connection.loop.advance(LINGER + 1)
    assert connection.closed


def test_a_refused_request_that_waits_to_send_its_body_closes(connect: Connect) -> None:
    """Whether the client sends it after all is its choice: what follows could be the body or a request."""
    connection = connect()

    sent = connection.receive(b"POST /templates HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", PLAIN)

    assert statuses(sent) == [401]
    assert b"connection: close\r\n" in sent


def test_a_body_is_read_after_an_early_refusal_and_the_connection_goes_on(connect: Connect) -> None:
    connection = connect()

    sent = connection.receive(
        b"POST /templates HTTP/1.1\r\nContent-Length: 200000\r\n\r\n", *[b"x" * 50_000] * 4, PLAIN
    )

    assert statuses(sent) == [401, 200]


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
def test_an_upgrade_is_answered_as_if_it_were_not_asked_for(connect: Connect, upgrade: bytes) -> None:
    connection = connect()
    asking = PLAIN[:-2] + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %b\r\n\r\n" % upgrade

    sent = connection.receive(asking + PLAIN, asking)

    assert statuses(sent) == [200, 200, 200]


def test_the_body_of_a_request_that_asks_for_an_upgrade_is_read(connect: Connect) -> None:
    """Java's client asks for HTTP/2 with its first request, whatever that is."""
    connection = connect()

    sent = connection.receive(WRITE + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n", b"[]", PLAIN)

    assert statuses(sent) == [400, 200]
    assert b"HTTP/1.1 400 Bad Request" in sent
    assert b"not valid HTTP" not in sent


# Ends.


@pytest.mark.parametrize("chunks", [[PLAIN], [b"GET /health HTTP/1.1\r\n\r\n"], [PLAIN * 400]])
def test_a_half_closed_connection_gets_its_answers(connect: Connect, chunks: list[bytes]) -> None:
    connection = connect()
    for chunk in chunks:
        connection.arrive(chunk)

    connection.end()

    assert statuses(connection.sent) == [200] * b"".join(chunks).count(b"GET")
    assert connection.closed


@pytest.mark.parametrize("chunk", [b"GET", PLAIN[:-1], WRITE + b"Content-Length: 5\r\n\r\n{", b""])
def test_a_connection_that_ends_in_the_middle_of_a_request_is_closed_at_once(connect: Connect, chunk: bytes) -> None:
    connection = connect()
    connection.receive(*[chunk] if chunk else [])

    connection.end()

    assert connection.sent == b""
    assert connection.closed


def test_a_request_cut_short_gets_no_answer_and_those_before_it_do(connect: Connect) -> None:
    connection = connect()
    connection.arrive(b"GET /health HTTP/1.1\r\n\r\n" + PLAIN + WRITE + b"Content-Length: 5\r\n\r\n{")

    connection.end()

    assert statuses(connection.sent) == [200, 200]
    assert connection.closed


def test_what_was_held_back_when_the_client_ended_is_still_a_whole_request(connect: Connect) -> None:
    connection = connect()
    connection.arrive(b"GET /health HTTP/1.1\r\n\r\n" + WRITE + b"Content-Length: 9000\r\n\r\n" + b"x" * 9000)

    assert connection.protocol.eof_received()  # type: ignore[func-returns-value]  # uvicorn's gives None
    connection.settle()

    assert statuses(connection.sent) == [200, 400]


def test_an_answer_under_way_hears_that_its_reader_left_though_another_request_waits(connect: Connect) -> None:
    heard: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        heard.append((await receive())["type"])

    connection = connect(app)
    connection.arrive(b"GET /stream HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n")
    connection.settle()

    connection.protocol.connection_lost(ConnectionResetError())
    connection.settle()

    assert heard == ["http.disconnect"]


def test_a_server_that_stops_finishes_the_answer_under_way(connect: Connect) -> None:
    done = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await done.wait()
        await _answer(send)

    connection = connect(app)
    connection.receive(b"GET /x HTTP/1.1\r\n\r\n")

    connection.protocol.shutdown()
    assert not connection.closed
    done.set()
    connection.settle()

    assert statuses(connection.sent) == [200]
    assert connection.closed


def test_a_server_at_its_limit_says_so_in_json(connect: Connect) -> None:
    connection = connect(limit_concurrency=1)

    sent = connection.receive(PLAIN)

    assert statuses(sent) == [503]
    assert b"registry-error: too_busy\r\n" in sent
    assert b"retry-after: 1\r\n" in sent
    assert connection.closed


def test_the_kernel_ends_a_connection_whose_reader_takes_nothing() -> None:
    protocol = fast_protocol(ReadModel(), access_log=None, counters=Counters())

    async def seconds() -> float:
        made: asyncio.Future[SafeProtocol] = asyncio.get_running_loop().create_future()

        def create() -> SafeProtocol:
            config = Config(_never, http=protocol, ws="none", log_config=None)
            made.set_result(protocol(config, ServerState(), {}))
            return made.result()

        server = await asyncio.get_running_loop().create_server(create, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        served = (await made).transport.get_extra_info("socket")
        milliseconds = served.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        writer.close()
        (await made).transport.close()
        server.close()
        await server.wait_closed()
        return float(milliseconds) / 1000

    assert asyncio.run(seconds()) == PATIENCE


async def _answer(send: Any, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def _never(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError


# What of uvicorn's insides the protocol builds on.

ATTRIBUTES = (
    "access_log app connections cycle flow headers limit_concurrency loop parser pipeline scope server_state tasks "
    "timeout_keep_alive transport url"
)
METHODS = (
    "_start_asgi_task connection_lost connection_made data_received eof_received on_body on_header on_headers_complete "
    "on_message_begin on_message_complete on_response_complete pause_writing resume_writing shutdown"
)
CYCLE = (
    "disconnected expected_content_length keep_alive message_event response_complete response_started scope "
    "waiting_for_100_continue"
)
FLOW = "drain pause_reading read_paused resume_reading write_paused"


def test_uvicorn_has_every_part_that_the_protocol_builds_on() -> None:
    loop = SteppedLoop()
    connection = Connection(loop, httptools_impl.HttpToolsProtocol, _never)
    protocol = connection.protocol
    protocol.on_message_begin()  # sets `url` and `scope`

    assert [name for name in ATTRIBUTES.split() if name not in vars(protocol)] == []
    assert [name for name in METHODS.split() if name not in vars(httptools_impl.HttpToolsProtocol)] == []
    source = inspect.getsource(httptools_impl.RequestResponseCycle.__init__)
    assert [name for name in CYCLE.split() if f"self.{name} = " not in source] == []
    assert [name for name in FLOW.split() if not hasattr(protocol.flow, name)] == []
    assert {"service_unavailable"} <= set(dir(flow_control))
    assert httptools_impl.STATUS_LINE[431].startswith(b"HTTP/1.1 431 ")
    assert vars(connection.state).keys() >= {"default_headers", "connections", "tasks", "total_requests"}
    assert hasattr(httptools.HttpRequestParser, "set_dangerous_leniencies")
    loop.close()
