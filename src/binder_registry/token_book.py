"""The tokens of one log, in memory: read once, then what changed."""

import threading
from collections.abc import Sequence
from datetime import datetime

from .token_contract import Token, TokenChange, TokenStore


class TokenBook:
    """May be used from any thread. Looking up a token waits for nobody."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self._number = 0

    @property
    def number(self) -> int:
        """Of the newest entry of the audit that is known here."""
        return self._number

    def refresh(self) -> None:
        """One question to the database. Inside `writing()`, nobody else knows more then. Raises `StoreUnavailable`."""
        with self._lock:
            since = self._number
            newest, changed = self._store.tokens(since)
            if newest < since:  # another log, or an older copy, took the place of this one
                since, (newest, changed) = 0, self._store.tokens(0)
            self._tokens = _with(changed, self._tokens if since else {})
            self._number = max([newest, *(token.number for token in changed)])

    def forget(self) -> None:
        """Read all of it with the next `refresh`: another log may take the place of this one meanwhile."""
        with self._lock:
            self._number = 0

    def take(self, changes: Sequence[TokenChange]) -> None:
        """What was just committed."""
        with self._lock:
            if changes[0][1].number == self._number + 1:
                self._number = changes[-1][1].number
            self._tokens = _with([token for token, _ in changes], self._tokens)

    def get(self, identifier: str) -> Token | None:
        return self._tokens.get(identifier)

    def tokens(self) -> dict[str, Token]:
        """All that there ever were, by id."""
        return dict(self._tokens)


def has_ended(token: Token, now: datetime) -> bool:
    """For good: what has ended does not begin again."""
    return token.revoked is not None or now >= token.expires


def _with(changed: Sequence[Token], known: dict[str, Token]) -> dict[str, Token]:
    newer = {token.id: token for token in changed if token.id not in known or known[token.id].number <= token.number}
    return {**known, **newer} if newer else known
