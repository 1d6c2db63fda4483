"""Histories that are there before a server starts, as rows of the log: that takes seconds, and writes take minutes."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

from binder_registry.backends import open_log
from binder_registry.changes import Action, Change, Head, chained, content_digest

MANY, AT_ONCE = 1_000_000, 50_000
NAMES, FEW_NAMES = 10_000, 20
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
CONTENT = (
    b'{"name":"%b","image-name":"i","command":"at %d","limits":{},"time-created":"2026-01-01T00:00:00Z",'
    b'"time-modified":"2026-01-01T00:00:00Z"}'
)


def a_million_changes(url: str, short: bool) -> None:
    """Of the same templates, again and again."""
    _fill(url, 1000 if short else MANY, short)


def a_far_past(url: str, short: bool) -> None:
    """Of which the ring holds the newest fifth."""
    _fill(url, 100 if short else AT_ONCE, short)


def _fill(url: str, count: int, short: bool) -> None:
    with closing(open_log(url)) as log:
        for begin in range(0, count, AT_ONCE):
            with log.writing() as rows:
                rows += _changes(log.head(), min(AT_ONCE, count - begin), FEW_NAMES if short else NAMES)


def _changes(head: Head, count: int, names: int) -> list[Change]:
    rows, mark = list[Change](), head.mark
    for revision in range(head.revision + 1, head.revision + 1 + count):
        name, previous = f"again-{revision % names}", max(0, revision - names)
        content = CONTENT % (name.encode(), revision)
        action = Action.UPDATED if previous else Action.CREATED
        time = BEGUN + timedelta(microseconds=revision)
        digest = content_digest(content)
        row = Change(revision, b"", time, "key:api-key", "", action, name, previous, revision, False, content, digest)
        rows.append(chained(mark, row))
        mark = rows[-1].mark
    return rows
