"""`GET /view`: what a caller may start now, what others may, and why not the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from starlette.testclient import TestClient

from binder_registry import Identity, InMemoryStore, Registry, Scope
from binder_registry.errors import AuthUnavailable, InvalidToken
from binder_registry.offering import Hidden, Json, Offering
from binder_registry.server import App, Chosen, HubRules, Options
from binder_registry.server.handlers import view
from binder_registry.server.live import follower
from binder_registry.view import on_any_hub

from .asking import error_name, held, hints

LARGE = {"name": "large", "allowed-groups": ["staff"]}
SIZE = {"name": "size", "choices": [{"name": "small"}, LARGE]}
IMAGE = {"name": "image", "free-text": {"pattern": "^[a-z]+$", "set": {"image-name": "{value}"}}}
TEMPLATES: list[dict[str, Any]] = [
    {"name": "scipy", "image-name": "i", "options": [SIZE], "labels": {"course": "physics"}},
    {"name": "gpu", "image-name": "i", "allowed-groups": ["physics", "staff"], "order": 1},
    {"name": "own", "image-name": "i", "options": [IMAGE]},
    {"name": "old", "image-name": "i", "replaced-by": "scipy"},
    {"name": "off", "image-name": "i", "paused": "Back on Monday."},
    {"name": "gone", "image-name": "i", "labels": {"course": "physics"}},
]
HIDDEN_FROM_ALL = [
    {
        "name": "gone",
        "option": "",
        "choice": "",
        "rule": "deleted",
        "needs": "it was deleted, and 'scipy' took its place",
    },
    {"name": "off", "option": "", "choice": "", "rule": "paused", "needs": "it is paused: Back on Monday."},
    {"name": "old", "option": "", "choice": "", "rule": "replaced", "needs": "it is replaced by 'scipy'"},
]
ALICE = Identity("alice", frozenset(), groups=frozenset({"physics"}))
HOLDERS = {
    "alice": ALICE,
    "bob": Identity("bob", frozenset()),
    "carol": Identity("carol", frozenset(), groups=frozenset({"staff", "other"})),
    "root": Identity("root", frozenset(), admin=True),
    "boss": Identity("boss", frozenset(Scope)),
    "key": Identity("api-key", frozenset(Scope), "key"),
    "token": Identity("ci", frozenset({Scope.READ}), "token", groups=frozenset({"staff"}), token="12345678"),
    "publisher": Identity("ci", frozenset({Scope.WRITE}), "publisher"),
    "service": Identity("form", frozenset({Scope.READ}), "service", groups=frozenset({"staff"}), admin=True),
}
VARIES = "Authorization, Cookie, Accept-Encoding"
NOBODY = [name for name, who in HOLDERS.items() if who.kind != "user"]


class Holders:
    """Knows the tokens that are the names of `HOLDERS`, and cannot tell about one."""

    blocking = False

    def identify(self, token: str) -> Identity:
        if token == "unsure":
            raise AuthUnavailable
        try:
            return HOLDERS[token]
        except KeyError:
            raise InvalidToken from None


@contextmanager
def served(hub: HubRules | None = None, **options: Any) -> Iterator[TestClient]:
    app = App(Registry(InMemoryStore(), Holders()), Options(**options), hub or HubRules())
    with TestClient(app, base_url="http://registry") as client:
        key = as_("key")
        client.post("/apply", json={"templates": TEMPLATES}, headers=key).raise_for_status()
        client.delete("/templates/gone?replaced-by=scipy", headers=key).raise_for_status()
        yield client


@pytest.fixture(scope="module")
def shared() -> Iterator[TestClient]:
    """For tests that only read."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(follower, "WAIT_SECONDS", 0.02)  # as `quick_to_close` does
        with served() as client:
            yield client


def as_(token: str) -> dict[str, str]:
    return {"Authorization": f"token {token}"} if token else {}


def seen(client: TestClient, token: str = "", query: str = "") -> Any:
    answer = client.get(f"/view{query}", headers=as_(token))
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(body: Any) -> list[str]:
    return [template["name"] for template in body["offered"]]


def sizes(body: Any) -> list[str]:
    [scipy] = [template for template in body["offered"] if template["name"] == "scipy"]
    return [choice["name"] for choice in scipy["options"][0]["choices"]]


