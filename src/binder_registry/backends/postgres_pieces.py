"""A large group, in statements that are short: each has a time limit."""

from collections.abc import Iterator

from ..changes import Change
from .postgres_connection import Connection
from .postgres_queries import COPY, TYPES
from .rows import row_of

STATEMENT_ROWS = 4000
STATEMENT_BYTES = 4 * 1024**2  # of contents


def pieces_of(rows: list[Change]) -> Iterator[list[Change]]:
    """As many rows as one statement takes; at least one piece, which may be empty."""
    piece: list[Change] = []
    size = 0
    for row in rows:
        if piece and (len(piece) >= STATEMENT_ROWS or size >= STATEMENT_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(row)
        size += len(row.content or b"")
    yield piece


def copy(connection: Connection, rows: list[Change]) -> None:
    with connection.cursor().copy(COPY) as into:
        into.set_types(TYPES.replace("[]", "").split(", "))
        for row in rows:
            into.write_row(row_of(row, row.time))
