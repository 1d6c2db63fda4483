"""Promoting over HTTP: who may, what is answered, and what is refused."""

import pytest
from starlette.testclient import TestClient

from binder_registry import Identity, Registry, Template
from binder_registry.auth import Reach, Scope
from binder_registry.backends.memory import InMemoryStore
from binder_registry.lengths import MOST_CHANNELS
from binder_registry.selector import parse_selector
from binder_registry.server import App, Options

from .asking import SCIPY, R, asked, error_name, hints

STABLE = "/templates/scipy/channels/stable"


@pytest.fixture
def published(client: TestClient) -> TestClient:
    """With a template of two revisions."""
    client.post("/templates", json=SCIPY)
    client.put("/templates/scipy", json={"command": "c"})
    return client


@pytest.mark.parametrize(
    ("body", "channel"),
    [
        (b"", {"revision": 2, "behind": 0}),
        (b"{}", {"revision": 2, "behind": 0}),
        (b'{"revision":null}', {"revision": 2, "behind": 0}),
        (b'{"revision":1}', {"revision": 1, "behind": 1}),
    ],
)
def test_a_promotion_is_answered_with_all_of_the_template(
    published: TestClient, body: bytes, channel: dict[str, int]
) -> None:
    answer = published.put(STABLE, content=body)

    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["channels"], shown["content-revision"], shown["revision"]) == ({"stable": channel}, 2, 3)
    assert "promoted" not in shown
    assert answer.headers["etag"].startswith('"3-')
    assert answer.json() == published.get("/templates?view=full").json()[0]


def test_a_channel_that_ends_is_answered_with_those_that_are_left(published: TestClient) -> None:
    published.put(STABLE)
    published.put("/templates/scipy/channels/testing")

    answer = published.delete(STABLE)

    assert (answer.status_code, list(answer.json()["channels"])) == (200, ["testing"])


def test_whoever_asks_for_no_channels_sees_none(published: TestClient) -> None:
    before = published.get("/templates/scipy"), published.get("/templates")

    published.put(STABLE)
    after = published.get("/templates/scipy"), published.get("/templates")

    assert [answer.content for answer in after] == [answer.content for answer in before]
    assert after[0].headers["etag"] != before[0].headers["etag"]


def test_what_is_written_over_it_shows_no_channels_and_keeps_them(published: TestClient) -> None:
    published.put(STABLE)
    members = {"command": "d", "channels": {}, "image-name": "i"}

    answers = [
        published.put("/templates/scipy", json=members),
        published.patch("/templates/scipy", json={"command": "e", "channels": None}),
        published.post("/templates/scipy/restore", json={"revision": 1}),
        published.post("/apply", json={"templates": [{"name": "scipy", **members}]}),
    ]

    [shown] = published.get("/templates?view=full").json()
    assert shown["channels"] == {"stable": {"revision": 2, "behind": 4}}
    assert all(b"channels" not in answer.content for answer in answers[:3])


def test_channels_of_a_body_must_be_an_object(published: TestClient) -> None:
    answer = published.put("/templates/scipy", json={"channels": ["stable"]})

    assert (answer.status_code, hints(answer)) == (400, ["channels"])


def test_the_feed_and_a_history_say_what_was_promoted(published: TestClient) -> None:
    published.put(STABLE, headers={"Registry-Note": "tested"})

    feed = published.get("/changes?since=2").json()["changes"]
    [newest, *_] = published.get("/templates/scipy/changes").json()["changes"]

    assert newest.pop("changed") == []
    assert feed == [newest]
    assert (newest["action"], newest["note"]) == ("promoted", "tested")
    assert newest["promoted"] == {"channel": "stable", "from": 0, "to": 2}
    assert newest["template"]["channels"] == {"stable": {"revision": 2, "behind": 0}}
    assert "promoted" not in newest["template"]


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "error"),
    [
        ("PUT", "/templates/nothing/channels/stable", None, 404, "template_not_found"),
        ("PUT", STABLE, {"revision": 3}, 400, "revision_unknown"),
        ("PUT", STABLE, {"revision": 0}, 400, "invalid_request"),
        ("PUT", STABLE, {"revision": "1"}, 400, "invalid_request"),
        ("PUT", STABLE, {"revison": 1}, 400, "invalid_request"),
        ("PUT", STABLE, [1], 400, "invalid_request"),
        ("PUT", "/templates/scipy/channels/latest", None, 400, "invalid_request"),
        ("PUT", "/templates/scipy/channels/St%C3%A4ble", None, 400, "invalid_request"),
        ("PUT", f"{STABLE}?revision=1", None, 400, "invalid_request"),
        ("PUT", "/templates/scipy/channels/a/b", None, 404, "route_not_found"),
        ("GET", STABLE, None, 405, "method_not_allowed"),
        ("DELETE", STABLE, None, 404, "channel_not_found"),
    ],
)
def test_what_cannot_be_promoted_is_refused(
    published: TestClient, method: str, target: str, body: object, status: int, error: str
) -> None:
    answer = published.request(method, target, json=body)

    assert (answer.status_code, error_name(answer)) == (status, error)
    assert published.get("/changes").headers["registry-revision"] == "2"


