"""Readers of answers that go on, once their token is good no longer."""

import time
from collections.abc import Callable, Iterator

import pytest

from binder_registry import Identity, InMemoryStore, Registry, Scope, Template
from binder_registry.errors import AuthUnavailable, InvalidToken, RegistryError
from binder_registry.hub_auth import HubAuthStore
from binder_registry.server import App, Options
from binder_registry.server.handlers import event_stream
from binder_registry.server.http import identities

from ..hub_stub import HubStub
from .asking import listening
from .running import KEY
from .sockets import PATIENCE, connected
from .test_event_stream import TOKEN, streamed, write

FAILURES = [InvalidToken, AuthUnavailable]


class Tokens:
    """Knows `KEY`, with the scopes that it has at the time, until `failure` says otherwise."""

    def __init__(self, *, blocking: bool) -> None:
        self.blocking = blocking
        self.failure: type[RegistryError] | None = None
        self.scopes = frozenset(Scope)
        self.asked = 0

    def identify(self, token: str) -> Identity:
        self.asked += 1
        if self.failure:
            raise self.failure
        return Identity("ada", self.scopes)


@pytest.fixture(params=[True, False], ids=["blocking", "quick"])
def tokens(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Tokens:
    """Readers are asked about at each heartbeat."""
    monkeypatch.setattr(identities, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.02)
    return Tokens(blocking=request.param)


@pytest.fixture
def port(store: InMemoryStore, tokens: Tokens) -> Iterator[int]:
    """Of a server that protects reads."""
    with listening(App(Registry(store, tokens), Options(protect_reads=True))) as port:
        yield port


@pytest.fixture
def open_port(store: InMemoryStore, tokens: Tokens) -> Iterator[int]:
    with listening(App(Registry(store, tokens), Options())) as port:
        yield port


@pytest.mark.parametrize("failure", FAILURES)
def test_the_stream_of_a_revoked_token_ends(
    store: InMemoryStore, tokens: Tokens, port: int, failure: type[RegistryError]
) -> None:
    with streamed(port, "", TOKEN) as stream:
        stream.block()
        tokens.failure = failure
        stream.rest()
        write(store, 1)

    assert stream.ids == []


def test_a_stream_ends_when_its_token_may_not_read_any_more(tokens: Tokens, port: int) -> None:
    with streamed(port, "", TOKEN) as stream:
        tokens.scopes = frozenset({Scope.WRITE})
        stream.rest()


def test_a_stream_goes_on_while_its_token_is_good(store: InMemoryStore, tokens: Tokens, port: int) -> None:
    with streamed(port, "", TOKEN) as stream:
        for _ in range(5):
            stream.block()
        write(store, 1)
        events = stream.events(1)

    assert [event["revision"] for event in events] == [1]
    assert tokens.asked > 3


@pytest.mark.parametrize("failure", FAILURES)
def test_who_wrote_it_is_not_shown_on_to_a_revoked_token(
    tokens: Tokens, open_port: int, failure: type[RegistryError]
) -> None:
    with streamed(open_port, "", TOKEN) as stream:
        stream.block()
        tokens.failure = failure
        stream.rest()


def test_without_protected_reads_nobody_is_asked_about_a_reader_without_token(tokens: Tokens, open_port: int) -> None:
    with streamed(open_port) as stream:
        for _ in range(5):
            stream.block()

    assert tokens.asked == 0


@pytest.mark.parametrize(("failure", "status"), [(InvalidToken, 401), (AuthUnavailable, 503)])
def test_a_poll_of_a_revoked_token_is_refused(
    tokens: Tokens, port: int, failure: type[RegistryError], status: int
) -> None:
    with connected(port) as connection:
        connection.send(f"GET /changes?wait=30 HTTP/1.1\r\nHost: r\r\nAuthorization: token {KEY}\r\n\r\n".encode())
        until(lambda: tokens.asked >= 4)
        tokens.failure = failure
        answer = connection.answer()

    assert answer.status == status


def test_a_poll_shows_a_revoked_token_no_more_than_others(store: InMemoryStore, tokens: Tokens, open_port: int) -> None:
    with connected(open_port) as connection:
        connection.send(f"GET /changes?wait=30 HTTP/1.1\r\nHost: r\r\nAuthorization: token {KEY}\r\n\r\n".encode())
        until(lambda: tokens.asked >= 2)
        tokens.failure, asked = InvalidToken, tokens.asked
        until(lambda: tokens.asked >= asked + 1)
        store.register_template(Template("a", "i"), by="ada")
        [change] = connection.answer().json()["changes"]

    assert "by" not in change


def test_readers_are_asked_about_at_least_as_often_as_answers_about_tokens_are_kept() -> None:
    assert identities.FRESH_SECONDS + event_stream.HEARTBEAT_SECONDS <= 20


@pytest.mark.parametrize("target", ["/changes", "/changes?wait=60&since=0"])
def test_an_open_answer_ends_though_the_answer_about_its_token_is_kept(
    store: InMemoryStore, tokens: Tokens, target: str
) -> None:
    """The store's clock stands still: what it was told holds for ever."""
    hub = HubStub()
    accept = "Accept: text/event-stream\r\n" if "wait" not in target else ""
    auth = HubAuthStore(hub.url, clock=lambda: 0.0)
    with listening(App(Registry(store, auth), Options(protect_reads=True))) as port, connected(port) as connection:
        connection.send(f"GET {target} HTTP/1.1\r\nHost: r\r\nAuthorization: token boss-token\r\n{accept}\r\n".encode())
        until(lambda: len(hub.asked) >= 3)
        hub.models.clear()
        ended = connection.answer().status

    hub.stop()
    assert ended == (401 if "wait" in target else 200)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
