"""What of the log is in memory, and in one answer: bounded in bytes, and nothing of it lost."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.testclient import TestClient

from binder_registry import ANYONE, InMemoryStore, Position, Registry, Template, TokenAuthStore
from binder_registry.server import Limits
from binder_registry.server.description.bodies import encode_change
from binder_registry.server.handlers.log_pages import LONGEST_STEP, STEP, STEP_BYTES, Span, steps
from binder_registry.server.live.change_filter import Filter
from binder_registry.server.live.drawn import newest_events
from binder_registry.server.live.event_ring import EventRing
from binder_registry.server.live.kept import OVERHEAD, Kept
from binder_registry.server.live.read_model import ReadModel

from .asking import application, asked, listening
from .running import KEY
from .sockets import connected
from .test_event_stream import streamed

LARGE = "x" * 5000


def write(store: InMemoryStore, count: int, description: str = LARGE) -> None:
    for number in range(1, count + 1):
        store.register_template(Template(f"t{number}", "i", description=description))


def ring_of(store: InMemoryStore, limits: Limits, heartbeat: float = 60.0) -> EventRing:
    """All that is in `store`, shown after it began. On a loop."""
    model, ring = begun(store, limits, heartbeat)
    ring.publish(model.apply(store.changes()))
    return ring


def begun(store: InMemoryStore, limits: Limits, heartbeat: float = 60.0) -> tuple[ReadModel, EventRing]:
    """Before anything was written. On a loop."""
    model = ReadModel()
    model.load(Position(0, store.log.origin()), [])
    return model, EventRing(
        model.position, writing=lambda: False, render=encode_change, heartbeat=heartbeat, limits=limits
    )


async def held(store: InMemoryStore, limits: Limits) -> list[int]:
    """The revisions after which the ring goes on."""
    ring = ring_of(store, limits)
    found = [revision for revision in range(store.head().revision) if ring.holds(Position(revision))]
    ring.close()
    return found


def test_older_changes_leave_the_ring_when_it_holds_as_many_bytes() -> None:
    store = InMemoryStore()
    write(store, 10)

    found = asyncio.run(held(store, Limits(ring_bytes=20_000)))

    assert found == [7, 8, 9]


def test_of_more_changes_than_the_ring_holds_the_newest_are_in_it() -> None:
    store = InMemoryStore()
    write(store, 10)

    found = asyncio.run(held(store, Limits(ring_changes=3)))

    assert found == [7, 8, 9]


def test_the_state_before_a_change_counts_as_the_change_does() -> None:
    store = InMemoryStore()
    write(store, 1)
    for number in range(9):
        store.update_template(Template("t1", note_of(number)))

    found = asyncio.run(held(store, Limits(ring_bytes=24_000)))

    assert found == [8, 9]


async def after_each(store: InMemoryStore, sizes: list[int], limits: Limits) -> list[list[int]]:
    """As `held`, of two rings, after each of the groups of so many changes: the first takes all of one at once."""
    (model, singly), (_, at_once) = begun(store, limits), begun(store, limits)
    changes, found = store.changes(), list[list[int]]()
    for size in sizes:
        group, changes = changes[:size], changes[size:]
        events, begins = newest_events(model.position, group, model.entries, limits.ring_changes)
        at_once.take_group(begins, events, sum(event.size for event in events))
        singly.publish(model.apply(group))
        newest = [ring.piece_after(group[-2].position, by=False, chosen=Filter()) for ring in (at_once, singly)]
        assert newest[0] == newest[1]
        found += [[at for at in range(model.revision) if ring.holds(Position(at))] for ring in (at_once, singly)]
    at_once.close()
    singly.close()
    return found


@pytest.mark.parametrize("ring_changes", [10, 10_000])
@pytest.mark.parametrize("ring_bytes", [30_000, 10_000_000])
def test_a_group_is_held_as_its_changes_are_one_after_the_other(ring_changes: int, ring_bytes: int) -> None:
    store = InMemoryStore()
    write(store, 5)
    for number in range(60):
        store.update_template(Template(f"t{number % 5 + 1}", note_of(number)))

    limits = Limits(ring_changes=ring_changes, ring_bytes=ring_bytes)
    found = asyncio.run(after_each(store, [3, 5, 10, 30, 2, 15], limits))

    assert found[::2] == found[1::2]


def note_of(number: int) -> str:
    return f"image:{number}"


@pytest.mark.parametrize("ring_bytes", [1, 20_000])
def test_readers_of_what_the_ring_does_not_hold_lose_nothing(ring_bytes: int) -> None:
    store = InMemoryStore()

    with listening(application(store, limits=Limits(ring_bytes=ring_bytes))) as port, streamed(port) as stream:
        write(store, 10)
        with streamed(port, "?since=0") as behind:
            stream.events(10)
            behind.events(10)

    assert stream.revisions == behind.revisions == list(range(1, 11))


@pytest.mark.parametrize("ring_changes", [1, 100])
def test_a_piece_ends_at_a_number_of_bytes(ring_changes: int) -> None:
    store = InMemoryStore()
    write(store, 10)
    limits = Limits(ring_changes=ring_changes, piece_bytes=8000)

    with listening(application(store, limits=limits)) as port, streamed(port, "?since=0") as stream:
        stream.events(10)

    assert stream.revisions == list(range(1, 11))


def test_a_piece_of_the_ring_holds_an_event_at_least_and_not_many_more_bytes_than_wanted() -> None:
    store = InMemoryStore()
    write(store, 5)

    async def counts() -> list[int]:
        ring = ring_of(store, Limits(piece_bytes=8000)), ring_of(store, Limits(piece_bytes=1))
        pieces = [one.piece_after(Position(0), by=False, chosen=Filter()) for one in ring]
        return [piece[0].count(b"id: ") for piece in pieces if piece]

    assert asyncio.run(counts()) == [2, 1]


def test_what_is_kept_of_many_places_has_a_bound() -> None:
    kept = Kept[str](10 * (100 + OVERHEAD))

    for place in range(1000):
        kept.keep(place, "piece", 100)

    assert kept.size == 10 * (100 + OVERHEAD)
    assert [kept.get(place) for place in (989, 990, 999)] == [None, "piece", "piece"]


def test_what_is_larger_than_all_that_may_be_kept_is_not() -> None:
    kept = Kept[str](1000)
    kept.keep("small", "a", 10)

    kept.keep("large", "b", 1000)

    assert (kept.get("small"), kept.get("large")) == ("a", None)


def test_pieces_of_all_places_together_stay_within_their_bound() -> None:
    store = InMemoryStore()
    write(store, 50)
    limits = Limits(rendered_bytes=80_000)

    async def sizes() -> int:
        ring = ring_of(store, limits)
        for place in range(50):
            ring.piece_after(Position(place), by=False, chosen=Filter())
            ring.page_after(Position(place), by=False, chosen=Filter(), limit=2)
        return ring.rendered

    assert asyncio.run(sizes()) <= 80_000


def test_polls_are_answered_without_the_pool_however_many_wait() -> None:
    store = InMemoryStore()
    app = application(store, limits=Limits(waiting_queries=1))

    with listening(app) as port, ExitStack() as stack:
        waiting = [stack.enter_context(connected(port)) for _ in range(50)]
        waiting[0].send(b"GET / HTTP/1.1\r\nHost: r\r\n\r\n")
        waiting[0].answer()  # the server has started: what is written from now on is in its ring
        for connection in waiting:
            connection.send(b"GET /changes?since=0&wait=30 HTTP/1.1\r\nHost: r\r\n\r\n")
        write(store, 1)
        answers = [connection.answer() for connection in waiting]

    assert {answer.status for answer in answers} == {200}
    assert {len(answer.json()["changes"]) for answer in answers} == {1}


def test_heartbeats_wake_no_poll() -> None:
    async def slept() -> bool:
        ring = ring_of(InMemoryStore(), Limits(), heartbeat=0.01)
        leaves = asyncio.get_running_loop().create_future()
        poll = asyncio.create_task(ring.news(0, 30, leaves, beats=False))
        for _ in range(3):
            await ring.changed(0)
        slept = not poll.done()
        ring.close()
        await poll
        return slept

    assert asyncio.run(slept())


def test_a_poll_of_a_client_that_sends_no_more_is_answered_at_once() -> None:
    with listening(application()) as port, connected(port) as connection:
        connection.send(b"GET /changes?since=0&wait=60 HTTP/1.1\r\nHost: r\r\n\r\n")
        connection.sock.shutdown(socket.SHUT_WR)

        answer = connection.answer()

    assert (answer.status, answer.json()) == (200, {"changes": []})


@pytest.fixture
def paged() -> Iterator[TestClient]:
    """Ten large changes of one template, of which two fill a page."""
    store = InMemoryStore()
    write(store, 1)
    for number in range(9):
        store.update_template(Template("t1", note_of(number)))
    limits = Limits(page_bytes=6000, ring_changes=1)
    with asked(application(store, limits=limits)) as client:
        yield client


@pytest.mark.parametrize(
    "target", ["/changes", "/changes?name=t1", "/changes?label=!a", "/changes?order=newest", "/templates/t1/changes"]
)
def test_a_page_ends_at_a_number_of_bytes_and_the_links_lead_through_all(paged: TestClient, target: str) -> None:
    pages = list[list[int]]()

    while target:
        answer = paged.get(target)
        pages.append([row["revision"] for row in answer.json()["changes"]])
        target = answer.links.get("next", {}).get("url", "")

    assert [len(page) for page in pages if page] == [2, 2, 2, 2, 2]
    assert sorted(revision for page in pages for revision in page) == list(range(1, 11))


def test_large_changes_are_read_a_few_at_a_time_and_small_ones_in_longer_steps() -> None:
    large, small = InMemoryStore(), InMemoryStore()
    write(large, 200, "\N{DECIDUOUS TREE}" * 5000)
    write(small, 2100, "")
    span = Span(Position(0), None, newest_first=False, limit=3000)

    def lengths(store: InMemoryStore) -> list[int]:
        return [len(found) for found in steps(Registry(store, TokenAuthStore(KEY)), ANYONE, span, None)]

    first, *others, _ = lengths(large)
    assert first == STEP
    assert all(20_000 * (number - 1) < STEP_BYTES < 20_500 * number for number in others)
    assert sum(lengths(large)) == 200
    assert max(lengths(small)) == LONGEST_STEP
