"""Reads that are not repeated, and updates that overwrite nobody else's."""

import re
from collections.abc import Iterator
from threading import Thread

import httpx2
import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, Template

from .asking import SCIPY, R, application, asked, error_name, hints, listening
from .sockets import connected

POSITION = re.compile(r'"\d+-[0-9a-f]{16}"')


@pytest.fixture
def created(client: TestClient) -> httpx2.Response:
    return client.post("/templates", json=SCIPY)


def test_every_answer_of_a_template_carries_the_position_that_wrote_it(client: TestClient) -> None:
    created = client.post("/templates", json=SCIPY)
    client.post("/templates", json=R)

    shown = client.get("/templates/scipy")
    updated = client.put("/templates/scipy", json={})

    assert POSITION.fullmatch(created.headers["etag"])
    assert shown.headers["etag"] == created.headers["etag"]
    assert updated.headers["etag"].startswith('"3-')
    assert client.get("/templates/scipy").headers["etag"] == updated.headers["etag"]


def test_a_list_carries_the_position_of_the_registry(client: TestClient, store: InMemoryStore) -> None:
    empty = client.get("/templates").headers["etag"]
    client.post("/templates", json=SCIPY)

    etags = {client.get(target).headers["etag"] for target in ("/templates", "/templates?name=z*", "/changes")}

    assert empty != f'"{store.head()}"'
    assert etags == {f'"{store.head()}"'}


def test_a_create_says_where_the_template_is(client: TestClient) -> None:
    answer = client.post("/templates", json={"name": "a bü%", "image-name": "i"})

    assert answer.headers["location"] == "/templates/a%20b%C3%BC%25"
    assert client.get(answer.headers["location"]).content == answer.content


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"x", {0}', '{0},"x"', "*"])
@pytest.mark.parametrize(
    "target", ["/templates/scipy", "/templates", "/templates?name=*", "/templates/scipy?revision=1"]
)
def test_what_the_client_holds_is_not_sent_again(
    client: TestClient, created: httpx2.Response, target: str, form: str
) -> None:
    etag = client.get(target, headers={"Accept-Encoding": "identity"}).headers["etag"]

    answer = client.get(target, headers={"If-None-Match": form.format(etag)})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    assert answer.headers["registry-revision"] == "1"
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("target", ["/templates/scipy", "/templates", "/templates?name=*"])
def test_what_changed_is_sent_again(client: TestClient, created: httpx2.Response, target: str) -> None:
    etag = client.get(target).headers["etag"]
    changed = client.put("/templates/scipy", json={"command": "c"})

    answer = client.get(target, headers={"If-None-Match": etag})

    assert answer.status_code == 200
    assert answer.headers["etag"] == changed.headers["etag"]


def test_the_same_revision_of_another_log_is_sent_again(client: TestClient, created: httpx2.Response) -> None:
    other = InMemoryStore()
    other.register_template(Template("scipy", "another"))
    with asked(application(other)) as another:
        etag = another.get("/templates/scipy").headers["etag"]

    answer = client.get("/templates/scipy", headers={"If-None-Match": etag})

    assert answer.status_code == 200


def test_an_unchanged_list_costs_a_connection_no_body(port: int) -> None:
    with connected(port) as connection:
        etag = connection.ask("GET", "/templates").headers["etag"]

        unchanged = connection.ask("GET", "/templates", b"", f"If-None-Match: {etag}")

        assert (unchanged.status, unchanged.body) == (304, b"")
        assert connection.ask("GET", "/templates").body == b"[]\n"


