"""Tokens as a database keeps them, and what a log may offer to keep them. `TokenStoreConformance` holds it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec
from msgspec import Struct


class TokenAction(StrEnum):
    MADE = "made"
    ROTATED = "rotated"
    REVOKED = "revoked"


class Token(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`id` and `name` are never given twice, also when it is forgotten; what it may do never changes.

    `templates` and `labels` are its own globs and label selector; `bounds` those of whom it has its rights from, which
    hold too. `digest` is the SHA-256 of its secret, `old_digest` of the one before, which is good until `old_until`.
    `number` is that of the newest entry of the audit about it.
    """

    id: str
    name: str
    note: str = ""
    by: str  # who made it
    scopes: tuple[str, ...]
    templates: tuple[str, ...] = ()
    labels: str = ""
    bounds: tuple[tuple[tuple[str, ...], str], ...] = ()
    parent: str = ""  # the id of the token that made it
    digest: bytes
    old_digest: bytes = b""
    old_until: datetime | None = None
    created: datetime
    expires: datetime
    revoked: datetime | None = None
    used: datetime | None = None  # to the minute, and written now and then
    number: int


class AuditEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done to a token. Numbers go up by one, without gaps, in the order of commits."""

    number: int
    time: datetime
    by: str
    action: TokenAction
    id: str
    name: str


TokenChange = tuple[Token, AuditEntry]


@runtime_checkable
class TokenStore(Protocol):
    """Beside the contract of a `Log`, of one that keeps tokens. Reads see what was committed, as the log's own do."""

    def tokens(self, since: int = 0) -> tuple[int, list[Token]]:
        """The number of the newest entry of the audit, and the tokens that entries after `since` are about."""
        ...

    def when_used(self, identifiers: Collection[str]) -> dict[str, datetime]:
        """By id, of those of these tokens that were used."""
        ...

    def given(self, texts: Collection[str]) -> set[str]:
        """Those of these that are the id or the name of a token, of a forgotten one too."""
        ...

    def audit(self, since: int, *, limit: int) -> list[AuditEntry]:
        """Entries after that number, oldest first."""
        ...

    def write_tokens(self, changes: Sequence[tuple[Token | None, AuditEntry]]) -> None:
        """Only inside `writing()`, whose fate it shares: the tokens as they are now, and why. None: it is forgotten."""
        ...

    def forget_tokens(self, identifiers: Collection[str]) -> None:
        """The same: of these tokens only ids and names are kept, and what the audit tells of them."""
        ...

    def write_uses(self, uses: Mapping[str, datetime]) -> None:
        """The same for when tokens were used, by id. No entry of the audit tells of it."""
        ...


_token = msgspec.json.Decoder(Token).decode
_entry = msgspec.json.Decoder(AuditEntry).decode


def encode_stored(kept: Token | AuditEntry) -> bytes:
    """For a backend: the row of a table. When a token was used is kept beside it."""
    return msgspec.json.encode(msgspec.structs.replace(kept, used=None) if isinstance(kept, Token) else kept)


def decode_token(content: bytes, identifier: str, name: str, number: int, used: datetime | None) -> Token:
    """From what else a row holds, too. Raises `ValueError` where that is not of this token."""
    token = _token(content)
    for column, own in ((identifier, token.id), (name, token.name), (number, token.number)):
        if column != own:
            raise ValueError(f"the row of token {token.id} has {column}, and it says {own}")
    return msgspec.structs.replace(token, used=used) if used else token


def decode_entry(content: bytes) -> AuditEntry:
    return _entry(content)