@pytest.mark.parametrize(
    ("token", "offered", "of_size"),
    [
        ("alice", ["gpu", "own", "scipy"], ["small"]),
        ("bob", ["own", "scipy"], ["small"]),
        ("carol", ["gpu", "own", "scipy"], ["small", "large"]),
        ("root", ["gpu", "own", "scipy"], ["small", "large"]),
    ],
)
def test_a_user_is_offered_what_is_theirs_in_the_order_of_the_form(
    shared: TestClient, token: str, offered: list[str], of_size: list[str]
) -> None:
    body = seen(shared, token)

    assert (names(body), sizes(body)) == (offered, of_size)
    assert (body["user"], body["groups"]) == (token, sorted(HOLDERS[token].groups))
    assert list(body) == ["user", "groups", "revision", "offered"]


@pytest.mark.parametrize("token", ["", *NOBODY])
def test_who_is_no_user_is_offered_what_is_for_everyone_and_starts_nothing(shared: TestClient, token: str) -> None:
    body = seen(shared, token)

    assert (body["user"], body["groups"], names(body), sizes(body)) == (None, [], ["own", "scipy"], ["small"])
    assert not any("launch" in template for template in body["offered"])


def test_a_template_comes_as_the_full_view_has_it_with_what_starts_it(shared: TestClient) -> None:
    [whole] = shared.get("/templates?view=full&name=gpu").json()

    assert seen(shared, "alice")["offered"][0] == {**whole, "launch": {"template": "gpu"}}
    assert seen(shared, "alice")["offered"][2]["launch"] == {"template": "scipy", "options": {"size": "small"}}


def test_what_has_to_be_typed_is_started_by_nothing_that_we_could_say(shared: TestClient) -> None:
    assert "launch" not in seen(shared, "alice")["offered"][1]


def test_labels_select(shared: TestClient) -> None:
    assert names(seen(shared, "alice", "?label=course=physics")) == ["scipy"]
    assert names(seen(shared, "alice", "?label=course&label=course!=physics")) == []


@pytest.mark.parametrize(
    ("token", "status", "error"), [("x", 401, "invalid_token"), ("unsure", 503, "auth_unavailable")]
)
def test_a_token_that_is_not_good_is_no_one_without(shared: TestClient, token: str, status: int, error: str) -> None:
    answer = shared.get("/view", headers=as_(token))

    assert (answer.status_code, error_name(answer)) == (status, error)


def test_protected_reads_need_their_scope_here_too() -> None:
    with served(protect_reads=True) as client:
        statuses = [client.get("/view", headers=as_(token)).status_code for token in ("", "alice", "boss", "key")]

    assert statuses == [401, 403, 200, 200]


# ── for admins ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "query", ["explain=true", "group=staff", "user=bob", "as=schema&group=staff", "label=x&explain=true"]
)
def test_what_tells_about_others_needs_admin(shared: TestClient, query: str) -> None:
    answers = [shared.get(f"/view?{query}", headers=as_(token)) for token in ("", "x", "alice", "root", "token")]

    assert [answer.status_code for answer in answers] == [401, 401, 403, 403, 403]
    assert not any("hidden" in answer.text or "offered" in answer.text for answer in answers)


@pytest.mark.parametrize("query", ["", "?explain=false", "?label=course"])
def test_what_is_hidden_is_not_shown_unasked(shared: TestClient, query: str) -> None:
    assert "hidden" not in seen(shared, "boss", query)


def test_what_is_hidden_is_said_with_its_rule_and_what_it_takes(shared: TestClient) -> None:
    body = seen(shared, "boss", "?explain=true")

    assert names(body) == ["own", "scipy"]
    assert body["hidden"] == sorted(
        [
            *HIDDEN_FROM_ALL,
            {
                "name": "gpu",
                "option": "",
                "choice": "",
                "rule": "allowed-groups",
                "needs": "one of the groups 'physics', 'staff'",
            },
            {
                "name": "scipy",
                "option": "size",
                "choice": "large",
                "rule": "choice-groups",
                "needs": "the group 'staff'",
            },
        ],
        key=lambda row: row["name"],
    )


def test_an_explanation_offers_what_is_offered_without(shared: TestClient) -> None:
    explained = [seen(shared, "boss", f"?explain=true{more}") for more in ("", "&group=staff", "&label=course")]

    plain = [seen(shared, "boss", query) for query in ("", "?group=staff", "?label=course")]
    assert [body["offered"] for body in explained] == [body["offered"] for body in plain]


def test_of_a_selection_what_is_hidden_is_of_it(shared: TestClient) -> None:
    hidden = seen(shared, "boss", "?explain=true&label=course=physics")["hidden"]

    assert [(row["name"], row["rule"]) for row in hidden] == [("gone", "deleted"), ("scipy", "choice-groups")]


