"""Id-tokens as an `AuthStore`: verified once, then told at once until they end."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from msgspec import Struct

from ..auth import AuthStore, Identity, asks, digest_of, identified, known, stays, there
from ..errors import InvalidToken
from .fetching import Source, fetched
from .id_tokens import issuer_of, looks_like_one, refuse, verified
from .issuer_keys import IssuerKeys, Key, Keys
from .rules import Publisher, holder_of

REMEMBERED = 4096  # tokens of publishers; others push none of them out

logger = logging.getLogger(__name__)


class _Issuer(Struct, frozen=True):
    publishers: Sequence[Publisher]  # in the file's order
    audiences: frozenset[str]
    keys: IssuerKeys


class _Remembered(Struct, frozen=True):
    """What a token was good for, as long as the issuer's keys are these."""

    until: float
    holder: Identity
    issuer: str
    keys: Keys


class _Rules(Struct, frozen=True):
    """Of one reading of the file: what is remembered goes with it."""

    sources: Mapping[str, Source]
    issuers: Mapping[str, _Issuer]
    remembered: OrderedDict[bytes, _Remembered]


class PublisherTokens:
    """The publishers of one file. Issuers are asked when a token of theirs comes, and not before."""

    blocking = True

    def __init__(
        self,
        publishers: Sequence[Publisher],
        sources: Sequence[Source],
        *,
        fetch: Callable[[Source], Keys] = fetched,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._now, self._clock = fetch, now, clock
        self._lock = threading.Lock()  # of what is remembered
        self._rules = _Rules({}, {}, OrderedDict())
        self.renew(publishers, sources)

    def renew(self, publishers: Sequence[Publisher], sources: Sequence[Source]) -> None:
        """These take the place of those before, at once and for every token; the keys of issuers that stay are kept,
        but for those in files."""
        before = self._rules
        issuers = dict[str, _Issuer]()
        for source in sources:
            own = [publisher for publisher in publishers if publisher.issuer == source.issuer]
            same = source == before.sources.get(source.issuer) and not source.keys_file
            keys = before.issuers[source.issuer].keys if same else self._keys_of(source)
            issuers[source.issuer] = _Issuer(own, frozenset(each.audience for each in own), keys)
        self._rules = _Rules({source.issuer: source for source in sources}, issuers, OrderedDict())

    def known(self, token: str) -> Identity | None:
        rules = self._rules
        found = rules.remembered.get(digest_of(token))
        if found and self._now() < found.until and rules.issuers[found.issuer].keys.current() is found.keys:
            return found.holder
        self._issuer(rules, token)
        return None

    def stays(self, token: str, holder: Identity) -> Callable[[], bool] | None:
        rules, now = self._rules, self._now
        found = rules.remembered.get(digest_of(token))
        if found is None or found.holder is not holder:
            return None
        until, found_keys, keys = found.until, found.keys, rules.issuers[found.issuer].keys
        return lambda: self._rules is rules and now() < until and keys.current() is found_keys

    def identify(self, token: str) -> Identity:
        """Raises `NoPublisher` for a token that is good, and no publisher's."""
        identity = self.known(token)
        while identity is None:
            rules = self._rules
            found = self._verified(rules, token)
            if rules is self._rules:  # else the file was read meanwhile
                identity = found
        return identity

    def asks(self, token: str) -> str:
        """Whose keys are needed for this token: who waits for these waits for nobody else. Empty: nobody's."""
        with suppress(InvalidToken):
            issuer = issuer_of(token)
            return issuer if issuer in self._rules.issuers else ""
        return ""

    def _verified(self, rules: _Rules, token: str) -> Identity:
        name, issuer = self._issuer(rules, token)
        used: list[Key | None] = []

        def find(algorithm: str, identifier: str | None) -> Key | None:
            used.append(issuer.keys.find(algorithm, identifier))
            return used[-1]

        try:
            good = verified(token, name, issuer.audiences, find, self._now())
        except InvalidToken as error:
            logger.info("an id-token that says it is of %s was refused: %s", name, error)
            raise
        holder = holder_of(issuer.publishers, good.audience, good.claims)
        keys = issuer.keys.current()
        if keys is not None and any(key is used[-1] for key in keys.values()):  # else it was taken back meanwhile
            with self._lock:
                rules.remembered[digest_of(token)] = _Remembered(good.until, holder, name, keys)
                if len(rules.remembered) > REMEMBERED:
                    rules.remembered.popitem(last=False)
        return holder

    def _issuer(self, rules: _Rules, token: str) -> tuple[str, _Issuer]:
        name = issuer_of(token)
        found = rules.issuers.get(name)
        if found is None:
            refuse("no publisher has its issuer")
        return name, found

    def _keys_of(self, source: Source) -> IssuerKeys:
        return IssuerKeys(source.issuer, partial(self._fetch, source), self._clock)


class WithPublishers:
    """Id-tokens, and other people's tokens. What looks like an id-token is shown to nobody else, but for the keys of
    the server, one of which may happen to look like it."""

    blocking = True

    def __init__(
        self, publishers: PublisherTokens, others: AuthStore | None = None, *, keys: AuthStore | None = None
    ) -> None:
        self._publishers, self._others, self._keys = publishers, others, keys

    def stays(self, token: str, holder: Identity) -> Callable[[], bool] | None:
        if holder.kind == "publisher":
            return self._publishers.stays(token, holder)
        return stays(self._others or self._keys, token, holder)

    def known(self, token: str) -> Identity | None:
        if not looks_like_one(token):
            return known(there(self._others), token)
        try:
            identity = self._publishers.known(token) or self._key(token)
        except InvalidToken:
            identity = self._key(token)
            if identity is None:
                raise
        return identity

    def identify(self, token: str) -> Identity:
        return self.known(token) or self.ask(token)

    def ask(self, token: str) -> Identity:
        if not looks_like_one(token):
            return identified(there(self._others), token)
        return self._key(token) or self._publishers.identify(token)

    def asks(self, token: str) -> str:
        if looks_like_one(token):
            return self._publishers.asks(token)
        return asks(self._others, token) if self._others else ""

    def _key(self, token: str) -> Identity | None:
        with suppress(InvalidToken):
            return known(self._keys, token) if self._keys else None
        return None
