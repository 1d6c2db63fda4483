"""The database is away: what a server goes on with, what it refuses, and that it recovers."""

import json
from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.backends.postgres_server import eventually, shared_server
from tests.cluster.proxy import Proxy
from tests.cluster.readers import Readers
from tests.server.running import AUTHORIZATION, KEY, RunningServer, running_server
from tests.server.test_event_stream import Stream, streamed

AT_ONCE = 5.0  # seconds for an answer: far below what TCP would wait
AWAY: dict[str, Callable[[Proxy], None]] = {"refuses": Proxy.cut, "says nothing": Proxy.half_open}

READS = ["/", "/templates", "/templates/a", "/templates?q=a&limit=1", "/changes", "/changes?since=1&name=a"]
WRITES: list[tuple[str, str, object]] = [
    ("POST", "/templates", {"name": "b", "image-name": "i"}),
    ("PATCH", "/templates/a", {"command": "c"}),
    ("DELETE", "/templates/a", None),
    ("POST", "/apply", {"templates": []}),
]
PAST = ["/templates/a?revision=1", "/templates?revision=1", "/templates/a/changes", "/changes?order=newest"]


class Away:
    stream: Stream  # of the holder of `token`

    def __init__(self, server: RunningServer, proxy: Proxy, readers: Readers) -> None:
        self.proxy, self.port, self.readers = proxy, server.port, readers
        self.token = ""  # of the registry's own
        self._http = httpx2.Client(base_url=server.url, headers=AUTHORIZATION, timeout=AT_ONCE, trust_env=False)

    def ask(self, method: str, target: str, body: object = None) -> httpx2.Response:
        return self._http.request(method, target, json=body)

    def health(self, wanted: str = "") -> int:
        return self.ask("GET", f"/health{wanted}").status_code

    def holds(self, token: str) -> httpx2.Response:
        return self._http.get("/tokens/self", headers={"Authorization": f"token {token}"})

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="module", params=AWAY)
def away(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    """A server whose database went away after two changes; one event stream is open."""
    database = shared_server()
    schema = f"away_{list(AWAY).index(request.param)}"
    database.execute(f"CREATE SCHEMA {schema}")
    with Proxy(database.port) as proxy:
        url = database.url().replace(f":{database.port}/", f":{proxy.port}/") + f"?options=-csearch_path%3D{schema}"
        with running_server(tmp_path_factory.mktemp("away"), db=url) as server, Readers([server.port], 1) as readers:
            away = Away(server, proxy, readers)
            away.ask("POST", "/templates", {"name": "a", "image-name": "i"})
            away.ask("PATCH", "/templates/a", {"image-name": "j"})
            readers.have(2)
            away.token = away.ask("POST", "/tokens", {"name": "ci", "scopes": ["read"]}).json()["token"]
            with streamed(server.port, "", f"Authorization: token {away.token}") as away.stream:
                away.stream.block()
                AWAY[request.param](proxy)
                eventually(lambda: away.health() == 503)
                yield away
            away.close()
    database.execute(f"DROP SCHEMA {schema} CASCADE")


def test_nobody_says_yes_to_a_token_of_the_registrys_own(away: Away) -> None:
    eventually(lambda: away.holds(away.token).status_code == 503)

    answers = [away.holds(token) for token in (away.token, away.token[:-1] + "!", KEY)]
    assert [answer.status_code for answer in answers] == [503, 401, 200]
    assert answers[0].headers["registry-error"] == "auth_unavailable"


def test_the_stream_of_a_token_has_ended_and_others_go_on(away: Away) -> None:
    away.stream.rest()

    assert away.ask("GET", "/changes").status_code == 200


def test_health_tells_reads_from_writes(away: Away) -> None:
    whole, reads = away.ask("GET", "/health"), away.ask("GET", "/health?for=reads")

    assert (whole.status_code, reads.status_code) == (503, 200)
    assert json.loads(reads.content) == {"status": "writes fail", "revision": 2, "reads": True, "writes": False}


@pytest.mark.parametrize("target", READS)
def test_the_present_and_the_newest_changes_are_read(away: Away, target: str) -> None:
    assert away.ask("GET", target).status_code == 200


@pytest.mark.parametrize(("method", "target", "body"), WRITES, ids=lambda value: str(value).partition(" ")[0])
def test_writes_are_refused_at_once(away: Away, method: str, target: str, body: object) -> None:
    answer = away.ask(method, target, body)

    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


@pytest.mark.parametrize("target", PAST)
def test_what_only_the_database_has_is_refused_at_once(away: Away, target: str) -> None:
    answer = away.ask("GET", target)

    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


def test_streams_stay_and_can_be_resumed(away: Away) -> None:
    with Readers([away.port], 20) as more:
        more.have(2)

    assert away.readers.streams[0].connections == 1


def test_it_recovers_by_itself_and_streams_go_on(away: Away) -> None:  # the last one: it ends what was away
    away.proxy.heal()
    eventually(lambda: away.health() == 200)

    written = away.ask("POST", "/templates", {"name": "c", "image-name": "i"})

    assert written.status_code == 201
    away.readers.have(3)
    assert away.readers.streams[0].revisions == [1, 2, 3]
    assert away.readers.streams[0].connections == 1
