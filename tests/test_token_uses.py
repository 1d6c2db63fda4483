"""Making, seeing, renewing and revoking tokens, by those who may."""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from binder_registry import token_book, token_uses
from binder_registry.auth import EVERYTHING, Identity, Reach, Scope
from binder_registry.backends.memory import InMemoryStore
from binder_registry.conformance.logs import append
from binder_registry.errors import (
    InvalidRequest,
    MissingScope,
    RegistryError,
    TokenExists,
    TokenNotFound,
    TokensNotKept,
)
from binder_registry.log_store import LogStore
from binder_registry.selector import Requirement, parse_selector
from binder_registry.token_book import TIDY
from binder_registry.token_contract import Token, TokenAction
from binder_registry.token_rules import DAY, NewToken
from binder_registry.token_text import id_and_secret
from binder_registry.token_uses import TokenUses
from binder_registry.tokens import identity_of
from binder_registry.verify import verify

from .clock import START, Clock

ROOT = Identity("api-key", frozenset(Scope), "key")
ADA = Identity("ada", frozenset({Scope.READ, Scope.WRITE, Scope.TOKENS}))
ADMIN = Identity("boss", frozenset(Scope))


def new(name: str = "ci", *scopes: str, **members: Any) -> NewToken:
    return NewToken(name, scopes or ("write", "tokens"), **members)


def holder(made: tuple[Token, str]) -> Identity:
    return identity_of(made[0])


# ── making ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_token_is_called_as_the_id_of_another(uses: TokenUses) -> None:
    ids = (uses.make(ROOT, new(f"n{number}"))[0].id for number in count())
    like_a_name = next(identifier for identifier in ids if identifier == identifier.lower())

    with pytest.raises(TokenExists):
        uses.make(ROOT, new(like_a_name))


def test_a_token_is_kept_without_its_secret(uses: TokenUses, store: InMemoryStore) -> None:
    token, text = uses.make(ROOT, new(note="for CI", templates=("scipy*",), labels="team=physics"))

    kept = list(uses.page(ROOT).tokens)
    parts = id_and_secret(text)
    assert kept == [token]
    assert parts is not None
    assert parts[0] == token.id
    assert parts[1] not in repr(kept)
    assert (token.name, token.note, token.by, token.created) == ("ci", "for CI", "key:api-key", START)


def test_a_holder_of_a_token_is_named_by_it(uses: TokenUses) -> None:
    who = holder(uses.make(ROOT, new("ci", "write", templates=("scipy*",), labels="team=physics")))

    assert who.by == "token:ci"
    assert who.scopes == {Scope.WRITE}
    assert who.reach == Reach((("scipy*",),), tuple(parse_selector("team=physics", parameter="labels")))


@pytest.mark.parametrize(("seconds", "days"), [(None, 90), (DAY, 1), (366 * DAY, 366)])
def test_a_token_lasts_as_long_as_was_asked_for(uses: TokenUses, seconds: int | None, days: int) -> None:
    token, _ = uses.make(ROOT, new(seconds=seconds))

    assert token.expires == START + timedelta(days=days)


def test_a_server_may_give_shorter_ones_only(store: InMemoryStore, clock: Clock) -> None:
    uses = TokenUses(store, longest=DAY * 3 // 2, now=clock)

    token, _ = uses.make(ROOT, new())

    assert token.expires == START + timedelta(days=1.5)
    with pytest.raises(InvalidRequest, match=r"expires-in.* from 1 to 129600, 1\.5 days$"):
        uses.make(ROOT, new("other", seconds=2 * DAY))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (new(""), "name"),
        (new("Ci"), "name"),
        (new("a b"), "name"),
        (new("ci\n"), "name"),
        (new("x" * 65), "name"),
        (NewToken("ci", ()), "scopes"),
        (new("ci", "owner"), "scopes"),
        (new("ci", "w" * 10_000), "scopes"),
        (new(note="\0"), "note"),
        (new(note="\ud800"), "note"),
        (new(note="x" * 1025), "note"),
        (new(templates=("",)), "templates"),
        (new(templates=("\ud800",)), "templates"),
        (new(templates=("x" * 257,)), "templates"),
        (new(templates=tuple(map(str, range(65)))), "templates"),
        (new(labels="a=b=c"), "labels"),
        (new(labels=","), "labels"),
        (new(seconds=0), "expires-in"),
        (new(seconds=-1), "expires-in"),
        (new(seconds=366 * DAY + 1), "expires-in"),
    ],
)
def test_what_is_no_token_is_refused_by_the_name_of_the_member(uses: TokenUses, wrong: NewToken, named: str) -> None:
    with pytest.raises(InvalidRequest, match=named):
        uses.make(ROOT, wrong)

    assert uses.page(ROOT).tokens == []