def test_groups_are_tried(shared: TestClient) -> None:
    physics, both = (seen(shared, "boss", f"?group=physics{more}") for more in ("", "&group=staff"))

    assert (physics["groups"], names(physics), sizes(physics)) == (["physics"], ["gpu", "own", "scipy"], ["small"])
    assert (both["groups"], sizes(both), both["user"]) == (["physics", "staff"], ["small", "large"], None)


def test_a_user_of_the_hub_is_tried_with_the_groups_that_it_tells() -> None:
    with served(HubRules(user_of={"alice": ALICE, "root": HOLDERS["root"]}.get)) as client:
        alice, root = (seen(client, "boss", f"?explain=true&user={name}") for name in ("alice", "root"))
        own = seen(client, "alice")

    assert {**alice, "hidden": 0} == {**own, "hidden": 0}
    assert [row["name"] for row in alice["hidden"]] == ["gone", "off", "old", "scipy"]
    assert root["hidden"] == HIDDEN_FROM_ALL


def test_a_user_that_the_hub_does_not_know_is_a_mistake_in_the_question(shared: TestClient) -> None:
    with served(HubRules(user_of={"alice": ALICE}.get)) as client:
        unknown = client.get("/view?user=bob", headers=as_("boss"))
    without = shared.get("/view?user=bob", headers=as_("boss"))

    assert [(answer.status_code, hints(answer)) for answer in (unknown, without)] == [(400, ["user"])] * 2
    assert "the hub knows no user 'bob'" in unknown.text
    assert "this server has no hub to ask" in without.text


