"""What is measured of durable writes, each against etcd's gateway on the same disk."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median

from .fill import fill_etcd, fill_registry
from .load import changes, gateway_changes, posts, puts
from .rows import Bench, Row
from .servers import Server, etcd, registry

WANTED = ((32, 2), (1, 1))  # connections, and how many times as much as etcd
MANY = 1000  # templates, or keys, that are changed in turn
MOST_DELETED = {32: 12_000, 1: 4000}  # in a second, by connections


def durable_writes(bench: Bench) -> Iterator[Row]:
    with registry(bench.folder / "writes.sqlite") as server, etcd(bench.folder) as peer:
        for connections, target in WANTED:

            def ours(connections: int = connections) -> float:
                return posts(server, seconds=bench.seconds, connections=connections)

            def theirs(connections: int = connections) -> float:
                return puts(peer, seconds=bench.seconds, connections=connections)

            yield _row(bench, f"durable POST, c={connections}", "put", target, server, ours, theirs)


def durable_changes(bench: Bench) -> Iterator[Row]:
    """Of what is there, one after the other; what was deleted is there again before each turn."""
    with registry(bench.folder / "changes.sqlite") as server, etcd(bench.folder) as peer:
        for method, against in (("PUT", "put"), ("PATCH", "put"), ("DELETE", "deleterange")):
            for connections, target in WANTED:
                count = int(MOST_DELETED[connections] * bench.seconds) if method == "DELETE" else MANY

                def ours(method: str = method, connections: int = connections, count: int = count) -> float:
                    return changes(server, method, count, seconds=bench.seconds, connections=connections)

                def theirs(against: str = against, connections: int = connections, count: int = count) -> float:
                    fill_etcd(peer, count)
                    return gateway_changes(peer, against, count, seconds=bench.seconds, connections=connections)

                def fill(count: int = count) -> None:
                    fill_registry(server, count)

                yield _row(bench, f"durable {method}, c={connections}", against, target, server, ours, theirs, fill)


def _row(
    bench: Bench,
    work: str,
    against: str,
    target: float,
    server: Server,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    prepare: Callable[[], None] = lambda: None,
) -> Row:
    """`prepare`: ours, before each turn."""
    spent: list[list[float]] = []  # microseconds of one write, as `Server.cpu` divides them

    def measured() -> float:
        prepare()
        before = server.cpu()
        rate = ours()
        writes = rate * bench.seconds / 1e6
        spent.append([(now - then) / writes for now, then in zip(server.cpu(), before, strict=True)])
        return rate

    row = bench.compare(work, f"etcd's JSON gateway {against}, same disk", target, measured, theirs)
    loop, loop_kernel, others, others_kernel = (median(column) for column in zip(*spent, strict=True))
    total = loop + loop_kernel + others + others_kernel
    return replace(
        row,
        note=f"of a write's {total:.0f} µs of processor: event loop {loop:.0f} and {loop_kernel:.0f} in the kernel,"
        f" writer {others:.0f} and {others_kernel:.0f}",
    )
