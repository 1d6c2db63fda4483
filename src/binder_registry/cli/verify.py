"""Is a log whole? Reads it once, in order, beside a live server."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from ..changes import Action, Change, Position, content_digest, next_mark
from ..log import Log

PAGE = 1000
MOST_PROBLEMS = 20  # that are kept: one fault early in the chain is seen in every row after it


class Fold(NamedTuple):
    """What the newest change of a name leaves."""

    revision: int
    deleted: bool
    digest: bytes


class Finding(NamedTuple):
    position: Position  # up to where the log was read
    templates: int  # living ones
    problems: list[str]


def verify(log: Log, seen: Callable[[int], None] = lambda revision: None) -> Finding:
    """Every revision is there, the chain of marks verifies, every row decodes and has its digest, each change follows
    the one before it of its template, only purged rows are blank, and the folded log is the current state."""
    head = log.head()
    problems: list[str] = []
    state: dict[str, Fold] = {}
    blank: dict[str, list[int]] = {}
    purges: Counter[str] = Counter()
    mark, time, revision = log.origin(), None, 0
    for change in _rows(log, head.revision):
        if change.revision != revision + 1:
            problems.append(f"revisions {revision + 1} to {change.revision - 1} are missing")
        elif next_mark(mark, change) != change.mark:
            problems.append(f"revision {change.revision}: its mark does not follow from the row and the mark before it")
        if time and change.time <= time:
            problems.append(f"revision {change.revision}: its time is not after that of the revision before")
        problems += [f"revision {change.revision}: {problem}" for problem in _problems(change, state.get(change.name))]
        if change.content is None:
            blank.setdefault(change.name, []).append(change.revision)
        purges[change.name] += change.action == Action.PURGED
        state[change.name] = Fold(change.revision, change.deleted, change.digest)
        mark, time, revision = change.mark, change.time, change.revision
        seen(revision)
        if len(problems) >= MOST_PROBLEMS:
            return Finding(head.position, 0, [*problems[:MOST_PROBLEMS], "… and more: not read further"])
    if (revision, mark) != (head.revision, head.mark):
        problems.append(f"the newest row is {Position(revision, mark)}, and the head says {head.position}")
    problems += _unpurged(log, head.revision, blank, purges)
    problems += _differences(log, head.revision, state)
    return Finding(head.position, sum(not fold.deleted for fold in state.values()), problems[:MOST_PROBLEMS])


def _rows(log: Log, until: int) -> Iterator[Change]:
    since = 0
    while page := log.read(since, until, limit=PAGE):
        yield from page
        since = page[-1].revision


def _problems(change: Change, before: Fold | None) -> Iterator[str]:
    if change.previous != (before.revision if before else 0):
        yield f"says that it follows revision {change.previous}, and {before.revision if before else 0} came before"
    if not 0 < change.first <= change.revision:
        yield f"belongs to an apply that began at {change.first}"
    gone = before.deleted if change.action == Action.PURGED and before else change.action == Action.DELETED
    if change.deleted != gone:
        yield f"is marked as {'deleted' if change.deleted else 'living'}, and its action is {change.action}"
    if change.content is None:
        return
    if content_digest(change.content) != change.digest:
        yield "its content does not have the digest that is kept beside it"
    try:
        template = change.template
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        yield f"cannot be decoded: {error}"
        return
    if template and template.name != change.name:
        yield f"holds the template {template.name!r}, and its name is {change.name!r}"
    if template and template.deleted != change.deleted:
        yield "its content and its row disagree on whether it is deleted"


def _unpurged(log: Log, until: int, blank: dict[str, list[int]], purges: Counter[str]) -> Iterator[str]:
    """Blank rows that no purge accounts for; one that came while we read is looked up."""
    for name, revisions in blank.items():
        known = purges[name]
        if len(revisions) > known:
            later = log.read(until, log.head().revision, name=name, limit=PAGE)
            known += sum(change.action == Action.PURGED for change in later)
        if len(revisions) > known:
            yield f"{name}: {len(revisions)} of its rows are blank and {known} were purged: {revisions[:5]}"


def _differences(log: Log, revision: int, state: dict[str, Fold]) -> Iterator[str]:
    found: dict[str, Fold] = {}
    after = ""
    while page := log.state(revision, after=after, limit=PAGE, deleted=True):
        after = page[-1].name
        found.update((change.name, Fold(change.revision, change.deleted, change.digest)) for change in page)
    for name in sorted(state.keys() | found.keys()):
        if state.get(name) != found.get(name):
            ends, has = (each[name].revision if name in each else "nothing" for each in (state, found))
            yield f"{name}: the log ends in revision {ends}, and the state has {has}"


def damaged_pages(path: Path) -> list[str]:
    """What SQLite itself finds wrong with a file."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({MOST_PROBLEMS})")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found
