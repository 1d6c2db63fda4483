"""This tree against an earlier commit of it: `python -m benchmarks.before COMMIT`. Pairs in turn, and their medians.

Both run in the same environment; each reads databases that its own code wrote.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from .clients import Pace, deliver, gets, p99_beside_streams, p99_of, updates
from .load import READER, posts, reads
from .peers import cores, install
from .polling import polled
from .postgres_rows import on_disk
from .rows import HISTORY, LARGE, LATENCY_RATE, LIST, SMALL, STREAMS
from .servers import Server, get, registry, serving
from .templates import copied_database, name

ROOT = Path(__file__).parent.parent
PATH = f"/templates/{name(SMALL // 2)}"
NAMES = [name(number) for number in range(SMALL)]
MANY = [name(number) for number in range(0, LARGE, LARGE // SMALL)]
QUERIES = ["/templates?q=scipy+notebook+0499&limit=10"]

Measure = Callable[[Server, float], float]


def not_changed(server: Server, seconds: float) -> float:
    known = {**READER, "If-None-Match": get(server, "/templates")[1]["etag"]}
    return reads(server, "/templates", seconds=seconds, headers=known)


def beside_poll(server: Server, seconds: float, coding: str) -> float:
    """While ten templates a second change."""
    with polled(server, coding):
        return p99_of(server, Pace(gets([PATH]), LATENCY_RATE, 32), Pace(updates(MANY), 10, 4), seconds)


# By name: templates and changes of the database, and what is measured; higher is better for rates, lower for "ms".
ROWS: dict[str, tuple[int, int, Measure]] = {
    "GET one, c=32 (/s)": (SMALL, SMALL, lambda server, seconds: reads(server, PATH, seconds=seconds)),
    "GET the list, not changed (/s)": (SMALL, SMALL, not_changed),
    "GET one of 100,000 (/s)": (LARGE, HISTORY, lambda server, seconds: reads(server, PATH, seconds=seconds)),
    "GET the list of 10,000 (/s)": (LIST, LIST, lambda server, seconds: reads(server, "/templates", seconds=seconds)),
    "durable POST, c=32 (/s)": (SMALL, SMALL, lambda server, seconds: posts(server, seconds=seconds, connections=32)),
    "durable POST, c=1 (/s)": (SMALL, SMALL, lambda server, seconds: posts(server, seconds=seconds, connections=1)),
    "p99 of GET one beside 500 writes/s (ms)": (
        SMALL,
        SMALL,
        lambda server, seconds: p99_of(
            server, Pace(gets([PATH]), LATENCY_RATE, 32), Pace(updates(NAMES), 500, 16), seconds
        ),
    ),
    "p99 of GET one beside queries over 100,000 (ms)": (
        LARGE,
        HISTORY,
        lambda server, seconds: p99_of(
            server, Pace(gets([PATH]), LATENCY_RATE, 32), Pace(gets(QUERIES), 10, 4), seconds
        ),
    ),
    **{
        f"p99 of GET one beside a poll of the list of 100,000, {coding} (ms)": (
            LARGE,
            HISTORY,
            partial(beside_poll, coding=coding),
        )
        for coding in ("identity", "gzip")
    },
    "p99 of a write beside 1,000 streams (ms)": (
        SMALL,
        SMALL,
        lambda server, seconds: p99_beside_streams(server, Pace(updates(NAMES), 20, 4), STREAMS, 2 * seconds),
    ),
    "p99 from write to event, 1,000 streams (ms)": (
        SMALL,
        SMALL,
        lambda server, seconds: (
            deliver(
                server,
                int(get(server, "/templates")[1]["registry-revision"]),
                streams=STREAMS,
                rate=20,
                seconds=seconds,
            ).p99
        ),
    ),
}

# The same over PostgreSQL.
POSTGRES: dict[str, Measure] = {
    "durable POST on PostgreSQL, c=32 (/s)": lambda server, seconds: posts(server, seconds=seconds, connections=32),
    "durable POST on PostgreSQL, c=1 (/s)": lambda server, seconds: posts(server, seconds=seconds, connections=1),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.before", description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one measurement")
    parser.add_argument("--only", choices=[*ROWS, *POSTGRES, "start"], action="append")
    options = parser.parse_args()
    install()
    print(f"This tree against {options.commit}, {options.pairs} pairs of {options.seconds:g} s\n")
    print("| work | now | before | now / before |\n| --- | ---: | ---: | ---: |")
    data = Path(__file__).parent / ".data"
    data.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data) as folder, checkout(options.commit, Path(folder)) as before:
        trees = (ROOT, before)
        for row, (templates, changes, measure) in ROWS.items():
            if options.only and row not in options.only:
                continue
            files = [written(tree, Path(folder), templates, changes) for tree in trees]
            with registry(files[0], tree=ROOT) as now, registry(files[1], tree=before) as then:
                for server in (now, then):
                    measure(server, 1.0)  # what is made at its first use
                pairs = [turn(number, measure, now, then, options.seconds) for number in range(options.pairs)]
            told(row, pairs)
        for row, measure in POSTGRES.items():
            if options.only and row not in options.only:
                continue
            with over_postgres(ROOT, Path(folder)) as now, over_postgres(before, Path(folder)) as then:
                for server in (now, then):
                    measure(server, 1.0)
                pairs = [turn(number, measure, now, then, options.seconds) for number in range(options.pairs)]
            told(row, pairs)
        if not options.only or "start" in options.only:
            for row, pairs in starts(trees, Path(folder), options.pairs).items():
                told(row, pairs)


def turn(number: int, measure: Measure, now: Server, then: Server, seconds: float) -> tuple[float, float]:
    """Each begins every other pair: whoever comes second finds another machine."""
    if number % 2:
        before = measure(then, seconds)
        return measure(now, seconds), before
    return measure(now, seconds), measure(then, seconds)


@contextmanager
def over_postgres(tree: Path, folder: Path) -> Iterator[Server]:
    """Over a database of its own, which waits for the disk. All share the cores, as in the rows of several servers."""
    with on_disk() as peer:
        log = folder / f"{tree.name}.postgres.log"
        with serving(peer.url(), log=log, placed=cores(), tree=tree) as server:
            yield server


def starts(trees: tuple[Path, Path], folder: Path, pairs: int) -> dict[str, list[tuple[float, float]]]:
    seconds, megabytes = list[tuple[float, float]](), list[tuple[float, float]]()
    files = [written(tree, folder, LARGE, HISTORY) for tree in trees]
    for _ in range(pairs):
        found = []
        for tree, file in zip(trees, files, strict=True):
            with registry(file, answers=f"/templates/{name(LARGE - 1)}", tree=tree) as server:
                found.append((server.started, server.resident()))
        seconds.append((found[0][0], found[1][0]))
        megabytes.append((found[0][1], found[1][1]))
    work = f"start with {LARGE:,} templates and {HISTORY:,} changes"
    return {f"{work} (s)": seconds, f"{work} (MB)": megabytes}


def told(row: str, pairs: list[tuple[float, float]]) -> None:
    now, before = (median(pair[place] for pair in pairs) for place in (0, 1))
    ratio = median(pair[0] / pair[1] for pair in pairs)
    digits = 0 if now >= 100 else 2
    print(f"| {row} | {now:,.{digits}f} | {before:,.{digits}f} | {ratio:.3f} |", flush=True)


@contextmanager
def checkout(commit: str, folder: Path) -> Iterator[Path]:
    tree = folder / "before"
    subprocess.run(["git", "worktree", "add", "--detach", "--quiet", str(tree), commit], cwd=ROOT, check=True)
    try:
        yield tree
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True)


def written(tree: Path, folder: Path, templates: int, changes: int) -> Path:
    """A database of its own for each use, written by the code of that tree."""
    cached = tree / "benchmarks/.data"
    cached.mkdir(exist_ok=True)
    program = "from pathlib import Path; from benchmarks.templates import cached_database as made; "
    program += f"print(made(Path({str(cached)!r}), {templates}, {changes}))"
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": f"{tree}/src{os.pathsep}{tree}"},
        capture_output=True,
        text=True,
        check=True,
    )
    mark = "now" if tree == ROOT else "then"
    return copied_database(Path(found.stdout.strip()), folder / f"{mark}-{templates}-{changes}.sqlite")


if __name__ == "__main__":
    main()
