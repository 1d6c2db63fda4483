"""Several servers over one PostgreSQL are one registry, whatever is killed.

While one after the other is restarted, `test_rolling_update` tries, and `python -m tests.cluster` longer.
"""

import signal
from collections import Counter
from pathlib import Path

import httpx2

from tests.backends.postgres_server import new_registry, shared_server
from tests.cluster import faults
from tests.cluster.load import DEADLINE, Load


def test_three_servers_are_one_registry(tmp_path: Path) -> None:
    with new_registry() as url:
        with faults.cluster(tmp_path, url) as servers, Load([server.url for server in servers]) as load:
            load.goes_on(writes=20)

        faults.check(load, url)
        statuses = Counter(call.status for call in load.calls)
        assert set(statuses) <= {200, 201, 202, 404, 409, 412}, statuses


def test_nothing_is_lost_when_servers_are_killed(tmp_path: Path) -> None:
    with new_registry() as url:
        assert faults.kill_servers(tmp_path, url, rounds=2)


def test_nothing_is_lost_when_the_database_is_killed(tmp_path: Path) -> None:
    assert faults.kill_the_database(tmp_path, rounds=1)


def test_nothing_is_lost_and_nothing_hangs_when_the_network_is(tmp_path: Path) -> None:
    assert faults.lose_the_network(tmp_path, shared_server(), rounds=1)


def test_nothing_is_lost_when_the_primary_is_killed_and_its_standby_promoted(tmp_path: Path) -> None:
    assert faults.fail_over(tmp_path, rounds=1)


def test_streams_see_each_change_once_whatever_server_is_killed(tmp_path: Path) -> None:
    with new_registry() as url:
        assert faults.follow_streams(tmp_path, url, streams=60, rounds=2)


def test_servers_go_on_while_one_is_frozen_and_it_catches_up(tmp_path: Path) -> None:
    with new_registry() as url, faults.cluster(tmp_path, url) as (frozen, *others):
        with Load([server.url for server in others]) as load:
            frozen.process.send_signal(signal.SIGSTOP)
            load.goes_on(writes=50)
            frozen.process.send_signal(signal.SIGCONT)
            load.goes_on()
        written = max(call.revision for call in load.acknowledged)
        headers = {"Registry-Revision": str(written)}
        shown = httpx2.get(f"{frozen.url}/health", timeout=DEADLINE, headers=headers, trust_env=False)

        faults.check(load, url)
        assert shown.json()["revision"] >= written
