"""Large answers that nobody takes: counted, shared, and refused beyond a bound."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep

import pytest

from binder_registry import InMemoryStore, Template
from binder_registry.server import App, Limits
from binder_registry.server.http import deadlines
from binder_registry.server.http.unsent import LARGE, Unsent

from .asking import application, listening
from .sockets import PATIENCE, Connection, connected

MiB = 1024**2
BODY = bytes(MiB)
LIMITS = Limits(unsent_bytes=3 * MiB, unsent_client_bytes=2 * MiB)


def other() -> bytes:
    return bytes(bytearray(MiB))


def test_what_many_readers_hold_of_one_body_counts_once() -> None:
    unsent = Unsent(LIMITS)

    for number in range(100):
        unsent.hold(b"%d" % number, BODY)

    assert unsent.size == MiB
    assert unsent.room(b"0", BODY)


def test_a_client_has_its_share_and_others_have_room() -> None:
    unsent = Unsent(LIMITS)
    unsent.hold(b"greedy", BODY)
    unsent.hold(b"greedy", other())

    assert [unsent.room(client, other()) for client in (b"greedy", b"modest")] == [False, True]


def test_all_together_have_a_bound() -> None:
    unsent = Unsent(LIMITS)
    for client in (b"a", b"b", b"c"):
        unsent.hold(client, other())

    assert not unsent.room(b"d", other())
    assert unsent.room(b"d", bytes(LARGE - 1))


def test_what_is_taken_makes_room() -> None:
    unsent = Unsent(LIMITS)
    bodies = [other(), other()]
    for body in bodies:
        unsent.hold(b"a", body)

    for body in bodies:
        unsent.release(b"a", body)

    assert unsent.size == 0
    assert unsent.room(b"a", other())


def test_one_answer_alone_is_never_too_large() -> None:
    assert Unsent(LIMITS).room(b"a", bytes(10 * MiB))


@pytest.fixture(scope="module")
def store() -> InMemoryStore:
    """Whose list is of 4 MB."""
    store = InMemoryStore()
    for number in range(400):
        store.register_template(Template(f"t{number}", "i", description="x" * 9900))
    return store


@contextmanager
def slow(port: int, targets: list[str]) -> Iterator[list[Connection]]:
    """Connections that ask, one after the other, and begin to read only."""
    with ExitStack() as stack:
        connections = [stack.enter_context(connected(port, buffer=16 * 1024)) for _ in targets]
        for connection, target in zip(connections, targets, strict=True):
            connection.send(f"GET {target} HTTP/1.1\r\nHost: r\r\n\r\n".encode())
            connection.status = connection.sock.recv(12)[9:]  # type: ignore[attr-defined]
        yield connections


def statuses(connections: list[Connection]) -> list[bytes]:
    return [connection.status for connection in connections]  # type: ignore[attr-defined]


def app_of(store: InMemoryStore) -> App:
    return application(store, limits=Limits(unsent_bytes=10 * MiB, unsent_client_bytes=9 * MiB))


def test_answers_of_many_questions_that_nobody_takes_are_refused_beyond_the_bound(store: InMemoryStore) -> None:
    targets = [f"/templates?view=full&name=*{'*' * number}" for number in range(5)]

    with listening(app_of(store)) as port, slow(port, targets) as readers, connected(port) as quick:
        found = statuses(readers)
        refused, small = quick.ask("GET", "/templates?view=full"), quick.ask("GET", "/templates?limit=2")

    assert found == [b"200", b"200", b"503", b"503", b"503"]
    assert (refused.status, refused.headers["retry-after"], small.status) == (503, "1", 200)
    assert "read it" in refused.json()["message"]


@pytest.mark.parametrize("target", ["/templates", "/templates?view=full"])
def test_readers_of_the_same_answer_share_it(store: InMemoryStore, target: str) -> None:
    with listening(app_of(store)) as port, slow(port, [target] * 20) as readers:
        found = statuses(readers)

    assert set(found) == {b"200"}


@pytest.mark.parametrize("header", ["X: y", "Connection: close"])
def test_lists_of_old_revisions_that_readers_hold_count(store: InMemoryStore, header: str) -> None:
    app, found, target = app_of(store), list[bytes](), f"/templates HTTP/1.1\r\n{header}\r\nX-Rest:"

    with listening(app) as port, ExitStack() as stack, connected(port) as writer:
        for number in range(4):
            found += statuses(stack.enter_context(slow(port, [target])))
            everything = [
                {"name": f"t{each}", "image-name": f"i{number}", "description": "x" * 9900} for each in range(400)
            ]
            assert writer.ask("POST", "/apply", json.dumps({"templates": everything}).encode()).status == 200

    assert found == [b"200", b"200", b"503", b"503"]


def test_what_lists_of_two_revisions_share_counts_once(store: InMemoryStore) -> None:
    app, found = app_of(store), list[bytes]()

    with listening(app) as port, ExitStack() as stack, connected(port) as writer:
        for number in range(6):
            found += statuses(stack.enter_context(slow(port, ["/templates"])))
            assert writer.ask("PUT", "/templates/t1", b'{"name":"t1","image-name":"i%d"}' % number).status == 202

    assert set(found) == {b"200"}


def test_readers_that_take_nothing_are_dropped_and_make_room(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "PATIENCE", 0.5)
    targets = [f"/templates?view=full&name=*{'*' * number}" for number in range(3)]
    app = app_of(store)

    with listening(app) as port, slow(port, targets) as readers, connected(port) as connection:
        before = statuses(readers)
        end = monotonic() + PATIENCE
        while connection.ask("GET", targets[2]).status != 200:
            assert monotonic() < end
            sleep(0.01)

    assert before == [b"200", b"200", b"503"]
    assert app.service.counters.refused["reader_dropped", "answer"] >= 1


def test_readers_that_leave_make_room(store: InMemoryStore) -> None:
    targets = [f"/templates?view=full&name=*{'*' * number}" for number in range(3)]

    with listening(app_of(store)) as port:
        with slow(port, targets):
            pass
        with connected(port) as connection:
            end = monotonic() + PATIENCE
            while connection.ask("GET", targets[2]).status != 200:
                assert monotonic() < end
                sleep(0.01)
