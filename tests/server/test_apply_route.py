"""`POST /apply`: many templates to a desired state, in one commit or not at all."""

import asyncio
from threading import Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, Template
from binder_registry.apply import ApplyRequest
from binder_registry.server.handlers import writes
from binder_registry.server.live.read_model import ReadModel

from .asking import SCIPY, R, compact, error_name, hints, names, without_times

MANY = [
    {
        "name": f"t{number:04}",
        "image-name": f"registry/t:{number}",
        "labels": {"team": "a" if number % 2 else "b"},
        "limits": {"memory": number},
    }
    for number in range(1000)
]


def revision(client: TestClient) -> int:
    return int(client.get("/templates").headers["registry-revision"])


def actions(answer: Any) -> list[tuple[str, str]]:
    return [(row["action"], row["name"]) for row in answer.json()["plan"]]


def test_a_thousand_templates_first_dry_then_for_real_then_again(client: TestClient) -> None:
    dry = client.post("/apply", json={"templates": MANY, "dry-run": True})
    after_dry = revision(client)
    real = client.post("/apply", json={"templates": MANY, "dry-run": False})
    listed = client.get("/templates").json()
    again = client.post("/apply", json={"templates": MANY})

    assert [answer.status_code for answer in (dry, real, again)] == [200] * 3
    assert after_dry == 0
    assert actions(dry) == actions(real) == [("created", template["name"]) for template in MANY]
    assert [row["revision"] for row in real.json()["plan"]] == list(range(1, 1001))
    assert [without_times(template) for template in listed] == [{**template, "command": ""} for template in ordered()]
    assert {row["action"] for row in again.json()["plan"]} == {"unchanged"}
    assert revision(client) == 1000


def ordered() -> list[dict[str, Any]]:
    """MANY, with limits as they are sent: without zeros."""
    return [{**template, "limits": template["limits"] if number else {}} for number, template in enumerate(MANY)]


def test_one_invalid_template_changes_nothing_and_all_errors_are_told(client: TestClient) -> None:
    templates: list[dict[str, Any]] = [dict(template) for template in MANY]
    templates[3]["limits"] = {"memory": -1}
    templates[500]["unknown"] = 1
    templates[999]["name"] = ""
    templates.append({"name": "t0005", "image-name": "i"})

    answer = client.post("/apply", json={"templates": templates, "prune": "", "delete": {"a/b": None}})

    assert (answer.status_code, error_name(answer)) == (400, "invalid_template")
    assert set(hints(answer)) == {
        "templates[3].limits.memory",
        "templates[500].unknown",
        "templates[999].name",
        "templates",
        "prune",
        "delete.a/b",
    }
    assert revision(client) == 0


