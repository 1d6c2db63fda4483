"""PATCH: a merge patch (RFC 7396) of one template."""

import httpx2
import pytest
from starlette.testclient import TestClient

from .asking import SCIPY, error_name, hints, without_times

FULL = {
    **SCIPY,
    "command": "start.sh",
    "limits": {"memory": 5, "cpu_shares": 2, "cpus": 1.5, "gpus": 1},
    "redirect-uri": "/lab",
    "container-ip": "127.0.0.1",
    "bind-port": 8888,
    "display-name": "SciPy",
    "description": "For the course",
    "labels": {"a": "x", "b": "y"},
    "environment": {"A": "1", "B": "2"},
    "allowed-groups": ["physics"],
    "deprecated": "soon",
    "replaced-by": "r",
}


@pytest.fixture
def created(client: TestClient) -> httpx2.Response:
    return client.post("/templates", json=FULL)


def test_every_member_is_kept_and_sent_in_the_order_of_2015_and_after_it(created: httpx2.Response) -> None:
    assert list(created.json()) == [*list(FULL)[:4], "time-created", "time-modified", *list(FULL)[4:]]
    assert without_times(created.json()) == FULL


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        ({"command": "c"}, {"command": "c"}),
        ({"command": None}, {"command": ""}),
        ({"limits": {"memory": None, "gpus": 2}}, {"limits": {"cpu_shares": 2, "cpus": 1.5, "gpus": 2}}),
        ({"limits": None}, {"limits": {}}),
        ({"labels": {"a": None, "c": "z"}}, {"labels": {"b": "y", "c": "z"}}),
        ({"environment": {"A": ""}}, {"environment": {"A": "", "B": "2"}}),
        ({"allowed-groups": ["x", "y"]}, {"allowed-groups": ["x", "y"]}),
        ({"limits": {"cpus": 2.0}}, {"limits": {"memory": 5, "cpu_shares": 2, "cpus": 2, "gpus": 1}}),
        ({"name": "scipy"}, {}),
        ({}, {}),
    ],
    ids=str,
)
def test_a_patch_changes_what_it_names(
    client: TestClient, created: httpx2.Response, patch: object, changed: dict[str, object]
) -> None:
    answer = client.patch("/templates/scipy", json=patch)

    assert answer.status_code == 200
    assert without_times(answer.json()) == {**FULL, **changed}
    assert client.get("/templates/scipy").content == answer.content


@pytest.mark.parametrize(
    "member",
    [
        "redirect-uri",
        "container-ip",
        "bind-port",
        "display-name",
        "description",
        "labels",
        "environment",
        "allowed-groups",
        "deprecated",
        "replaced-by",
    ],
)
def test_null_clears_a_member_which_is_left_out_then(client: TestClient, created: httpx2.Response, member: str) -> None:
    answer = client.patch("/templates/scipy", json={member: None})

    assert without_times(answer.json()) == {name: value for name, value in FULL.items() if name != member}


@pytest.mark.parametrize(
    ("patch", "fields"),
    [
        ({"Command": "c"}, ["Command"]),
        ({"limits": {"Memory": 1}}, ["limits.Memory"]),
        ({"unknown": 1, "command": 5}, ["command", "unknown"]),
        ({"name": "other"}, ["name"]),
        ({"name": None}, ["name"]),
        ({"image-name": None}, ["image-name"]),
        ({"limits": {"memory": -1}}, ["limits.memory"]),
        ({"limits": 5}, ["limits"]),
        ({"labels": {"a": {"b": "c"}}}, ["labels"]),
        ({"replaced-by": "scipy"}, ["replaced-by"]),
        ({"revision": 5}, ["revision"]),
        ({"deleted": True}, ["deleted"]),
        ([], ["body"]),
        (None, ["body"]),
        ("x", ["body"]),
    ],
    ids=str,
)
def test_a_patch_that_makes_no_template_changes_nothing(
    client: TestClient, created: httpx2.Response, patch: object, fields: list[str]
) -> None:
    answer = client.patch("/templates/scipy", json=patch)

    assert (answer.status_code, sorted(hints(answer))) == (400, fields)
    assert client.get("/templates/scipy").content == created.content


def test_a_patch_takes_any_content_type(client: TestClient, created: httpx2.Response) -> None:
    answer = client.patch("/templates/scipy", content=b'{"command":"c"}', headers={"Content-Type": "text/plain"})

    assert answer.json()["command"] == "c"


def test_a_patch_of_a_deleted_template_is_not_found(client: TestClient, created: httpx2.Response) -> None:
    client.delete("/templates/scipy")

    answer = client.patch("/templates/scipy", json={"command": "c"})

    assert (answer.status_code, error_name(answer)) == (404, "template_not_found")


def test_a_patch_keeps_the_time_of_creation(client: TestClient, created: httpx2.Response) -> None:
    answer = client.patch("/templates/scipy", json={"time-created": "2015-10-07T01:02:03Z", "command": "c"})

    assert answer.json()["time-created"] == created.json()["time-created"]
    assert answer.json()["time-modified"] > created.json()["time-modified"]
