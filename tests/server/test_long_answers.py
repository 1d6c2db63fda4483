"""Long answers, which are sent in slices: whole, while others are answered, and to no more than who takes them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, LogStore, Template
from binder_registry.server import App, turns
from binder_registry.server.http import deadlines, patient
from binder_registry.server.http.fast_path import fast_protocol
from binder_registry.server.http.recorder import AT_ONCE
from binder_registry.server.live.pieces import SLICE

from .asking import application, listening
from .recording import Connection, SteppedLoop, started
from .sockets import connected, request

LIST = b"GET /templates HTTP/1.1\r\nHost: r\r\n\r\n"
ONE = b"GET /templates/t1 HTTP/1.1\r\nHost: r\r\n\r\n"
COUNT = 300


@pytest.fixture(scope="module")
def store() -> LogStore:
    """Whose list is of 3 MB."""
    store = InMemoryStore()
    for number in range(COUNT):
        store.register_template(Template(f"t{number:03}", "i", description="x" * 9900))
    return store


@pytest.fixture
def served(store: LogStore) -> Iterator[tuple[SteppedLoop, App]]:
    with started(application(store)) as served:
        yield served


def connection(served: tuple[SteppedLoop, App]) -> Connection:
    loop, app = served
    return Connection(loop, fast_protocol(app.service.model, access_log=None, counters=app.service.counters), app)


def listed(served: tuple[SteppedLoop, App]) -> bytes:
    return bytes(served[1].service.model.list_answer().pieces)


def begun(served: tuple[SteppedLoop, App], *readers: Connection) -> None:
    """Ask for the list, and see the first of it come."""
    for reader in readers:
        reader.arrive(LIST)
    while not all(body(reader.sent) for reader in readers):
        served[0].turn(1)


def body(sent: bytes) -> bytes:
    return sent.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("target", [b"/templates", b"/templates?view=full", b"/templates?name=*"])
def test_a_long_answer_is_sent_to_its_end(served: tuple[SteppedLoop, App], target: bytes) -> None:
    reader = connection(served)

    reader.receive(LIST.replace(b"/templates", target))
    served[0].turn_until(lambda: reader.sent.endswith(b"]\n"))

    assert b"content-length: %d\r\n" % len(body(reader.sent)) in reader.sent
    assert [template["name"] for template in json.loads(body(reader.sent))] == [
        f"t{number:03}" for number in range(COUNT)
    ]


def test_a_reader_that_takes_nothing_is_written_one_slice(served: tuple[SteppedLoop, App]) -> None:
    reader = connection(served)
    reader.transport.stuck = True

    reader.receive(LIST)
    written = len(body(reader.sent))
    reader.transport.unstick()
    reader.settle()

    assert SLICE <= written < 2 * SLICE
    assert body(reader.sent) == listed(served)


def test_a_reader_that_takes_all_is_sent_a_megabyte_in_one_turn(served: tuple[SteppedLoop, App]) -> None:
    reader = connection(served)

    begun(served, reader)

    assert AT_ONCE <= len(body(reader.sent)) < AT_ONCE + SLICE + SLICE // 2
    reader.settle()


def test_many_who_take_all_share_what_is_sent_in_one_turn(served: tuple[SteppedLoop, App]) -> None:
    loop, app = served
    protocol = fast_protocol(app.service.model, access_log=None, counters=app.service.counters)
    readers = [Connection(loop, protocol, app) for _ in range(8)]
    begun(served, *readers)
    sent = [len(reader.sent) for reader in readers]

    loop.turn(1)

    assert all(len(reader.sent) - before < 2 * SLICE for reader, before in zip(readers, sent, strict=True))
    for reader in readers:
        reader.settle()


def test_in_a_crowd_one_long_answer_goes_on_after_the_other(
    served: tuple[SteppedLoop, App], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "FEW", 0)
    for bound in ("LEAST", "FIRST", "MOST"):
        monkeypatch.setattr(turns, bound, 1)
    loop, app = served
    protocol = fast_protocol(app.service.model, access_log=None, counters=app.service.counters)
    readers = [Connection(loop, protocol, app) for _ in range(8)]
    begun(served, *readers)
    sent = [len(reader.sent) for reader in readers]

    loop.turn(1)

    assert sum(len(reader.sent) > before for reader, before in zip(readers, sent, strict=True)) <= 1
    loop.turn_until(lambda: all(reader.sent.endswith(b"]\n") for reader in readers))


def test_others_are_answered_between_two_turns_of_a_long_answer(served: tuple[SteppedLoop, App]) -> None:
    reader, other = connection(served), connection(served)
    begun(served, reader)

    other.arrive(ONE.replace(b"t1", b"t001"))

    assert other.sent.startswith(b"HTTP/1.1 200 ")
    assert 0 < len(body(reader.sent)) < len(listed(served))
    reader.settle()


def test_what_comes_behind_a_long_answer_is_answered_after_it(served: tuple[SteppedLoop, App]) -> None:
    reader = connection(served)
    begun(served, reader)

    reader.receive(ONE.replace(b"t1", b"t001"))

    first, second = reader.sent.split(b"]\n", 1)
    assert body(first) + b"]\n" == listed(served)
    assert second.startswith(b"HTTP/1.1 200 ")


def test_a_client_that_sends_no_more_gets_its_long_answer(served: tuple[SteppedLoop, App]) -> None:
    reader = connection(served)
    begun(served, reader)

    reader.end()

    assert body(reader.sent) == listed(served)
    assert reader.closed


def test_a_long_answer_that_closes_does_so_at_its_end(served: tuple[SteppedLoop, App]) -> None:
    reader = connection(served)

    reader.receive(LIST[:-2] + b"Connection: close\r\n\r\n")

    assert body(reader.sent) == listed(served)
    assert reader.closed


def test_a_server_that_stops_finishes_a_long_answer(served: tuple[SteppedLoop, App]) -> None:
    reader = connection(served)
    begun(served, reader)

    reader.protocol.shutdown()
    reader.settle()

    assert body(reader.sent) == listed(served)
    assert reader.closed


def test_of_a_reader_that_left_nothing_stays(served: tuple[SteppedLoop, App]) -> None:
    reader = connection(served)
    reader.transport.stuck = True
    reader.receive(LIST)
    held = reader.protocol.recorder.unsent.size  # type: ignore[attr-defined]

    reader.transport.abort()
    reader.settle()

    assert held > SLICE
    assert reader.protocol.recorder.unsent.size == 0  # type: ignore[attr-defined]
    lists = [series.count for (route, _, _), series in served[1].service.counters.items() if route == "/templates"]
    assert sum(lists) == 1


def test_a_slow_reader_has_as_long_for_a_long_answer_as_its_bytes_earn(served: tuple[SteppedLoop, App]) -> None:
    """Not as long again for every slice."""
    reader, loop = connection(served), served[0]
    reader.transport.stuck = True
    reader.receive(LIST)
    slices = len(listed(served)) // SLICE
    earned = deadlines.PATIENCE + len(listed(served)) / deadlines.LEAST_RATE

    for _ in range(slices):
        loop.advance(deadlines.PATIENCE - 1)
        reader.transport.waiting = 0
        reader.transport._paused = False
        reader.protocol.resume_writing()
        reader.settle()
        if reader.transport.aborted:
            break

    assert slices * (deadlines.PATIENCE - 1) > earned
    assert reader.transport.aborted


def test_the_head_of_a_long_list_renders_nothing(served: tuple[SteppedLoop, App]) -> None:
    reader, model = connection(served), served[1].service.model

    sent = reader.receive(LIST.replace(b"GET", b"HEAD"))

    assert b"content-length: %d\r\n" % len(model.list_answer().body) in sent
    assert body(sent) == b""
    assert not any(block._text for block in model.living.seen())


def test_another_server_sends_a_long_list_too(store: LogStore) -> None:
    with TestClient(application(store)) as client:
        answer = client.get("/templates", headers={"Accept-Encoding": "identity"})

    assert int(answer.headers["content-length"]) == len(answer.content)
    assert len(answer.json()) == COUNT


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_of_what_a_reader_does_not_take_the_system_keeps_little(store: LogStore) -> None:
    with listening(application(store)) as port, connected(port, buffer=4096) as reader, connected(port) as other:
        reader.send(request("GET", "/templates"))
        assert reader.sock.recv(1)
        for _ in range(10):  # turns of the loop
            other.ask("GET", "/templates/t001")
        kept = queued_bytes(port)

    assert 0 < kept < 500_000


def queued_bytes(port: int) -> int:
    """What the system holds of answers from there."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[4].partition(":")[0], 16) for row in rows if row[1].endswith(f":{port:04X}"))
