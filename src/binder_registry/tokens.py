"""The registry's own tokens as an `AuthStore`: told from memory while the database was asked a moment ago."""

import hmac
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from time import monotonic, time

from msgspec.structs import replace

from .auth import EVERYTHING, AuthStore, Identity, Scope, asks, digest_of, identified, known, stays, there
from .errors import AuthUnavailable, InvalidRequest, InvalidToken, StoreUnavailable
from .token_book import TokenBook, has_ended
from .token_contract import Token
from .token_rules import reach_of
from .token_text import PREFIX, id_and_secret

TRUST_SECONDS = 1.0  # after the beginning of the last question that the database answered
ASK_SECONDS = 0.25  # between two questions, while tokens come
RETRY_SECONDS = 0.5  # after one that failed
REMEMBERED = 10_000  # texts
IDLE_SECONDS = 10.0  # without a token, after which nothing is asked

logger = logging.getLogger(__name__)


class StoredTokens:
    """Over the tokens of one log; several servers may share it. Its thread starts with the first token.

    What one server revoked, the others refuse within `TRUST_SECONDS`, also where the database does not answer any more:
    whoever cannot ask it says neither yes nor no (`AuthUnavailable`). A token that was never one is told without it.
    """

    blocking = True

    def __init__(self, book: TokenBook, *, now: Callable[[], float] = time) -> None:
        self._book, self._now = book, now
        self._good: dict[bytes, tuple[Token, Identity]] = {}  # by the hash of a text that was good
        self._changed = threading.Condition()  # of what follows
        self._thread: threading.Thread | None = None
        self._closed = False
        self._wanted_at = self._token_at = 0.0  # when a question was wanted, and when a token came
        self._answered_at = -TRUST_SECONDS  # when the last question began that was answered
        self._asking_at: float | None = None
        self._silent_until = 0.0

    def known(self, token: str) -> Identity | None:
        """Raises `AuthUnavailable` where it would be waited for in vain."""
        now = monotonic()
        good = self._good.get(digest_of(token))
        # The book gives the same object as long as nothing was written about a token.
        if good and now < self._answered_at + TRUST_SECONDS and self._book.get(good[0].id) is good[0]:
            self._token_at = now
            if self._now() < good[0].expires.timestamp():
                return good[1]
        parts = id_and_secret(token)
        if parts is None:
            raise InvalidToken
        self._token_at = now
        found = self._found(*parts)
        if found is not None and now < self._answered_at + TRUST_SECONDS:
            return self._holder(found, token, parts[1])
        if self._is_silent(now):
            raise AuthUnavailable
        return None

    def stays(self, token: str, holder: Identity) -> Callable[[], bool] | None:
        found = self._good.get(digest_of(token))
        if found is None or found[1] is not holder:
            return None
        book, now, good, ends = self._book, self._now, found[0], found[0].expires.timestamp()

        def is_good() -> bool:
            """As the beginning of `known`."""
            at = monotonic()
            if at >= self._answered_at + TRUST_SECONDS or book.get(good.id) is not good or now() >= ends:
                return False
            self._token_at = at
            return True

        return is_good

    def identify(self, token: str) -> Identity:
        identity = self.known(token)
        if identity is not None:
            return identity
        wanted_at = monotonic()
        with self._changed:
            self._wanted_at = wanted_at
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="tokens", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            answered = self._changed.wait_for(
                lambda: self._answered_at >= wanted_at or self._is_silent(monotonic()), TRUST_SECONDS
            )
        if not answered or self._answered_at < wanted_at:
            raise AuthUnavailable
        parts = id_and_secret(token)
        found = self._found(*parts) if parts else None
        if found is None or parts is None:
            raise InvalidToken
        return self._holder(found, token, parts[1])

    def close(self) -> None:
        """May be called twice."""
        with self._changed:
            self._closed, self._answered_at, self._silent_until = True, -TRUST_SECONDS, inf
            self._changed.notify_all()
        if self._thread:
            self._thread.join(TRUST_SECONDS)  # a database that does not answer is not waited for

    def _found(self, identifier: str, secret: str) -> Token | None:
        """None where there is no such token, or not with this secret, as far as is known: by now it may have been made,
        or renewed. Raises `InvalidToken` for one that has ended."""
        token, now = self._book.get(identifier), datetime.fromtimestamp(self._now(), UTC)
        if token is None:
            return None
        if has_ended(token, now):
            raise InvalidToken
        digest = digest_of(secret)
        good = hmac.compare_digest(digest, token.digest)
        if token.old_until is not None and now < token.old_until:
            good |= hmac.compare_digest(digest, token.old_digest)
        return token if good else None

    def _holder(self, token: Token, text: str, secret: str) -> Identity:
        identity = identity_of(token)
        if digest_of(secret) != token.digest:  # but the one before, which ends sooner, with what is made with it
            return replace(identity, expires=min(filter(None, (token.old_until, token.expires))))
        if len(self._good) >= REMEMBERED:
            self._good.clear()
        self._good[digest_of(text)] = token, identity
        return identity

    def _is_silent(self, now: float) -> bool:
        """Whether the database did not answer the last question, or lets one wait."""
        began = self._asking_at
        return now < self._silent_until or (began is not None and now > began + TRUST_SECONDS)

    def _run(self) -> None:
        while not self._closed:
            pause = self._ask()
            with self._changed:
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._closed or self._wanted_at > self._answered_at, pause)
                self._changed.wait_for(lambda: self._closed or monotonic() < self._token_at + IDLE_SECONDS)

    def _ask(self) -> float:
        """Gives for how long not to ask again."""
        self._asking_at = began = monotonic()
        try:
            self._book.refresh()
        except Exception as error:
            if not isinstance(error, StoreUnavailable):
                logger.exception("the tokens cannot be read")
            self._book.forget()
            self._silent_until, self._wanted_at = monotonic() + 2 * RETRY_SECONDS, 0.0
            return RETRY_SECONDS
        finally:
            self._asking_at = None
        if not self._closed:
            self._answered_at, self._silent_until = began, 0.0
        return ASK_SECONDS


