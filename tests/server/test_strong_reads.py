"""Plain reads of a server with `--strong-reads`: each shows what the database held after it came."""

import socket
from threading import Event

from binder_registry.backends.memory import MemoryLog
from binder_registry.changes import Position
from binder_registry.errors import StoreUnavailable
from binder_registry.log_store import LogStore
from binder_registry.template import Template

from .asking import application, listening

GET = b"GET /templates HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n"
HEALTH = b"GET /health HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n"
SCIPY = Template(name="scipy", image_name="i")


class FarLog(MemoryLog):
    def known_head(self) -> None:  # type: ignore[override]
        """Others write to it."""


class SlowHead(LogStore):
    """Its head is told when it is let go; `fails` for good."""

    def __init__(self) -> None:
        super().__init__(FarLog())
        self.asked, self.told, self.fails = Event(), Event(), False

    def head(self) -> Position:
        self.asked.set()
        assert self.told.wait(30)
        if self.fails:
            raise StoreUnavailable
        return super().head()


def answer(client: socket.socket) -> bytes:
    client.settimeout(30)
    return client.makefile("rb").read()


def ask(port: int, request: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(request)
    return client


def test_a_plain_read_waits_until_the_head_is_told() -> None:
    store = SlowHead()
    with listening(application(store, strong_reads=True)) as port, ask(port, GET) as client:
        assert store.asked.wait(30)
        store.register_template(SCIPY)  # after it came, and before the database says where it is
        store.told.set()

        assert b"scipy" in answer(client)


def test_two_requests_at_once_are_both_answered_in_turn() -> None:
    store = SlowHead()
    store.told.set()
    plain = GET.replace(b"Connection: close\r\n", b"")
    with listening(application(store, strong_reads=True)) as port, ask(port, plain) as client:
        client.sendall(GET)

        assert answer(client).count(b"HTTP/1.1 200 OK") == 2


def test_a_client_that_ends_its_side_meanwhile_is_answered() -> None:
    store = SlowHead()
    with listening(application(store, strong_reads=True)) as port, ask(port, GET) as client:
        assert store.asked.wait(30)
        client.shutdown(socket.SHUT_WR)
        store.told.set()

        assert answer(client).startswith(b"HTTP/1.1 200 OK")


def test_a_database_that_is_away_is_told_and_health_does_not_wait_for_it() -> None:
    store = SlowHead()
    store.fails = True
    with listening(application(store, strong_reads=True)) as port, ask(port, GET) as client:
        assert store.asked.wait(30)
        with ask(port, HEALTH) as other:
            health = answer(other)
        store.told.set()

        assert answer(client).startswith(b"HTTP/1.1 503")
    assert health.startswith(b"HTTP/1.1 ")


def test_where_all_writes_pass_through_this_process_nothing_is_asked() -> None:
    store = SlowHead()
    store.log = MemoryLog()
    store.register_template(SCIPY)
    with listening(application(store, strong_reads=True)) as port, ask(port, GET) as client:
        assert b"scipy" in answer(client)

    assert not store.asked.is_set()
