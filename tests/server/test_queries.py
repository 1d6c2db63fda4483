"""`GET /templates` with parameters: labels, words, globs, pages, tombstones."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from binder_registry.errors import TooBusy
from binder_registry.server import App

from .asking import R, application, asked, error_name, held, names

CATALOGUE: list[dict[str, Any]] = [
    {
        "name": "bio",
        "image-name": "quay.io/bio:1",
        "labels": {"course": "bio", "level": "1"},
        "display-name": "Biology",
    },
    {
        "name": "bio-2",
        "image-name": "quay.io/bio:2",
        "labels": {"course": "bio"},
        "description": "For GENOMES\nand more",
    },
    {"name": "Phys", "image-name": "docker.io/phys", "labels": {"course": "physics", "example.org/team": "a.b"}},
    {"name": "zoé", "image-name": "quay.io/zoe"},
]


@pytest.fixture
def client() -> Iterator[TestClient]:
    with asked(application()) as client:
        assert client.post("/apply", json={"templates": CATALOGUE}).status_code == 200
        yield client


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("label=course=bio", ["bio", "bio-2"]),
        ("label=course", ["Phys", "bio", "bio-2"]),
        ("label=!course", ["zoé"]),
        ("label=course!=bio", ["Phys", "zoé"]),
        ("label=course=bio&label=level", ["bio"]),
        ("label=course=bio,!level", ["bio-2"]),
        ("label=example.org/team=a.b", ["Phys"]),
        ("label=level=", []),
        ("q=biology", ["bio"]),
        ("q=BIO", ["bio", "bio-2"]),
        ("q=genomes%20for", ["bio-2"]),
        ("q=quay.io", ["bio", "bio-2", "zoé"]),
        ("q=ZOÉ", ["zoé"]),
        ("q=physics", []),
        ("name=bio*", ["bio", "bio-2"]),
        ("name=bio", ["bio"]),
        ("name=BIO", []),
        ("name=[Pz]*", ["Phys", "zoé"]),
        ("name=zo%C3%A9", ["zoé"]),
        ("image=quay.io/*:*", ["bio", "bio-2"]),
        ("image=*phys", ["Phys"]),
        ("name=*&image=quay*&q=bio&label=level=1", ["bio"]),
        ("after=bio", ["bio-2", "zoé"]),
        ("after=zz", []),
        ("limit=2", ["Phys", "bio"]),
        ("limit=2&after=bio&label=course", ["bio-2"]),
    ],
)
@pytest.mark.parametrize("of_the_past", [False, True])
def test_a_query_selects(client: TestClient, query: str, found: list[str], of_the_past: bool) -> None:
    if of_the_past:
        client.post("/apply", json={"prune": "*", "allow-empty": True})
        query = f"{query}&revision=4"

    answer = client.get(f"/templates?{query}")

    assert answer.status_code == 200
    assert names(answer) == found


def test_a_selected_template_is_the_bytes_of_the_whole_list(client: TestClient) -> None:
    whole, one = client.get("/templates").content, client.get("/templates/bio").content

    answer = client.get("/templates?name=bio")

    assert answer.content == b"[%b]\n" % one.rstrip()
    assert one.rstrip() in whole


def test_the_whole_list_is_ordered_by_code_points(client: TestClient) -> None:
    assert names(client.get("/templates")) == ["Phys", "bio", "bio-2", "zoé"]


@pytest.mark.parametrize("query", ["limit=1", "name=b*&limit=1", "view=full", "after=bio", "revision=4&limit=3"])
def test_the_total_counts_what_matches_on_all_pages(client: TestClient, query: str) -> None:
    answer = client.get(f"/templates?{query}")

    assert answer.headers["total-count"] == ("2" if "name" in query else "4")


def pages(client: TestClient, target: str, between: Callable[[], object] = lambda: None) -> list[httpx2.Response]:
    found = []
    while target:
        found.append(client.get(target))
        between()
        target = found[-1].links.get("next", {}).get("url", "")
    return found


def test_pages_follow_each_other_by_their_links(client: TestClient) -> None:
    found = pages(client, "/templates?limit=3&label=course")

    assert [names(page) for page in found] == [["Phys", "bio", "bio-2"]]
    assert [names(page) for page in pages(client, "/templates?limit=1&q=quay")] == [["bio"], ["bio-2"], ["zoé"]]


def test_a_link_keeps_the_query_and_names_the_revision(client: TestClient) -> None:
    link = client.get("/templates?limit=1&label=course&label=!level&view=full").links["next"]["url"]

    assert urlsplit(link).path == "/templates"
    assert parse_qs(urlsplit(link).query) == {
        "limit": ["1"],
        "label": ["course", "!level"],
        "view": ["full"],
        "after": ["Phys"],
        "revision": ["4"],
    }


def test_pages_of_one_listing_are_consistent_while_writes_go_on(client: TestClient) -> None:
    number = iter(range(100))

    def write() -> None:
        client.post("/templates", json={**R, "name": f"bio-{next(number)}x"})
        client.put("/templates/zoé", json={"command": f"c{next(number)}"})
        client.delete("/templates/bio-2")

    found = pages(client, "/templates?limit=1&view=full", write)

    assert [names(page) for page in found] == [["Phys"], ["bio"], ["bio-2"], ["zoé"]]
    assert [page.headers["total-count"] for page in found] == ["4"] * 4
    assert [page.json()[0]["revision"] for page in found] == [3, 1, 2, 4]


def test_a_listing_of_the_past_is_a_page_of_a_thousand(client: TestClient) -> None:
    many = [{"name": f"t{number:04}", "image-name": "i"} for number in range(1100)]
    then = client.post("/apply", json={"templates": many, "prune": "*"}).headers["registry-revision"]
    client.delete("/templates/t0000")

    found = pages(client, f"/templates?revision={then}")

    assert [len(page.json()) for page in found] == [1000, 100]
    assert [name for page in found for name in names(page)] == [template["name"] for template in many]
    assert len(client.get("/templates?name=*").json()) == 1099


def test_the_full_view_adds_the_revision_as_last_member(client: TestClient) -> None:
    client.put("/templates/bio", json={"command": "c"})

    answer = client.get("/templates?view=full")

    assert {template["name"]: template["revision"] for template in answer.json()} == {
        "bio": 5,
        "bio-2": 2,
        "Phys": 3,
        "zoé": 4,
    }
    assert {list(template)[-1] for template in answer.json()} == {"revision"}
    assert "revision" not in client.get("/templates").text


def test_tombstones_are_listed_when_they_are_asked_for(client: TestClient) -> None:
    client.delete("/templates/bio", params={"replaced-by": "bio-2"})

    answer = client.get("/templates?view=full&deleted=true")

    assert names(answer) == ["Phys", "bio", "bio-2", "zoé"]
    tombstone = answer.json()[1]
    assert (tombstone["replaced-by"], list(tombstone)[-2:]) == ("bio-2", ["revision", "deleted"])
    assert (tombstone["revision"], tombstone["deleted"]) == (5, True)
    assert names(client.get("/templates?view=full&deleted=false")) == ["Phys", "bio-2", "zoé"]


@pytest.mark.parametrize("query", ["q=bio", "label=course", "image=*bio*", "name=bio&limit=1"])
def test_tombstones_are_found_by_what_they_held(client: TestClient, query: str) -> None:
    client.put("/templates/bio", json={"name": "bio", "image-name": "x/bio", "labels": {"course": "x"}})
    client.delete("/templates/bio")

    found = names(client.get(f"/templates?view=full&deleted=true&{query}"))

    assert "bio" in found


def test_tombstones_of_the_past_are_listed_too(client: TestClient) -> None:
    client.delete("/templates/bio")
    client.post("/templates", json={**R, "name": "bio"})

    listed = [client.get(f"/templates?view=full&deleted=true&revision={revision}").json()[1] for revision in (4, 5, 6)]

    assert [template.get("deleted", False) for template in listed] == [False, True, False]
    assert [template["revision"] for template in listed] == [1, 5, 6]


def test_a_full_pool_refuses_and_lets_the_present_through(client: TestClient) -> None:
    app: Any = client.app
    service = app.service
    service.past._most = 0

    with held(service.past):
        past = [client.get("/templates?revision=1"), client.get("/templates/bio?revision=1")]

    assert [(answer.status_code, error_name(answer)) for answer in past] == [(503, "too_busy")] * 2
    assert [answer.headers["retry-after"] for answer in past] == [str(TooBusy.retry_after)] * 2
    assert {json["message"] for json in (answer.json() for answer in past)} == {
        "Too many requests of this kind (past) wait for their turn already; try again"
    }
    assert client.get("/templates?q=bio").status_code == 200


def test_a_prefix_stands_in_every_target(client: TestClient) -> None:
    app: App = application(prefix="/services/registry")
    with asked(app) as client:
        created = client.post("/services/registry/templates", json=R)
        client.post("/services/registry/templates", json={**R, "name": "s"})

        link = client.get("/services/registry/templates?limit=1").links["next"]["url"]

        assert created.headers["location"] == "/services/registry/templates/r"
        assert link.startswith("/services/registry/templates?")
        assert client.get("/services/registry/").content == b'{"status": "Binder Registry Live!"}\n'
        assert client.get("/services/registry/templates/r").content == created.content
        assert client.get("/services/registry/health").status_code == 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("q=" + "a+" * 17, "q"),
        ("label=" + "!a," * 16 + "!a", "label"),
        ("&".join(["label=!a"] * 17), "label"),
        ("image=" + "?" * 257, "image"),
        ("name=" + "*" * 257, "name"),
    ],
)
def test_a_question_of_more_parts_than_anybody_has_is_refused_by_name(
    client: TestClient, query: str, parameter: str
) -> None:
    answer = client.get(f"/templates?{query}")

    assert answer.status_code == 400
    assert [hint["field"] for hint in answer.json()["errors"]] == [parameter]


def test_a_question_of_as_many_parts_as_are_allowed_is_answered(client: TestClient) -> None:
    query = "q=" + "+".join(["quay"] * 16) + "&label=" + ",".join(["!none"] * 16) + "&name=" + "*" * 256

    assert client.get(f"/templates?{query}").status_code == 200


def test_a_feed_of_more_requirements_than_anybody_has_is_refused_by_name(client: TestClient) -> None:
    answers = [
        client.get(f"/changes?label={'!a,' * 16}!a", headers={"Accept": kind}) for kind in ("*/*", "text/event-stream")
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert [answer.json()["errors"][0]["field"] for answer in answers] == ["label", "label"]


def test_pruning_by_more_requirements_than_anybody_has_is_refused_by_name(client: TestClient) -> None:
    answer = client.post("/apply", json={"templates": [], "prune": "!a," * 16 + "!a"})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "prune")
