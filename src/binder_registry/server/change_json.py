"""A change as JSON: the rows of the feed and the events of a stream."""

from collections.abc import Sequence
from typing import Any

from ..changes import Change
from ..template import changed_members
from ..wire import encode, timestamp


def encode_change(change: Change, *, by: bool, changed: Sequence[str] | None = None, deleted: bool = False) -> bytes:
    """`by` only for callers with a token; `deleted` for a reader whose selector the template left."""
    row: dict[str, Any] = {
        "revision": change.revision,
        "position": str(change.position),
        "time": timestamp(change.time),
    }
    if by and change.by:
        row["by"] = change.by
    if change.note:
        row["note"] = change.note
    row |= {
        "action": "deleted" if deleted else change.action.value,
        "name": change.name,
        "previous": change.previous,
        "first": change.first,
    }
    if deleted or change.deleted:
        row["deleted"] = True
    row["digest"] = change.digest.hex()
    if changed is not None:
        row["changed"] = changed
    body = encode(row)
    if change.content is None or deleted:
        return body
    return b'%b,"template":%b}' % (body[:-1], change.content)


def members_changed(before: Change | None, after: Change) -> list[str]:
    """None of them where either content was purged."""
    if after.template is None or (before is not None and before.template is None):
        return []
    return changed_members(before.template if before else None, after.template)
