"""Several servers over one PostgreSQL: one registry."""

import asyncio
from collections import Counter
from pathlib import Path

from binder_registry.backends import open_log
from binder_registry.changes import Change
from tests.backends.postgres_server import new_registry
from tests.cluster.history import problems
from tests.cluster.load import Load
from tests.server.running import running_server


def whole_log(url: str) -> list[Change]:
    log = open_log(url, read_only=True)
    try:
        changes: list[Change] = []
        while page := log.read(len(changes), 2**62):
            changes += page
        return changes
    finally:
        log.close()


def test_three_servers_are_one_registry(tmp_path: Path) -> None:
    with (
        new_registry() as url,
        running_server(tmp_path, db=url) as one,
        running_server(tmp_path, db=url) as two,
        running_server(tmp_path, db=url) as three,
    ):
        load = Load([one.url, two.url, three.url], clients=32, seconds=5)

        asyncio.run(load.run())

        statuses = Counter(call.status for call in load.calls)
        assert problems(load.calls, whole_log(url)) == []
        assert load.acknowledged > 100
        assert set(statuses) <= {200, 201, 202, 404, 409, 412}, statuses
