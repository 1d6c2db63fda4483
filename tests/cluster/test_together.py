"""Several servers over one PostgreSQL that nothing is wrong with."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Timer

import httpx2
import pytest

from binder_registry import Template
from binder_registry.backends import open_log
from binder_registry.log_store import LogStore
from binder_registry.server.live import follower
from tests.backends.postgres_server import new_registry
from tests.cluster import faults
from tests.cluster.load import DEADLINE
from tests.server.asking import application, asked
from tests.server.running import AUTHORIZATION, RunningServer

NAMES = [f"template-{number}" for number in range(20)]
TOGETHER = 10  # servers that start at once


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningServer]]:
    with new_registry() as url, faults.cluster(tmp_path_factory.mktemp("servers"), url) as servers:
        yield servers


def asked_at_once(
    servers: list[RunningServer], method: str, path: str, body: object, headers: dict[str, str]
) -> list[httpx2.Response]:
    """The same request to each server."""

    async def ask() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(timeout=DEADLINE, trust_env=False, headers=AUTHORIZATION | headers) as http:
            requests = [http.request(method, f"{server.url}{path}", json=body) for server in servers]
            return list(await asyncio.gather(*requests))

    return asyncio.run(ask())


@pytest.mark.parametrize("name", NAMES[:10])
def test_of_servers_that_are_asked_to_create_one_name_one_does(servers: list[RunningServer], name: str) -> None:
    answers = asked_at_once(servers, "POST", "/templates", {"name": name, "image-name": "i"}, {})

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


@pytest.mark.parametrize("name", NAMES[10:])
def test_of_servers_that_are_asked_to_update_one_state_one_does(servers: list[RunningServer], name: str) -> None:
    body = {"name": name, "image-name": "i"}
    with httpx2.Client(trust_env=False, headers=AUTHORIZATION) as http:
        tag = http.post(f"{servers[0].url}/templates", json=body).headers["ETag"]

    answers = asked_at_once(servers, "PATCH", f"/templates/{name}", {"image-name": "j"}, {"If-Match": tag})

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]


def test_what_one_server_wrote_the_others_show_to_who_saw_it(servers: list[RunningServer]) -> None:
    with httpx2.Client(timeout=DEADLINE, trust_env=False, headers=AUTHORIZATION) as http:
        written = http.post(f"{servers[0].url}/templates", json={"name": "seen", "image-name": "i"})
        seen = {"Registry-Revision": written.headers["Registry-Revision"]}
        answers = [http.get(f"{server.url}/templates/seen", headers=seen) for server in servers]

    assert [answer.content for answer in answers] == [written.content] * len(servers)


def test_ten_servers_may_start_at_once_on_an_empty_database(tmp_path: Path) -> None:
    with new_registry() as url, faults.cluster(tmp_path, url, servers=TOGETHER) as servers:
        answers = [
            httpx2.post(
                f"{server.url}/templates",
                json={"name": f"by {server.port}", "image-name": "i"},
                headers=AUTHORIZATION,
                trust_env=False,
            )
            for server in servers
        ]

        assert [answer.headers["Registry-Revision"] for answer in answers] == [str(n + 1) for n in range(TOGETHER)]


@pytest.fixture
def caught_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Until it is set, followers in this process show nothing that is new."""
    caught_up, on_loop = Event(), follower.Follower._on_loop

    def late(self: follower.Follower, call: Callable[[], None]) -> None:
        caught_up.wait(DEADLINE)
        on_loop(self, call)

    monkeypatch.setattr(follower.Follower, "_on_loop", late)
    yield caught_up
    caught_up.set()


@pytest.fixture
def two() -> Iterator[tuple[LogStore, LogStore]]:
    """The stores of two servers over one database."""
    with new_registry() as url, closing(LogStore(open_log(url))) as one, closing(LogStore(open_log(url))) as two:
        yield one, two


def test_a_server_that_is_behind_shows_what_it_has(two: tuple[LogStore, LogStore], caught_up: Event) -> None:
    with asked(application(two[0])) as client:
        two[1].register_template(Template("a", "i"))

        assert client.get("/templates/a").status_code == 404
        caught_up.set()


def test_with_strong_reads_it_shows_what_the_database_holds(two: tuple[LogStore, LogStore], caught_up: Event) -> None:
    with asked(application(two[0], strong_reads=True)) as client:
        two[1].register_template(Template("a", "i"))
        Timer(0.5, caught_up.set).start()

        assert client.get("/templates/a").status_code == 200
