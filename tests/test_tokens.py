"""Whose a token is: from memory, and only while the database was asked a moment ago."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest

from binder_registry import token_book
from binder_registry import tokens as module
from binder_registry.auth import Identity, Scope, TokenAuthStore, identified, known, stays
from binder_registry.backends import open_store
from binder_registry.backends.copying import copy_tokens
from binder_registry.backends.memory import InMemoryStore, MemoryLog
from binder_registry.conformance import AuthStoreConformance
from binder_registry.errors import AuthUnavailable, InvalidToken, MissingScope, StoreUnavailable
from binder_registry.log_store import LogStore
from binder_registry.token_book import TokenBook
from binder_registry.token_contract import Token, TokenStore
from binder_registry.token_rules import NewToken
from binder_registry.token_text import new_id, new_secret, token_text
from binder_registry.token_uses import TokenUses
from binder_registry.tokens import OwnTokens, StoredTokens
from binder_registry.verify import verify
from tests.backends.postgres_server import new_registry

from .clock import Clock

ROOT = Identity("api-key", frozenset(Scope), "key")
CI = NewToken("ci", tuple(Scope))


@pytest.fixture
def auth_store(store: InMemoryStore, clock: Clock) -> Iterator[StoredTokens]:
    assert store.tokens is not None
    with closing(StoredTokens(store.tokens, now=clock.seconds)) as found:
        yield found


class TestTokensInMemory(AuthStoreConformance):
    @pytest.fixture
    def auth_store(self, auth_store: StoredTokens) -> StoredTokens:
        return auth_store

    @pytest.fixture
    def token(self, uses: TokenUses) -> str:
        return uses.make(ROOT, CI)[1]


@pytest.fixture(params=["sqlite", "postgres"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogStore]:
    with ExitStack() as resources:
        url = f"sqlite:///{tmp_path}/registry.db"
        if request.param == "postgres":
            url = resources.enter_context(new_registry())
        yield resources.enter_context(closing(open_store(url)))


def test_a_database_keeps_tokens_for_others_over_it(shared: LogStore) -> None:
    uses = TokenUses(shared)
    token, text = uses.make(ROOT, CI)
    log: Any = shared.log

    with closing(StoredTokens(TokenBook(log))) as tokens:
        before = answer(tokens, text)
        uses.revoke(ROOT, token.id)
        until = monotonic() + 20
        while (after := answer(tokens, text)) == before and monotonic() < until:
            pass

    assert (before, after) == ("token:ci", "InvalidToken")


def other(store: LogStore, clock: Clock) -> StoredTokens:
    """As another server over the same database has them."""
    log: Any = store.log
    return StoredTokens(TokenBook(log), now=clock.seconds)


def test_one_that_was_just_made_is_known_to_the_others(store: InMemoryStore, uses: TokenUses, clock: Clock) -> None:
    with closing(other(store, clock)) as tokens:
        tokens.identify(uses.make(ROOT, CI)[1])

        text = uses.make(ROOT, NewToken("second", ("read",)))[1]

        assert tokens.identify(text).by == "token:second"


def test_a_secret_that_was_just_renewed_is_known_to_the_others(
    store: InMemoryStore, uses: TokenUses, clock: Clock
) -> None:
    token, old = uses.make(ROOT, CI)
    with closing(other(store, clock)) as tokens:
        tokens.identify(old)

        text = uses.rotate(ROOT, token.id)[1]

        assert tokens.identify(text).by == "token:ci"
        with pytest.raises(InvalidToken):
            tokens.identify(old)


@pytest.mark.parametrize(("after", "good"), [(0, True), (59, True), (60, False)])
def test_the_old_secret_is_good_for_the_grace(
    uses: TokenUses, auth_store: StoredTokens, clock: Clock, after: int, good: bool
) -> None:
    token, old = uses.make(ROOT, CI)
    text = uses.rotate(ROOT, token.id, keep_old=60)[1]

    clock.go(seconds=after)

    assert answer(auth_store, text) == "token:ci"
    assert answer(auth_store, old) == ("token:ci" if good else "InvalidToken")


def test_who_shows_the_old_secret_ends_with_its_grace_and_so_does_what_they_make(
    uses: TokenUses, auth_store: StoredTokens
) -> None:
    token, old = uses.make(ROOT, NewToken("ci", ("write", "tokens")))
    ends = uses.rotate(ROOT, token.id, keep_old=60)[0].old_until

    who = auth_store.identify(old)

    assert who.expires == ends
    assert uses.make(who, NewToken("child", ("write",)))[0].expires == ends


def test_an_old_secret_is_not_renewed_and_renews_nothing(uses: TokenUses, auth_store: StoredTokens) -> None:
    token, old = uses.make(ROOT, NewToken("ci", ("write", "tokens")))
    child = uses.make(auth_store.identify(old), NewToken("child", ("write",)))[0]
    uses.rotate(ROOT, token.id, keep_old=60)
    who = auth_store.identify(old)

    for one in (token, child):
        with pytest.raises(MissingScope, match="renews nothing"):
            uses.rotate(who, one.id)


@pytest.mark.parametrize(("after", "good"), [(99, True), (100, False), (101, False)])
def test_a_token_ends_when_it_expires(
    uses: TokenUses, auth_store: StoredTokens, clock: Clock, after: int, good: bool
) -> None:
    text = uses.make(ROOT, NewToken("ci", ("read",), seconds=100))[1]
    auth_store.identify(text)

    clock.go(seconds=after)

    assert answer(auth_store, text) == ("token:ci" if good else "InvalidToken")


def test_a_revocation_holds_at_once_where_it_was_asked_for(uses: TokenUses, auth_store: StoredTokens) -> None:
    token, text = uses.make(ROOT, CI)
    auth_store.identify(text)

    uses.revoke(ROOT, token.id)

    with pytest.raises(InvalidToken):
        auth_store.known(text)


ENDS: dict[str, Callable[[TokenUses, Token, Clock], object]] = {
    "revoked": lambda uses, token, clock: uses.revoke(ROOT, token.id),
    "renewed": lambda uses, token, clock: uses.rotate(ROOT, token.id, keep_old=60),
    "expired": lambda uses, token, clock: clock.go(seconds=100),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_token_stays_good_until_something_becomes_of_it(
    uses: TokenUses, auth_store: StoredTokens, clock: Clock, how: str
) -> None:
    token, text = uses.make(ROOT, NewToken("ci", ("read",), seconds=100))
    is_good = stays(OwnTokens(auth_store), text, auth_store.identify(text))
    assert is_good is not None

    before = is_good()
    ENDS[how](uses, token, clock)

    assert (before, is_good()) == (True, False)


def test_nobody_says_that_a_secret_in_its_grace_stays_good(uses: TokenUses, auth_store: StoredTokens) -> None:
    token, old = uses.make(ROOT, CI)
    uses.rotate(ROOT, token.id, keep_old=60)

    assert stays(auth_store, old, auth_store.identify(old)) is None


@pytest.mark.parametrize("text", ["", "binreg_", "key", token_text("0" * 8, "0" * 43)[:-1] + "x"])
def test_what_is_no_token_is_told_without_the_database(text: str) -> None:
    class Unasked:
        def tokens(self, since: int = 0) -> tuple[int, list[Token]]:
            raise AssertionError("nobody is asked")

    unasked: Any = Unasked()

    with pytest.raises(InvalidToken):
        StoredTokens(TokenBook(unasked)).identify(text)


# ── a database that does not answer ──────────────────────────────────────────────────────────────────────────────────


class Fragile:
    """The tokens of a store, which can fail or hang."""

    def __init__(self, store: InMemoryStore) -> None:
        self.log: Any = store.log
        self.fails = False
        self.answers = Event()
        self.answers.set()

    def tokens(self, since: int = 0) -> tuple[int, list[Token]]:
        self.answers.wait(20)
        if self.fails:
            raise StoreUnavailable
        return self.log.tokens(since)  # type: ignore[no-any-return]


@pytest.fixture
def fragile(store: InMemoryStore) -> Iterator[Fragile]:
    found = Fragile(store)
    yield found
    found.answers.set()


@pytest.fixture
def over_fragile(fragile: Fragile) -> Iterator[StoredTokens]:
    store: Any = fragile
    tokens = StoredTokens(TokenBook(store))
    yield tokens
    fragile.answers.set()
    tokens.close()


def answer(tokens: StoredTokens, text: str) -> str:
    try:
        return tokens.identify(text).by
    except (InvalidToken, AuthUnavailable) as error:
        return type(error).__name__


@pytest.mark.parametrize("how", ["fails", "hangs"])
def test_nobody_is_let_in_for_longer_than_the_database_answers(
    uses: TokenUses, fragile: Fragile, over_fragile: StoredTokens, how: str
) -> None:
    text = uses.make(ROOT, CI)[1]
    is_good = stays(over_fragile, text, over_fragile.identify(text))

    start = monotonic()
    fragile.fails = how == "fails"
    if how == "hangs":
        fragile.answers.clear()
    while answer(over_fragile, text) == "token:ci":
        assert monotonic() < start + module.TRUST_SECONDS + 5

    assert answer(over_fragile, text) == "AuthUnavailable"
    assert is_good is not None
    assert not is_good()


def test_who_comes_while_the_database_is_silent_does_not_wait_again(
    uses: TokenUses, fragile: Fragile, over_fragile: StoredTokens
) -> None:
    text = uses.make(ROOT, CI)[1]
    fragile.fails = True
    answer(over_fragile, text)

    with pytest.raises(AuthUnavailable):
        over_fragile.known(text)


def test_a_database_that_answers_again_is_believed_again(
    uses: TokenUses, fragile: Fragile, over_fragile: StoredTokens
) -> None:
    text = uses.make(ROOT, CI)[1]
    fragile.fails = True
    answer(over_fragile, text)

    fragile.fails = False

    until = monotonic() + 20
    while answer(over_fragile, text) == "AuthUnavailable":
        assert monotonic() < until
    assert answer(over_fragile, text) == "token:ci"


def test_what_is_forgotten_leaves_memory_and_database_and_is_sound(
    shared: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_book, "TIDY", 1)
    monkeypatch.setattr(token_book, "MOST_ENDED_TOKENS", 0)
    uses, kept = TokenUses(shared), shared.log
    assert isinstance(kept, TokenStore)
    token, _ = uses.make(ROOT, CI)
    uses.revoke(ROOT, token.id)

    other, _ = uses.make(ROOT, NewToken("other", ("read",)))

    copy = MemoryLog()
    copy_tokens(shared.log, copy)
    assert [[each.id for each in log.tokens()[1]] for log in (kept, copy)] == [[other.id]] * 2
    assert [each.id for each in uses.page(ROOT).tokens] == [other.id]
    assert [verify(log).problems for log in (shared.log, copy)] == [[], []]
    assert kept.given([token.id, "ci"]) == copy.given([token.id, "ci"]) == {token.id, "ci"}


def test_a_copy_that_lost_what_was_known_is_read_anew(uses: TokenUses, fragile: Fragile, clock: Clock) -> None:
    for name in ("a", "b"):
        uses.make(ROOT, NewToken(name, ("read",)))
    store: Any = fragile
    book = TokenBook(store)
    book.refresh()
    older = InMemoryStore()
    TokenUses(older, now=clock).make(ROOT, NewToken("old", ("read",)))

    fragile.log = older.log
    book.refresh()

    assert [token.name for token in book.tokens().values()] == ["old"]


# ── ours and others' ─────────────────────────────────────────────────────────────────────────────────────────────────


class Spy:
    blocking = True

    def __init__(self) -> None:
        self.shown: list[str] = []

    def identify(self, token: str) -> Identity:
        self.shown.append(token)
        return ROOT


def test_what_looks_like_ours_is_shown_to_nobody_else(uses: TokenUses, auth_store: StoredTokens) -> None:
    spy = Spy()
    both = OwnTokens(auth_store, spy)
    good = uses.make(ROOT, CI)[1]

    found: list[str] = []
    for text in (good, good[:-1] + "x", "binreg_", token_text(new_id(), new_secret()), "hub-token"):
        try:
            found.append(both.identify(text).by)
        except InvalidToken:
            found.append("")

    assert found == ["token:ci", "", "", "", "key:api-key"]
    assert spy.shown == ["hub-token"]


class Remembering(Spy):
    """Says `identify` from memory, and `ask` that the token is good no longer."""

    def ask(self, token: str) -> Identity:
        raise InvalidToken


@pytest.mark.parametrize("text", ["hub-token", token_text("0" * 8, "1" * 43)])
def test_others_are_asked_anew_about_whoever_goes_on(auth_store: StoredTokens, text: str) -> None:
    both = OwnTokens(auth_store, Remembering(), keys=Remembering())

    with pytest.raises(InvalidToken):
        identified(both, text)


def test_without_others_nothing_else_is_a_token(auth_store: StoredTokens) -> None:
    alone = OwnTokens(auth_store)

    for ask in (alone.identify, alone.known):
        with pytest.raises(InvalidToken):
            ask("key")
    assert known(OwnTokens(auth_store, TokenAuthStore("key")), "key") is not None