def test_a_name_is_given_once_also_when_its_token_has_ended(uses: TokenUses) -> None:
    token, _ = uses.make(ROOT, new())
    uses.revoke(ROOT, token.id)

    with pytest.raises(TokenExists):
        uses.make(ROOT, new())


def test_tokens_are_made_with_a_scope_and_give_no_other(uses: TokenUses) -> None:
    without = replace(ADA, scopes=frozenset({Scope.READ, Scope.WRITE}))

    with pytest.raises(MissingScope, match="tokens"):
        uses.make(without, new("ci", "write"))
    with pytest.raises(MissingScope, match="admin"):
        uses.make(ADA, new("ci", "write", "admin"))


def test_a_child_reaches_what_its_line_reaches(uses: TokenUses) -> None:
    parent = holder(uses.make(ROOT, new("a", templates=("scipy*", "r*"), labels="team=physics")))
    child = holder(uses.make(parent, new("b", templates=("*1",))))
    grandchild = holder(uses.make(child, new("c", "write", labels="!old")))

    reached = [name for name in ("scipy1", "r1", "r2", "x1") if grandchild.reach.names_it(name)]
    held = [grandchild.reach.holds(labels) for labels in ({"team": "physics"}, {"old": ""}, {})]
    assert reached == ["scipy1", "r1"]
    assert held == [True, False, False]


def test_a_child_of_somebody_with_a_reach_reaches_no_further(uses: TokenUses) -> None:
    labels = tuple(parse_selector("team=physics,!old,a!=b,c", parameter="labels"))
    course = replace(ADA, reach=Reach((("a*", "b*"), ("*1",)), labels))

    child = holder(uses.make(course, new("c", "write", templates=("*",))))

    assert child.reach == Reach((("a*", "b*"), ("*1",), ("*",)), labels)


def test_a_child_expires_no_later(uses: TokenUses, clock: Clock) -> None:
    parent = holder(uses.make(ROOT, new("a", seconds=100)))
    clock.go(seconds=10)

    child, _ = uses.make(parent, new("b"))

    assert child.expires == parent.expires
    with pytest.raises(InvalidRequest, match=r"expires-in: .* to 90"):
        uses.make(parent, new("c", seconds=91))


@pytest.mark.parametrize("end", ["expires", "revoked"])
def test_what_has_ended_makes_nothing(uses: TokenUses, clock: Clock, end: str) -> None:
    made = uses.make(ROOT, new("a", seconds=100))
    if end == "revoked":
        uses.revoke(ROOT, made[0].id)
    else:
        clock.go(seconds=100)

    with pytest.raises((TokenNotFound, InvalidRequest)):
        uses.make(holder(made), new("b"))


def test_tokens_make_tokens_for_some_generations_only(uses: TokenUses) -> None:
    who = ROOT
    for generation in range(8):
        who = holder(uses.make(who, new(f"g{generation}")))

    with pytest.raises(InvalidRequest, match="8 generations"):
        uses.make(who, new("g8"))


# ── forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────────


def kept(store: LogStore) -> tuple[list[str], list[str]]:
    """The names of the tokens in memory, and in the database."""
    assert store.tokens is not None
    log: Any = store.log
    return tuple([token.name for token in found] for found in (store.tokens.tokens().values(), log.tokens()[1]))  # type: ignore[return-value]


