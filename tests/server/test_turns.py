"""A crowd, and one plain read that gets in between."""

import asyncio
import gc
import socket
from collections import Counter as Counted
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, count, pairwise

import pytest

from binder_registry import InMemoryStore, Registry
from binder_registry.auth import TokenAuthStore
from binder_registry.server import App, Options, turns
from binder_registry.server.http import fast_path, patient, strong_reads
from binder_registry.server.http.accepting import AT_ONCE, Accepting
from binder_registry.server.http.asgi import Scope
from binder_registry.server.http.counters import Counters
from binder_registry.server.http.fast_path import fast_protocol
from binder_registry.server.http.recorder import Exchange
from binder_registry.server.http.requests import HTTPRequest
from binder_registry.server.http.strong_reads import strong_protocol
from binder_registry.server.lanes import Job
from binder_registry.server.limits import Limits
from binder_registry.server.live import group_commit
from binder_registry.server.live.group_commit import ANSWERS
from binder_registry.server.live.waiting_writes import MAX_GROUP
from binder_registry.server.turns import READ, REQUEST, Turns

from .recording import KEY, Connection, started_app

PLAIN = b"GET /templates/scipy HTTP/1.1\r\nHost: r\r\n\r\n"
LIST = b"GET /templates HTTP/1.1\r\nHost: r\r\n\r\n"
UNKNOWN = b"GET /changes?since=1000&wait=60 HTTP/1.1\r\nHost: r\r\n\r\n"  # which the log is asked about
POLL = b"GET /changes?since=1&wait=60 HTTP/1.1\r\nHost: r\r\n\r\n"
OTHER = b"GET /health HTTP/1.1\r\nHost: r\r\n\r\n"
BODY = b'{"name":"a","image-name":"i"}'
POST = b"POST /templates HTTP/1.1\r\nAuthorization: token %b\r\nContent-Length: 29\r\n\r\n" % KEY.encode()
CROWD = 10

Crowd = Callable[[], list[Connection]]


def app_of(connection: Connection) -> App:
    app: App = connection.protocol.config.app  # type: ignore[assignment]
    return app


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    """Opens ten connections to one server, which answers one of a crowd's requests in each turn of the loop."""
    monkeypatch.setattr(patient, "FEW", 0)
    monkeypatch.setattr(turns, "LEAST", 1)
    monkeypatch.setattr(turns, "FIRST", 1)
    monkeypatch.setattr(turns, "SLICE_SECONDS", 0.0)
    with started_app("scipy") as (loop, app):
        protocol = fast_protocol(app.service.model, access_log=None, counters=Counters())
        opened: list[Connection] = []

        def crowd() -> list[Connection]:
            opened.extend(Connection(loop, protocol, app) for _ in range(CROWD))
            for connection in opened:
                connection.protocol.connections = set(opened)  # type: ignore[arg-type]
            return opened

        yield crowd
        for connection in opened:
            connection.transport.abort()
            connection.settle()


def test_a_plain_read_is_answered_before_most_of_a_crowd_that_came_first(crowd: Crowd) -> None:
    *others, reader = crowd()
    for other in others:
        other.arrive(OTHER)
    reader.loop.turn(4)

    reader.arrive(PLAIN)

    assert (reader.sent[9:12], sum(bool(other.sent) for other in others) <= 4) == (b"200", True)


def begun_in_each_turn(calls: list[tuple[str, str]]) -> list[list[str]]:
    """Those whose turn came in each turn of the loop. `calls` have a client and a kind, and come at once."""
    taking, begun = Turns(), list[list[str]]()

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        while taking.now(loop):
            pass
        for client, kind in calls:
            taking.wait(loop, client, kind, lambda call=f"{client} {kind}": begun[-1].append(call))  # type: ignore[misc]
        while sum(map(len, begun)) < len(calls):
            begun.append([])
            await asyncio.sleep(0)

    asyncio.run(scene())
    return begun


def test_nobody_waits_behind_all_of_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "FIRST", 1)

    begun = begun_in_each_turn([*[("crowd", REQUEST)] * 10, ("crowd", READ), ("other", REQUEST)])

    assert list(chain(*begun))[:4] == ["crowd request", "crowd read", "other request", "crowd request"]


