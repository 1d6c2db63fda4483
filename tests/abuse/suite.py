"""All abuses, and all honest users who ask for much, over both databases."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from tests.backends.postgres_server import new_registry, superuser_url

from . import connections, history, queries, streams, tokens, untaken, writes
from .abuse import Abuse
from .rounds import Outcome, abused, abusers, around
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


def in_full(chosen: Sequence[Abuse], databases: Sequence[str]) -> Iterator[Outcome]:
    """Each against a server and a database of its own."""
    with abusers() as pool:
        for kind in databases:
            for abuse in chosen:
                yield from _round([abuse], kind, pool, short=False)


def in_short(chosen: Sequence[Abuse], databases: Sequence[str]) -> Iterator[Outcome]:
    """Those that need the same surroundings one after the other against one server, with little of everything. One
    abuses at a time, while the servers for others start."""
    abuses = sorted(chosen, key=lambda abuse: abuse.around.__name__)
    with abusers() as pool, ThreadPoolExecutor() as threads:
        for kind in databases:
            meant = [abuse for abuse in abuses if abuse.of_store or kind == "sqlite"]
            groups = [list(group) for _, group in groupby(meant, key=lambda abuse: abuse.around)]
            if kind == "postgresql":
                superuser_url()  # so that one server is there for all threads
            for outcomes in threads.map(lambda group, kind=kind: list(_round(group, kind, pool, short=True)), groups):
                yield from outcomes


def _round(abuses: Sequence[Abuse], kind: str, pool: ProcessPoolExecutor, *, short: bool) -> Iterator[Outcome]:
    with (
        tempfile.TemporaryDirectory() as name,
        database(kind, Path(name)) as url,
        around(Path(name), url, abuses) as (server, bystanders, others),
    ):
        for abuse in abuses:
            yield abused(abuse, server, bystanders, pool, Target(server.port, short, others), url)