class TestPlan:
    @pytest.fixture
    def client(self, client: TestClient) -> TestClient:
        """Revisions 1 to 3: a and b of team x, and c of none."""
        x = {"image-name": "i", "command": "c", "labels": {"team": "x"}}
        client.post("/apply", json={"templates": [{"name": "a", **x}, {"name": "b", **x}, {**R, "name": "c"}]})
        return client

    def test_it_names_each_template_and_the_members_that_differ(self, client: TestClient) -> None:
        a = {"name": "a", "image-name": "j", "labels": {"team": "x"}, "limits": {"memory": 5}}

        answer = client.post("/apply", json={"templates": [a, {**R, "name": "c"}, SCIPY], "delete": {"b": "a"}})

        assert answer.json() == {
            "dry-run": False,
            "plan": [
                {
                    "action": "updated",
                    "name": "a",
                    "changed": ["image-name", "command", "limits.memory"],
                    "revision": 4,
                },
                {"action": "unchanged", "name": "c", "changed": [], "revision": 3},
                {"action": "created", "name": "scipy", "changed": [], "revision": 5},
                {"action": "deleted", "name": "b", "changed": [], "revision": 6},
            ],
        }
        assert answer.headers["registry-revision"] == "6"
        assert answer.headers["etag"] == client.get("/templates").headers["etag"]

    def test_a_dry_run_tells_the_same_and_changes_nothing(self, client: TestClient) -> None:
        body = {"templates": [{**R, "name": "a"}, {**R, "name": "c"}], "prune": "*", "delete": {"b": None}}

        dry = client.post("/apply", json={**body, "dry-run": True})
        real = client.post("/apply", json=body)

        assert (dry.json()["dry-run"], dry.headers["registry-revision"]) == (True, "3")
        assert actions(dry) == actions(real) == [("updated", "a"), ("unchanged", "c"), ("deleted", "b")]
        assert [row.get("revision") for row in dry.json()["plan"]] == [None, 3, None]

    def test_omitted_members_are_cleared(self, client: TestClient) -> None:
        client.post("/apply", json={"templates": [{"name": "a", "image-name": "i"}]})

        assert without_times(client.get("/templates/a").json()) == {
            "name": "a",
            "image-name": "i",
            "command": "",
            "limits": {},
        }

    @pytest.mark.parametrize(
        ("prune", "left"),
        [
            ("team=x", ["c", "r"]),
            ("*", ["r"]),
            ("team", ["c", "r"]),
            ("!team", ["a", "b", "r"]),
            (None, ["a", "b", "c", "r"]),
        ],
    )
    def test_prune_deletes_what_it_selects_and_the_request_does_not_name(
        self, client: TestClient, prune: str | None, left: list[str]
    ) -> None:
        answer = client.post("/apply", json={"templates": [R], "prune": prune})

        assert answer.status_code == 200
        assert names(client.get("/templates")) == left

    @pytest.mark.parametrize("prune", ["", " ", "a b", 5, ["*"], "**"])
    def test_a_broken_prune_deletes_nothing(self, client: TestClient, prune: object) -> None:
        answer = client.post("/apply", json={"templates": [], "prune": prune})

        assert (answer.status_code, hints(answer)) == (400, ["prune"])
        assert revision(client) == 3

    def test_a_delete_names_the_successor_of_its_tombstone(self, client: TestClient) -> None:
        client.post("/apply", json={"delete": {"a": "c", "b": None, "never": None}})

        tombstones = client.get("/templates?view=full&deleted=true").json()
        assert {template["name"]: template.get("replaced-by") for template in tombstones} == {
            "a": "c",
            "b": None,
            "c": None,
        }
        assert names(client.get("/templates")) == ["c"]

    def test_a_successor_can_be_given_to_what_was_deleted_before(self, client: TestClient) -> None:
        client.delete("/templates/a")

        answer = client.post("/apply", json={"delete": {"a": "c"}})
        again = client.post("/apply", json={"delete": {"a": "c"}})

        assert (actions(answer), actions(again)) == ([("deleted", "a")], [("unchanged", "a")])

    def test_all_changes_of_one_apply_stand_together(self, client: TestClient) -> None:
        client.post("/apply", json={"templates": [R, SCIPY], "prune": "*", "note": "why"})

        changes = client.get("/changes?since=3").json()["changes"]
        assert [(change["first"], change["note"], change["by"]) for change in changes] == [
            (4, "why", "key:api-key")
        ] * 5

    @pytest.mark.parametrize(("note", "kept"), [(None, "from the header"), ("", "from the header"), ("own", "own")])
    def test_its_own_note_wins_over_the_header(self, client: TestClient, note: str | None, kept: str) -> None:
        client.post("/apply", json={"templates": [R], "note": note}, headers={"Registry-Note": "from%20the%20header"})

        assert client.get("/changes?since=3").json()["changes"][0]["note"] == kept

    @pytest.mark.parametrize("dry", [False, True])
    def test_it_takes_the_position_of_the_registry_as_condition(self, client: TestClient, dry: bool) -> None:
        read = client.get("/templates").headers["etag"]
        body = {"templates": [R], "dry-run": dry}
        first = client.post("/apply", json=body, headers={"If-Match": read})
        client.post("/templates", json=SCIPY)

        second = client.post("/apply", json=body, headers={"If-Match": read})

        assert first.status_code == 200
        assert (second.status_code, error_name(second), hints(second)) == (412, "revision_conflict", ["If-Match"])
        assert second.headers["etag"] == client.get("/templates").headers["etag"]

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ([], ["body"]),
            (None, ["body"]),
            ({"templates": {}}, ["templates"]),
            ({"templates": [5]}, ["templates[0]"]),
            ({"templates": [{"Name": "a"}]}, ["templates[0].Name"]),
            ({"templates": [{"name": "a"}]}, ["templates[0].image-name"]),
            ({"template": []}, ["template"]),
            ({"dry-run": "yes"}, ["dry-run"]),
            ({"dry_run": True}, ["dry_run"]),
            ({"delete": ["a"]}, ["delete"]),
            ({"delete": {"a": "a"}}, ["delete.a"]),
            ({"delete": {"a": 1}}, ["delete.a"]),
            ({"templates": [R], "delete": {"r": None}}, ["delete.r"]),
            ({"note": 5}, ["note"]),
            ({"note": "x" * 1025}, ["note"]),
            ({"note": "\0"}, ["note"]),
        ],
        ids=str,
    )
    def test_what_is_no_apply_is_named(self, client: TestClient, body: object, fields: list[str]) -> None:
        answer = client.post("/apply", json=body)

        assert (answer.status_code, hints(answer)) == (400, fields)
        assert revision(client) == 3


