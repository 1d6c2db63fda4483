"""What it costs to be watched: reads while the metrics are scraped every second, against the same server left alone."""

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

from tests.ports import free_port

from .load import reads
from .rows import SMALL, Bench, Row
from .servers import serving
from .templates import cached_database, copied_database, name

EVERY_SECONDS = 1.0
SHORT_TURNS = 10  # of a second, for one turn of others: two in a hundred are less than single turns differ by


def of_metrics(bench: Bench) -> Iterator[Row]:
    database = copied_database(cached_database(bench.data, SMALL, SMALL), bench.folder / "metrics.sqlite")
    path, own = f"/templates/{name(SMALL // 2)}", free_port()
    listen = ("--metrics-listen", f"127.0.0.1:{own}")
    with serving(f"sqlite:///{database}", *listen, log=bench.folder / "metrics.log") as server:

        def scraped() -> float:
            with scraping(own):
                return reads(server, path, seconds=1)

        yield bench.row(
            f"GET one of {SMALL} templates, c=32, metrics scraped every second",
            "our own, not scraped",
            0.98,
            [(scraped(), reads(server, path, seconds=1)) for _ in range(SHORT_TURNS * bench.turns)],
        )


@contextmanager
def scraping(port: int) -> Iterator[None]:
    """A text each second, from the first moment on."""
    ends, failed = Event(), list[object]()

    def scrape() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            while True:
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                if answer.status != 200 or b"binder_registry_revision" not in answer.read():
                    failed.append(answer.status)
                if ends.wait(EVERY_SECONDS):
                    return

    thread = Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
    if failed:
        raise SystemExit(f"benchmarks: the metrics were answered with {failed}")
