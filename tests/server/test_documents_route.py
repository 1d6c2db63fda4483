"""`POST /documents`: YAML to JSON and back, by a process that does nothing else; nothing is written."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from starlette.testclient import TestClient

from binder_registry.cli.serve import READER
from binder_registry.server import Limits, Options
from binder_registry.server.app import App

from .asking import application, asked, error_name, held, hints, listening

IS_YAML = {"Content-Type": "application/yaml"}
A = "name: a\nimage-name: i\n"
MANY = "[" + "a," * 150_000 + "a]"  # whose nodes take more than the process may


@pytest.fixture(scope="module")
def app() -> App:
    return application(reader=READER, limits=Limits(reading_bytes=128 << 20))


@pytest.fixture(scope="module")
def client(app: App) -> Iterator[TestClient]:
    with asked(app) as client:
        yield client


@pytest.mark.parametrize("media", ["application/yaml", "text/yaml; charset=utf-8", "Text/X-YAML", "application/x-yaml"])
def test_yaml_becomes_json(client: TestClient, media: str) -> None:
    answer = client.post("/documents", content=A, headers={"Content-Type": media})

    assert answer.json() == {"templates": [{"name": "a", "image-name": "i"}], "lost": [], "problems": []}
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("accept", ["application/yaml", "text/yaml, application/json;q=0.5"])
def test_json_becomes_yaml(client: TestClient, accept: str) -> None:
    answer = client.post("/documents", json={"name": "a", "image-name": "i"}, headers={"Accept": accept})

    assert (answer.text, answer.headers["content-type"]) == (A, "application/yaml")


@pytest.mark.parametrize(("media", "works"), [("application/json", False), ("text/plain", False), (None, False)])
def test_what_does_not_say_that_it_is_yaml_is_json(client: TestClient, media: str | None, works: bool) -> None:
    answer = client.post("/documents", content=A, headers={"Content-Type": media} if media else {})

    assert (answer.status_code, hints(answer)) == (400, ["body"])


def test_a_hubs_values_become_templates(client: TestClient) -> None:
    values = "singleuser: {profileList: [{display_name: A, kubespawner_override: {image: x, foo: 1}}]}"

    answer = client.post("/documents?format=z2jh", content=values, headers=IS_YAML).json()

    assert [template["name"] for template in answer["templates"]] == ["a"]
    assert [(lost["name"], lost["path"]) for lost in answer["lost"]] == [("profile A", "foo")]


def test_what_is_wrong_in_a_template_is_told_at_its_field_and_converted(client: TestClient) -> None:
    answer = client.post("/documents", content="name: a\nbind-port: -1\n", headers=IS_YAML)

    assert answer.status_code == 200
    assert [(problem["field"], problem["line"]) for problem in answer.json()["problems"]] == [
        ("templates[0].image-name", 1),
        ("templates[0].bind-port", 2),
    ]


@pytest.mark.parametrize(
    ("query", "body", "field"),
    [
        ("", "name: [", "line 2"),
        ("", "- 5", "line 1"),
        ("?format=helm", A, "format"),
        ("?format=z2jh&format=z2jh", A, "format"),
        ("?dry-run=true", A, "dry-run"),
        ("?format=z2jh", A, "body"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(client: TestClient, query: str, body: str, field: str) -> None:
    answer = client.post(f"/documents{query}", content=body, headers=IS_YAML)

    assert (answer.status_code, error_name(answer), hints(answer)) == (400, "invalid_request", [field])


def test_a_body_has_at_most_a_mebibyte(client: TestClient) -> None:
    answer = client.post("/documents", content="#" * (2**20 + 1), headers=IS_YAML)

    assert (answer.status_code, error_name(answer)) == (413, "body_too_large")


@pytest.mark.parametrize(
    "body",
    [
        "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(f"b{n}: &b{n} [{','.join(['*a'] * 9)}]" for n in range(9)),
        "[" * 100_000,
        "- " * 100_000,
        "memory: " + "9" * 500_000,
        "!!python/object/apply:os.system [true]",
        '"\\ud800"',
    ],
    ids=["laughs", "deep", "deep blocks", "digits", "tags", "surrogates"],
)
def test_what_is_made_to_hurt_does_not(client: TestClient, body: str) -> None:
    hurting = client.post("/documents", content=body, headers=IS_YAML)

    assert hurting.status_code in (200, 400)
    assert client.post("/documents", content=A, headers=IS_YAML).status_code == 200


def test_a_document_that_wants_too_much_memory_is_refused_and_the_next_one_read(client: TestClient) -> None:
    answer = client.post("/documents", content=MANY, headers=IS_YAML)

    assert (answer.status_code, hints(answer)) == (400, ["body"])
    assert "takes more than 67108864 bytes of memory to read" in answer.json()["message"]
    assert client.post("/documents", content=A, headers=IS_YAML).status_code == 200


def test_a_document_that_takes_too_long_is_refused_and_may_be_tried_again() -> None:
    silent = (sys.executable, "-c", "import time; time.sleep(60)")
    with asked(application(reader=silent, limits=Limits(document_seconds=1))) as client:
        answer = client.post("/documents", content=A, headers=IS_YAML)

    assert (answer.status_code, error_name(answer), answer.headers["retry-after"]) == (503, "too_busy", "1")


def test_more_documents_than_may_wait_are_refused_at_once(client: TestClient, app: App) -> None:
    with held(app.service.documents):
        app.service.documents._most, before = 0, app.service.documents._most
        answer = client.post("/documents", content=A, headers=IS_YAML)
        app.service.documents._most = before

    assert (answer.status_code, error_name(answer)) == (503, "too_busy")
    assert answer.headers["retry-after"] == "1"


def test_documents_hold_up_no_other_request(client: TestClient, app: App) -> None:
    with held(app.service.documents):
        others = [client.get("/templates?label=a"), client.post("/apply", json={"templates": [], "dry-run": True})]

    assert [answer.status_code for answer in others] == [200, 200]


def test_reads_that_are_protected_ask_for_a_token_here_too() -> None:
    with asked(application(reader=READER, protect_reads=True)) as client:
        answer = client.post("/documents", content=A, headers={**IS_YAML, "Authorization": ""})

    assert answer.status_code == 401


def test_a_server_without_a_reader_says_so() -> None:
    with asked(application()) as client:
        answers = [client.post(path, content=A, headers=IS_YAML) for path in ("/documents", "/apply?dry-run=true")]

    assert [(answer.status_code, error_name(answer)) for answer in answers] == [(415, "unsupported_media_type")] * 2
    assert hints(answers[0]) == ["Content-Type"]


def test_twenty_at_once_are_all_answered() -> None:
    with listening(application(reader=READER)) as port, ThreadPoolExecutor(20) as threads:

        def ask(number: int) -> str:
            url, text = f"http://127.0.0.1:{port}/documents", f"name: t{number}\nimage-name: i\n"
            answer = httpx2.post(url, content=text, headers=IS_YAML, trust_env=False, timeout=60)
            return str(answer.json()["templates"][0]["name"])

        assert list(threads.map(ask, range(20))) == [f"t{number}" for number in range(20)]


def test_options_name_no_reader_unless_somebody_does() -> None:
    assert Options().reader == ()
