"""Who may ask: protected reads, browsers of other origins, health."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from binder_registry import Identity, InMemoryStore, Registry, Scope
from binder_registry.errors import InvalidToken
from binder_registry.server import App, Options

from .asking import SCIPY, application, asked, error_name, hints

ORIGIN = "https://hub.example.org"
READS = [
    "/templates",
    "/templates?name=*",
    "/templates/scipy",
    "/templates/scipy?revision=1",
    "/templates/scipy/changes",
    "/view",
    "/changes",
]


class ScopeNames:
    """Knows one token for each scope, which is its name."""

    blocking = True

    def identify(self, token: str) -> Identity:
        if token not in list(Scope):
            raise InvalidToken
        return Identity(token, frozenset({Scope(token)}))


class TestProtectedReads:
    @pytest.fixture
    def client(self) -> Iterator[TestClient]:
        with asked(App(Registry(InMemoryStore(), ScopeNames()), Options(protect_reads=True))) as client:
            client.headers["Authorization"] = "token write"
            client.post("/templates", json=SCIPY)
            del client.headers["Authorization"]
            yield client

    @pytest.mark.parametrize("target", READS)
    @pytest.mark.parametrize(
        ("token", "status"), [("", 401), ("token nobody", 401), ("token write", 403), ("Bearer read", 200)]
    )
    def test_a_read_needs_the_scope(self, client: TestClient, target: str, token: str, status: int) -> None:
        answer = client.get(target, headers={"Authorization": token} if token else {})

        assert answer.status_code == status

    # The recordings of 2015 have one of these; no later header makes good, or bad, what the first says.
    @pytest.mark.parametrize(("first", "second", "status"), [("read", "nobody", 200), ("nobody", "read", 401)])
    def test_of_two_headers_with_tokens_the_first_counts(
        self, client: TestClient, first: str, second: str, status: int
    ) -> None:
        headers = [("Authorization", f"token {token}") for token in (first, second)]

        answers = [client.get("/templates", headers=headers), client.get("/changes", headers=headers)]

        assert [answer.status_code for answer in answers] == [status] * 2

    @pytest.mark.parametrize("target", ["/", "/health"])
    def test_what_a_probe_asks_needs_none(self, client: TestClient, target: str) -> None:
        assert client.get(target).status_code == 200

    def test_a_write_needs_no_right_to_read(self, client: TestClient) -> None:
        key = {"Authorization": "token write"}

        answers = [
            client.patch("/templates/scipy", json={"command": "c"}, headers=key),
            client.put("/templates/scipy", json={"image-name": "i"}, headers=key),
            client.post("/apply", json={"templates": [], "delete": {"scipy": ""}}, headers=key),
        ]

        assert [answer.status_code for answer in answers] == [200, 202, 200]

    def test_head_is_as_protected_as_get(self, client: TestClient) -> None:
        assert client.head("/templates").status_code == 401

    def test_the_whole_api_is_open_to_the_keys_of_the_environment(self) -> None:
        with asked(application(protect_reads=True)) as client:
            answers = [client.post("/templates", json=SCIPY), *(client.get(target) for target in READS)]

        assert {answer.status_code for answer in answers} == {200, 201}


class TestOrigins:
    @pytest.fixture
    def client(self) -> Iterator[TestClient]:
        with asked(application(cors_origins=(ORIGIN,))) as client:
            client.headers["Origin"] = ORIGIN
            yield client

    @pytest.mark.parametrize("target", ["/", "/templates", "/templates/nothing", "/nothing"])
    def test_a_page_of_the_named_origin_may_read_every_answer(self, client: TestClient, target: str) -> None:
        answer = client.get(target)

        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "etag" in answer.headers["access-control-expose-headers"].lower()
        assert "origin" in answer.headers.get_list("vary", split_commas=True)

    def test_a_page_of_another_may_not(self, client: TestClient) -> None:
        answer = client.get("/templates", headers={"Origin": "https://hub.example.org.evil.example"})

        assert "access-control-allow-origin" not in answer.headers
        assert "origin" in answer.headers.get_list("vary", split_commas=True)

    def test_a_preflight_names_methods_and_headers(self, client: TestClient) -> None:
        answer = client.options("/templates/scipy", headers={"Access-Control-Request-Method": "PATCH"})

        assert answer.status_code == 204
        assert "PATCH" in answer.headers["access-control-allow-methods"].split(", ")
        allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
        assert {"authorization", "content-type", "if-match", "registry-note"} <= set(allowed)

    def test_a_star_lets_all_read(self) -> None:
        with asked(application(cors_origins=("*",))) as client:
            answer = client.get("/templates", headers={"Origin": "null"})

        assert answer.headers["access-control-allow-origin"] == "*"

    def test_without_the_option_no_page_may(self) -> None:
        with asked(application()) as client:
            answers = [
                client.get("/templates", headers={"Origin": ORIGIN}),
                client.options("/templates", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}),
            ]

        assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]


def test_health_is_well_at_first(client: TestClient) -> None:
    answer = client.get("/health")

    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "revision": 0, "reads": True, "writes": True},
    )


def test_while_draining_health_says_so(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, App)
    app.service.draining = True

    answers = [client.get("/health"), client.get("/health?for=reads")]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].json()["status"] == "draining"
    assert answers[0].headers["retry-after"]


@pytest.mark.parametrize(("query", "field"), [("for=writes", "for"), ("four=reads", "four")])
def test_health_knows_what_it_can_be_asked_for(client: TestClient, query: str, field: str) -> None:
    answer = client.get(f"/health?{query}")

    assert (answer.status_code, hints(answer), error_name(answer)) == (400, [field], "invalid_request")
