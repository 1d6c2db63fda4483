"""What is measured of several servers over one PostgreSQL, which syncs every commit to the disk.

The database, its servers and the load share the machine's cores here, unlike where it matters: the rates are lower than
on machines of their own.
"""

import http.client
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median

from tests.backends.postgres_server import PostgresServer

from .load import posts, puts, reads
from .peers import cores, program
from .rows import HISTORY, LARGE, SMALL, Bench, Row
from .servers import API_KEY, Server, etcd, serving
from .templates import body, database, name

FOLDER = "/var/tmp"  # on a disk, where /tmp may be memory; PostgreSQL's user may not look into the project's folders
TURNS = 3  # at most, so that all of these take no longer than three minutes
WRITES = 1000  # whose way to another server is timed

# The row that a POST adds, without what keeps it in order with others: no lock, no look at what is there.
TIMES = b',"time-created":"2026-01-05T09:00:00.000001Z","time-modified":"2026-01-05T09:00:00.000001Z"}'
CONTENT = body("posted-123456789012")[:-1] + TIMES
INSERT = f"""
    INSERT INTO limit_changes SELECT nextval('limit_revision'), '\\x0123456789abcdef', now(), 'key 1', '', 'created',
    'posted-' || lpad(currval('limit_revision')::text, 12, '0'), 0, currval('limit_revision'), false,
    '\\x{CONTENT.hex()}', '\\x0123456789abcdef0123456789abcdef';
"""
HEAD = "SELECT revision, mark, time FROM registry_head;"


def postgres_writes(bench: Bench) -> Iterator[Row]:
    with on_disk() as peer, _servers(bench, peer) as (one, two), etcd(bench.folder) as other:
        peer.execute(
            "CREATE TABLE limit_changes (LIKE registry_changes INCLUDING ALL)", "CREATE SEQUENCE limit_revision"
        )
        for connections, wanted in ((32, 1.2), (1, 0.6)):
            work = f"durable POST on PostgreSQL, c={connections}"
            turns = [
                (
                    posts(one, seconds=bench.seconds, connections=connections),
                    _pgbench(bench, peer, INSERT, connections),
                    puts(other, seconds=bench.seconds, connections=connections),
                )
                for _ in range(_turns(bench))
            ]
            yield bench.row(work, "pgbench: INSERT of the same row", None, [turn[:2] for turn in turns])
            yield bench.row(work, "etcd's JSON gateway put, same disk", wanted, [turn[::2] for turn in turns])

        def both() -> float:
            with ThreadPoolExecutor(2) as threads:
                return sum(threads.map(lambda server: posts(server, seconds=bench.seconds, connections=16), (one, two)))

        pairs = [(both(), posts(one, seconds=bench.seconds, connections=32)) for _ in range(_turns(bench))]
        yield bench.row("durable POST on PostgreSQL through two servers, c=16 each", "one server, c=32", 1.0, pairs)


def between_servers(bench: Bench) -> Iterator[Row]:
    with on_disk() as peer, _servers(bench, peer) as (one, two):
        seconds = sorted(_ways(one, two))
    work = "from the answer to a write through one server until another shows it"
    for share, text in ((0.5, "median"), (0.99, "p99")):
        yield Row(f"{work}: {text}", "", f"{seconds[int(len(seconds) * share)] * 1000:.1f} ms", "", None)


def strong_reads(bench: Bench) -> Iterator[Row]:
    with on_disk() as peer, _servers(bench, peer) as (plain, strong):
        connection = http.client.HTTPConnection("127.0.0.1", plain.port, timeout=30)
        for number in range(SMALL):
            _post(connection, name(number))
        connection.close()
        path = f"/templates/{name(SMALL // 2)}"
        turns = [
            (
                reads(strong, path, seconds=bench.seconds),
                reads(plain, path, seconds=bench.seconds),
                _pgbench(bench, peer, HEAD, 32),
            )
            for _ in range(_turns(bench))
        ]
        work = "GET one with --strong-reads, c=32"
        yield bench.row(work, "the same without", None, [turn[:2] for turn in turns])
        yield bench.row(work, "pgbench: SELECT of the head", None, [turn[::2] for turn in turns])