@pytest.fixture
def large(client: TestClient) -> TestClient:
    client.post("/apply", json={"templates": [{"name": f"t{n}", "image-name": "i"} for n in range(100)]})
    return client


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_compressed_list_has_an_etag_of_its_own_and_either_is_known(large: TestClient, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    plain = large.get("/templates", headers={"Accept-Encoding": "identity"})
    for _ in range(1000):  # until it is made
        compressed = large.get("/templates", headers=headers)
        if "content-encoding" in compressed.headers:
            break

    assert compressed.headers["content-encoding"] == coding
    assert compressed.content == plain.content  # decoded by the client
    assert compressed.headers["etag"] != plain.headers["etag"]
    assert compressed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    for etag in (compressed.headers["etag"], plain.headers["etag"]):
        answer = large.get("/templates", headers={**headers, "If-None-Match": etag})
        assert (answer.status_code, answer.headers["etag"]) == (304, etag)


WRITES = [
    ("PUT", "/templates/scipy", {"command": "c"}),
    ("PATCH", "/templates/scipy", {"command": "c"}),
    ("DELETE", "/templates/scipy", None),
    ("POST", "/templates/scipy/restore", {"revision": 1}),
    ("PUT", "/templates/scipy/channels/stable", {"revision": 1}),
]
every_write = pytest.mark.parametrize(("method", "target", "body"), WRITES, ids=lambda value: str(value)[:24])


@every_write
@pytest.mark.parametrize("form", ["{0}", "1", '"1"', " {0} ", "*", "W/{0}"])
def test_a_write_to_what_was_read_is_taken(
    client: TestClient, created: httpx2.Response, method: str, target: str, body: object, form: str
) -> None:
    condition = form.format(created.headers["etag"])

    answer = client.request(method, target, json=body, headers={"If-Match": condition})

    assert answer.status_code in (200, 202)
    assert answer.headers["registry-revision"] == "2"


@every_write
@pytest.mark.parametrize("form", ["{0}", "1", '"1"', "0", "2-0123456789abcdef", "3", '"2-0123456789abcdef"'])
def test_a_write_to_another_state_is_refused_with_the_current_etag(
    client: TestClient, created: httpx2.Response, method: str, target: str, body: object, form: str
) -> None:
    current = client.put("/templates/scipy", json={}).headers["etag"]
    condition = form.format(created.headers["etag"])
    if condition.startswith("2-"):
        condition = f'"{condition}"'

    answer = client.request(method, target, json=body, headers={"If-Match": condition})

    assert (answer.status_code, error_name(answer), hints(answer)) == (412, "revision_conflict", ["If-Match"])
    assert answer.headers["etag"] == current
    assert client.get("/templates/scipy").headers["etag"] == current


@every_write
def test_a_condition_on_what_is_not_there_is_not_found(
    client: TestClient, method: str, target: str, body: object
) -> None:
    answer = client.request(method, target, json=body, headers={"If-Match": "*"})

    assert (answer.status_code, error_name(answer)) == (404, "template_not_found")


class TestRequireIfMatch:
    @pytest.fixture
    def client(self) -> Iterator[TestClient]:
        with asked(application(require_if_match=True)) as client:
            client.post("/templates", json=SCIPY)
            yield client

    @every_write
    def test_a_change_without_a_condition_is_refused(
        self, client: TestClient, method: str, target: str, body: object
    ) -> None:
        answer = client.request(method, target, json=body)

        assert (answer.status_code, error_name(answer), hints(answer)) == (428, "revision_required", ["If-Match"])
        assert client.get("/templates").headers["registry-revision"] == "1"

    @every_write
    def test_a_change_with_a_condition_is_taken(
        self, client: TestClient, method: str, target: str, body: object
    ) -> None:
        answer = client.request(method, target, json=body, headers={"If-Match": "1"})

        assert answer.status_code in (200, 202)

    def test_a_create_needs_none(self, client: TestClient) -> None:
        answer = client.post("/templates", json=R)

        assert answer.status_code == 201

    def test_an_apply_needs_one_but_a_dry_run_does_not(self, client: TestClient) -> None:
        answer = client.post("/apply", json={"templates": [R]})
        dry = client.post("/apply", json={"templates": [R], "dry-run": True})

        assert (answer.status_code, dry.status_code) == (428, 200)


def test_of_two_clients_that_race_only_one_wins(client: TestClient, created: httpx2.Response) -> None:
    won: list[str] = []

    def race(number: int) -> None:
        for turn in range(20):
            etag = client.get("/templates/scipy").headers["etag"]
            body = {"command": f"{number}.{turn}"}
            answer = client.patch("/templates/scipy", json=body, headers={"If-Match": etag})
            if answer.status_code == 200:
                won.append(etag)
            else:
                assert answer.status_code == 412

    threads = [Thread(target=race, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(won)) == len(won)
    assert client.get("/templates").headers["registry-revision"] == str(1 + len(won))


def test_a_request_waits_until_the_server_shows_the_revision_it_names(store: InMemoryStore) -> None:
    with listening(application(store)) as port, connected(port) as waiting:
        waiting.send(b"GET /templates/scipy HTTP/1.1\r\nHost: r\r\nRegistry-Revision: 1\r\n\r\n")
        store.register_template(Template("scipy", "i"))

        answer = waiting.answer()

    assert (answer.status, answer.headers["registry-revision"]) == (200, "1")


@pytest.mark.parametrize(("method", "target"), [("GET", "/templates"), ("GET", "/changes"), ("POST", "/templates")])
def test_a_revision_that_is_not_shown_in_time_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, method: str, target: str
) -> None:
    monkeypatch.setattr("binder_registry.server.service.SHOWN_SECONDS", 0.02)

    answer = client.request(method, target, json=SCIPY, headers={"Registry-Revision": "1"})

    assert (answer.status_code, error_name(answer)) == (412, "revision_not_shown")
    assert client.get("/templates").headers["registry-revision"] == "0"


def test_every_answer_of_the_present_names_the_revision_that_it_shows(client: TestClient) -> None:
    client.post("/templates", json=SCIPY)

    answers = [
        client.get("/"),
        client.get("/templates"),
        client.get("/templates/scipy"),
        client.get("/templates/nothing"),
        client.get("/templates?name=x"),
        client.get("/changes"),
        client.get("/health"),
        client.post("/templates", json=SCIPY),
        client.get("/templates", headers={"Registry-Revision": "1"}),
    ]

    assert [answer.headers["registry-revision"] for answer in answers] == ["1"] * len(answers)
