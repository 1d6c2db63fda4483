"""What is measured: each function gives rows of the table, its servers started and ended inside.

Ours and the peer take turns; a row holds the median of each and of the ratios of the turns.
"""

import http.client
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from .clients import Pace, deliver, gets, p99_beside_streams, p99_of, updates
from .load import READER, reads
from .polling import polled
from .servers import API_KEY, Server, get, nginx, reference, registry, status
from .templates import body, cached_database, copied_database, name

SMALL, LIST, LARGE, HISTORY = 100, 10_000, 100_000, 1_000_000
LATENCY_RATE = 2000.0  # GETs per second in the rows about latency: far below what saturates
STREAMS = 1000
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Row:
    """`ratio` is better the larger it is, or the smaller where `bound` is "at most"; `target` None: none is set."""

    work: str
    against: str
    ours: str
    theirs: str
    ratio: float | None
    target: float | None = None
    bound: str = "at least"
    note: str = ""

    @property
    def reached(self) -> bool | None:
        if self.ratio is None or self.target is None:
            return None
        return self.ratio >= self.target if self.bound == "at least" else self.ratio <= self.target


@dataclass(frozen=True)
class Bench:
    folder: Path
    data: Path  # kept between runs: the large databases
    turns: int
    seconds: float  # of one turn
    reference: Path | None
    say: Callable[[str], None] = field(default=print)

    def compare(
        self,
        work: str,
        against: str,
        target: float | None,
        ours: Callable[[], float],
        theirs: Callable[[], float],
        unit: str = "/s",
    ) -> Row:
        """Rates, which are better the higher."""
        return self.row(work, against, target, [(ours(), theirs()) for _ in range(self.turns)], unit)

    def row(
        self, work: str, against: str, target: float | None, pairs: Sequence[tuple[float, float]], unit: str = "/s"
    ) -> Row:
        """Of the rates of each turn, ours first."""
        row = Row(
            work,
            against,
            f"{median(pair[0] for pair in pairs):,.0f}{unit}",
            f"{median(pair[1] for pair in pairs):,.0f}{unit}",
            median(pair[0] / pair[1] for pair in pairs),
            target,
        )
        self.say(f"{row.work} | {row.against}: {row.ours}, {row.theirs}, {row.ratio:.2f}")
        return row


def one_template(bench: Bench) -> Iterator[Row]:
    small = cached_database(bench.data, SMALL, SMALL)
    large = cached_database(bench.data, LARGE, HISTORY)
    path = f"/templates/{name(SMALL // 2)}"
    with (
        registry(copied_database(small, bench.folder / "logged.sqlite")) as logged,
        registry(copied_database(small, bench.folder / "quiet.sqlite"), access_log=False) as quiet,
        nginx(bench.folder, get(quiet, path)[0]) as peer,
    ):
        work, rate = f"GET one of {SMALL} templates, c=32", bench.seconds

        def nginx_rate() -> float:
            return reads(peer, "/memory", seconds=rate)

        def ours(server: Server) -> Callable[[], float]:
            return lambda: reads(server, path, seconds=rate)

        yield bench.compare(
            f"{work}, access log to a file", "nginx, same bytes from memory", 0.75, ours(logged), nginx_rate
        )
        yield bench.compare(f"{work}, no access log", "nginx, same bytes from memory", 0.87, ours(quiet), nginx_rate)
        known = {**READER, "If-None-Match": get(logged, "/templates")[1]["etag"]}
        if status(logged, "/templates", known) != 304:
            raise SystemExit("benchmarks: a list that did not change is not answered with 304")
        yield bench.compare(
            "GET the list with a matching If-None-Match",
            "our GET one",
            0.9,
            lambda: reads(logged, "/templates", seconds=rate, headers=known),
            ours(logged),
        )
        if bench.reference:
            with reference(bench.reference, bench.folder) as original:
                fill(original, SMALL)
                yield bench.compare(work, "the 2015 Go server, its log on", 2.2, ours(logged), ours(original))
        else:
            yield not_measured(work, "the 2015 Go server, its log on", 2.2)
        with registry(copied_database(large, bench.folder / "large.sqlite")) as many:
            yield bench.compare(
                f"GET one of {LARGE:,} templates, c=32", f"our own with {SMALL}", 0.95, ours(many), ours(logged)
            )


def the_list(bench: Bench) -> Iterator[Row]:
    database = cached_database(bench.data, LIST, LIST)
    work = f"GET the list of {LIST:,} templates"
    with registry(copied_database(database, bench.folder / "list.sqlite")) as server:
        body = get(server, "/templates")[0]

        def ours() -> float:
            return reads(server, "/templates", seconds=bench.seconds)

        with nginx(bench.folder, body) as peer:
            yield bench.compare(
                f"{work} ({len(body) / 1e6:.1f} MB)",
                "nginx, same bytes as a static file",
                0.5,
                ours,
                lambda: reads(peer, "/file", seconds=bench.seconds),
            )
        if bench.reference:
            with reference(bench.reference, bench.folder) as original:
                fill(original, LIST)
                yield bench.compare(
                    work, "the 2015 Go server", 8, ours, lambda: reads(original, "/templates", seconds=bench.seconds)
                )
        else:
            yield not_measured(work, "the 2015 Go server", 8)


