"""Is a log whole? Reads it once, in order, beside a live server."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from .changes import PAGE, PAGE_BYTES, Action, Change, Position, content_digest, next_mark
from .clock import LATEST
from .log_contract import Log, state_pages
from .token_contract import TokenStore
from .verify_tokens import token_problems
from .wire import decode_template

MOST_PROBLEMS = 20  # that are kept: one fault early in the chain is seen in every row after it


class State(NamedTuple):
    """What the newest change of a name leaves."""

    revision: int
    deleted: bool
    digest: bytes


class Finding(NamedTuple):
    position: Position  # up to where the log was read
    templates: int  # living ones
    problems: list[str]
    time: datetime | None = None  # of the newest change
    tokens: int = 0  # of the registry's own, also those that have ended


class Fold:
    """The log up to one revision, folded."""

    def __init__(self, origin: bytes) -> None:
        self.position = Position(0, origin)
        self.states: dict[str, State] = {}
        self.blank: dict[str, list[int]] = {}
        self.purges: dict[str, int] = {}  # of each name the newest
        self._time: datetime | None = None

    def add(self, change: Change) -> Iterator[str]:
        """Gives what is wrong with the row."""
        before = self.states.get(change.name)
        if change.revision != self.position.revision + 1:
            yield f"revisions {self.position.revision + 1} to {change.revision - 1} are missing before it"
        elif next_mark(self.position.mark, change) != change.mark:
            yield "its mark does not follow from the row and the mark before it"
        if self._time and change.time <= self._time and change.time < LATEST:
            yield "its time is not after that of the revision before"
        if change.previous != (before.revision if before else 0):
            yield f"says that it follows revision {change.previous}, and {before.revision if before else 0} came before"
        if not 0 < change.first <= change.revision:
            yield f"belongs to an apply that began at {change.first}"
        gone = before.deleted if change.action == Action.PURGED and before else change.action == Action.DELETED
        if change.deleted != gone:
            yield f"is marked as {'deleted' if change.deleted else 'living'}, and its action is {change.action}"
        if change.content is None:
            self.blank.setdefault(change.name, []).append(change.revision)
        else:
            yield from _content_problems(change, change.content)
        if change.action == Action.PURGED:
            self.purges[change.name] = change.revision
        self.states[change.name] = State(change.revision, change.deleted, change.digest)
        self.position, self._time = change.position, change.time


def verify(log: Log, seen: Callable[[int], None] = lambda revision: None) -> Finding:
    """Every revision is there, the chain of marks verifies, every row decodes and has its digest, each change follows
    the one before it of its template, only purged rows are blank, and the folded log is the current state; tokens are
    what was done to them."""
    head = log.head()
    fold, problems = Fold(log.origin()), list[str]()
    try:
        while page := log.read(fold.position.revision, head.revision, limit=PAGE, most_bytes=PAGE_BYTES):
            for change in page:
                problems += [f"revision {change.revision}: {problem}" for problem in fold.add(change)]
                if len(problems) >= MOST_PROBLEMS:
                    return Finding(head.position, 0, [*problems[:MOST_PROBLEMS], "… not read further"])
            seen(fold.position.revision)
    except (TypeError, ValueError) as error:  # columns that hold something else than they should
        problems.append(f"after revision {fold.position.revision} a row cannot be read: {error}")
        return Finding(head.position, 0, problems)
    if fold.position != head.position:
        problems.append(f"the newest row is {fold.position}, and the head says {head.position}")
    problems += _unpurged(log, head.revision, fold)
    problems += _differences(log, head.revision, fold.states)
    tokens, wrong = token_problems(log, MOST_PROBLEMS) if isinstance(log, TokenStore) else (0, [])
    living = sum(not state.deleted for state in fold.states.values())
    return Finding(head.position, living, problems + wrong, head.time, tokens)


def _content_problems(change: Change, content: bytes) -> Iterator[str]:
    if content_digest(content) != change.digest:
        yield "its content does not have the digest that is kept beside it"
    try:
        template = decode_template(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        yield f"cannot be decoded: {error}"
        return
    if template.name != change.name:
        yield f"holds the template {template.name!r}, and its name is {change.name!r}"
    if template.deleted != change.deleted:
        yield "its content and its row disagree on whether it is deleted"


def _unpurged(log: Log, until: int, fold: Fold) -> Iterator[str]:
    """Blank rows that no later purge accounts for; one that came while we read is looked up."""
    for name, revisions in fold.blank.items():
        known = fold.purges.get(name, 0)
        if revisions[-1] > known:
            later = log.read(until, log.head().revision, name=name, limit=PAGE)
            known = max([known, *(change.revision for change in later if change.action == Action.PURGED)])
        purged = sum(revision < known for revision in revisions)
        if len(revisions) > purged:
            yield f"{name}: {len(revisions)} of its rows are blank and {purged} were purged: {revisions[:5]}"


def _differences(log: Log, revision: int, states: dict[str, State]) -> Iterator[str]:
    found = {
        change.name: State(change.revision, change.deleted, change.digest)
        for page in state_pages(log, revision, deleted=True)
        for change in page
    }
    for name in sorted(states.keys() | found.keys()):
        if states.get(name) != found.get(name):
            ends, has = (each[name].revision if name in each else "nothing" for each in (states, found))
            yield f"{name}: the log ends in revision {ends}, and the state has {has}"


def damaged_pages(path: Path) -> list[str]:
    """What SQLite itself finds wrong with a file. Open its log first, which refuses what is not to be opened."""
    # Where nothing can be written beside it, and there is no log, SQLite reads only a file that does not change.
    still = not os.access(path.parent, os.W_OK, effective_ids=True) and not Path(f"{path}-wal").exists()
    asked = "immutable=1" if still else "mode=ro"
    try:
        with closing(sqlite3.connect(f"file:{quote(os.fsencode(path))}?{asked}", uri=True)) as connection:
            found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({MOST_PROBLEMS})")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found