@pytest.mark.parametrize(("seconds", "numbers"), [(0.0, [9, 10, 11]), (0.002, [4, 2, 2])])
def test_less_is_begun_in_a_turn_of_the_loop_the_longer_it_takes(
    seconds: float, numbers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count()
    monkeypatch.setattr(turns, "FIRST", 8)
    monkeypatch.setattr(turns, "thread_time", lambda: next(clock) * seconds)

    begun = begun_in_each_turn([("crowd", REQUEST)] * 40)

    assert [len(some) for some in begun if some][: len(numbers)] == numbers


def test_what_was_dear_is_not_taken_for_cheap_after_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    monkeypatch.setattr(turns, "thread_time", lambda: next(clock) * 0.002)
    taking, begun = Turns(), list[int]()

    async def scene() -> None:
        for _ in range(2):
            for number in range(20):
                taking.wait(asyncio.get_running_loop(), "crowd", REQUEST, partial(begun.append, number))
            begun.clear()
            await asyncio.sleep(0)
            first = len(begun)
            while len(begun) < 20:
                await asyncio.sleep(0)
            for _ in range(3):
                await asyncio.sleep(0)  # a rest
        assert first <= turns.LEAST

    asyncio.run(scene())


def test_who_goes_on_and_on_lets_the_loop_turn_each_time() -> None:
    async def scene() -> int:
        taking, turned = Turns(), 0

        async def go_on() -> None:
            for _ in range(5):
                await taking.turn("one", REQUEST)

        going = asyncio.ensure_future(go_on())
        while not going.done():
            await asyncio.sleep(0)
            turned += 1
        return turned

    assert asyncio.run(scene()) >= 5


def test_one_that_fails_leaves_the_others_their_turn() -> None:
    taking, begun = Turns(), list[int]()

    def fail() -> None:
        raise ZeroDivisionError

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        while taking.now(loop):
            pass
        for call in (fail, fail, partial(begun.append, 1)):
            taking.wait(loop, "crowd", REQUEST, call)
        for _ in range(10):
            await asyncio.sleep(0)

    asyncio.run(scene())

    assert begun == [1]


def test_of_a_crowd_that_leaves_at_once_some_end_in_each_turn_of_the_loop(crowd: Crowd) -> None:
    leaving = crowd()
    for connection in leaving:
        connection.receive(POLL)
    tasks, open_still = [connection.state.tasks for connection in leaving], [CROWD]

    for connection in leaving:
        connection.transport.abort()
    while open_still[-1]:
        leaving[0].loop.turn(1)
        open_still.append(sum(map(len, tasks)))

    assert max(before - after for before, after in pairwise(open_still)) <= 2


@pytest.mark.parametrize(("asked", "status"), [(OTHER, b"200"), (UNKNOWN, b"410")])
def test_a_request_leaves_nothing_that_only_the_garbage_collector_finds(
    crowd: Crowd, asked: bytes, status: bytes
) -> None:
    first, second, *_ = crowd()
    first.arrive(asked)
    first.loop.turn_until(lambda: first.sent)
    gc.collect()
    gc.disable()
    try:
        second.arrive(asked)
        second.loop.turn_until(lambda: second.sent)
        second.settle()
        left = [thing for thing in gc.get_objects() if isinstance(thing, Exchange | Job)]
    finally:
        gc.enable()

    assert (second.sent[9:12], left) == (status, [])


def test_reads_of_much_take_turns_too(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_path, "LARGE", 1)
    first, *readers = crowd()
    first.receive(LIST)  # which is kept

    for reader in readers:
        reader.arrive(LIST)
    at_once = sum(bool(reader.sent) for reader in readers)
    for reader in readers:
        reader.settle()

    assert (at_once, [reader.sent[9:12] for reader in readers]) == (1, [b"200"] * (CROWD - 1))


def test_a_strong_read_does_not_wait_behind_all_of_a_crowd(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strong_reads, "AT_ONCE", 1)
    opened = crowd()
    loop, plain = opened[0].loop, opened[0].protocol
    shown: asyncio.Future[None] = loop.create_future()
    model = app_of(opened[0]).service.model
    strong = strong_protocol(type(plain), model, lambda: False, lambda: shown)  # type: ignore[arg-type]
    *others, reader = [Connection(loop, strong, app_of(opened[0])) for _ in range(CROWD)]
    reader.protocol.whose = "another"  # type: ignore[attr-defined]
    for connection in (*others, reader):
        connection.arrive(PLAIN)

    shown.set_result(None)
    while not reader.sent:
        loop.turn(1)
    before = sum(bool(other.sent) for other in others)
    loop.turn(2 * CROWD)

    assert (before <= 1, [other.sent[9:12] for other in others]) == (True, [b"200"] * (CROWD - 1))


def test_strong_reads_of_what_is_shown_take_turns_in_a_crowd(crowd: Crowd) -> None:
    opened = crowd()
    loop, plain = opened[0].loop, opened[0].protocol
    model = app_of(opened[0]).service.model
    strong = strong_protocol(type(plain), model, lambda: True, loop.create_future)  # type: ignore[arg-type]
    readers = [Connection(loop, strong, app_of(opened[0])) for _ in range(CROWD)]
    for reader in readers:
        reader.protocol.connections = set(readers)  # type: ignore[arg-type]

    for reader in readers:
        reader.arrive(PLAIN)
    at_once = sum(bool(reader.sent) for reader in readers)
    loop.turn(2 * CROWD)

    assert at_once <= turns.FIRST
    assert [reader.sent[9:12] for reader in readers] == [b"200"] * CROWD


def test_a_crowd_is_answered_to_the_last(crowd: Crowd) -> None:
    others = crowd()
    for other in others:
        other.arrive(OTHER)

    for other in others:
        other.settle()

    assert [other.sent[9:12] for other in others] == [b"200"] * CROWD


@pytest.mark.parametrize("cut", [1, len(POST) - 1, len(POST), len(POST) + 5])
def test_what_comes_in_pieces_while_it_waits_is_one_request(crowd: Crowd, cut: int) -> None:
    first, last = crowd()[:2]
    first.arrive(OTHER)

    last.arrive((POST + BODY)[:cut])
    last.arrive((POST + BODY)[cut:])
    last.loop.turn_until(lambda: last.sent)

    assert last.sent.count(b"HTTP/1.1 ") == last.sent.count(b"HTTP/1.1 201 Created") == 1


def test_a_plain_read_behind_a_request_that_waits_does_not_overtake_it(crowd: Crowd) -> None:
    first, last = crowd()[:2]
    first.arrive(OTHER)

    last.arrive(OTHER)
    last.arrive(PLAIN)
    last.settle()

    bodies = last.sent.split(b"HTTP/1.1 200")
    assert [b"scipy-notebook" in body for body in bodies] == [False, False, True]


def test_who_sends_no_more_while_its_request_waits_is_answered_and_let_go(crowd: Crowd) -> None:
    first, last = crowd()[:2]
    first.arrive(OTHER)
    last.arrive(OTHER)

    stays_open = last.protocol.eof_received()  # type: ignore[func-returns-value]  # uvicorn's gives None
    last.settle()

    assert stays_open
    assert (last.sent[9:12], last.closed) == (b"200", True)


def test_of_a_crowd_that_sends_no_more_some_are_let_go_in_each_turn_of_the_loop(crowd: Crowd) -> None:
    leaving, let_go = crowd(), [0]

    stay_open = [connection.protocol.eof_received() for connection in leaving]  # type: ignore[func-returns-value]
    while let_go[-1] < sum(map(bool, stay_open)) and len(let_go) < 10 * CROWD:
        leaving[0].loop.turn(1)
        let_go.append(sum(connection.closed for connection in leaving))

    assert (sum(map(bool, stay_open)), let_go[-1]) == (CROWD - 1, CROWD - 1)
    assert max(after - before for before, after in pairwise(let_go)) <= 2


def test_of_a_crowds_targets_of_many_escapes_one_begins_in_each_turn_of_the_loop(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "FEW_ESCAPES", 3)
    connections = crowd()
    connections[0].protocol.turns._room = CROWD  # type: ignore[attr-defined]

    begun = []
    for escapes in (4, 3):
        for connection in connections[:3]:
            connection.arrive(b"GET /templates?name=%b HTTP/1.1\r\nHost: r\r\n\r\n" % (b"%41" * escapes))
        begun.append(sum(bool(connection.state.tasks) for connection in connections[:3]))
        for connection in connections[:3]:
            connection.settle()
        connections[0].protocol.turns._room = CROWD  # type: ignore[attr-defined]

    assert begun == [1, 3]


def test_a_server_that_stops_answers_who_waits_for_a_turn(crowd: Crowd) -> None:
    first, last = crowd()[:2]
    first.arrive(OTHER)
    last.arrive(OTHER)

    last.protocol.shutdown()
    last.settle()

    assert last.sent[9:12] == b"200"


def test_of_who_is_lost_while_its_request_waits_nothing_is_left(crowd: Crowd) -> None:
    first, lost = crowd()[:2]
    first.arrive(OTHER)
    lost.arrive(POST)
    lost.arrive(BODY)

    lost.transport.abort()
    lost.settle()

    assert (lost.protocol.turns.size, lost.protocol.crowd.received.taken, first.sent[9:12]) == (0, 0, b"200")  # type: ignore[attr-defined]


def test_new_connections_are_taken_a_few_in_each_turn_of_the_loop() -> None:
    taken, count, turn = Counted[int](), 3 * AT_ONCE, 0

    class Taken(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            taken[turn] += 1
            transport.close()

    async def scene(listener: socket.socket) -> None:
        nonlocal turn
        accepting = Accepting(listener, Taken)
        while taken.total() < count:
            await asyncio.sleep(0)
            turn += 1
        accepting.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        clients = [socket.create_connection(listener.getsockname()) for _ in range(count)]
        asyncio.run(scene(listener))
        for client in clients:
            client.close()

    assert max(taken.values()) <= AT_ONCE


def test_the_writes_of_one_commit_are_answered_some_in_each_turn_of_the_loop() -> None:
    answered = Counted[int]()

    async def scene() -> None:
        app, turn, count = App(Registry(InMemoryStore(), TokenAuthStore(KEY)), Options()), 0, MAX_GROUP
        await app.start()
        for _ in range(count):
            app.service.group_commit.put(lambda batch: None, (), lambda _: answered.update([turn]))
        while answered.total() < count:
            await asyncio.sleep(0)
            turn += 1
        await app.aclose()

    asyncio.run(scene())

    assert max(answered.values()) <= ANSWERS


def test_the_writes_that_were_committed_are_answered_before_the_server_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "ANSWERS", 1)
    answered, in_the_end = list[object](), list[object]()

    async def scene() -> None:
        app = App(Registry(InMemoryStore(), TokenAuthStore(KEY)), Options())
        await app.start()
        for number in range(MAX_GROUP):
            app.service.group_commit.put(lambda batch, number=number: number, (), answered.append)  # type: ignore[misc]
        await app.service.group_commit.close()
        in_the_end.extend(answered)
        await app.aclose()

    asyncio.run(scene())

    assert in_the_end == list(range(MAX_GROUP))


def test_more_of_a_large_body_is_taken_in_its_turn() -> None:
    taken, at_turns = list[int](), list[int]()

    async def receive() -> dict[str, object]:
        taken.append(40_000)
        return {"type": "http.request", "body": b"x" * 40_000, "more_body": len(taken) < 5}

    async def turn() -> None:
        at_turns.append(sum(taken))

    scope: Scope = {"type": "http", "headers": [], "request_id": "r"}
    request = HTTPRequest(scope, receive, InMemoryStore(), Limits())  # type: ignore[arg-type]

    parts = asyncio.run(request.parts(200_000, turn))

    assert sum(map(len, parts)) == 200_000
    assert at_turns == [80_000, 120_000, 160_000]  # the first 64 KB are anybody's, and after the last there is none
