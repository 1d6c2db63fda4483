"""What follows from the measured rows by arithmetic, for several servers: a table (Markdown)."""

import re
from collections.abc import Sequence

from .rows import STREAMS, Row

SERVERS = (1, 2, 4, 8)


def computed(rows: Sequence[Row]) -> str:
    plain = _number(_row(rows, "GET one with --strong-reads", "the same without").theirs)
    strong = _row(rows, "GET one with --strong-reads", "pgbench")
    writes = _number(_row(rows, "durable POST on PostgreSQL, c=32", "pgbench").ours)
    lines = [
        "| servers, a core for each | GET one | GET one, `--strong-reads` | event streams | durable POST |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for servers in SERVERS:
        strongly = min(servers * _number(strong.ours), _number(strong.theirs))
        lines.append(
            f"| {servers} | {servers * plain:,.0f}/s | {strongly:,.0f}/s | {servers * STREAMS:,} | {writes:,.0f}/s |"
        )
    return "\n".join(lines)


def _row(rows: Sequence[Row], work: str, against: str) -> Row:
    return next(row for row in rows if row.work.startswith(work) and row.against.startswith(against))


def _number(text: str) -> float:
    found = re.match(r"[\d,.]+", text)
    assert found, text
    return float(found[0].replace(",", ""))
