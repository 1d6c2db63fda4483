"""Who may do what: tokens, identities, scopes, and how far they reach."""

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from msgspec import Struct

from .errors import InvalidToken, MissingScope
from .globs import compiled_together
from .lengths import IDENTITY_LENGTH, TOKEN_LENGTH
from .selector import Requirement, matcher

_KIND = re.compile(r"[a-z]+")
_UNKEPT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # some databases take none of them


class Scope(StrEnum):
    """As hub scopes: `custom:binder-registry:read`, …"""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    PROMOTE = "promote"
    METRICS = "metrics"
    TOKENS = "tokens"


class Reach(Struct, frozen=True, dict=True):
    """Which templates a holder may write: those whose name fits a glob of each group, and whose labels meet all
    requirements. Nothing given means every template."""

    names: tuple[tuple[str, ...], ...] = ()
    labels: tuple[Requirement, ...] = ()

    @cached_property
    def is_everything(self) -> bool:
        return not (self.names or self.labels)

    def within(self, outer: "Reach") -> "Reach":
        """What lies in both."""
        return Reach(outer.names + self.names, outer.labels + self.labels)

    @cached_property
    def names_it(self) -> Callable[[str], bool]:
        """Whether a name fits."""
        if len(self.names) == 1:
            return compiled_together(self.names[0])
        groups = [compiled_together(globs) for globs in self.names]
        return lambda name: all(fits(name) for fits in groups)

    @cached_property
    def holds(self) -> Callable[[Mapping[str, str]], bool]:
        """Whether labels meet all of it."""
        return matcher(self.labels)


EVERYTHING = Reach()


class Identity(Struct, frozen=True, dict=True):
    """Who holds a token. Of what they write, the log keeps `by`.

    `kind` is a word (`key`, `token`, `user`, `service`, `publisher` and `anyone` are ours): the first colon of `by`
    ends it, so that a user called `api-key` is nobody's key. `groups` and `admin` are what a hub says of a user: they
    allow nothing here, and a view tells what they allow in the hub. `token` is the public id of a token of the
    registry's own. It, or an id-token, ends at `expires`. `note` is for what is written without one.
    """

    name: str
    scopes: frozenset[Scope]
    kind: str = "user"
    groups: frozenset[str] = frozenset()
    admin: bool = False
    reach: Reach = EVERYTHING
    token: str = ""
    expires: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind):
            raise ValueError(f"{self.kind!r} is no kind of identity: it must be a word of lower-case letters")
        if not self.name or len(self.name) > IDENTITY_LENGTH or _UNKEPT.search(self.name):
            raise ValueError(
                f"an identity needs a name of at most {IDENTITY_LENGTH} characters that can be written down"
            )

    @cached_property
    def by(self) -> str:
        return f"{self.kind}:{self.name}"

    def require(self, scope: Scope) -> None:
        """Raises `MissingScope`."""
        if scope not in self.scopes:
            raise MissingScope.of(scope)


ANYONE = Identity("anyone", frozenset({Scope.READ}), "anyone")  # who reads where reads are not protected


class AuthStore(Protocol):
    """`AuthStoreConformance` holds it. `identify` may be called from any thread.

    One that may wait can have `known(token) -> Identity | None` too, which never does: what `identify` would say as far
    as it can be told at once, else None. A server asks it first, on its event loop, and so needs no thread for a token
    that it was asked about a moment ago. One that keeps answers can have `ask(token) -> Identity` too, which is
    `identify` by an answer that it did not have yet. One that is asked about the same token again and again can have
    `stays(token, holder)`: see there. One that asks several can have `asks(token) -> str`: whom it would ask about this
    token. Who waits for one of them waits for no other.
    """

    blocking: bool
    """Whether `identify` may wait (for a network, say), so that a server must call it in a thread."""

    def identify(self, token: str) -> Identity:
        """Raises `InvalidToken`, `NoPublisher`, or `AuthUnavailable` when it cannot be told right now."""
        ...


def known(store: AuthStore, token: str) -> Identity | None:
    """What a store can tell without waiting. Raises `InvalidToken`; None where only `identify` can tell."""
    if not store.blocking:
        return store.identify(token)
    tell: Callable[[str], Identity | None] | None = getattr(store, "known", None)
    return tell(token) if tell else None


def stays(store: AuthStore | None, token: str, holder: Identity) -> Callable[[], bool] | None:
    """Of what `known` just told: what says, as often as it is asked, whether `known` would give this same object again.
    It waits for nobody and raises nothing. None where it is to be asked itself."""
    tell: Callable[[str, Identity], Callable[[], bool] | None] | None = getattr(store, "stays", None)
    return tell(token, holder) if tell else None


def identified(store: AuthStore, token: str) -> Identity:
    """By an answer that the store did not keep from before. Raises what `identify` does."""
    ask: Callable[[str], Identity] = getattr(store, "ask", store.identify)
    return ask(token)


def there(store: AuthStore | None) -> AuthStore:
    """Raises `InvalidToken` where there is none: nobody's token is good then."""
    if store is None:
        raise InvalidToken
    return store


def asks(store: AuthStore, token: str) -> str:
    """Whom a store would ask about this token; empty where it does not tell them apart."""
    tell: Callable[[str], str] | None = getattr(store, "asks", None)
    return tell(token) if tell else ""


class TokenAuthStore:
    """Fixed tokens that hold all scopes; more than one, so that a token can be rotated without a gap.

    Only their hashes are kept, and each check compares with every one of them in constant time. Blanks around a token
    are taken off. Raises `ValueError`, without repeating it, for one that no request could carry.
    """

    blocking = False

    def __init__(self, *tokens: str, name: str = "api-key") -> None:
        self._name = name
        self.renew(*tokens)

    def renew(self, *tokens: str) -> None:
        """These take the place of those before, all at once. Raises as above, and leaves them then."""
        if not tokens:
            raise ValueError("a TokenAuthStore needs at least one token")
        digests = [digest_of(carried(token)) for token in tokens]
        # In one: a token of before is never told to be the new holder's.
        self._kept = Identity(self._name, frozenset(Scope), "key"), digests

    def stays(self, token: str, holder: Identity) -> Callable[[], bool] | None:
        """Until the next `renew`, which makes another object."""
        kept = self._kept
        return (lambda: self._kept is kept) if holder is kept[0] else None

    def identify(self, token: str) -> Identity:
        holder, digests = self._kept
        digest, known = digest_of(token), False
        for one in digests:
            known |= hmac.compare_digest(digest, one)
        if not known:
            raise InvalidToken
        return holder


def trimmed(text: str) -> str:
    """Without what secrets and editors leave around a key: blanks, line ends, a byte order mark."""
    return text.strip().strip("\ufeff").strip()


def carried(token: str) -> str:
    """The token as `Authorization: token …` brings it. Raises `ValueError`, which does not repeat it."""
    token = trimmed(token)
    if not token:
        raise ValueError("a token may not be empty")
    if not token.isascii():
        raise ValueError("a token may hold ASCII letters, digits and marks only: no other can be sent in a header")
    if not token.isprintable() or " " in token:
        raise ValueError("a token may hold no blank, line end or control character: `token KEY` is split at blanks")
    if len(token) > TOKEN_LENGTH:
        raise ValueError(f"a token may have at most {TOKEN_LENGTH} characters")
    return token


def digest_of(token: str) -> bytes:
    """What is kept, and remembered, in its place."""
    return sha256(token.encode(errors="surrogatepass")).digest()
