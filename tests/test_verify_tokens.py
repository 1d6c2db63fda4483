"""What is wrong with tokens is named; tokens as they are made, renewed, used and revoked are sound."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from binder_registry.auth import Identity, Scope
from binder_registry.backends.memory import MemoryLog
from binder_registry.conformance.token_stores import CI, NOON
from binder_registry.log_store import LogStore
from binder_registry.token_contract import AuditEntry, Token, TokenAction, TokenChange
from binder_registry.token_rules import NewToken
from binder_registry.token_uses import TokenUses
from binder_registry.tokens import identity_of
from binder_registry.verify import verify

ROOT = Identity("api-key", frozenset(Scope), "key")
CHILD = replace(CI, id="child", name="child", parent=CI.id, number=2)
REVOKED = replace(CI, revoked=NOON, number=3)


def entry(token: Token, number: int, action: TokenAction = TokenAction.MADE, name: str = "") -> AuditEntry:
    return AuditEntry(number=number, time=NOON, by="user:ada", action=action, id=token.id, name=name or token.name)


def made(token: Token) -> TokenChange:
    return token, entry(token, token.number)


ROOTED = replace(CI, parent="")
WRONG: dict[str, tuple[Sequence[TokenChange], str]] = {
    "a gap": (
        [made(ROOTED), made(replace(CHILD, number=3))],
        "entry 2 of the audit says that it is 3",
    ),
    "no token": ([(ROOTED, entry(CHILD, 1))], "token child: the audit tells of it, and it is not there"),
    "a short digest": ([made(replace(ROOTED, digest=b"short"))], "the digest of its secret has another length"),
    "a short old digest": ([made(replace(ROOTED, old_digest=b"short"))], "the digest of its secret has another length"),
    "an end before": ([made(replace(ROOTED, expires=NOON))], "it expires before it was made"),
    "no maker": ([made(replace(CHILD, number=1))], f"the token {CI.id} that made it is not there"),
    "a later end": (
        [made(ROOTED), made(replace(CHILD, expires=CI.expires + timedelta(seconds=1)))],
        f"token child: it expires after the token {CI.id} that made it",
    ),
    "a revoked maker": (
        [made(ROOTED), made(CHILD), (replace(REVOKED, parent=""), entry(CI, 3, TokenAction.REVOKED))],
        f"token child: the token {CI.id} that made it is revoked, and it is not",
    ),
    "never made": ([(ROOTED, entry(CI, 1, TokenAction.ROTATED))], "does not tell once that it was made"),
    "made twice": (
        [made(ROOTED), (replace(ROOTED, number=2), entry(CI, 2))],
        "does not tell once that it was made",
    ),
    "another number": ([(replace(ROOTED, number=7), entry(CI, 1))], "is 1, and it says 7"),
    "revoked by nobody": ([made(replace(ROOTED, revoked=NOON))], "disagree on whether it is revoked"),
    "not revoked": (
        [made(ROOTED), (replace(ROOTED, number=2), entry(CI, 2, TokenAction.REVOKED))],
        "disagree on whether it is revoked",
    ),
    "another name": ([(ROOTED, entry(CI, 1, name="other"))], "its name is 'ci', and the audit has 'other'"),
}


def problems(changes: Sequence[TokenChange]) -> str:
    log = MemoryLog()
    with log.writing():
        log.write_tokens(changes)
    return "\n".join(verify(log).problems)


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named(what: str) -> None:
    changes, named = WRONG[what]

    assert named in problems(changes)


def test_what_was_made_renewed_used_and_revoked_is_sound() -> None:
    store = LogStore(MemoryLog())
    uses = TokenUses(store)
    parent, _ = uses.make(ROOT, NewToken("parent", tuple(Scope)))
    child, _ = uses.make(identity_of(parent), NewToken("child", ("read", "tokens")))
    for token in (parent, child):
        uses.rotate(ROOT, token.id, keep_old=60)
    uses.note_uses([child.id])
    uses.revoke(ROOT, parent.id)
    uses.make(ROOT, NewToken("other", ("read",)))

    finding = verify(store.log)

    assert (finding.problems, finding.tokens) == ([], 3)


def test_only_so_many_problems_are_named() -> None:
    assert problems([made(replace(CI, id=str(number), number=number + 1)) for number in range(99)]).count("\n") < 30


class Changing(MemoryLog):
    """Something else is done to its tokens the first time that the audit is read."""

    meanwhile: Callable[[], object] | None = None

    def audit(self, since: int, *, limit: int) -> list[AuditEntry]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return super().audit(since, limit=limit)


def test_what_is_done_meanwhile_is_left_out() -> None:
    log = Changing()
    uses = TokenUses(LogStore(log))
    token, _ = uses.make(ROOT, NewToken("ci", ("read",)))
    log.meanwhile = lambda: (uses.make(ROOT, NewToken("other", ("read",))), uses.revoke(ROOT, token.id))

    assert verify(log).problems == []
