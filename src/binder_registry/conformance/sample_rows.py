"""Rows for the logs that are tried out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from ..changes import Action, Change, Head, chained, content_digest
from ..log_contract import Log

NOON = datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC)  # a microsecond past: the resolution of times


def rows_after(head: Head, names: Sequence[str], **members: object) -> list[Change]:
    """One change per name, as the next of a log whose head is `head` and that knew none of the names."""
    rows: list[Change] = []
    newest: dict[str, int] = {}
    for revision, name in enumerate(names, head.revision + 1):
        content = b'{"name":"%b"}' % name.encode()
        row = Change(
            revision=revision,
            mark=b"",
            time=NOON + timedelta(microseconds=revision),
            by="ünï",
            note="😀 \u2028\n",
            action=Action.UPDATED if name in newest else Action.CREATED,
            name=name,
            previous=newest.get(name, 0),
            first=head.revision + 1,
            deleted=False,
            content=content,
            digest=content_digest(content),
        )
        row = replace(row, **members)
        rows.append(chained(rows[-1].mark if rows else head.mark, row))
        newest[name] = revision
    return rows


def append(log: Log, *names: str, **members: object) -> list[Change]:
    with log.writing() as rows:
        rows += rows_after(log.head(), names, **members)
    return rows
