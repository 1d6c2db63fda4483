"""`POST /apply` with documents of YAML: the same plan as with JSON."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from binder_registry import Identity, InMemoryStore, Registry, Template
from binder_registry.auth import Reach, Scope
from binder_registry.cli.serve import READER
from binder_registry.server import App, Options

from .asking import application, asked, error_name, hints, without_times

IS_YAML = {"Content-Type": "application/yaml"}
OLD = [
    {"name": "a", "image-name": "i", "labels": {"team": "x"}},
    {"name": "b", "image-name": "i", "labels": {"team": "x"}},
    {"name": "c", "image-name": "i"},
]
YAML = """\
- name: a
  image-name: j
  limits: {memory: 2G}
- name: new
  image-name: i
  labels: {team: x}
---
name: c
image-name: i
"""
JSON = [
    {"name": "a", "image-name": "j", "limits": {"memory": 2**31}},
    {"name": "new", "image-name": "i", "labels": {"team": "x"}},
    {"name": "c", "image-name": "i"},
]
VALUES = """\
singleuser:
  profileList:
  - {display_name: GPU, kubespawner_override: {image: "x:1", foo: bar}}
  - {kubespawner_override: {image: y}}
"""


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with asked(application(reader=READER)) as client:
        yield client


@pytest.fixture(autouse=True)
def old(client: TestClient) -> None:
    client.post("/apply", json={"templates": OLD, "prune": "*"})


def applied(client: TestClient, query: str = "", body: str = YAML, **headers: str) -> Any:
    return client.post(f"/apply{query}", content=body, headers=IS_YAML | headers)


def revision(client: TestClient) -> int:
    return int(client.get("/templates").headers["registry-revision"])


@pytest.mark.parametrize(
    ("query", "members"),
    [
        ("?dry-run=true", {"dry-run": True}),
        ("?dry-run=true&prune=team%3Dx", {"dry-run": True, "prune": "team=x"}),
        ("?dry-run=true&prune=*&allow-empty=false", {"dry-run": True, "prune": "*"}),
    ],
)
def test_the_plan_is_the_one_of_the_same_in_json(client: TestClient, query: str, members: dict[str, Any]) -> None:
    before = revision(client)

    answer = applied(client, query)

    assert answer.json() == client.post("/apply", json={"templates": JSON, **members}).json()
    assert answer.json()["dry-run"]
    assert revision(client) == before


def test_what_is_written_is_what_json_would_write(client: TestClient) -> None:
    answer = applied(client, "?prune=team", **{"Registry-Note": "from%20a%20file"})
    written = client.get("/templates").json()
    notes = client.get("/changes?order=newest&limit=1").json()["changes"]

    assert [(step["action"], step["name"]) for step in answer.json()["plan"]] == [
        *(("updated", "a"), ("created", "new"), ("unchanged", "c"), ("deleted", "b")),
    ]
    assert "lost" not in answer.json()
    assert [change["note"] for change in notes] == ["from a file"]
    client.post("/apply", json={"templates": OLD, "prune": "*"})
    client.post("/apply", json={"templates": JSON, "prune": "team"})
    assert list(map(without_times, client.get("/templates").json())) == list(map(without_times, written))


def test_a_plan_holds_only_for_the_state_that_it_was_made_of(client: TestClient) -> None:
    tag = applied(client, "?dry-run=true").headers["etag"]
    client.post("/templates", json={"name": "z", "image-name": "i"})

    answer = applied(client, **{"If-Match": tag})

    assert (answer.status_code, error_name(answer)) == (412, "revision_conflict")


def test_a_hubs_values_are_converted_and_what_is_lost_stands_beside_the_plan(client: TestClient) -> None:
    answer = applied(client, "?format=z2jh&dry-run=true", VALUES).json()

    assert [(step["action"], step["name"]) for step in answer["plan"]] == [("created", "gpu")]
    assert [(lost["name"], lost["path"], lost.get("left-out", False)) for lost in answer["lost"]] == [
        ("profile GPU", "foo", False),
        ("profile 2", "", True),
    ]


def test_a_hubs_values_without_loss_say_that_nothing_is_lost(client: TestClient) -> None:
    values = "profileList: [{display_name: A, default: true, kubespawner_override: {image: x}}]"

    assert applied(client, "?format=z2jh&dry-run=true", values).json()["lost"] == []


@pytest.mark.parametrize(
    ("query", "body", "fields"),
    [
        ("", "name: a\nbind-port: -1\n", ["templates[0].image-name", "templates[0].bind-port"]),
        ("", "- {name: x, image-name: i}\n- {name: x, image-name: i}\n", ["templates[1].name"]),
        ("", "name: [", ["line 2"]),
        ("", "name: x\nimage_name: i\n", ["templates[0].image_name", "templates[0].image-name"]),
        ("?prune=*", "", ["templates"]),
        ("?prune=", YAML, ["prune"]),
        ("?prune=true", YAML, ["prune"]),
        ("?prune=a&prune=b", YAML, ["prune"]),
        ("?dry-run=yes", YAML, ["dry-run"]),
        ("?dry-run", YAML, ["dry-run"]),
        ("?allow-empty=1", YAML, ["allow-empty"]),
        ("?dryrun=true", YAML, ["dryrun"]),
        ("?format=helm", YAML, ["format"]),
        ("?format=z2jh", YAML, ["body"]),
        ("?format=z2jh&prune=*", VALUES, ["prune"]),
    ],
)
def test_what_is_wrong_is_refused_by_name_and_nothing_is_written(
    client: TestClient, query: str, body: str, fields: list[str]
) -> None:
    before = revision(client)

    answer = applied(client, query, body)

    assert (answer.status_code, hints(answer)) == (400, fields)
    assert revision(client) == before


def test_the_message_names_the_lines(client: TestClient) -> None:
    message = applied(client, "", "name: a\nimage-name: i\nbind-port: -1\n").json()["message"]

    assert message == "line 3: templates[0].bind-port must be from 0 to 65535"


def test_nothing_at_all_may_be_what_is_wanted(client: TestClient) -> None:
    answer = applied(client, "?prune=*&allow-empty=true&dry-run=true", "# none\n")

    assert {step["action"] for step in answer.json()["plan"]} == {"deleted"}


@pytest.mark.parametrize("query", ["dry-run=true", "prune=*", "format=z2jh", "allow-empty=true", "at=x"])
def test_beside_json_these_stand_in_the_body(client: TestClient, query: str) -> None:
    before = revision(client)

    answer = client.post(f"/apply?{query}", json={"templates": JSON})

    assert (answer.status_code, hints(answer)) == (400, [query.partition("=")[0]])
    assert revision(client) == before


def test_a_body_has_at_most_a_mebibyte_of_yaml(client: TestClient) -> None:
    assert applied(client, "", "#" * (2**20 + 1)).status_code == 413
    assert client.post("/apply", content=b" " * (2**20 + 1) + b"{}").status_code == 200


class Teacher:
    """Reaches what is called `phys-…`."""

    blocking = False

    def identify(self, token: str) -> Identity:
        return Identity("teacher", frozenset({Scope.WRITE}), reach=Reach((("phys-*",),)))


def test_documents_reach_what_their_sender_does() -> None:
    with asked(App(Registry(InMemoryStore(), Teacher()), Options(reader=READER))) as client:
        answers = [applied(client, "", f"name: {name}\nimage-name: i\n") for name in ("phys-1", "chem-1")]

    assert [(answer.status_code, error_name(answer)) for answer in answers] == [(200, ""), (403, "out_of_reach")]


class OneScopeEach:
    """A token is the scope that it holds."""

    blocking = False

    def identify(self, token: str) -> Identity:
        return Identity(token, frozenset({Scope(token)}))


def test_documents_need_the_scope_that_their_templates_need_in_json() -> None:
    store = InMemoryStore()
    store.register_template(Template(name="a", image_name="i"))
    with asked(App(Registry(store, OneScopeEach()), Options(reader=READER))) as client:
        taken = {}
        for scope in Scope:
            mine = {"Authorization": f"token {scope}"}
            in_json = client.post("/apply", content=msgspec.json.encode({"templates": JSON}), headers=mine)
            taken[scope] = applied(client, **mine).status_code, in_json.status_code

    assert taken == {scope: (200, 200) if scope is Scope.WRITE else (403, 403) for scope in Scope}


def test_who_may_only_promote_is_refused_before_anything_is_read() -> None:
    with asked(App(Registry(InMemoryStore(), OneScopeEach()), Options(reader=("/nowhere",)))) as client:
        assert applied(client, Authorization="token promote").status_code == 403
