"""Are the tokens whole that a log keeps, and does what they are follow from what was done to them?"""

from collections.abc import Iterator
from itertools import groupby

import msgspec

from .changes import PAGE
from .token_contract import AuditEntry, Token, TokenAction, TokenStore

DIGEST_BYTES = 32
_UNREADABLE = (msgspec.MsgspecError, TypeError, ValueError, OverflowError, AssertionError)


def token_problems(store: TokenStore, most: int) -> tuple[int, list[str]]:
    """How many tokens there are, and at most so many lines of what is wrong with them. What a live server does
    meanwhile is left out."""
    try:
        newest, tokens = store.tokens()
    except _UNREADABLE as error:
        return 0, [f"the tokens cannot be read: {error}"]
    entries, problems = list[AuditEntry](), list[str]()
    try:
        while len(entries) < newest and (page := store.audit(len(entries), limit=PAGE)):
            entries += page
    except _UNREADABLE as error:
        problems.append(f"after entry {len(entries)} the audit cannot be read: {error}")
    else:
        problems += _problems(store, tokens, entries[:newest], newest)
    return len(tokens), problems[:most]


def _problems(store: TokenStore, tokens: list[Token], entries: list[AuditEntry], newest: int) -> Iterator[str]:
    for number, entry in enumerate(entries, 1):
        if entry.number != number:
            yield f"entry {number} of the audit says that it is {entry.number}"
    if len(entries) < newest:
        yield f"the audit ends with entry {len(entries)}, and its newest is {newest}"
    by_id = {token.id: token for token in tokens}
    done = {
        identifier: list(some)
        for identifier, some in groupby(sorted(entries, key=lambda each: each.id), key=lambda each: each.id)
    }
    missing = {*done, *(token.parent for token in tokens if token.parent)} - by_id.keys()
    forgotten = store.given(missing)
    for identifier in sorted(done.keys() & missing - forgotten):
        yield f"token {identifier}: the audit tells of it, and it is not there"
    for token in tokens:
        for problem in [*_of_one(token, by_id, forgotten), *_of_its_past(token, done.get(token.id, []))]:
            yield f"token {token.id}: {problem}"


def _of_one(token: Token, by_id: dict[str, Token], forgotten: set[str]) -> Iterator[str]:
    if len(token.digest) != DIGEST_BYTES or (token.old_until and len(token.old_digest) != DIGEST_BYTES):
        yield "the digest of its secret has another length"
    if token.expires <= token.created:
        yield "it expires before it was made"
    parent = by_id.get(token.parent)
    if token.parent and parent is None and token.parent not in forgotten:
        yield f"the token {token.parent} that made it is not there"
    if parent and parent.expires < token.expires:
        yield f"it expires after the token {token.parent} that made it"
    if parent and parent.revoked and parent.revoked < token.expires and not token.revoked:
        yield f"the token {token.parent} that made it is revoked, and it is not"


def _of_its_past(token: Token, done: list[AuditEntry]) -> Iterator[str]:
    """`done` are the entries about it, in their order."""
    actions = [entry.action for entry in done]
    if not done or actions[0] != TokenAction.MADE or actions.count(TokenAction.MADE) != 1:
        yield "the audit does not tell once that it was made, before all else"
    if done and done[-1].number != token.number:
        yield f"the newest entry about it is {done[-1].number}, and it says {token.number}"
    if (TokenAction.REVOKED in actions) != (token.revoked is not None):
        yield "it and the audit disagree on whether it is revoked"
    if names := {entry.name for entry in done} - {token.name}:
        yield f"its name is {token.name!r}, and the audit has {min(names)!r}"
