"""Rounds of faults under load, each checked against the log: short in the tests, long by `python -m tests.cluster`."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from binder_registry.backends import open_log
from binder_registry.changes import Change
from tests.backends.postgres_server import PostgresServer
from tests.server.running import RunningServer, start_server

from .history import problems
from .load import DEADLINE, Load
from .proxy import Proxy
from .readers import Readers

SERVERS = 3


def whole_log(url: str) -> list[Change]:
    with closing(open_log(url, read_only=True)) as log:
        changes: list[Change] = []
        while page := log.read(len(changes), 2**62):
            changes += page
        return changes


@contextmanager
def cluster(folder: Path, url: str, servers: int = SERVERS) -> Iterator[list[RunningServer]]:
    """Servers that start at once. The block may put a new one in the place of one; all are killed at its end."""
    started: list[RunningServer] = []

    def start(_: int) -> None:
        started.append(start_server(folder, db=url))

    try:
        with ThreadPoolExecutor(servers) as threads:
            list(threads.map(start, range(servers)))
        yield started
    finally:
        for server in started:
            server.kill()


def check(load: Load, url: str, *, waits: float = DEADLINE) -> None:
    found = problems(load.calls, whole_log(url))
    assert not found, "\n".join(found[:20])
    assert load.slowest < waits, f"a request took {load.slowest:.1f} s"


def kill_servers(folder: Path, url: str, rounds: int, seed: int = 1) -> str:
    """SIGKILL to one of the servers at a time, which is started again on its port."""
    choose = random.Random(seed)
    with cluster(folder, url) as servers:
        with Load([server.url for server in servers], seconds=30 + 10 * rounds) as load:
            for _ in range(rounds):
                load.goes_on(writes=1 + choose.randrange(20))
                chosen = choose.randrange(SERVERS)
                servers[chosen].kill()
                servers[chosen] = start_server(folder, db=url, port=servers[chosen].port)
            load.goes_on()
        check(load, url)
    return f"{rounds} servers killed: {len(load.acknowledged)} writes acknowledged, 0 lost"


def restart_one_by_one(folder: Path, url: str, rounds: int) -> str:
    """SIGTERM to each server in turn, as a rolling update does."""
    with cluster(folder, url) as servers:
        with Load([server.url for server in servers], seconds=30 + 30 * rounds) as load:
            for number in range(SERVERS * rounds):
                load.goes_on()
                server = servers[number % SERVERS]
                assert server.stop() == 0
                servers[number % SERVERS] = start_server(folder, db=url, port=server.port)
            load.goes_on()
        check(load, url)
    cut = sum(call.status == 0 and call.ended - call.sent > 1 for call in load.calls)
    assert not cut, f"{cut} requests were under way for over a second, and got no answer"
    return f"{rounds} rolling restarts: {len(load.acknowledged)} writes acknowledged, 0 lost"


def follow_streams(folder: Path, url: str, streams: int, rounds: int) -> str:
    """SIGKILL to one server after the other under load; what streamed from it resumes at the next."""
    with cluster(folder, url) as servers, Readers([server.port for server in servers], streams) as readers:
        readers.are_open()
        with Load([server.url for server in servers], clients=8, seconds=60 + 20 * rounds) as load:
            for number in range(rounds):
                load.goes_on()
                server = servers[number % SERVERS]
                server.kill()
                servers[number % SERVERS] = start_server(folder, db=url, port=server.port)
            load.goes_on()
        log = whole_log(url)
        readers.have(log[-1].revision)
    wrong = [stream for stream in readers.streams if stream.revisions != [change.revision for change in log]]
    assert not wrong, f"{len(wrong)} streams missed changes or saw them twice"
    resumed = sum(stream.connections - 1 for stream in readers.streams)
    assert resumed >= streams * rounds // SERVERS // 2, f"only {resumed} streams lost their server"
    return (
        f"{streams} event streams over {SERVERS} servers, {rounds} of them killed: each of {len(log)} changes seen once"
        f" by each; {resumed} resumed elsewhere"
    )


def kill_the_database(folder: Path, rounds: int, seed: int = 1) -> str:
    """SIGKILL to PostgreSQL's main process, which is started again."""
    choose = random.Random(seed)
    database = PostgresServer.new()
    away, back = list[float](), list[float]()
    try:
        with (
            cluster(folder, database.url()) as servers,
            Load([server.url for server in servers], seconds=30 + 20 * rounds) as load,
        ):
            for _ in range(rounds):
                load.goes_on(writes=1 + choose.randrange(20))
                killed = time.monotonic()
                database.kill()
                database.start()
                away.append(time.monotonic() - killed)
                back.append(load.goes_on())
        check(load, database.url())
    finally:
        database.remove()
    return (
        f"the database killed {rounds} times (away for {max(away):.1f} s at most): {len(load.acknowledged)} writes"
        f" acknowledged, 0 lost; first write {max(back):.1f} s after its return at the latest"
    )


def lose_the_network(folder: Path, url_of: PostgresServer, rounds: int) -> str:
    """Between the servers and the database: slow, then cut, then silent."""
    with (
        Proxy(url_of.port) as proxy,
        cluster(folder, url_of.url().replace(f":{url_of.port}/", f":{proxy.port}/")) as servers,
        Load([server.url for server in servers], seconds=60 + 60 * rounds) as load,
    ):
        for _ in range(rounds):
            load.goes_on()
            proxy.delay(0.05)
            load.goes_on(writes=3)
            proxy.cut()
            load.is_refused()
            proxy.heal()
            load.goes_on()
            proxy.half_open()
            load.is_refused()
            proxy.heal()
        load.goes_on()
    check(load, url_of.url())
    return f"{rounds} times slow, cut and silent: {len(load.acknowledged)} writes acknowledged, 0 lost"


def fail_over(folder: Path, rounds: int) -> str:
    """kill -9 of the primary under load; its synchronous standby is promoted."""
    first_writes, refused_reads, acknowledged = list[float](), 0, 0
    for number in range(rounds):
        with ExitStack() as stack:
            primary = PostgresServer.new()
            stack.callback(primary.remove)
            standby = primary.standby("standby")
            stack.callback(standby.remove)
            primary.set(synchronous_standby_names="'standby'")
            hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
            url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"
            inner = folder / str(number)
            inner.mkdir()
            servers = stack.enter_context(cluster(inner, url))
            with Load([server.url for server in servers], seconds=60) as load:
                load.goes_on()
                before = len(load.calls)
                primary.kill()
                standby.promote()
                first_writes.append(load.goes_on())
            check(load, url)
            acknowledged += len(load.acknowledged)
            refused_reads += sum(call.kind == "read" and call.unknown for call in load.calls[before:])
    return (
        f"{rounds} failovers: {acknowledged} writes acknowledged, 0 lost; first write"
        f" {max(first_writes):.1f} s after the promotion at the latest; {refused_reads} reads refused in between"
    )