def latency(bench: Bench) -> Iterator[Row]:
    small = cached_database(bench.data, SMALL, SMALL)
    large = cached_database(bench.data, LARGE, HISTORY)
    names = [name(number) for number in range(SMALL)]
    with registry(copied_database(small, bench.folder / "latency.sqlite")) as server:
        yield _beside(bench, server, names, "500 writes/s go on", lambda: Pace(updates(names), 500, 16))
    with registry(copied_database(large, bench.folder / "polled.sqlite")) as server:
        many = [name(number) for number in range(0, LARGE, LARGE // SMALL)]
        for coding, how in (("identity", "plain"), ("gzip", "as gzip"), ("zstd", "as zstd")):
            yield _beside(
                bench,
                server,
                many,
                f"a client polls the list of {LARGE:,}, {how}, of which ten/s change",
                lambda: Pace(updates(many), 10, 4),
                partial(polled, server, coding),
            )
    with registry(copied_database(large, bench.folder / "queries.sqlite")) as server:
        queries = ["/templates?q=scipy+notebook+0499&limit=10"]
        yield _beside(
            bench, server, names, f"ten q= queries/s run over {LARGE:,} templates", lambda: Pace(gets(queries), 10, 4)
        )


def _beside(
    bench: Bench,
    server: Server,
    names: list[str],
    what: str,
    beside: Callable[[], Pace],
    during: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Row:
    def measured() -> Pace:
        return Pace(gets([f"/templates/{name}" for name in names]), LATENCY_RATE, 32)

    def p99() -> float:
        with during():
            return p99_of(server, measured(), beside(), bench.seconds)

    p99_of(server, measured(), beside(), 1.0)  # what is decoded at its first use
    pairs = [(p99(), p99_of(server, measured(), None, bench.seconds)) for _ in range(bench.turns)]
    row = Row(
        f"p99 of GET one while {what}, {LATENCY_RATE:.0f} GET/s, c=32",
        "our own without them",
        f"{median(pair[0] for pair in pairs):.2f} ms",
        f"{median(pair[1] for pair in pairs):.2f} ms",
        median(pair[0] / pair[1] for pair in pairs),
        3,
        "at most",
    )
    bench.say(f"{row.work}: {row.ours}, {row.theirs}, {row.ratio:.2f}")
    return row


def streams(bench: Bench) -> Iterator[Row]:
    small = cached_database(bench.data, SMALL, SMALL)
    with registry(copied_database(small, bench.folder / "streams.sqlite")) as server:
        delivery = deliver(server, SMALL, streams=STREAMS, rate=20, seconds=2 * bench.seconds)
        yield Row(
            f"{STREAMS} event streams, 20 writes/s: p99 from write to event",
            "a quarter of a second",
            f"{delivery.p99:.0f} ms",
            "250 ms",
            delivery.p99 / 250,
            1,
            "at most",
            f"{delivery.complete:,} of {delivery.expected:,} events arrived, each once and in order",
        )
    with registry(copied_database(small, bench.folder / "write-latency.sqlite")) as server:
        names = [name(number) for number in range(SMALL)]
        yield _writes_beside_streams(bench, server, names)


def _writes_beside_streams(bench: Bench, server: Server, names: list[str]) -> Row:
    def writes() -> Pace:
        return Pace(updates(names), 20, 4)

    pairs = [
        (
            p99_beside_streams(server, writes(), STREAMS, 2 * bench.seconds),
            p99_of(server, writes(), None, 2 * bench.seconds),
        )
        for _ in range(bench.turns)
    ]
    return Row(
        f"p99 of a write beside {STREAMS} event streams, 20 writes/s",
        "our own without streams",
        f"{median(pair[0] for pair in pairs):.2f} ms",
        f"{median(pair[1] for pair in pairs):.2f} ms",
        median(pair[0] / pair[1] for pair in pairs),
        1.5,
        "at most",
    )


def start(bench: Bench) -> Iterator[Row]:
    large, small = cached_database(bench.data, LARGE, HISTORY), cached_database(bench.data, SMALL, SMALL)
    path = f"/templates/{name(LARGE - 1)}"
    starts, each = [], []
    for _ in range(bench.turns):
        with registry(copied_database(small, bench.folder / "few.sqlite")) as server:
            few = server.resident()
        with registry(copied_database(large, bench.folder / "start.sqlite"), answers=path) as server:
            starts.append(server.started)
            json = len(get(server, path)[0])
            each.append((server.resident() - few) * 1e6 / (LARGE - SMALL) - json)
    work = f"start with {LARGE:,} templates and {HISTORY:,} changes"
    yield Row(f"{work}, to first answer", "a second", f"{median(starts):.2f} s", "1 s", median(starts), 1, "at most")
    yield Row(
        f"{work}: memory of a template, without its JSON",
        "1.5 kB",
        f"{median(each) / 1000:.2f} kB",
        "1.5 kB",
        median(each) / 1500,
        1,
        "at most",
    )


def not_measured(work: str, against: str, target: float) -> Row:
    return Row(work, against, NOT_MEASURED, NOT_MEASURED, None, target)


def fill(server: Server, templates: int) -> None:
    """Register as many templates, for a server that keeps them in memory."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for number in range(templates):
        connection.request("POST", "/templates", body(name(number)), {"Authorization": f"token {API_KEY}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise SystemExit(f"the 2015 server answered {answer.status}")
    connection.close()