class OwnTokens:
    """Tokens of ours, and other people's. What looks like ours is shown to nobody else, but for the keys of the server,
    one of which may happen to look like it."""

    blocking = True

    def __init__(self, own: StoredTokens, others: AuthStore | None = None, *, keys: AuthStore | None = None) -> None:
        self._own, self._others, self._keys = own, others, keys

    def stays(self, token: str, holder: Identity) -> Callable[[], bool] | None:
        return self._own.stays(token, holder) if holder.token else stays(self._others or self._keys, token, holder)

    def known(self, token: str) -> Identity | None:
        if not token.startswith(PREFIX):
            return known(there(self._others), token)
        try:
            return self._own.known(token)
        except InvalidToken:
            return known(there(self._keys), token)

    def identify(self, token: str) -> Identity:
        identity = self.known(token)
        return identity if identity is not None else self.ask(token)

    def ask(self, token: str) -> Identity:
        if not token.startswith(PREFIX):
            return identified(there(self._others), token)
        try:
            return self._own.identify(token)
        except InvalidToken:
            return identified(there(self._keys), token)

    def asks(self, token: str) -> str:
        if token.startswith(PREFIX):
            return "the database"
        return asks(self._others, token) if self._others else ""


_SCOPES = {scope.value: scope for scope in Scope}


def identity_of(token: Token) -> Identity:
    """Raises `InvalidToken` where its reach is written in a way that this release does not know."""
    reach = EVERYTHING
    try:
        for templates, labels in (*token.bounds, (token.templates, token.labels)):
            reach = reach_of(templates, labels).within(reach)
    except InvalidRequest:
        raise InvalidToken from None
    scopes = frozenset(_SCOPES[scope] for scope in token.scopes if scope in _SCOPES)
    return Identity(token.name, scopes, "token", reach=reach, token=token.id, expires=token.expires)