@pytest.mark.parametrize(("revision", "error"), [(1, "revision_purged"), (5, "revision_unknown")])
def test_a_revision_without_content_is_named(published: TestClient, revision: int, error: str) -> None:
    published.delete("/templates/scipy/changes/1")

    answer = published.put(STABLE, json={"revision": revision})

    assert (error_name(answer), hints(answer)) == (error, ["revision"])


def test_what_a_channel_points_at_is_not_purged(published: TestClient) -> None:
    published.put(STABLE, json={"revision": 1})

    answer = published.delete("/templates/scipy/changes/1")

    assert (answer.status_code, error_name(answer)) == (409, "revision_is_promoted")
    assert hints(answer) == ["channels.stable"]


@pytest.mark.parametrize("dry", [False, True])
def test_a_plan_says_what_is_promoted_and_why_not(published: TestClient, dry: bool) -> None:
    published.put("/templates/scipy/channels/testing", json={"revision": 1})
    published.post("/templates", json=R)
    promote = {"channel": "stable", "label": "*", "from": "testing"}

    answer = published.post("/apply", json={"promote": promote, "dry-run": dry})

    assert answer.json() == {
        "dry-run": dry,
        "plan": [
            {
                "action": "unchanged",
                "name": "r",
                "changed": [],
                "revision": 4,
                "reason": "it has no channel 'testing'",
            },
            {"action": "promoted", "name": "scipy", "changed": []}
            | ({} if dry else {"revision": 5})
            | {"promoted": {"channel": "stable", "from": 0, "to": 1}},
        ],
    }
    assert answer.headers["etag"].startswith('"4-' if dry else '"5-')


def test_a_promotion_of_an_apply_that_is_wrong_is_named(published: TestClient) -> None:
    answer = published.post("/apply", json={"promote": {"channel": "latest", "label": "a b"}})

    assert (answer.status_code, hints(answer)) == (400, ["promote.channel", "promote.label"])


def test_a_member_of_a_promotion_stands_there_once_among_however_many(published: TestClient) -> None:
    others = ",".join(f'"a{number}":1' for number in range(100_000))
    body = f'{{"promote":{{"channel":"a","label":"*","label":"*",{others}}}}}'

    answer = published.post("/apply", content=body)

    assert (answer.status_code, hints(answer)[0]) == (400, "promote.a0")
    assert "and 99901 more" in answer.json()["message"]


@pytest.mark.parametrize("dry", [False, True])
def test_an_apply_says_whose_channel_is_one_too_many(published: TestClient, dry: bool) -> None:
    for number in range(MOST_CHANNELS):
        published.put(f"/templates/scipy/channels/c{number}")

    answer = published.post("/apply", json={"promote": {"channel": "stable", "label": "*"}, "dry-run": dry})

    assert (answer.status_code, hints(answer)) == (400, ["promote.channel"])
    assert answer.json()["message"] == "promote.channel would be one more than 16 of 'scipy'"


def test_a_channel_that_is_there_takes_no_room(published: TestClient) -> None:
    for number in range(MOST_CHANNELS):
        published.put(f"/templates/scipy/channels/c{number}", json={"revision": 1})

    answer = published.post("/apply", json={"promote": {"channel": "c0", "label": "*"}, "dry-run": True})

    assert [step["action"] for step in answer.json()["plan"]] == ["promoted"]


class OneLabel:
    """Who reaches templates with `team=a`."""

    blocking = False

    def identify(self, token: str) -> Identity:
        return Identity(
            token, frozenset(Scope), reach=Reach(labels=tuple(parse_selector("team=a", parameter="labels")))
        )


@pytest.mark.parametrize("dry", [False, True])
@pytest.mark.parametrize(
    "members", [{"promote": {"channel": "a", "label": "*"}}, {"delete": {"mine": "scipy"}, "templates": []}]
)
def test_a_dry_run_is_refused_by_labels_of_templates_that_it_does_not_name(
    members: dict[str, object], dry: bool
) -> None:
    store = InMemoryStore()
    store.register_template(Template(name="mine", image_name="i", labels={"team": "a"}))
    store.register_template(Template(name="scipy", image_name="i", labels={"team": "b"}))
    with asked(App(Registry(store, OneLabel()), Options())) as client:
        client.headers["Authorization"] = "token t"

        answer = client.post("/apply", json=members | {"dry-run": dry})

    assert (answer.status_code, error_name(answer)) == (403, "out_of_reach")
    assert "'scipy'" in answer.json()["message"]