@pytest.mark.parametrize(("seconds", "names"), [(-1, ["short", "long", "new"]), (0, ["long", "new"])])
def test_what_ended_long_ago_is_forgotten_once_so_much_was_done(clock: Clock, seconds: int, names: list[str]) -> None:
    store = InMemoryStore(now=clock)
    uses = TokenUses(store, now=clock)
    uses.make(ROOT, new("short", seconds=DAY))
    long, _ = uses.make(ROOT, new("long", seconds=366 * DAY))
    clock.go(days=91, seconds=seconds)

    uses.make(ROOT, new("new"))
    before = kept(store)
    for _ in range(TIDY - 3):
        uses.rotate(ROOT, long.id)

    assert before == (["short", "long", "new"],) * 2
    assert kept(store) == (names, names)


def test_of_what_has_ended_only_so_many_are_kept_and_never_less_of_what_lives(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_book, "MOST_ENDED_TOKENS", 2)
    monkeypatch.setattr(token_book, "TIDY", 1)
    store = InMemoryStore(now=clock)
    uses = TokenUses(store, now=clock)
    made = [uses.make(ROOT, new(name))[0] for name in "abcdefg"]
    for token in (made[3], made[0], made[4], made[1]):
        clock.go(seconds=1)
        uses.revoke(ROOT, token.id)

    uses.make(ROOT, new("h"))

    assert kept(store) == (list("bcefgh"),) * 2


def test_what_is_forgotten_here_is_forgotten_by_other_servers_too(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_book, "TIDY", 2)
    here, other = (LogStore(log, now=clock) for log in [InMemoryStore().log] * 2)
    uses, found = TokenUses(here, now=clock), TokenUses(other, now=clock)
    uses.make(ROOT, new("a", seconds=DAY))
    before = [token.name for token in found.page(ROOT).tokens]
    clock.go(days=92)

    uses.make(ROOT, new("b"))

    assert (before, [token.name for token in found.page(ROOT).tokens]) == (["a"], ["b"])


def test_a_name_and_an_id_are_not_given_again_once_they_are_forgotten(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_book, "TIDY", 1)
    store = InMemoryStore(now=clock)
    uses = TokenUses(store, now=clock)
    parent = holder(uses.make(ROOT, new("parent", seconds=DAY)))
    child, _ = uses.make(parent, new("child"))
    clock.go(days=92)
    fresh = iter([child.id, parent.token, "00000007"])
    monkeypatch.setattr(token_uses, "new_id", lambda: next(fresh))

    other, _ = uses.make(ROOT, new("other"))

    assert other.id == "00000007"
    assert kept(store)[1] == ["other"]
    with pytest.raises(TokenExists):
        uses.make(ROOT, new("child"))
    assert verify(store.log).problems == []


# ── seeing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_are_seen_by_admins_and_ones_own_by_everybody(uses: TokenUses) -> None:
    uses.make(ROOT, new("root"))
    mine = uses.make(ADA, new("mine"))
    uses.make(holder(mine), new("child", "write"))

    seen = {who.by: [token.name for token in uses.page(who).tokens] for who in (ADMIN, ADA, holder(mine))}

    assert {by: sorted(names) for by, names in seen.items()} == {
        "user:boss": ["child", "mine", "root"],
        "user:ada": ["mine"],
        "token:mine": ["child", "mine"],
    }
    assert [token.name for token in uses.page(ADMIN, by="user:ada").tokens] == ["mine"]


# ── revoking ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_has_rights_from_a_token_loses_them_with_it(uses: TokenUses) -> None:
    parent = uses.make(ROOT, new("a"))
    child = uses.make(holder(parent), new("b"))
    uses.make(holder(child), new("c", "write"))
    uses.make(ROOT, new("other"))

    revoked = uses.revoke(ROOT, parent[0].id)

    assert {token.name for token in revoked} == {"a", "b", "c"}
    assert [token.name for token in uses.page(ROOT).tokens if token.revoked is None] == ["other"]


