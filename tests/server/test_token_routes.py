"""Tokens over HTTP: made, used, listed, renewed, revoked, and told of."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from binder_registry import InMemoryStore, Registry, TokenAuthStore
from binder_registry.log_store import LogStore
from binder_registry.server import App, Options
from binder_registry.token_text import id_and_secret
from binder_registry.tokens import OwnTokens, StoredTokens

from .asking import SCIPY, R, error_name, hints, listening
from .running import KEY

Client = httpx2.Client
COURSE = {"name": "course", "scopes": ["write"], "templates": ["scipy*"], "labels": "team=physics"}
OURS = SCIPY | {"labels": {"team": "physics"}}


@contextmanager
def serving(store: LogStore, **options: Any) -> Iterator[Client]:
    """A client with the key, of a server that takes fast writes, as `serve` does."""
    assert store.tokens is not None
    with closing(StoredTokens(store.tokens)) as own:
        keys = TokenAuthStore(KEY)
        auth = OwnTokens(own, keys, keys=keys)
        with listening(App(Registry(store, auth), Options(**options))) as port, calling(port) as client:
            yield client


def calling(port: int) -> Client:
    return Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"token {KEY}"}, trust_env=False)


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    with serving(InMemoryStore()) as client:
        yield client


@pytest.fixture
def client() -> Iterator[Client]:
    with serving(InMemoryStore()) as client:
        yield client


def made(client: Client, **members: Any) -> dict[str, Any]:
    answer = client.post("/tokens", json={"scopes": ["write", "tokens"], **members})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def holding(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_is_told_once(client: Client) -> None:
    answer = client.post("/tokens", json=COURSE | {"note": "for CI"})

    made = answer.json()
    parts = id_and_secret(made.pop("token"))
    assert parts is not None
    assert answer.headers["cache-control"] == "no-store"
    assert [made[member] for member in ("id", "name", "note", "by", "scopes", "templates", "labels")] == [
        parts[0],
        "course",
        "for CI",
        "key:api-key",
        ["write"],
        ["scipy*"],
        "team=physics",
    ]
    assert client.get("/tokens").json() == {"tokens": [made]}
    assert parts[1] not in client.get("/tokens").text + client.get("/audit").text


# Each is sent with a body of one line and with one that the ordinary path reads, so that both paths of a write are met.
@pytest.mark.parametrize("more", [{}, {"Expect": "100-continue"}, {"X-Unknown": "1"}])
def test_a_write_with_a_token_reaches_what_it_may_and_says_when_it_ends(client: Client, more: dict[str, str]) -> None:
    token = made(client, **COURSE)
    who = holding(token["token"]) | more

    answers = [
        client.post("/templates", json=OURS, headers=who),
        client.post("/templates", json=R | {"labels": {"team": "physics"}}, headers=who),
        client.put("/templates/scipy", json={"image-name": "new"}, headers=who),
        client.patch("/templates/scipy", json={"labels": {"team": "maths"}}, headers=who),
        client.delete("/templates/scipy?replaced-by=other", headers=who),
        client.post("/apply", json={"templates": [OURS, R], "dry-run": True}, headers=who),
    ]

    assert [answer.status_code for answer in answers] == [201, 403, 202, 403, 403, 403]
    assert {error_name(answer) for answer in answers} == {"", "out_of_reach"}
    assert {answer.headers.get("registry-token-expires") for answer in answers} == {token["expires"]}
    assert [change["by"] for change in client.get("/changes").json()["changes"]] == ["token:course"] * 2


@pytest.mark.parametrize("more", [{}, {"If-Match": "7"}, {"If-None-Match": "*"}, {"X-Unknown": "1", "If-Match": "*"}])
def test_whoever_does_not_reach_a_name_is_not_told_whether_it_is_there(shared: Client, more: dict[str, str]) -> None:
    shared.post("/templates", json=R)
    token = made(shared, **COURSE | {"name": f"asks-{'-'.join(more).lower()}", "scopes": ["write", "admin", "promote"]})
    who = holding(token["token"]) | more

    answers = [
        [
            shared.post("/templates", json={"name": name, "image-name": "i"}, headers=who),
            shared.put(f"/templates/{name}", json={"image-name": "i"}, headers=who),
            shared.patch(f"/templates/{name}", json={"image-name": "i"}, headers=who),
            shared.delete(f"/templates/{name}", headers=who),
            shared.post(f"/templates/{name}/restore", json={"revision": 10**9}, headers=who),
            shared.delete(f"/templates/{name}/changes/1", headers=who),
            shared.put(f"/templates/{name}/channels/stable", headers=who),
            shared.delete(f"/templates/{name}/channels/stable", headers=who),
        ]
        for name in ("r", "s")
    ]

    assert [[(answer.status_code, error_name(answer)) for answer in each] for each in answers] == (
        [[(403, "out_of_reach")] * 8] * 2
    )


def test_only_a_token_that_ends_says_so(client: Client) -> None:
    answers = [client.post("/templates", json=SCIPY), client.get("/tokens/self")]

    assert [answer.headers.get("registry-token-expires") for answer in answers] == [None, None]


@pytest.mark.parametrize("scheme", ["token", "Bearer"])
def test_whoever_asks_is_told_who_they_are(shared: Client, scheme: str) -> None:
    token = made(shared, **COURSE | {"name": f"self-{scheme.lower()}"})

    answer = shared.get("/tokens/self", headers={"Authorization": f"{scheme} {token['token']}"})

    assert answer.json() == {
        "by": f"token:{token['name']}",
        "kind": "token",
        "name": token["name"],
        "scopes": ["write"],
        "reach": {"templates": [["scipy*"]], "labels": ["team=physics"]},
        "id": token["id"],
        "expires": token["expires"],
    }


def test_a_key_is_told_that_it_may_all(shared: Client) -> None:
    assert shared.get("/tokens/self").json() == {
        "by": "key:api-key",
        "kind": "key",
        "name": "api-key",
        "scopes": ["admin", "metrics", "promote", "read", "tokens", "write"],
        "reach": {"templates": [], "labels": []},
    }


def test_one_that_was_revoked_is_refused_at_once_with_all_that_it_made(client: Client) -> None:
    parent = made(client, name="parent")
    child = made_by(client, parent, name="child")
    before = [client.get("/tokens/self", headers=holding(one["token"])).status_code for one in (parent, child)]

    answer = client.delete(f"/tokens/{parent['id']}")

    after = [client.get("/tokens/self", headers=holding(one["token"])).status_code for one in (parent, child)]
    assert (answer.status_code, answer.content) == (204, b"")
    assert (before, after) == ([200, 200], [401, 401])


def made_by(client: Client, parent: dict[str, Any], **members: Any) -> dict[str, Any]:
    answer = client.post("/tokens", json={"scopes": ["write"], **members}, headers=holding(parent["token"]))
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_all_tokens_of_one_maker_are_listed_and_revoked_together(client: Client) -> None:
    parent = made(client, name="parent")
    made_by(client, parent, name="a")
    made_by(client, parent, name="b")

    listed = client.get("/tokens?by=token:parent").json()["tokens"]
    revoked = client.delete("/tokens?by=token:parent").json()["tokens"]

    assert {token["name"] for token in listed} == {token["name"] for token in revoked} == {"a", "b"}
    assert all("revoked" in token for token in revoked)
    assert hints(client.delete("/tokens")) == ["by"]


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 401), (b"{}", 401), (b'{"keep-old": 0}', 401), (b'{"keep-old": 60}', 200)]
)
def test_a_renewed_token_is_good_and_the_old_one_for_the_grace(client: Client, body: bytes, status: int) -> None:
    token = made(client, name="ci")

    answer = client.post(f"/tokens/{token['id']}/rotate", content=body)

    texts = (answer.json()["token"], token["token"])
    found = [client.get("/tokens/self", headers=holding(text)).status_code for text in texts]
    assert (answer.status_code, found) == (200, [200, status])


def test_tokens_are_listed_in_pages_that_show_each_once_while_others_are_made(client: Client) -> None:
    for name in ("b", "a", "d", "e", "c"):
        made(client, name=name)

    pages, target = [], "/tokens?limit=2&by=key:api-key"
    while target:
        answer = client.get(target)
        pages.append([token["name"] for token in answer.json()["tokens"]])
        made(client, name=f"a-new-one-{len(pages)}")  # before those that come yet
        target = answer.links.get("next", {}).get("url", "")

    assert pages == [["a", "b"], ["c", "d"], ["e"]]
    assert answer.headers["total-count"] == "7"


def test_the_last_page_of_tokens_leads_no_further(client: Client) -> None:
    for name in ("a", "b"):
        made(client, name=name)

    answers = {query: client.get(f"/tokens{query}") for query in ("?limit=2", "?after=a", "?after=b", "?name=b*", "")}

    assert {query: [token["name"] for token in found.json()["tokens"]] for query, found in answers.items()} == {
        "?limit=2": ["a", "b"],
        "?after=a": ["b"],
        "?after=b": [],
        "?name=b*": ["b"],
        "": ["a", "b"],
    }
    assert [found.links for found in answers.values()] == [{}] * 5


def test_a_page_of_tokens_has_a_bound(client: Client) -> None:
    assert [hints(client.get(f"/tokens?limit={limit}")) for limit in ("0", "1001", "x", "")] == [["limit"]] * 4
    assert hints(client.get(f"/tokens?name={'a' * 2000}")) == ["name"]


def test_the_audit_is_read_in_pages(client: Client) -> None:
    for name in ("a", "b", "c"):
        made(client, name=name)
    client.delete("/tokens?by=key:api-key")

    pages, target = [], "/audit?limit=4"
    while target:
        answer = client.get(target)
        pages.append(answer.json()["entries"])
        target = answer.links.get("next", {}).get("url", "")

    entries = [entry for page in pages for entry in page]
    assert [len(page) for page in pages] == [4, 2]
    assert [entry["number"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [(entry["action"], entry["name"]) for entry in entries[:4]] == [
        ("made", "a"),
        ("made", "b"),
        ("made", "c"),
        ("revoked", "a"),
    ]


def test_who_may_not_is_told_what_is_missing(shared: Client) -> None:
    token = made(shared, **COURSE | {"name": "only-writes"})
    who = holding(token["token"])

    answers = [
        shared.post("/tokens", json={"name": "x", "scopes": ["write"]}, headers=who),
        shared.get("/audit", headers=who),
        shared.delete("/tokens?by=key:api-key", headers=who),
        shared.post(f"/tokens/{token['id']}/rotate", json={"keep-old": "1"}, headers=who),
        shared.delete("/tokens/00000000", headers=who),
        shared.get("/tokens", headers={"Authorization": ""}),
    ]

    assert [error_name(answer) for answer in answers] == [
        "missing_scope",
        "missing_scope",
        "missing_scope",
        "invalid_request",
        "token_not_found",
        "missing_token_field",
    ]
    assert [one["name"] for one in shared.get("/tokens", headers=who).json()["tokens"]] == ["only-writes"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({}, "name"),
        ({"name": 1}, "name"),
        ({"name": "A"}, "name"),
        ({"name": "a", "scopes": "write"}, "scopes"),
        ({"name": "a", "scopes": [1]}, "scopes"),
        ({"name": "a", "scopes": []}, "scopes"),
        ({"name": "a", "scopes": ["write"], "templates": {}}, "templates"),
        ({"name": "a", "scopes": ["write"], "labels": 1}, "labels"),
        ({"name": "a", "scopes": ["write"], "labels": "a=b=c"}, "labels"),
        ({"name": "a", "scopes": ["write"], "note": 1}, "note"),
        ({"name": "a", "scopes": ["write"], "expires-in": True}, "expires-in"),
        ({"name": "a", "scopes": ["write"], "expires-in": 1.5}, "expires-in"),
        ({"name": "a", "scopes": ["write"], "expires-in": 10**30}, "expires-in"),
        ({"name": "a", "scopes": ["write"], "expires": 1}, "expires"),
    ],
)
def test_a_member_that_is_wrong_is_named(shared: Client, body: object, field: str) -> None:
    answer = shared.post("/tokens", json=body)

    assert (answer.status_code, hints(answer)) == (400, [field])


@pytest.mark.parametrize("query", ["?since=-1", "?since=x", "?limit=0", "?limit=1001", "?before=1", "?since=1&since=2"])
def test_a_query_of_the_audit_that_is_wrong_is_refused(shared: Client, query: str) -> None:
    assert shared.get(f"/audit{query}").status_code == 400


def test_a_database_that_keeps_no_tokens_answers_501() -> None:
    store = InMemoryStore()
    log: Any = store.log

    class Other:
        def __getattr__(self, name: str) -> Any:
            if name in ("tokens", "audit", "write_tokens", "write_uses"):
                raise AttributeError(name)
            return getattr(log, name)

    other: Any = Other()
    app = App(Registry(LogStore(other), TokenAuthStore(KEY)), Options())
    with listening(app) as port, calling(port) as client:
        answers = [
            client.post("/tokens", json=COURSE),
            client.get("/tokens"),
            client.get("/audit"),
            client.delete("/tokens/00000000"),
            client.delete("/tokens?by=user:ada"),
            client.post("/tokens/00000000/rotate"),
        ]
        who = client.get("/tokens/self")

    assert {(answer.status_code, error_name(answer)) for answer in answers} == {(501, "tokens_not_kept")}
    assert who.status_code == 200


def test_when_a_token_was_used_is_written_down_at_the_end_too() -> None:
    store = InMemoryStore()
    with serving(store) as client:
        token = made(client, **COURSE)
        client.post("/templates", json=OURS, headers=holding(token["token"]))

    assert store.tokens is not None
    store.tokens.forget()
    store.tokens.refresh()
    kept = store.tokens.get(token["id"])
    minute = datetime.fromisoformat(token["created"]).replace(second=0, microsecond=0)
    assert kept is not None
    assert kept.used == minute or kept.used == minute + timedelta(minutes=1)
