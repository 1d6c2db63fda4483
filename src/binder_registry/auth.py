"""Who may do what: tokens, identities and scopes."""

import hmac
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from msgspec import Struct

from .errors import InvalidToken, MissingScope


class Scope(StrEnum):
    """As hub scopes: `custom:binder-registry:read`, …"""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Identity(Struct, frozen=True):
    """Who holds a token. `name` is kept in the log as `by` of what they write."""

    name: str
    scopes: frozenset[Scope]

    def require(self, scope: Scope) -> None:
        """Raises `MissingScope`."""
        if scope not in self.scopes:
            raise MissingScope.of(scope)


class AuthStore(Protocol):
    """`AuthStoreConformance` holds it. `identify` may be called from any thread."""

    blocking: bool
    """Whether `identify` may wait (for a network, say), so that a server must call it in a thread."""

    def identify(self, token: str) -> Identity:
        """Raises `InvalidToken`, or `AuthUnavailable` when it cannot be told right now."""
        ...


class TokenAuthStore:
    """Fixed tokens that hold all scopes; more than one, so that a token can be rotated without a gap.

    Only their hashes are kept, and each check compares with every one of them in constant time.
    """

    blocking = False

    def __init__(self, *tokens: str, name: str = "api-key") -> None:
        if not tokens or not all(tokens):
            raise ValueError("a TokenAuthStore needs at least one token, and none may be empty")
        self._digests = [_digest(token) for token in tokens]
        self._identity = Identity(name, frozenset(Scope))

    def identify(self, token: str) -> Identity:
        digest, known = _digest(token), False
        for one in self._digests:
            known |= hmac.compare_digest(digest, one)
        if not known:
            raise InvalidToken
        return self._identity


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="surrogatepass")).digest()