def test_what_was_revoked_stays_so(uses: TokenUses, clock: Clock) -> None:
    token, _ = uses.make(ROOT, new())
    uses.revoke(ROOT, token.id)
    clock.go(days=1)

    again = uses.revoke(ROOT, token.id)

    assert again == []
    assert [found.revoked for found in uses.page(ROOT).tokens] == [START]


def test_a_users_tokens_are_revoked_by_user(uses: TokenUses) -> None:
    mine = uses.make(ADA, new("mine"))
    uses.make(holder(mine), new("child", "write"))
    uses.make(ROOT, new("other"))

    revoked = uses.revoke_all(ADMIN, by="user:ada")

    assert {token.name for token in revoked} == {"mine", "child"}
    with pytest.raises(MissingScope):
        uses.revoke_all(ADA, by="user:boss")


Use = Callable[[TokenUses, Identity, str], object]
GOVERNS: dict[str, Use] = {
    "revoke": lambda uses, who, identifier: uses.revoke(who, identifier),
    "rotate": lambda uses, who, identifier: uses.rotate(who, identifier),
}


@pytest.mark.parametrize("verb", GOVERNS)
def test_a_token_is_governed_by_its_maker_its_line_itself_and_admins(uses: TokenUses, verb: str) -> None:
    for number, which in enumerate(("maker", "line", "itself", "admin")):
        parent = uses.make(ADA, new(f"parent-{number}"))
        child = uses.make(holder(parent), new(f"child-{number}"))
        grandchild = uses.make(holder(child), new(f"grandchild-{number}"))
        who = {"maker": holder(child), "line": holder(parent), "itself": holder(grandchild), "admin": ADMIN}[which]

        GOVERNS[verb](uses, who, grandchild[0].id)


@pytest.mark.parametrize("verb", GOVERNS)
def test_a_token_is_not_governed_by_its_children_or_by_strangers(uses: TokenUses, verb: str) -> None:
    parent = uses.make(ADA, new("parent"))
    child = uses.make(holder(parent), new("child"))
    stranger = uses.make(ROOT, new("stranger", "read", "write", "tokens"))
    course = replace(ADMIN, name="course", reach=Reach((("physics*",),)))
    refused: list[tuple[Identity, type[RegistryError]]] = [
        (holder(child), TokenNotFound),
        (holder(stranger), TokenNotFound),
        (replace(ADA, name="bob"), TokenNotFound),
        (course, MissingScope),
    ]

    for who, error in refused:
        with pytest.raises(error):
            GOVERNS[verb](uses, who, parent[0].id)


# ── renewing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_secret_takes_the_place_of_the_old_one_and_nothing_else_changes(uses: TokenUses) -> None:
    token, text = uses.make(ROOT, new())

    renewed, other = uses.rotate(ROOT, token.id, keep_old=60)

    assert other != text
    assert renewed.old_digest == token.digest
    assert renewed.old_until == START + timedelta(seconds=60)
    kept = {"digest": b"", "old_digest": b"", "old_until": None, "number": 0}
    assert replace(renewed, **kept) == replace(token, **kept)


@pytest.mark.parametrize("seconds", [-1, 30 * DAY + 1])
def test_an_old_secret_is_kept_for_a_bounded_time(uses: TokenUses, seconds: int) -> None:
    token, _ = uses.make(ROOT, new())

    with pytest.raises(InvalidRequest, match="keep-old"):
        uses.rotate(ROOT, token.id, keep_old=seconds)


@pytest.mark.parametrize(
    ("now", "good"),
    [
        (Reach((("a*",),), (Requirement("team", "=", "x"),)), True),
        (Reach((("a*",),)), True),
        (EVERYTHING, True),
        (Reach((("a1",),)), False),
        (Reach((("a*",),), (Requirement("team", "=", "y"),)), False),
    ],
)
def test_nobody_gets_a_secret_that_reaches_further_than_they_do_now(uses: TokenUses, now: Reach, good: bool) -> None:
    maker = Identity("image", frozenset(Scope), "publisher")
    before = replace(maker, reach=Reach((("a*",),), (Requirement("team", "=", "x"),)))
    token = uses.make(before, new("a"))[0]

    with nullcontext() if good else pytest.raises(MissingScope, match="reaches further"):
        uses.rotate(replace(maker, reach=now), token.id)


