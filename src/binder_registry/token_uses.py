"""What people do with tokens: make, list, renew and revoke them. Part of `Registry`, which asks for the rights.

The writing ones are called in the writer thread, inside `atomic()`, as those of templates.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import nsmallest

from msgspec import Struct
from msgspec.structs import replace

from .auth import Identity, Scope, digest_of
from .batch import Batch
from .changes import PAGE
from .clock import utc_now
from .errors import InvalidRequest, MissingScope, TokenExists, TokenNotFound, TokensNotKept
from .globs import compiled
from .lengths import MOST_GENERATIONS, MOST_TOKENS
from .log_store import LogStore
from .token_book import TokenBook, has_ended
from .token_contract import AuditEntry, Token, TokenAction, TokenStore
from .token_rules import DAY, DEFAULT_DAYS, LONGEST_GRACE, MOST_DAYS, NewToken, check_new
from .token_text import new_id, new_secret, token_text


class TokenPage(Struct, frozen=True):
    tokens: Sequence[Token]
    total: int  # on all pages
    last: str = ""  # the name behind which the next page begins; "" where this is the last


class TokenUses:
    """Who may see a token: whoever made it, itself, and admins. Who may revoke it: the same, and the holders of those
    that it has its rights from; of admins only those whose reach is everything. All raise `TokensNotKept`."""

    def __init__(
        self, store: LogStore, *, longest: int = MOST_DAYS * DAY, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._store, self._longest, self._now = store, longest, now

    def make(self, who: Identity, new: NewToken) -> tuple[Token, str]:
        """With its text, which nobody can tell later.

        Raises `MissingScope`, `InvalidRequest`, `TokenExists`, `TokenNotFound` where who asks has ended meanwhile.
        """
        who.require(Scope.TOKENS)
        now = self._now()
        longest = self._longest
        if who.expires is not None:
            longest = min(longest, int((who.expires - now).total_seconds()))
        check_new(new, who.scopes, longest)
        with self._store.atomic() as batch:
            tokens = self._tokens(batch)
            parents = _line(tokens, who.token)
            if who.token and (not parents or has_ended(parents[0], now)):
                raise TokenNotFound
            if len(parents) >= MOST_GENERATIONS:
                raise InvalidRequest(f"tokens make tokens for {MOST_GENERATIONS} generations at most")
            if self._is_given(batch, new.name):  # people name a token by name or id: who means one gets no other
                raise TokenExists
            if sum(not has_ended(token, now) for token in tokens.values()) >= MOST_TOKENS:
                raise InvalidRequest(f"this registry has {MOST_TOKENS} tokens already: revoke some")
            secret, identifier = new_secret(), new_id()
            while self._is_given(batch, identifier):
                identifier = new_id()
            seconds = min(DEFAULT_DAYS * DAY, longest) if new.seconds is None else new.seconds
            token = Token(
                id=identifier,
                name=new.name,
                note=new.note,
                by=who.by,
                scopes=new.scopes,
                templates=new.templates,
                labels=new.labels,
                bounds=_bounds(who, parents),
                parent=who.token,
                digest=digest_of(secret),
                created=now,
                expires=now + timedelta(seconds=seconds),
                number=0,
            )
            return self._write(batch, token, TokenAction.MADE, who.by), token_text(identifier, secret)

    def page(self, who: Identity, *, by: str = "", name: str = "", after: str = "", limit: int = PAGE) -> TokenPage:
        """Of those that one may see, by name, behind `after`; of one maker only, or whose names fit a glob, where these
        are said."""
        kept, book = self._kept(), self._book()
        book.refresh()
        fits = compiled(name or "*")
        found = [
            token
            for token in book.tokens().values()
            if (Scope.ADMIN in who.scopes or token.by == who.by or token.id == who.token)
            and by in ("", token.by)
            and fits(token.name)
        ]
        page = nsmallest(limit + 1, (token for token in found if token.name > after), key=lambda token: token.name)
        used = kept.when_used([token.id for token in page[:limit]])
        shown = [replace(token, used=used.get(token.id)) for token in page[:limit]]
        return TokenPage(shown, len(found), shown[-1].name if len(page) > limit else "")

    def revoke(self, who: Identity, identifier: str) -> Sequence[Token]:
        """With all that have their rights from it; one that was revoked before stays so. Raises `TokenNotFound`."""
        with self._store.atomic() as batch:
            tokens = self._tokens(batch)
            token = self._governed(who, tokens, identifier)
            return self._revoke(batch, tokens, [token], who.by)

    def revoke_all(self, who: Identity, *, by: str | None = None) -> Sequence[Token]:
        """That this maker made, or all of them. Raises `MissingScope` for who is neither the maker nor an admin of
        everything."""
        if who.by != by:
            _require_all(who)
        with self._store.atomic() as batch:
            tokens = self._tokens(batch)
            made = [token for token in tokens.values() if by in (None, token.by)]
            return self._revoke(batch, tokens, made, who.by)

    def rotate(self, who: Identity, identifier: str, *, keep_old: int = 0) -> tuple[Token, str]:
        """A new secret, with the whole text; the one before is good for `keep_old` seconds more. Whoever holds it has
        its rights, so that nobody renews what may do more than they, nor anything with a secret that was renewed: it
        would outlive its grace.

        Raises `TokenNotFound`, `MissingScope`, `InvalidRequest`.
        """
        if not 0 <= keep_old <= LONGEST_GRACE:
            raise InvalidRequest.parameter("keep-old", f"must be a whole number of seconds, from 0 to {LONGEST_GRACE}")
        now = self._now()
        with self._store.atomic() as batch:
            tokens = self._tokens(batch)
            token = self._governed(who, tokens, identifier)
            if who.token and (who.token not in tokens or who.expires != tokens[who.token].expires):
                raise MissingScope("A secret that was renewed renews nothing: use the new one")
            if token.id != who.token:
                who.require(Scope.TOKENS)
                for scope in token.scopes:
                    if scope not in who.scopes:
                        raise MissingScope.of(scope)
                if not who.token and not set(_bounds(who, ())) <= set(
                    token.bounds
                ):  # one's reach may have shrunk since
                    raise MissingScope("The token reaches further than whoever renews it")
            if has_ended(token, now):
                raise TokenNotFound
            secret = new_secret()
            old = (token.digest, now + timedelta(seconds=keep_old)) if keep_old else (b"", None)
            renewed = replace(token, digest=digest_of(secret), old_digest=old[0], old_until=old[1])
            return self._write(batch, renewed, TokenAction.ROTATED, who.by), token_text(identifier, secret)

    def audit(self, who: Identity, *, since: int = 0, limit: int = 1000) -> Sequence[AuditEntry]:
        who.require(Scope.ADMIN)
        return self._kept().audit(since, limit=limit)

    def note_uses(self, identifiers: Iterable[str]) -> None:
        """For the server itself: these tokens were used a moment ago. Kept to the minute."""
        self._kept()  # else the whole commit would fail, and not this alone
        minute = self._now().replace(second=0, microsecond=0)
        with self._store.atomic() as batch:
            batch.token_uses |= dict.fromkeys(identifiers, minute)

    def living(self) -> Sequence[Token]:
        """For the server itself: all that have not ended, the first to end first; none where no tokens are kept. One
        question to the database. Raises `StoreUnavailable`."""
        book, now = self._store.tokens, self._now()
        if book is None:
            return ()
        book.refresh()
        found = [token for token in book.tokens().values() if not has_ended(token, now)]
        return sorted(found, key=lambda token: token.expires)

    def _kept(self) -> TokenStore:
        log = self._store.log
        if not isinstance(log, TokenStore):
            raise TokensNotKept
        return log

    def _tokens(self, batch: Batch) -> dict[str, Token]:
        """As they are now: nobody else writes meanwhile."""
        book = self._book()
        book.refresh()
        return book.tokens() | {token.id: token for token, _ in batch.tokens}

    def _is_given(self, batch: Batch, text: str) -> bool:
        """As the id or the name of a token that there ever was."""
        return any(text in (token.id, token.name) for token, _ in batch.tokens) or bool(self._kept().given([text]))

    def _book(self) -> TokenBook:
        if self._store.tokens is None:
            raise TokensNotKept
        return self._store.tokens

    def _governed(self, who: Identity, tokens: Mapping[str, Token], identifier: str) -> Token:
        token = tokens.get(identifier)
        if token is None:
            raise TokenNotFound
        line = {one.id for one in _line(tokens, identifier)}
        if not (token.by == who.by or (who.token and who.token in line)):
            if Scope.ADMIN not in who.scopes:
                raise TokenNotFound  # as one that is not there: it is not theirs to see
            _require_all(who)
        return token

    def _revoke(self, batch: Batch, tokens: Mapping[str, Token], roots: Sequence[Token], by: str) -> Sequence[Token]:
        ids = {token.id for token in roots}
        now = self._now()
        return [
            self._write(batch, replace(token, revoked=now), TokenAction.REVOKED, by)
            for token in tokens.values()
            if token.revoked is None and ids & {one.id for one in _line(tokens, token.id)}
        ]

    def _write(self, batch: Batch, token: Token, action: TokenAction, by: str) -> Token:
        number = self._book().number + len(batch.tokens) + 1
        token = replace(token, number=number)
        entry = AuditEntry(number=number, time=self._now(), by=by, action=action, id=token.id, name=token.name)
        batch.tokens.append((token, entry))
        return token


def _require_all(who: Identity) -> None:
    who.require(Scope.ADMIN)
    if not who.reach.is_everything:
        raise MissingScope("Only an admin whose token reaches every template may do this to the tokens of others")


def _line(tokens: Mapping[str, Token], identifier: str) -> Sequence[Token]:
    """A token, and those that it has its rights from."""
    line: list[Token] = []
    while (token := tokens.get(identifier)) is not None:
        line.append(token)
        identifier = token.parent
    return line


def _bounds(who: Identity, parents: Sequence[Token]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """What holds beside a new token's own reach."""
    if parents:
        parent = parents[0]
        own = ((parent.templates, parent.labels),) if parent.templates or parent.labels else ()
        return (*parent.bounds, *own)
    names = [(globs, "") for globs in who.reach.names]
    return (*names, *(((), str(requirement)) for requirement in who.reach.labels))
