"""An apply of 100,000 new templates, and what others notice of it: some who write, and many who read."""

from collections.abc import Iterator
from statistics import median

from .clients import Pace, apply_beside, gets, updates
from .rows import SMALL, Bench, Row
from .servers import registry
from .templates import body, cached_database, copied_database, name

APPLIED = 100_000
WRITES, READS = 20.0, 200.0  # a second


def of_an_apply(bench: Bench) -> Iterator[Row]:
    small, names = cached_database(bench.data, SMALL, SMALL), [name(number) for number in range(SMALL)]
    wanted = b'{"templates":[%b]}' % b",".join([body(f"applied-{number:06}") for number in range(APPLIED)])
    found = list[tuple[float, float, float]]()
    for turn in range(bench.turns):
        with registry(copied_database(small, bench.folder / f"apply-{turn}.sqlite")) as server:
            reads = Pace(gets([f"/templates/{name}" for name in names]), READS, 16)
            found.append(apply_beside(server, wanted, Pace(updates(names), WRITES, 16), reads))
        bench.say("apply: {:.2f} s; longest write {:.0f} ms, longest GET {:.0f} ms".format(*found[-1]))
    seconds, write, read = (median(figures) for figures in zip(*found, strict=True))
    work = f"apply of {APPLIED:,} templates"
    yield Row(work, "3 s", f"{seconds:.2f} s", "3 s", seconds / 3, 1, "at most")
    yield Row(
        f"{work}: longest of {WRITES:g} writes/s", "0.3 s", f"{write:.0f} ms", "300 ms", write / 300, 1, "at most"
    )
    yield Row(f"{work}: longest of {READS:g} GET/s", "50 ms", f"{read:.0f} ms", "50 ms", read / 50, 1, "at most")
