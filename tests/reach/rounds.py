"""Tokens that make tokens do random things to a registry; after each one, what came of it is what the oracle says."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from binder_registry.appending import LogMoved
from binder_registry.auth import Identity, Scope, TokenAuthStore
from binder_registry.backends.memory import MemoryLog
from binder_registry.batch import Batch
from binder_registry.changes import Change, Head, Seen
from binder_registry.errors import InvalidToken, MissingScope, OutOfReach, RegistryError
from binder_registry.lengths import MOST_GENERATIONS
from binder_registry.log_store import LogStore
from binder_registry.registry import Registry
from binder_registry.template import Template
from binder_registry.token_rules import NewToken
from binder_registry.token_uses import TokenUses
from binder_registry.tokens import StoredTokens

from .oracle import GLOBS, SELECTORS, Bound, States, allowed
from .verbs import ROOT, Verb, any_verb, states

HOLDERS = 12  # at once: the oldest leave
LONGEST = 1000  # changes, after which another registry is begun


class Figures(Struct):
    steps: int = 0
    written: int = 0
    beyond: int = 0  # refused, for what was out of reach
    unscoped: int = 0
    ended: int = 0  # of holders whose token, or one before it, had ended


@dataclass(eq=False)
class Holder:
    """As the oracle knows it."""

    id: str
    text: str
    line: tuple["Holder", ...]  # of those that it has its rights from, and itself
    bounds: tuple[Bound, ...]  # of all of them
    scopes: frozenset[Scope]
    expires: datetime
    revoked: bool = False

    def lives(self, now: datetime) -> bool:
        return now < self.expires and not any(one.revoked for one in self.line)


def governs(holder: Holder, target: Holder) -> bool:
    """Of the tokens that have their rights from it, and of all of them as an admin of everything."""
    everything = not any(globs or selector for globs, selector in holder.bounds)
    return holder in target.line or (Scope.ADMIN in holder.scopes and everything)


class FarLog(MemoryLog):
    """Appends without a lock that was taken before, too."""

    def append_after(self, head: Head, rows: list[Change]) -> bool:
        with self.writing() as there:
            if self.head() != head:
                return False
            there += rows
        return True


class _Undo(Exception):
    pass


class World:
    def __init__(self, random: Random, figures: Figures) -> None:
        self.random, self.figures = random, figures
        self.now = datetime(2026, 11, 27, tzinfo=UTC)
        self.store = LogStore(FarLog())
        self.registry = Registry(self.store, TokenAuthStore("key"))
        self.uses = self.registry.tokens = TokenUses(self.store, now=self._clock)
        assert self.store.tokens is not None
        self.auth = StoredTokens(self.store.tokens, now=lambda: self._clock().timestamp())
        self.holders: list[Holder] = []
        self.named = 0

    def _clock(self) -> datetime:
        return self.now

    def step(self) -> None:
        self.figures.steps += 1
        self.now += timedelta(seconds=self.random.choice([0, 0, 0, 2]))
        self.random.choices([self.make, self.revoke, self.rotate, self.write], [6, 1, 1, 14])[0]()

    def make(self) -> None:
        parent = self.random.choice([None, *self.holders, *self.holders[-3:] * 2])
        who = self._identified(parent) if parent else ROOT
        if who is None:
            return
        self.named += 1
        bound = (self.random.choice(GLOBS), self.random.choice(["", "", "", "", *SELECTORS]))
        scopes = frozenset(scope for scope in Scope if self.random.random() < 0.8)
        left = int((parent.expires - self.now).total_seconds()) if parent else 600
        seconds = self.random.choice([None, None, None, left, left + 1, 30])
        try:
            new = NewToken(f"t{self.named}", tuple(scopes), tuple(bound[0]), bound[1], seconds=seconds)
            token, text = self.uses.make(who, new)
        except RegistryError:
            assert parent, "the key may make any"
            generations = len(parent.line) >= MOST_GENERATIONS
            too_long = seconds is not None and not 1 <= seconds <= left
            assert generations or too_long or not scopes or not parent.scopes >= {Scope.TOKENS, *scopes}
            return
        bounds = (*(parent.bounds if parent else ()), bound)
        holder = Holder(token.id, text, (), bounds, scopes, token.expires)
        holder.line = (*(parent.line if parent else ()), holder)
        assert not parent or (parent.scopes >= {Scope.TOKENS, *scopes} and token.expires <= parent.expires)
        self.holders = [*self.holders[1 - HOLDERS :], holder]

    def revoke(self) -> None:
        if pair := self._pair():
            holder, who, target = pair
            revoked = self._is_done(lambda: self.uses.revoke(who, target.id))
            assert revoked == governs(holder, target)
            target.revoked |= revoked

    def rotate(self) -> None:
        if pair := self._pair():
            holder, who, target = pair
            old, keeps, told = target.text, self.random.random() < 0.5, list[str]()
            keep_old = 60 if keeps else 0
            rotated = self._is_done(lambda: told.append(self.uses.rotate(who, target.id, keep_old=keep_old)[1]))
            no_less = target is holder or holder.scopes >= {Scope.TOKENS, *target.scopes}
            assert rotated == (governs(holder, target) and no_less and target.lives(self.now))
            if rotated:
                [target.text] = told
                assert (self._told(old) is not None) == keeps

    def _pair(self) -> tuple[Holder, Identity, Holder] | None:
        if not self.holders:
            return None
        holder, target = self.random.choice(self.holders), self.random.choice(self.holders)
        who = self._identified(holder)
        return (holder, who, target) if who else None

    def _is_done(self, use: Callable[[], object]) -> bool:
        try:
            use()
        except RegistryError:
            return False
        return True

    def _identified(self, holder: Holder) -> Identity | None:
        """None, and counted, where its token has ended."""
        who = self._told(holder.text)
        assert (who is not None) == holder.lives(self.now)
        assert who is None or who.scopes == holder.scopes
        if who is None:
            self.figures.ended += 1
            self.holders = [one for one in self.holders if one is not holder]
        return who

    def _told(self, text: str) -> Identity | None:
        try:
            return self.auth.identify(text)
        except InvalidToken:
            return None

    def write(self) -> None:
        """Some, in one commit, each failing or succeeding on its own; without the lock first, now and then."""
        newest, group = self.registry.head().revision, list[tuple[Verb, Identity, Holder | None]]()
        for _ in range(self.random.randint(1, 4)):
            holder = self.random.choice(self.holders) if self.holders and self.random.random() < 0.9 else None
            who = self._identified(holder) if holder else ROOT
            if who is not None:
                group.append((any_verb(self.random, newest), who, holder))
        log = self.store.log
        with suppress(LogMoved):
            seen = Seen(log.head(), 1, log.current) if self.random.random() < 0.5 else None
            self._write(group, seen)
            return
        self._write(group)

    def _write(self, group: list[tuple[Verb, Identity, Holder | None]], seen: Seen | None = None) -> None:
        expected: States = plain(states(self.registry))
        with self.registry.atomic(seen) as batch:
            for verb, who, holder in group:
                expected = self._attempt(batch, verb, who, holder)
                assert plain(states(self.registry, batch)) == expected
        assert plain(states(self.registry)) == expected

    def _attempt(self, batch: Batch, verb: Verb, who: Identity, holder: Holder | None) -> States:
        """Gives what is there then."""
        before = after = states(self.registry, batch)
        start, looked_at, wrong = len(batch.rows), set(verb.looked_at), ""
        try:
            with self.registry.atomic():
                verb.call(self.registry, ROOT)
                after = states(self.registry, batch)
                looked_at |= {row.name for row in batch.rows[start:]}
                raise _Undo
        except RegistryError as error:
            wrong = type(error).__name__
        except _Undo:
            pass
        within = allowed(holder.bounds if holder else (), before, after, looked_at)
        told = self._outcome(verb.dry, who) if verb.dry and not batch.rows else None
        outcome = self._outcome(verb.call, who)
        if holder and verb.scope not in holder.scopes:
            assert outcome in {MissingScope.__name__, wrong} - {""}
            self.figures.unscoped += 1
        elif wrong:
            assert outcome in (wrong, OutOfReach.__name__)
        else:
            assert outcome == ("" if within else OutOfReach.__name__)
            assert told in (None, outcome)
            self.figures.written += within
            self.figures.beyond += not within
        return plain(before if outcome else after)

    def _outcome(self, call: Callable[[Registry, Identity], object], who: Identity) -> str:
        try:
            with self.registry.atomic():
                call(self.registry, who)
        except RegistryError as error:
            return type(error).__name__
        return ""


def plain(found: States) -> dict[str, Template]:
    """But for when it was written."""
    return {
        name: replace(one, revision=0, time_created=None, time_modified=None) for name, one in sorted(found.items())
    }


def rounds(steps: int, seed: int, progress: Callable[[Figures], None] = lambda _: None) -> Figures:
    """Raises `AssertionError` where the oracle and the registry do not agree."""
    random, figures = Random(seed), Figures()
    while figures.steps < steps:
        world = World(random, figures)
        with closing(world.auth):
            while figures.steps < steps and world.registry.head().revision < LONGEST:
                world.step()
                progress(figures)
    return figures
