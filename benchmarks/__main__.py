"""Measures all rows, and prints the table. `--docs` also puts it and the chart into the docs."""

import argparse
import tempfile
import time
from pathlib import Path

from .peers import install, machine
from .report import chart, table
from .rows import ROWS, Bench

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/performance.md"
CHART = ROOT / "docs/images/performance.svg"
BEGIN, END = "<!-- table: written by `make bench ARGS=--docs` -->\n", "<!-- end of table -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--reference", type=Path, metavar="PATH", help="the 2015 server's binary; it takes port 8080")
    parser.add_argument("--turns", type=int, default=5, help="how often ours and the peer alternate")
    parser.add_argument("--seconds", type=float, default=3.0, help="of one turn")
    parser.add_argument("--only", choices=[rows.__name__ for rows in ROWS], action="append")
    parser.add_argument("--docs", action="store_true")
    options = parser.parse_args()
    install()
    data = Path(__file__).parent / ".data"
    data.mkdir(exist_ok=True)
    chosen = [rows for rows in ROWS if options.only is None or rows.__name__ in options.only]
    begun = time.monotonic()
    found = []
    for rows in chosen:
        with tempfile.TemporaryDirectory(dir=data) as folder:
            found += list(rows(Bench(Path(folder), data, options.turns, options.seconds, options.reference)))
    measured = (
        f"{machine(data)}. {options.turns} turns of {options.seconds:g} s; {time.monotonic() - begun:.0f} s in all."
    )
    text = f"{measured}\n\n{table(found)}\n"
    print(f"\n{text}")
    if options.docs:
        page = PAGE.read_text()
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
        CHART.write_text(chart(found))


main()