def postgres_start(bench: Bench) -> Iterator[Row]:
    with on_disk() as peer:
        peer.set(fsync="off")
        database(peer.url(), LARGE, HISTORY)
        peer.set(fsync="on")
        peer.execute("ANALYZE")
        starts = []
        for _ in range(_turns(bench)):
            with serving(
                peer.url(), log=bench.folder / "start.log", answers=f"/templates/{name(LARGE - 1)}", placed=cores()
            ) as server:
                starts.append(server.started)
    yield Row(
        f"start on PostgreSQL with {LARGE:,} templates and {HISTORY:,} changes, to first answer",
        "",
        f"{median(starts):.2f} s",
        "",
        None,
    )


ROWS = (postgres_writes, between_servers, strong_reads, postgres_start)


@contextmanager
def on_disk() -> Iterator[PostgresServer]:
    server = PostgresServer.new(FOLDER)
    try:
        server.set(fsync="on")
        [[fsync, commit]] = server.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')")
        if (fsync, commit) != ("on", "on"):
            raise SystemExit("benchmarks: this PostgreSQL does not wait for the disk")
        yield server
    finally:
        server.remove()


@contextmanager
def _servers(bench: Bench, peer: PostgresServer) -> Iterator[tuple[Server, Server]]:
    """A plain one, and one with --strong-reads, which changes nothing about writes."""
    with (
        serving(peer.url(), log=bench.folder / "one.log", placed=cores()) as one,
        serving(peer.url(), "--strong-reads", log=bench.folder / "two.log", placed=cores()) as two,
    ):
        yield one, two


def _turns(bench: Bench) -> int:
    return min(bench.turns, TURNS)


def _pgbench(bench: Bench, peer: PostgresServer, statement: str, clients: int) -> float:
    """Transactions per second, of one prepared statement each."""
    script = bench.folder / "pgbench.sql"
    script.write_text(statement.replace("\n", " ").strip())
    command = [program("taskset"), "--cpu-list", str(cores()[1]), str(peer.programs / "pgbench"), peer.url()]
    command += ["--no-vacuum", "--protocol=prepared", f"--file={script}", f"--client={clients}"]
    run = subprocess.run(
        [*command, f"--time={-(-bench.seconds // 1):.0f}"], capture_output=True, text=True, timeout=bench.seconds + 30
    )
    found = re.search(r"^tps = ([\d.]+)", run.stdout, re.MULTILINE)
    if run.returncode or not found:
        raise SystemExit(f"pgbench: {run.stderr}{run.stdout}")
    return float(found[1])


def _ways(one: Server, two: Server) -> Iterator[float]:
    """Seconds from the answer of each write at `one` to that of a read at `two` which waits for its revision."""
    writer, reader = (http.client.HTTPConnection("127.0.0.1", server.port, timeout=30) for server in (one, two))
    for number in range(WRITES):
        revision = _post(writer, f"way-{number:06}")
        begun = time.perf_counter()
        reader.request("GET", f"/templates/way-{number:06}", headers={"Registry-Revision": revision})
        answer = reader.getresponse()
        answer.read()
        yield time.perf_counter() - begun
        if answer.status != 200:
            raise SystemExit(f"benchmarks: the other server answered {answer.status}")
    writer.close()
    reader.close()


def _post(connection: http.client.HTTPConnection, name: str) -> str:
    """The revision."""
    connection.request("POST", "/templates", body(name), {"Authorization": f"token {API_KEY}"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 201:
        raise SystemExit(f"benchmarks: a template was answered with {answer.status}")
    return answer.headers["Registry-Revision"]
