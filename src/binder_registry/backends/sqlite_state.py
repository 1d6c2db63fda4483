"""How SQLite finds the newest change of every name, and the changes of one."""

import sqlite3
from collections.abc import Iterator

from ..changes import ACTIONS, Newest, action_of
from .sqlite_microseconds import time_of

# As of a revision, for names after one. Joined in this order, rows come as they are found: sorted, all of them would be
# held at once.
AS_OF = (
    "(SELECT max(revision) AS newest FROM changes WHERE name > ? AND revision <= ? GROUP BY name ORDER BY name LIMIT ?)"
    " CROSS JOIN changes ON revision = newest"
)

# Of one name (?1), between two revisions (?2, ?3). Its rows are ordered by `previous` as they are by `revision`, and
# one index holds both orders. The last row that is not beyond a bound has its `previous` before that: the index seeks.
_LAST = (
    "SELECT revision FROM changes WHERE name = ?1 AND previous < ?2 AND revision <= ?2 ORDER BY previous DESC LIMIT 1"
)
OF_NAME = (
    f"WHERE name = ?1 AND previous >= coalesce(({_LAST}), 0) AND previous < ?3 AND revision > ?2 AND revision <= ?3"
)

# Backwards, the first row of a name in the index is its newest: one step for each name, however long their histories.
_COLUMNS = (
    "changes.name, changes.revision, changes.mark, changes.deleted, changes.action, changes.time,"
    " CASE WHEN changes.deleted THEN NULL ELSE changes.content END"
)
_BEFORE = "SELECT revision FROM changes WHERE name < later.name ORDER BY name DESC, previous DESC LIMIT 1"
_PRESENT = f"""
    WITH RECURSIVE later(name, revision, mark, deleted, action, time, content) AS (
        SELECT * FROM (SELECT {_COLUMNS} FROM changes ORDER BY name DESC, previous DESC LIMIT 1)
        UNION ALL
        SELECT {_COLUMNS}
        FROM later CROSS JOIN changes ON changes.revision = ({_BEFORE})
    )
    SELECT * FROM later
"""
_FAR = 2**55  # microseconds: a time that is nearer is one that there is


def present_rows(cursor: sqlite3.Cursor) -> Iterator[Newest]:
    """As `ReadsPresent` has it. A row that could not be read as a change is none that can be shown."""
    for name, revision, mark, deleted, action, time, content in cursor.execute(_PRESENT):
        if action not in ACTIONS:
            action_of(action)
        if not -_FAR < time < _FAR:
            time_of(time)
        yield name, revision, mark, deleted, content