def test_an_empty_apply_does_nothing(client: TestClient) -> None:
    answer = client.post("/apply", json={})

    assert (answer.status_code, answer.content) == (200, b'{"dry-run":false,"plan":[]}\n')


def test_a_body_over_1_mib_is_taken_here(client: TestClient) -> None:
    templates = [{"name": f"t{number}", "image-name": "i", "description": "x" * 10_000} for number in range(300)]

    answer = client.post("/apply", content=compact({"templates": templates}))

    assert answer.status_code == 200
    assert len(client.get("/templates").content) > 3_000_000


def test_a_body_over_64_mib_is_not(client: TestClient) -> None:
    answer = client.post("/apply", content=b" " * (64 * 1024**2 + 1))

    assert (answer.status_code, error_name(answer)) == (413, "body_too_large")


def test_of_two_that_race_on_one_position_one_wins(client: TestClient) -> None:
    statuses: list[int] = []

    def race(number: int) -> None:
        for turn in range(10):
            read = client.get("/templates").headers["etag"]
            body = {"templates": [{**R, "command": f"{number}.{turn}"}]}
            statuses.append(client.post("/apply", json=body, headers={"If-Match": read}).status_code)

    threads = [Thread(target=race, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(statuses) <= {200, 412}
    assert revision(client) == statuses.count(200)


def test_nobody_sees_a_part_of_an_apply(client: TestClient, store: InMemoryStore) -> None:
    seen: set[int] = set()
    done = False

    def read() -> None:
        while not done:
            seen.add(len(client.get("/templates").json()))

    reader = Thread(target=read)
    reader.start()
    client.post("/apply", json={"templates": MANY})
    client.post("/apply", json={"prune": "*", "allow-empty": True})
    done = True
    reader.join()

    assert seen <= {0, 1000}
    assert store.list_templates() == []


def test_an_apply_needs_the_key(client: TestClient) -> None:
    del client.headers["Authorization"]

    answers = [client.post("/apply", json={"templates": [R], "dry-run": dry}) for dry in (False, True)]

    assert [answer.status_code for answer in answers] == [401, 401]


@pytest.mark.parametrize("body", [{"prune": "*"}, {"templates": [], "prune": "team=a", "dry-run": True}])
def test_a_prune_by_an_empty_list_needs_to_be_meant(client: TestClient, body: dict[str, Any]) -> None:
    client.post("/apply", json={"templates": MANY[:2]})

    refused = client.post("/apply", json=body)
    meant = client.post("/apply", json={**body, "allow-empty": True})

    assert (refused.status_code, error_name(refused), hints(refused)) == (400, "invalid_template", ["templates"])
    assert {action for action, _ in actions(meant)} == {"deleted"}


def test_what_is_written_while_an_apply_looks_at_the_state_is_seen_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "FEW", 1)
    store, model = InMemoryStore(), ReadModel()
    for name in ("a", "b"):
        store.register_template(Template(name=name, image_name="i"))
    model.load(*store.state())

    async def scene() -> tuple[object, list[str]]:
        wanted = ApplyRequest([Template(name=name, image_name="j") for name in ("a", "b")], {}, None, False, "")
        looking = asyncio.create_task(writes._seen(model, wanted))
        await asyncio.sleep(0)
        store.update_template(Template(name="a", image_name="k"))
        model.apply(store.changes(since=2))
        position, find, _ = await looking
        return position, [found.image_name for name in ("a", "b") if (found := find(name))]

    assert asyncio.run(scene()) == (store.head(), ["k", "i"])