def test_nobody_gets_a_secret_that_may_do_more_than_they(uses: TokenUses) -> None:
    token, _ = uses.make(ADA, new("mine", "write"))
    lost = replace(ADA, scopes=frozenset({Scope.READ, Scope.TOKENS}))

    with pytest.raises(MissingScope, match="write"):
        uses.rotate(lost, token.id)


@pytest.mark.parametrize("end", ["expires", "revoked"])
def test_what_has_ended_is_not_renewed(uses: TokenUses, clock: Clock, end: str) -> None:
    token, _ = uses.make(ROOT, new(seconds=100))
    if end == "revoked":
        uses.revoke(ROOT, token.id)
    else:
        clock.go(seconds=100)

    with pytest.raises(TokenNotFound):
        uses.rotate(ROOT, token.id)


# ── the audit ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_done_is_told_in_order_without_gaps(uses: TokenUses) -> None:
    token, _ = uses.make(ADA, new())
    uses.make(holder((token, "")), new("child", "write"))
    uses.rotate(ADA, token.id)
    uses.revoke(ADMIN, token.id)

    entries = uses.audit(ADMIN)

    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert [(entry.action, entry.by, entry.name) for entry in entries] == [
        (TokenAction.MADE, "user:ada", "ci"),
        (TokenAction.MADE, "token:ci", "child"),
        (TokenAction.ROTATED, "user:ada", "ci"),
        (TokenAction.REVOKED, "user:boss", "ci"),
        (TokenAction.REVOKED, "user:boss", "child"),
    ]
    assert list(uses.audit(ADMIN, since=1, limit=2)) == list(entries[1:3])


def test_only_admins_read_the_audit(uses: TokenUses) -> None:
    with pytest.raises(MissingScope, match="admin"):
        uses.audit(ADA)


def test_what_fails_in_a_commit_leaves_no_gap_and_no_token(uses: TokenUses, store: InMemoryStore) -> None:
    with store.atomic():
        uses.make(ROOT, new("a"))
        with suppress(ZeroDivisionError), store.atomic():
            uses.make(ROOT, new("b"))
            raise ZeroDivisionError
        uses.make(ROOT, new("c"))

    assert [(entry.number, entry.name) for entry in uses.audit(ROOT)] == [(1, "a"), (2, "c")]
    assert {token.name for token in uses.page(ROOT).tokens} == {"a", "c"}


def test_a_commit_that_fails_makes_nothing(uses: TokenUses, store: InMemoryStore) -> None:
    with suppress(ZeroDivisionError), store.atomic():
        uses.make(ROOT, new("a"))
        raise ZeroDivisionError

    token, _ = uses.make(ROOT, new("a"))

    assert token.number == 1


def test_when_a_token_was_used_is_kept_to_the_minute(uses: TokenUses, clock: Clock) -> None:
    token, _ = uses.make(ROOT, new())

    clock.go(minutes=5, seconds=17)
    uses.note_uses([token.id])

    assert [found.used for found in uses.page(ROOT).tokens] == [START + timedelta(minutes=5)]


def test_a_log_that_keeps_no_tokens_says_so() -> None:
    class Other:
        def __init__(self) -> None:
            self._log = InMemoryStore().log

        def __getattr__(self, name: str) -> Any:
            if name in ("tokens", "audit", "write_tokens", "write_uses"):
                raise AttributeError(name)
            return getattr(self._log, name)

    log: Any = Other()
    append(log, "a")
    uses = TokenUses(LogStore(log))

    asked: list[Callable[[], object]] = [
        lambda: uses.make(ROOT, new()),
        lambda: uses.page(ROOT).tokens,
        lambda: uses.audit(ROOT),
        lambda: uses.note_uses(["00000001"]),
    ]
    for use in asked:
        with pytest.raises(TokensNotKept):
            use()
