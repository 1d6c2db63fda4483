"""All abuses, and all honest users who ask for much, over both databases."""

import tempfile
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path

from tests.backends.postgres_server import new_registry, superuser_url
from tests.server.running import RunningServer

from . import connections, history, queries, streams, tokens, untaken, writes
from .abuse import Abuse, plainly
from .bystanders import Bystanders
from .rounds import FEW_READS, MINUTE, RATIO, Outcome, abused, abusers, around, rested
from .wire import Target

ABUSES: tuple[Abuse, ...] = (
    *streams.ABUSES,
    *queries.ABUSES,
    *untaken.ABUSES,
    *writes.ABUSES,
    *connections.ABUSES,
    *tokens.ABUSES,
)
HONEST: tuple[Abuse, ...] = (*streams.HONEST, *queries.HONEST, *writes.HONEST, *history.HONEST)
DATABASES = ("sqlite", "postgresql")


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new one."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/registry.db"
    else:
        with new_registry() as url:
            yield url


@contextmanager
def surrounded(kind: str, abuses: Sequence[Abuse], *, short: bool) -> Iterator[tuple[RunningServer, Target, str]]:
    """A server with all that the abuses need, what they aim at, and the URL of its database."""
    with tempfile.TemporaryDirectory() as name, database(kind, Path(name)) as url:
        for abuse in abuses:
            if abuse.fill:
                abuse.fill(url, short)
        with around(Path(name), url, abuses) as (server, others):
            yield server, Target(server.port, short, others), url


def in_full(chosen: Sequence[Abuse], databases: Sequence[str]) -> Iterator[Outcome]:
    """Where others waited too long the first time, the middle one of three: a machine, too, has its moments. Any other
    fault counts, however often it was there."""
    slow = list[Outcome]()
    for outcome in _each_in_full(list(product(databases, chosen))):
        if outcome.slowest > RATIO:
            slow.append(outcome)
        else:
            yield outcome
    again = list(_each_in_full([(outcome.database, outcome.abuse) for outcome in slow for _ in range(2)]))
    for number, first in enumerate(slow):
        three = sorted([first, *again[2 * number : 2 * number + 2]], key=lambda outcome: outcome.slowest)
        yield next((outcome for outcome in three if outcome.faults()), three[1])


def _each_in_full(rounds: Sequence[tuple[str, Abuse]]) -> Iterator[Outcome]:
    """Each against a server and a database of its own, which rest afterwards while others are abused: nobody uses them,
    so that they take nothing of the others' time, but for those that much was stored in. They are looked at again
    between two others."""
    resting = deque[tuple[float, Generator[Outcome]]]()  # until when each does

    def looked_at() -> Outcome:
        until, one = resting.popleft()
        time.sleep(max(0.0, until - time.monotonic()))
        with closing(one):
            return next(one)

    stored = False
    with abusers() as pool:
        try:
            for kind, abuse in rounds:
                while resting and (resting[0][0] <= time.monotonic() or stored):
                    yield looked_at()
                one = _in_full(abuse, kind, pool)
                next(one)
                stored = abuse.stores  # its database still carries over and looks through what there is
                resting.append((time.monotonic() + MINUTE, one))
            while resting:
                yield looked_at()
        finally:
            for _, one in resting:
                one.close()


def _in_full(abuse: Abuse, kind: str, pool: Executor) -> Generator[Outcome]:
    """As it is at once, and once it has rested."""
    with surrounded(kind, [abuse], short=False) as (server, target, url):
        with Bystanders(server.port) as bystanders:
            outcome = abused(abuse, server, bystanders, pool, target, url)
        yield outcome
        yield rested(outcome, server)


def in_short(chosen: Sequence[Abuse], databases: Sequence[str]) -> Iterator[Outcome]:
    """Little of everything, one after the other: all that need nothing around them against one server, and all others
    against another one, which starts meanwhile. No time is measured, so the abusers need no process of their own."""
    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor() as threads:
        for kind in databases:
            meant = [abuse for abuse in chosen if abuse.of_store or kind == "sqlite"]
            groups = [[abuse for abuse in meant if (abuse.around is plainly) is plain] for plain in (True, False)]
            if kind == "postgresql":
                superuser_url()  # so that one server is there for all threads
            some = filter(None, groups)
            for outcomes in threads.map(lambda group, kind=kind: list(_in_short(group, kind, pool)), some):
                yield from outcomes


def _in_short(abuses: Sequence[Abuse], kind: str, pool: Executor) -> Iterator[Outcome]:
    with (
        surrounded(kind, abuses, short=True) as (server, target, url),
        Bystanders(server.port, FEW_READS) as bystanders,
    ):
        for abuse in abuses:
            yield abused(abuse, server, bystanders, pool, target, url)
