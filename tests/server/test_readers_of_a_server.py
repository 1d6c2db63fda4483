"""The process that reads documents for a real server, and how it ends with it."""

import os
import resource
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from binder_registry.cli.reader import NICE
from binder_registry.server.limits import MiB
from binder_registry.server.readers import BEYOND

from .running import KEY, RunningServer, running_server

PATIENCE = 30_000  # milliseconds


@contextmanager
def watched(server: RunningServer) -> Iterator[tuple[int, int]]:
    """The reader's process, and a descriptor that is readable once it has ended."""
    answer = httpx2.post(
        f"{server.url}/documents", content="name: a", headers={"Content-Type": "application/yaml"}, trust_env=False
    )
    assert answer.status_code == 200
    threads = Path(f"/proc/{server.process.pid}/task").iterdir()
    [reader] = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    descriptor = os.pidfd_open(reader)
    try:
        yield reader, descriptor
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("end", [RunningServer.kill, RunningServer.stop], ids=["killed", "stopped"])
def test_a_server_that_ends_in_any_way_leaves_none_behind(
    tmp_path: Path, end: Callable[[RunningServer], object]
) -> None:
    with running_server(tmp_path) as server, watched(server) as (reader, descriptor):
        environment = Path(f"/proc/{reader}/environ").read_bytes()
        end(server)

        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        assert poll.poll(PATIENCE), "it is still there"

    assert KEY.encode() not in environment


def test_it_takes_no_more_than_it_may_and_goes_behind_all_others(tmp_path: Path) -> None:
    with running_server(tmp_path, "--limit", "reading-bytes=256M") as server, watched(server) as (reader, _):
        priority = os.getpriority(os.PRIO_PROCESS, reader) - os.getpriority(os.PRIO_PROCESS, server.process.pid)
        bounds = [resource.prlimit(reader, bound)[1] for bound in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE)]
        first_to_go = Path(f"/proc/{reader}/oom_score_adj").read_text()

    assert (priority, bounds, first_to_go) == (NICE, [128 * MiB + BEYOND, 0], "1000\n")
