"""A group of rows in one statement, in one round trip: they are written where the log still ends as they assume.

It is prepared once for each connection, and sent as bytes: what the driver does for each of twelve arrays would take
longer than all the rest of a small commit.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.generators import execute, fetch_many
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from ..changes import Change, Head
from .postgres_connection import Connection
from .postgres_queries import APPEND, TYPES

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # of PostgreSQL's times
_MICROSECOND = timedelta(microseconds=1)
_NUMBERS = {"int8": 20, "bytea": 17, "timestamptz": 1184, "text": 25, "bool": 16}  # of types, in every database
_COLUMNS = [_NUMBERS[array.removesuffix("[]")].to_bytes(4, "big") for array in TYPES.split(", ")]
_ONE, _EIGHT = ((1).to_bytes(4, "big"), (8).to_bytes(4, "big"))
_NO, _YES = _ONE + b"\0", _ONE + b"\1"
_FORMATS = [Format.BINARY] * (len(_COLUMNS) + 7)


def append(connection: Connection, head: Head, rows: Sequence[Change], *, notify: bool, begun: bool = False) -> bool:
    """Commits `rows`, which follow `head`, and the transaction where one was `begun`; False where the log's head is
    another one. Raises `psycopg.Error`."""
    if not connection.prepared:
        connection.pgconn.send_prepare(b"append", APPEND.encode())
        _result(connection)
        connection.prepared = True
    last = rows[-1]
    given = [*_arrays(rows), _integer(last.revision), last.mark, _time(last.time), _integer(head.revision), head.mark]
    given += [_YES[4:] if notify else _NO[4:], b"%d" % last.revision]
    connection.warnings.clear()
    appended = (_send_and_commit if begun else _send)(connection, given).ntuples > 0
    connection.refuse_warnings()
    return appended


def _send(connection: Connection, given: list[bytes]) -> PGresult:
    connection.pgconn.send_query_prepared(b"append", given, _FORMATS)
    return _result(connection)


def _send_and_commit(connection: Connection, given: list[bytes]) -> PGresult:
    """In one round trip."""
    pipe = connection.pgconn
    try:
        pipe.enter_pipeline_mode()
        pipe.send_query_prepared(b"append", given, _FORMATS)
        pipe.send_query_params(b"COMMIT", None)
        pipe.pipeline_sync()
        appended: PGresult
        [appended] = connection.wait(execute(pipe))
        [committed] = connection.wait(fetch_many(pipe))
        connection.wait(fetch_many(pipe))
        pipe.exit_pipeline_mode()
    except BaseException:
        connection.close()  # it may still be in this mode
        raise
    _raise(appended)
    _raise(committed)
    if committed.command_status != b"COMMIT":
        raise psycopg.OperationalError("the transaction was rolled back")
    return appended


def _result(connection: Connection) -> PGresult:
    result: PGresult
    [result] = connection.wait(execute(connection.pgconn))
    _raise(result)
    return result


def _raise(result: PGresult) -> None:
    if result.status == ExecStatus.FATAL_ERROR:
        raise psycopg.errors.error_from_result(result)


def _arrays(rows: Sequence[Change]) -> list[bytes]:
    """Of the columns, in their order."""
    found = zip(_COLUMNS, zip(*map(_elements, rows), strict=True), strict=True)
    size = len(rows).to_bytes(4, "big")
    return [b"".join((_ONE, b"\0\0\0\0", number, size, _ONE, *elements)) for number, elements in found]


def _elements(row: Change) -> Iterable[bytes]:
    """Each with its length before it."""
    assert row.content is not None, "what is new is not purged"
    return (
        _EIGHT + _integer(row.revision),
        _sized(row.mark),
        _EIGHT + _time(row.time),
        _sized(row.by.encode()),
        _sized(row.note.encode()),
        _sized(row.action.encode()),
        _sized(row.name.encode()),
        _EIGHT + _integer(row.previous),
        _EIGHT + _integer(row.first),
        _YES if row.deleted else _NO,
        _sized(row.content),
        _sized(row.digest),
    )


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _integer(number: int) -> bytes:
    return number.to_bytes(8, "big", signed=True)


def _time(time: datetime) -> bytes:
    return _integer((time - _EPOCH) // _MICROSECOND)
