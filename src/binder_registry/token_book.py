"""The tokens of one log, in memory: read once, then what changed, without what ended long ago."""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from .clock import utc_now
from .lengths import MOST_ENDED_TOKENS
from .token_contract import Token, TokenChange, TokenStore

KEPT = timedelta(days=90)  # after its end
TIDY = 100  # entries of the audit, after which what is to be forgotten is looked for: servers agree on when


class TokenBook:
    """May be used from any thread. Looking up a token waits for nobody."""

    def __init__(self, store: TokenStore, now: Callable[[], datetime] = utc_now) -> None:
        self._store, self._now = store, now
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
            if changed and (not since or tidies(since, self._number)):
                self._forget_outdated()

    def forget(self) -> None:
        """Read all of it with the next `refresh`: another log may take the place of this one meanwhile."""
        with self._lock:
            self._number = 0

    def take(self, changes: Sequence[TokenChange]) -> None:
        """What was just committed."""
        with self._lock:
            first, last = changes[0][1].number, changes[-1][1].number
            if first == self._number + 1:
                self._number = last
            self._tokens = _with([token for token, _ in changes], self._tokens)
            if tidies(first - 1, last):
                self._forget_outdated()

    def get(self, identifier: str) -> Token | None:
        return self._tokens.get(identifier)

    def tokens(self) -> dict[str, Token]:
        """All that are not forgotten, by id."""
        return dict(self._tokens)

    def _forget_outdated(self) -> None:
        if gone := {token.id for token in outdated(self._tokens.values(), self._now())}:
            self._tokens = {token.id: token for token in self._tokens.values() if token.id not in gone}


def outdated(tokens: Iterable[Token], now: datetime) -> Sequence[Token]:
    """Those that are to be forgotten: they ended long ago, or before many others."""
    ended = sorted((token for token in tokens if has_ended(token, now)), key=_end_of)
    old = sum(_end_of(token) <= now - KEPT for token in ended)
    return ended[: max(old, len(ended) - MOST_ENDED_TOKENS)]


def tidies(before: int, after: int) -> bool:
    """Whether it is time for that, now that the audit has so many entries."""
    return before // TIDY != after // TIDY


def has_ended(token: Token, now: datetime) -> bool:
    """For good: what has ended does not begin again."""
    return token.revoked is not None or now >= token.expires


def _end_of(token: Token) -> datetime:
    return min(token.expires, token.revoked or token.expires)


def _with(changed: Sequence[Token], known: dict[str, Token]) -> dict[str, Token]:
    newer = {token.id: token for token in changed if token.id not in known or known[token.id].number <= token.number}
    return {**known, **newer} if newer else known
