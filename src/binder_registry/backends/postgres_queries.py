"""What the log asks PostgreSQL."""

from ..log_contract import LARGEST
from .rows import COLUMNS

TYPES = "int8[], bytea[], timestamptz[], text[], text[], text[], text[], int8[], int8[], bool[], bytea[], bytea[]"
INSERT = (
    f"INSERT INTO registry_changes ({COLUMNS}) SELECT {COLUMNS}"
    f" FROM unnest({', '.join(f'%b::{array}' for array in TYPES.split(', '))}) AS new ({COLUMNS})"
)
COPY = f"COPY registry_changes ({COLUMNS}) FROM STDIN (FORMAT BINARY)"  # twice as fast where there are many
CHANNEL = "registry_changes"
_ROWS = ", ".join(f"${number}::{array}" for number, array in enumerate(TYPES.split(", "), 1))
# Nothing is inserted where the head is not the one that is named. Another server's commit is waited for.
APPEND = (
    "WITH head AS (UPDATE registry_head SET revision = $13, mark = $14, time = $15"
    " WHERE revision = $16 AND mark = $17 RETURNING revision),"
    f" added AS (INSERT INTO registry_changes ({COLUMNS}) SELECT {COLUMNS} FROM unnest({_ROWS}) AS new ({COLUMNS})"
    " WHERE EXISTS (SELECT FROM head))"
    f" SELECT CASE WHEN $18 THEN pg_notify('{CHANNEL}', $19) END FROM head"
)
HEAD = "SELECT revision, mark, time FROM registry_head"
LOCKED_HEAD = "SELECT revision, mark, time, format FROM registry_head FOR UPDATE"
# A database that is only read may be older than this column.
FORMAT = "SELECT coalesce((to_jsonb(registry_head) ->> 'format')::int, 1) FROM registry_head"
# Within a name, rows are ordered by `previous` as they are by `revision`, and one index holds both orders of a name. A
# row whose revision is not beyond a bound has a `previous` that is before it: which lets the index seek.
_FROM = "coalesce((SELECT revision FROM registry_changes WHERE name = %(name)s AND previous < %(since)s"
_FROM += " AND revision <= %(since)s ORDER BY previous DESC LIMIT 1), 0)"
OF_NAME = (
    f"WHERE name = %(name)s AND previous >= {_FROM} AND previous < %(until)s AND revision > %(since)s"
    " AND revision <= %(until)s"
)
COUNT = f"SELECT count(*) FROM registry_changes {OF_NAME} AND action = ANY(%(actions)s::text[])"
# `{0}` is where the walk starts and goes on: from one name's newest change straight to the next name's.
NEWEST_OF_NEXT_NAME = (
    f"SELECT {COLUMNS} FROM registry_changes WHERE name > {{0}} AND previous < %(revision)s"
    " AND revision <= %(revision)s ORDER BY name, previous DESC LIMIT 1"
)
STATE = (
    f"WITH RECURSIVE found AS ("
    f"(SELECT 1 AS number, start.* FROM ({NEWEST_OF_NEXT_NAME.format('%(after)s')}) AS start)"
    f" UNION ALL SELECT found.number + 1, next.* FROM found,"
    f" LATERAL ({NEWEST_OF_NEXT_NAME.format('found.name')}) AS next WHERE found.number < %(limit)s)"
    f" SELECT * FROM found"
)
CURRENT_OF = (
    f"SELECT {COLUMNS} FROM unnest(%(names)s::text[]) AS wanted (wanted_name), LATERAL"
    f" (SELECT {COLUMNS} FROM registry_changes WHERE name = wanted_name ORDER BY previous DESC LIMIT 1) AS newest"
)


def can_be(name: str) -> bool:
    """Whether a row can have this name: text holds neither NUL nor half of a surrogate pair."""
    return "\0" not in name and not any("\ud800" <= character <= "\udfff" for character in name)


def bounded_query(query: str, order: str, most_bytes: int) -> str:
    """The rows of a query, in its order, before which there are not `most_bytes` of contents yet. Lengths are known
    without the contents, which the database reads of these rows only."""
    if most_bytes >= LARGEST:
        return f"SELECT {COLUMNS} FROM ({query}) AS found ORDER BY {order}"
    before = f"sum(octet_length(content)) OVER (ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    return (
        f"SELECT {COLUMNS} FROM (SELECT *, coalesce({before}, 0) AS bytes_before FROM ({query}) AS found) AS counted"
        f" WHERE bytes_before < %(most_bytes)s ORDER BY {order}"
    )
