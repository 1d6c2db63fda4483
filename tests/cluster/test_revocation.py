"""What one server revoked, another refuses a second later at most, whatever became of its way to the database."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx2
import pytest

from tests.backends.postgres_server import shared_server
from tests.cluster.proxy import Proxy
from tests.server.running import AUTHORIZATION, KEY, RunningServer, running_server
from tests.server.sockets import PATIENCE
from tests.server.test_event_stream import streamed
from tests.server.test_store_failures import until

TRUST = 1.0  # seconds, as the documentation has them
# What becomes of the other server's connections, and what it then says of a token that was revoked.
WAYS: dict[str, tuple[Callable[[Proxy], object], int]] = {
    "the one that listens is silent": (lambda proxy: proxy.half_open(b"LISTEN"), 401),
    "all are silent": (lambda proxy: proxy.half_open(), 503),
    "all are cut": (lambda proxy: proxy.cut(), 503),
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RunningServer, Proxy]]:
    """Over one database, the second one through the proxy."""
    database = shared_server()
    database.execute("CREATE SCHEMA revocation")
    with ExitStack() as resources:
        proxy = resources.enter_context(Proxy(database.port))
        urls = [f"{database.url()}?options=-csearch_path%3Drevocation"]
        urls.append(urls[0].replace(f":{database.port}/", f":{proxy.port}/"))
        first, second = (
            resources.enter_context(running_server(tmp_path_factory.mktemp("server"), db=url)) for url in urls
        )
        yield first, second, proxy
    database.execute("DROP SCHEMA revocation CASCADE")


@pytest.mark.parametrize("way", WAYS)
def test_what_one_server_revoked_another_refuses_within_a_second(
    servers: tuple[RunningServer, RunningServer, Proxy], way: str
) -> None:
    first, second, proxy = servers
    break_it, refusal = WAYS[way]
    with httpx2.Client(trust_env=False, timeout=PATIENCE) as client:

        def ask(token: str) -> httpx2.Response:
            return client.get(f"{second.url}/tokens/self", headers={"Authorization": f"token {token}"})

        made = client.post(
            f"{first.url}/tokens", json={"name": f"t{list(WAYS).index(way)}", "scopes": ["read"]}, headers=AUTHORIZATION
        ).json()
        until(lambda: ask(made["token"]), 200)  # it has come back from what became of it before
        with streamed(second.port, "", f"Authorization: token {made['token']}") as stream:
            good = ask(made["token"]).status_code
            stream.block()
            break_it(proxy)
            revoked = client.delete(f"{first.url}/tokens/{made['id']}", headers=AUTHORIZATION).status_code

            time.sleep(TRUST)
            last = ask(made["token"]).status_code
            stream.rest()
        key = ask(KEY).status_code
        proxy.heal()

    assert (good, revoked, last, key) == (200, 204, refusal, 200)
