"""Integers that no log reaches, wherever a request may have one: the same answer over every database."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from binder_registry.backends import open_log
from binder_registry.log_store import LogStore
from tests.backends.postgres_server import new_registry

from .asking import SCIPY, application, asked

MARK = "-0123456789abcdef"
NUMBERS = ["2147483648", "1000000000000000000", str(2**63 - 1)]
BEYOND = [str(2**63), str(2**64), "1" * 20, "9" * 5000]

UNKNOWN, UNKNOWN_POSITION, REFUSED, ANSWERED = 400, 410, 412, 200
PLACES = {
    "since": ("GET", "/changes?since={0}", {}, UNKNOWN_POSITION),
    "since, by label": ("GET", "/changes?label=a&since={0}", {}, UNKNOWN_POSITION),
    "since, by name": ("GET", "/changes?name=scipy&since={0}", {}, UNKNOWN_POSITION),
    "since, waiting": ("GET", "/changes?wait=1&since={0}", {}, UNKNOWN_POSITION),
    "since, of a stream": ("GET", "/changes?since={0}", {"Accept": "text/event-stream"}, UNKNOWN_POSITION),
    "since, of a history": ("GET", "/templates/scipy/changes?since={0}", {}, UNKNOWN_POSITION),
    "before": ("GET", "/changes?before={0}", {}, ANSWERED),
    "before, of a history": ("GET", "/templates/scipy/changes?before={0}", {}, ANSWERED),
    "Last-Event-ID": ("GET", "/changes", {"Accept": "text/event-stream", "Last-Event-ID": "{0}"}, UNKNOWN_POSITION),
    "revision": ("GET", "/templates/scipy?revision={0}", {}, UNKNOWN),
    "revision, of the list": ("GET", "/templates?revision={0}", {}, UNKNOWN),
    "revision, purged": ("DELETE", "/templates/scipy/changes/{0}", {}, UNKNOWN),
    "limit": ("GET", "/changes?limit={0}", {}, UNKNOWN),
    "limit, of the list": ("GET", "/templates?limit={0}", {}, UNKNOWN),
    "wait": ("GET", "/changes?wait={0}", {}, UNKNOWN),
    "Registry-Revision": ("GET", "/templates", {"Registry-Revision": "{0}"}, REFUSED),
    "If-Match": ("DELETE", "/templates/scipy", {"If-Match": '"{0}"'}, REFUSED),
    "If-Match, bare": ("DELETE", "/templates/scipy", {"If-Match": "{0}"}, REFUSED),
}
MARKED = [place for place in PLACES if place.startswith(("since", "before", "Last-Event-ID", "If-Match"))]


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with new_registry() as postgresql:
        file: Path = tmp_path_factory.mktemp("numbers") / "registry.db"
        url = {"sqlite": f"sqlite:///{file}", "postgresql": postgresql}[request.param]
        with closing(open_log(url)) as log, asked(application(LogStore(log))) as client:
            client.post("/templates", json=SCIPY)
            yield client


def status(client: TestClient, place: str, number: str) -> int:
    method, target, headers, _ = PLACES[place]
    filled = {name: value.format(number) for name, value in headers.items()}
    return client.request(method, target.format(number), headers=filled).status_code


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("place", PLACES)
def test_a_number_that_no_log_has_reached_is_answered_alike(client: TestClient, place: str, number: str) -> None:
    assert status(client, place, number) == PLACES[place][3]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("place", MARKED)
def test_a_position_that_no_log_has_reached_is_answered_alike(client: TestClient, place: str, number: str) -> None:
    expected = UNKNOWN_POSITION if place.startswith("before") else PLACES[place][3]

    assert status(client, place, number + MARK) == expected


@pytest.mark.parametrize("number", BEYOND, ids=["2^63", "2^64", "20 digits", "5000 digits"])
@pytest.mark.parametrize("place", PLACES)
def test_a_number_that_no_log_can_reach_is_no_request(client: TestClient, place: str, number: str) -> None:
    assert status(client, place, number) == 400


@pytest.mark.parametrize("number", BEYOND, ids=["2^63", "2^64", "20 digits", "5000 digits"])
@pytest.mark.parametrize("place", MARKED)
def test_a_position_that_no_log_can_reach_is_no_request(client: TestClient, place: str, number: str) -> None:
    assert status(client, place, number + MARK) == 400


@pytest.mark.parametrize("number", [0, -1, *(int(number) for number in (*NUMBERS, *BEYOND[:3]))])
def test_a_revision_to_restore_that_no_log_has_reached_is_refused(client: TestClient, number: int) -> None:
    answer = client.post("/templates/scipy/restore", json={"revision": number})

    assert answer.status_code == 400


@pytest.mark.parametrize("tag", [*NUMBERS, *BEYOND[:3]])
def test_a_large_number_to_avoid_avoids_nothing(client: TestClient, tag: str) -> None:
    answer = client.get("/templates/scipy", headers={"If-None-Match": f'"{tag}"'})

    assert answer.status_code == 200
