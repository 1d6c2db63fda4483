"""Measures all rows, and prints the tables. `--docs` also puts each whole one, and the chart, into the docs."""

import argparse
import tempfile
import time
from pathlib import Path

from . import apply_rows, channel_rows, metrics_rows, page_rows, postgres_rows, rows, view_rows, write_rows
from .peers import install, machine, placement
from .report import chart, table
from .rows import Bench, Row
from .scaling import computed

ROOT = Path(__file__).parent.parent
PERFORMANCE, SCALING = ROOT / "docs/performance.md", ROOT / "docs/scaling.md"
CHART = ROOT / "docs/images/performance.svg"
OF_ONE = (
    rows.one_template,
    rows.the_list,
    metrics_rows.of_metrics,
    channel_rows.of_a_channel,
    view_rows.of_the_view,
    write_rows.durable_writes,
    write_rows.durable_changes,
    apply_rows.of_an_apply,
    rows.latency,
    rows.streams,
    rows.start,
    page_rows.of_the_page,
)
TABLES = {PERFORMANCE: OF_ONE, SCALING: postgres_rows.ROWS}


def main() -> None:
    measures = [measure for page in TABLES.values() for measure in page]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--reference", type=Path, metavar="PATH", help="the 2015 server's binary; it takes port 8080")
    parser.add_argument("--turns", type=int, default=5, help="how often ours and the peer alternate")
    parser.add_argument("--seconds", type=float, default=3.0, help="of one turn")
    parser.add_argument("--only", choices=[measure.__name__ for measure in measures], action="append")
    parser.add_argument("--docs", action="store_true")
    options = parser.parse_args()
    install()
    data = Path(__file__).parent / ".data"
    data.mkdir(exist_ok=True)
    for page, of_page in TABLES.items():
        begun, found = time.monotonic(), list[Row]()
        chosen = [measure for measure in of_page if options.only is None or measure.__name__ in options.only]
        for measure in chosen:
            with tempfile.TemporaryDirectory(dir=data) as folder:
                found += measure(Bench(Path(folder), data, options.turns, options.seconds, options.reference))
        if not found:
            continue
        turns = min(options.turns, postgres_rows.TURNS) if page == SCALING else options.turns
        placed = "database, servers and load share them" if page == SCALING else placement()
        took = f"{turns} turns of {options.seconds:g} s; {time.monotonic() - begun:.0f} s in all"
        text = f"{machine(data, placed)}. {took}.\n\n{table(found)}\n"
        print(f"\n{text}")
        if options.docs and len(chosen) == len(of_page):
            put(page, "table", text)
            if page == PERFORMANCE:
                CHART.write_text(chart(found))
            else:
                put(page, "computed", computed(found))


def put(page: Path, part: str, text: str) -> None:
    """Between the two lines that mark this part."""
    begin, end = f"<!-- {part}: written by `make bench ARGS=--docs` -->\n", f"<!-- end of {part} -->\n"
    before, _, rest = page.read_text().partition(begin)
    page.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}")


main()
