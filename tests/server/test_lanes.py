"""Lanes: turns among clients, deadlines, and clients that left."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event
from time import monotonic

import pytest

from binder_registry import InMemoryStore
from binder_registry.errors import TooBusy
from binder_registry.server import lanes
from binder_registry.server.lanes import Lane, go_on
from binder_registry.template import Template

from .asking import application, asked, held, listening


class Gate:
    """A job that runs until it is let go; it may look meanwhile whether it should."""

    def __init__(self) -> None:
        self.begun, self.open = Event(), Event()

    def __call__(self) -> str:
        self.begun.set()
        while not self.open.wait(0.001):
            go_on()
        return "done"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


async def reason_of(task: "asyncio.Future[str]") -> str:
    with pytest.raises(TooBusy) as refusal:
        await task
    return refusal.value.reason


def test_one_client_with_many_jobs_holds_up_nobody_else(gate: Gate) -> None:
    async def scene() -> str:
        lane = Lane("queries", most=64)
        many = [asyncio.ensure_future(lane.run(gate, "many")) for _ in range(60)]
        await until(gate.begun.is_set)
        answer = await lane.run(lambda: "other", "one")
        gate.open.set()
        await asyncio.gather(*many)
        lane.close()
        return answer

    assert asyncio.run(scene()) == "other"


def test_clients_take_turns() -> None:
    async def scene() -> list[str]:
        lane, order, gate = Lane("queries", most=64, threads=1), list[str](), Gate()
        first = asyncio.ensure_future(lane.run(gate, "first"))
        waiting = [
            asyncio.ensure_future(lane.run(lambda name=name: order.append(name), name))  # type: ignore[misc]
            for name in ("a", "a", "a", "b", "c")
        ]
        await until(lambda: lane.waiting == 5)
        gate.open.set()
        await asyncio.gather(first, *waiting)
        lane.close()
        return order

    assert asyncio.run(scene()) == ["a", "b", "c", "a", "a"]


def test_beyond_what_may_wait_the_client_with_the_most_is_refused(gate: Gate) -> None:
    async def scene() -> tuple[str, list[bool], str]:
        lane = Lane("queries", most=3, threads=1)
        many = [asyncio.ensure_future(lane.run(gate, "many")) for _ in range(4)]
        await until(lambda: lane.waiting == 3)
        one = asyncio.ensure_future(lane.run(lambda: "other", "one"))
        reason = await reason_of(many[-1])
        left = [task.done() for task in many[:-1]]
        gate.open.set()
        answer = await one
        await asyncio.gather(*many[:-1])
        lane.close()
        return reason, left, answer

    assert asyncio.run(scene()) == ("waiting-queries", [False] * 3, "other")


def test_a_newcomer_among_clients_with_one_job_each_is_refused(gate: Gate) -> None:
    async def scene() -> str:
        lane = Lane("past", most=2, threads=1)
        others = [asyncio.ensure_future(lane.run(gate, name)) for name in "abc"]
        await until(lambda: lane.waiting == 2)
        reason = await reason_of(asyncio.ensure_future(lane.run(gate, "d")))
        gate.open.set()
        await asyncio.gather(*others)
        lane.close()
        return reason

    assert asyncio.run(scene()) == "waiting-queries"


def test_a_job_whose_client_left_never_begins(gate: Gate) -> None:
    async def scene() -> tuple[int, bool]:
        lane, late = Lane("queries", threads=1), Gate()
        first = asyncio.ensure_future(lane.run(gate, "a"))
        second = asyncio.ensure_future(lane.run(late, "a"))
        await until(lambda: lane.waiting == 1)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        waiting = lane.waiting
        gate.open.set()
        await first
        await lane.run(lambda: None, "b")
        lane.close()
        return waiting, late.begun.is_set()

    assert asyncio.run(scene()) == (0, False)


def test_a_job_whose_client_left_ends_at_its_next_step(gate: Gate) -> None:
    async def scene() -> str:
        lane = Lane("queries", threads=1)
        task = asyncio.ensure_future(lane.run(gate, "a"))
        await until(gate.begun.is_set)
        task.cancel()
        async with asyncio.timeout(30):
            return await lane.run(lambda: "next", "a")

    assert asyncio.run(scene()) == "next"


def test_a_job_that_takes_too_long_ends_at_its_next_step(gate: Gate) -> None:
    async def scene() -> str:
        lane = Lane("queries", seconds=0.01)
        return await reason_of(asyncio.ensure_future(lane.run(gate, "a")))

    assert asyncio.run(scene()) == "query-seconds"


def test_a_job_that_waited_too_long_never_begins() -> None:
    async def scene() -> tuple[str, bool]:
        lane, gate, late = Lane("queries", seconds=0.01, threads=1), Event(), Gate()
        first = asyncio.ensure_future(lane.run(lambda: gate.wait(30), "a"))
        second = asyncio.ensure_future(lane.run(late, "b"))
        await asyncio.sleep(0.02)
        gate.set()
        await first
        return await reason_of(second), late.begun.is_set()

    assert asyncio.run(scene()) == ("query-seconds", False)


def test_what_a_job_raises_is_raised() -> None:
    async def scene() -> None:
        with suppress(ZeroDivisionError):
            await Lane("queries").run(lambda: 1 // 0)
            raise AssertionError

    asyncio.run(scene())


def test_outside_of_a_lane_all_go_on() -> None:
    go_on()


def test_a_query_of_a_client_that_left_is_taken_out_of_its_lane() -> None:
    app = application()
    with listening(app) as port, held(app.service.queries):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /templates?q=a HTTP/1.1\r\nHost: r\r\n\r\n")
            wait_until(lambda: app.service.queries.waiting == 1)

        wait_until(lambda: app.service.queries.waiting == 0)


@pytest.mark.parametrize("more", [b"", b"X-Not-Plain: 1\r\n"])
def test_strong_reads_of_hundreds_at_once_are_all_answered(more: bytes) -> None:
    with listening(application(strong_reads=True)) as port:
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
        for client in clients:
            client.sendall(b"GET /templates HTTP/1.1\r\nHost: r\r\n%bConnection: close\r\n\r\n" % more)

        statuses = {client.makefile("rb").readline() for client in clients}

        for client in clients:
            client.close()
    assert statuses == {b"HTTP/1.1 200 OK\r\n"}


def wait_until(condition: Callable[[], object]) -> None:
    end = monotonic() + 30
    while not condition():
        assert monotonic() < end


def test_a_page_of_the_log_ends_when_its_turn_is_over_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "TURN_SECONDS", 0.0)
    store = InMemoryStore()
    with store.atomic():
        for number in range(2500):
            store.register_template(Template(name=f"t{number}", image_name="i"))
    store.register_template(Template(name="last", image_name="i", labels={"a": "b"}))

    with asked(application(store)) as client:
        pages = [client.get("/changes?since=0&label=a")]
        while "next" in pages[-1].links:
            pages.append(client.get(pages[-1].links["next"]["url"]))

    found = [change["revision"] for page in pages for change in page.json()["changes"]]
    assert (found, len(pages) > 3) == ([2501], True)