def test_a_hub_that_hangs_is_waited_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "HUB_SECONDS", 0.01)
    answering = Event()

    def hang(_: str) -> None:
        answering.wait(30)

    with served(HubRules(user_of=hang)) as client:
        answer = client.get("/view?user=bob", headers=as_("boss"))
        others = client.get("/view", headers=as_("alice"))
        answering.set()

    assert (answer.status_code, error_name(answer)) == (503, "auth_unavailable")
    assert others.status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("explain=yes", "explain"),
        ("explain=true&explain=true", "explain"),
        ("as=list", "as"),
        ("as=schema&explain=true", "explain"),
        ("group=", "group"),
        ("group=a%0Ab", "group"),
        ("group=a&group=a", "group"),
        ("&".join(f"group={number}" for number in range(65)), "group"),
        (f"group={'g' * 256}", "group"),
        ("user=", "user"),
        ("user=a%00", "user"),
        (f"user={'u' * 256}", "user"),
        ("user=a&user=b", "user"),
        ("user=a&group=b", "group"),
        ("label=%21", "label"),
        ("channel", "channel"),
        ("channel=S", "channel"),
        ("channel=a&channel=a", "channel"),
        ("revision=1", "revision"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(shared: TestClient, query: str, field: str) -> None:
    answer = shared.get(f"/view?{query}", headers=as_("boss"))

    assert (answer.status_code, hints(answer)) == (400, [field])


# ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def served_in_channels(hub: HubRules | None = None) -> Iterator[TestClient]:
    """`scipy` is `stable` as it was before its command."""
    with served(hub) as client:
        client.put("/templates/scipy/channels/stable", headers=as_("key")).raise_for_status()
        client.patch("/templates/scipy", json={"command": "c"}, headers=as_("key")).raise_for_status()
        yield client


def test_a_channel_shows_what_it_points_at_and_says_of_the_rest_why_not() -> None:
    with served_in_channels() as client:
        [stable] = seen(client, "alice", "?channel=stable")["offered"]
        newest = seen(client, "alice", "?channel=latest")
        hidden = seen(client, "boss", "?channel=stable&explain=true")["hidden"]
        [listed] = client.get("/templates?channel=stable&view=full").json()

    assert (stable["command"], stable["content-revision"], stable["channel"]) == (
        "",
        listed["content-revision"],
        "stable",
    )
    assert stable["launch"] == {"template": "scipy", "options": {"size": "small"}}
    assert (names(newest), newest["offered"][2]["command"]) == (["gpu", "own", "scipy"], "c")
    needs = "it has no revision in the channel 'stable'"
    assert [(row["name"], row["rule"]) for row in hidden if row["needs"] == needs] == [
        *(("gpu", "channel"), ("off", "channel"), ("own", "channel"))
    ]
    assert [row["rule"] for row in hidden if row["needs"] != needs] == ["deleted", "replaced", "choice-groups"]


def test_a_server_whose_hub_is_on_a_channel_shows_that_and_starts_nothing_of_others() -> None:
    with served_in_channels(HubRules(own=Chosen("stable"), rules="known")) as client:
        own, asked, newest = (seen(client, "bob", query) for query in ("", "?channel=stable", "?channel=latest"))
        schema = client.get("/view?channel=latest&as=schema", headers=as_("bob"))
        tags = {client.get(f"/view{query}", headers=as_("bob")).headers["etag"] for query in ("", "?channel=latest")}

    assert (names(own), own, "launch" in own["offered"][0]) == (["scipy"], asked, True)
    assert (names(newest), any("launch" in one for one in newest["offered"])) == (["own", "scipy"], False)
    assert (schema.status_code, hints(schema), len(tags)) == (400, ["channel"], 2)


# ── as JSON Schema ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("token", ["", "alice", "carol"])
def test_the_schema_takes_what_is_offered_and_nothing_else(shared: TestClient, token: str) -> None:
    schema, offered = seen(shared, token, "?as=schema"), seen(shared, token)["offered"]
    validator = Draft202012Validator(schema)

    assert [one["properties"]["template"]["const"] for one in schema["oneOf"]] == [one["name"] for one in offered]
    assert all(validator.is_valid(one["launch"]) for one in offered if "launch" in one)
    assert validator.is_valid({"template": "scipy", "options": {"size": "large"}}) == (token == "carol")
    assert validator.is_valid({"template": "own", "options": {"image": {"free-text": "quay"}}})
    assert not validator.is_valid({"template": "own"})


def test_where_nothing_is_offered_the_schema_takes_nothing(shared: TestClient) -> None:
    schema = seen(shared, "alice", "?as=schema&label=nothing")

    assert not Draft202012Validator(schema).is_valid({"template": "scipy"})


# ── answers that are kept ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_is_for_one_and_need_not_be_sent_twice(shared: TestClient) -> None:
    first = shared.get("/view", headers=as_("alice"))
    again = shared.get("/view", headers={**as_("alice"), "If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    for answer in (first, again):
        assert answer.headers["etag"] == first.headers["etag"]
        assert (answer.headers["cache-control"], answer.headers["vary"]) == ("private", VARIES)


def tag(client: TestClient, token: str = "alice") -> str:
    return client.get("/view", headers=as_(token)).headers["etag"]


def test_the_tag_is_another_one_for_each_user_group_rule_and_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as client, served(HubRules(rules="other")) as others:
        tags = [tag(client, token) for token in ("alice", "bob", "root", "carol", "key")]
        tags.append(tag(others))
        monkeypatch.setitem(HOLDERS, "alice", Identity("alice", frozenset(), groups=frozenset({"physics", "x"})))
        tags.append(tag(client))
        client.post("/templates", json={"name": "new", "image-name": "i"}, headers=as_("key"))
        tags.append(tag(client))
        assert tag(client) == tags[-1]

    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize("query", ["", "?as=schema", "?label=course=physics", "?channel=latest"])
def test_a_change_that_the_caller_does_not_see_leaves_what_they_have(query: str) -> None:
    with served() as client:
        before = {token: client.get(f"/view{query}", headers=as_(token)) for token in ("bob", "alice")}
        client.patch("/templates/gpu", json={"description": "d", "labels": {"course": "physics"}}, headers=as_("key"))
        after = {
            token: client.get(f"/view{query}", headers={**as_(token), "If-None-Match": answer.headers["etag"]})
            for token, answer in before.items()
        }

    assert {token: answer.status_code for token, answer in after.items()} == {"bob": 304, "alice": 200}
    assert after["bob"].headers["etag"] == before["bob"].headers["etag"] != after["alice"].headers["etag"]
    assert before["bob"].headers["etag"].startswith("W/")  # the revision in it is another one


@pytest.mark.parametrize(("token", "query"), [("alice", ""), ("alice", "?as=schema"), ("boss", "?explain=true")])
def test_what_is_to_be_as_it_was_and_is_not_is_refused(shared: TestClient, token: str, query: str) -> None:
    tag = shared.get(f"/view{query}", headers=as_(token)).headers["etag"]

    answers = [
        shared.get(f"/view{query}", headers={**as_(token), "If-Match": given})
        for given in (tag, tag[2:], f'"other", {tag}', "*", '"other"', "3", '"3-0000000000000000"')
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 412, 412, 412]
    assert error_name(answers[-1]) == "revision_conflict"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("query", ["", "?as=schema"])
def test_a_large_answer_is_compressed_for_who_takes_it(
    shared: TestClient, monkeypatch: pytest.MonkeyPatch, coding: str, query: str
) -> None:
    monkeypatch.setattr(view, "SMALLEST", 500)

    plain, coded, again = (
        shared.get(f"/view{query}", headers={**as_(token), "Accept-Encoding": taken})
        for token, taken in (("root", "identity"), ("root", coding), ("root", coding))
    )

    assert [answer.headers.get("content-encoding") for answer in (plain, coded, again)] == [None, coding, coding]
    assert plain.content == coded.content == again.content
    assert plain.headers["etag"] == coded.headers["etag"]
    assert plain.headers["vary"] == coded.headers["vary"] == VARIES
    assert int(coded.headers["content-length"]) < len(plain.content)


def test_what_is_small_is_sent_as_it_is(shared: TestClient) -> None:
    answer = shared.get("/view?label=none", headers={**as_("root"), "Accept-Encoding": "gzip"})

    assert "content-encoding" not in answer.headers


def test_what_changes_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as client:
        before = names(seen(client, "bob"))
        client.patch("/templates/scipy", json={"allowed-groups": ["staff"]}, headers=as_("key"))
        closed = names(seen(client, "bob"))
        monkeypatch.setitem(HOLDERS, "bob", Identity("bob", frozenset(), groups=frozenset({"staff"})))
        opened = names(seen(client, "bob"))

    assert (before, closed, opened) == (["own", "scipy"], ["own"], ["gpu", "own", "scipy"])


class Counted:
    """A hub that leaves out what is called `gpu`, and the choice `small`."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, template: Json) -> Offering:
        self.asked.append(template["name"])
        if template["name"] == "gpu":
            return Offering(None, (Hidden("gpu", "command", "the command is not allowed"),))
        if template["name"] != "scipy":
            return on_any_hub(template)
        left = [{**SIZE, "choices": [LARGE]}]
        return Offering({**template, "options": left}, (Hidden("scipy", "limits", "too small", "size", "small"),))


def test_what_the_hub_cannot_start_is_not_offered_and_the_reason_is_said() -> None:
    with served(HubRules(offers=lambda channel: Counted())) as client:
        carol, bob = seen(client, "carol"), seen(client, "bob")
        hidden = seen(client, "boss", "?explain=true&group=staff")["hidden"]

    assert (names(carol), sizes(carol), names(bob)) == (["own", "scipy"], ["large"], ["own"])
    assert [tuple(row.values()) for row in hidden if row["name"] in ("gpu", "scipy")] == [
        ("gpu", "", "", "command", "the command is not allowed"),
        ("scipy", "size", "small", "limits", "too small"),
    ]


def test_of_each_template_it_is_asked_once_whoever_looks() -> None:
    hub = Counted()
    with served(HubRules(offers=lambda channel: hub)) as client:
        for token in ("alice", "bob", "carol", "root", ""):
            seen(client, token)
        first = sorted(hub.asked)
        client.patch("/templates/own", json={"command": "c"}, headers=as_("key"))
        seen(client, "alice")

    assert first == sorted(one["name"] for one in TEMPLATES if one["name"] != "gone")
    assert sorted(hub.asked) == sorted([*first, "own"])


def test_an_answer_that_is_known_waits_for_no_other(shared: TestClient) -> None:
    app: Any = shared.app
    before = seen(shared, "alice")

    with held(app.service.viewed):
        again = seen(shared, "alice")

    assert again == before


def test_groups_that_nobody_else_knows_of_are_owned_up_to() -> None:
    with served(HubRules(groups_from="hub only")) as client:
        assert seen(client, "alice")["groups-from"] == "hub only"


def test_where_the_hub_does_not_mind_the_case_of_groups_nor_does_this(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HOLDERS, "alice", Identity("alice", frozenset(), groups=frozenset({"STAFF"})))

    with served(HubRules(ignore_group_case=True)) as client:
        body = seen(client, "alice")

    assert (body["groups"], sizes(body)) == (["STAFF"], ["small", "large"])


def test_head_has_the_headers(shared: TestClient) -> None:
    got, headed = (call("/view", headers=as_("alice")) for call in (shared.get, shared.head))

    assert headed.headers["etag"] == got.headers["etag"]
    assert headed.headers["content-length"] == str(len(got.content))
