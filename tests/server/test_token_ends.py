"""What becomes of a holder's requests and streams once the token has ended, here or on another server."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from time import monotonic
from typing import Any

import httpx2
import pytest

from binder_registry import Identity, InMemoryStore, Registry, Scope, TokenAuthStore
from binder_registry.errors import StoreUnavailable
from binder_registry.hub_auth import FirstKnowing
from binder_registry.log_store import LogStore
from binder_registry.server import App, Options, service
from binder_registry.server.handlers import event_stream
from binder_registry.token_book import TokenBook
from binder_registry.token_contract import Token
from binder_registry.token_rules import NewToken
from binder_registry.token_uses import TokenUses
from binder_registry.tokens import OwnTokens, StoredTokens

from .asking import R, error_name, listening
from .running import KEY
from .sockets import PATIENCE, chunked, connected, request
from .test_event_stream import streamed, write

ROOT = Identity("api-key", frozenset(Scope), "key")


class Database:
    """The tokens of a store, as another server sees them; it can fail."""

    def __init__(self, store: InMemoryStore) -> None:
        self.log: Any = store.log
        self.fails = False

    def tokens(self, since: int = 0) -> tuple[int, list[Token]]:
        if self.fails:
            raise StoreUnavailable
        return self.log.tokens(since)  # type: ignore[no-any-return]


class AnyUser:
    """A hub that knows everybody."""

    blocking = True

    def identify(self, token: str) -> Identity:
        return Identity("ada", frozenset({Scope.READ}))


@pytest.fixture
def database(store: InMemoryStore) -> Database:
    return Database(store)


@pytest.fixture(params=[True, False], ids=["protected", "open"])
def other(request: pytest.FixtureRequest, store: InMemoryStore, database: Database) -> Iterator[int]:
    """The port of another server over the same log as `store`, which knows of its tokens what the database tells."""
    log: Any = database
    with ExitStack() as resources:
        own = resources.enter_context(closing(StoredTokens(TokenBook(log))))
        auth = FirstKnowing(TokenAuthStore(KEY), OwnTokens(own, AnyUser()))
        app = App(Registry(LogStore(store.log), auth), Options(protect_reads=request.param))
        yield resources.enter_context(listening(app))


def made(store: InMemoryStore) -> tuple[Token, str]:
    return TokenUses(store).make(ROOT, NewToken("ci", ("read",)))


def authorized(text: str) -> str:
    return f"Authorization: token {text}"


def test_the_stream_of_a_token_ends_when_another_server_revokes_it(store: InMemoryStore, other: int) -> None:
    token, text = made(store)
    with streamed(other, "", authorized(text)) as stream, streamed(other, "", authorized(KEY)) as keys:
        write(store, 1)
        before = [each.events(1)[0]["revision"] for each in (stream, keys)]

        TokenUses(store).revoke(ROOT, token.id)

        stream.rest()
        write(store, 1)
        after = keys.events(1)[0]["revision"]
    assert (before, after, stream.revisions) == ([1, 1], 2, [1])


def test_the_stream_of_a_token_ends_when_nobody_can_tell(store: InMemoryStore, database: Database, other: int) -> None:
    _, text = made(store)
    with streamed(other, "", authorized(text)) as stream, streamed(other, "", authorized(KEY)) as keys:
        stream.block()
        database.fails = True

        stream.rest()
        write(store, 1)
        after = keys.events(1)[0]["revision"]
    assert (after, stream.revisions) == (1, [])


@pytest.mark.parametrize("protected", [True, False])
def test_the_stream_of_a_key_ends_when_the_key_is_taken_away(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 10 * PATIENCE)  # at which all are asked about
    keys = TokenAuthStore(KEY, "stays")
    app = App(Registry(store, keys), Options(protect_reads=protected))
    with (
        listening(app) as port,
        streamed(port, "", authorized(KEY)) as gone,
        streamed(port, "", authorized("stays")) as on,
    ):
        write(store, 1)
        before = [each.events(1)[0]["revision"] for each in (gone, on)]

        keys.renew("stays")

        gone.rest()
        write(store, 1)
        after = on.events(1)[0]["revision"]
    assert (before, after, gone.revisions) == ([1, 1], 2, [1])


def test_while_the_database_is_silent_other_holders_go_on(store: InMemoryStore, database: Database, other: int) -> None:
    _, text = made(store)
    database.fails = True

    names = {
        holder: error_name(
            httpx2.get(f"http://127.0.0.1:{other}/tokens/self", headers={"Authorization": f"token {holder}"})
        )
        for holder in (text, KEY, "a-hub-token", text[:-1] + "!")
    }

    assert list(names.values()) == ["auth_unavailable", "", "", "invalid_token"]


def test_a_revocation_on_one_server_is_soon_known_to_the_other(store: InMemoryStore, other: int) -> None:
    token, text = made(store)
    ask = f"http://127.0.0.1:{other}/tokens/self"
    with httpx2.Client(headers={"Authorization": f"token {text}"}) as client:
        first = client.get(ask).status_code
        TokenUses(store).revoke(ROOT, token.id)
        until = monotonic() + PATIENCE
        while (last := client.get(ask).status_code) == first and monotonic() < until:
            pass

    assert (first, last) == (200, 401)


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/templates", R),
        ("/apply", {"templates": [R]}),
        ("/tokens", {"name": "child", "scopes": ["write"]}),
    ],
)
def test_a_token_that_was_revoked_while_the_body_came_writes_nothing(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch, target: str, body: dict[str, Any]
) -> None:
    monkeypatch.setattr(service, "TOLD_SECONDS", 0.0)
    uses = TokenUses(store)
    token, text = uses.make(ROOT, NewToken("ci", ("write", "tokens")))
    with ExitStack() as resources:
        assert store.tokens is not None
        own = resources.enter_context(closing(StoredTokens(store.tokens)))
        keys = TokenAuthStore(KEY)
        port = resources.enter_context(listening(App(Registry(store, OwnTokens(own, keys, keys=keys)), Options())))
        sender = resources.enter_context(connected(port))
        head = "Transfer-Encoding: chunked", "Expect: 100-continue"
        sender.send(request("POST", target, b"", *head, authorized(text)))
        sender.sock.recv(len(b"HTTP/1.1 100 Continue\r\n\r\n"))  # who sends it is known by now

        uses.revoke(ROOT, token.id)
        sender.send(chunked(json.dumps(body).encode()))

        answer = sender.answer()
    assert (answer.status, answer.headers["registry-error"]) == (401, "invalid_token")
    assert "registry-token-expires" not in answer.headers
    assert (store.head().revision, len(uses.page(ROOT).tokens)) == (0, 1)
