"""`GET /templates/{name}/docker-run`: the line of `binder-registry run --print`."""

import pytest
from starlette.testclient import TestClient

from binder_registry.settings import HUBS_OWN_IMAGE

from .asking import error_name, hints

SIZE = {"name": "size", "choices": [{"name": "small"}, {"name": "large", "set": {"limits": {"memory": 2**31}}}]}
TYPED = {
    "name": "image",
    "free-text": {"pattern": "[a-z]+$", "set": {"image-name": "{value}"}},
    "choices": [{"name": "a"}],
}
SCIPY = {"name": "scipy", "image-name": "i", "command": "jupyter 'a b'", "options": [SIZE, TYPED]}
START = "docker run --rm --publish=127.0.0.1:8888:8888 "


@pytest.fixture
def client(client: TestClient) -> TestClient:
    client.post("/templates", json=SCIPY)
    return client


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("", f"{START}i jupyter 'a b'\n"),
        ("?option.size=large", f"{START}--memory=2147483648 i jupyter 'a b'\n"),
        ("?option.image.free-text=quay&option.size=small", f"{START}quay jupyter 'a b'\n"),
    ],
)
def test_the_line_is_the_one_of_what_is_chosen(client: TestClient, query: str, line: str) -> None:
    answer = client.get(f"/templates/scipy/docker-run{query}")

    assert (answer.status_code, answer.text) == (200, line)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "etag" not in answer.headers


def test_the_past_and_channels_have_lines_of_their_own(client: TestClient) -> None:
    client.put("/templates/scipy/channels/stable")
    client.patch("/templates/scipy", json={"image-name": "j", "command": None})

    lines = [client.get(f"/templates/scipy/docker-run?{query}").text for query in ("", "revision=1", "channel=stable")]

    assert lines == [f"{START}j\n", f"{START}i jupyter 'a b'\n", f"{START}i jupyter 'a b'\n"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(("option.size=huge", "option.size"), ("option.colour=red", "option.colour"), ("revision=x", "revision")),
        *(("option.size=large&option.size=small", "option.size"), ("channel=%20", "channel")),
    ],
)
def test_what_cannot_be_asked_for_is_refused_as_of_the_template(client: TestClient, query: str, field: str) -> None:
    answers = [client.get(f"/templates/scipy{path}?{query}") for path in ("/docker-run", "")]

    assert [(answer.status_code, hints(answer)) for answer in answers] == [(400, [field])] * 2
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"image-name": HUBS_OWN_IMAGE}, "image-name"),
        ({"image-name": "--privileged"}, "image-name"),
        ({"command": "a 'b"}, "command"),
    ],
)
def test_what_docker_could_not_run_as_it_is_meant_has_no_line(
    client: TestClient, members: dict[str, str], field: str
) -> None:
    client.post("/templates", json={"name": "x", "image-name": "i", **members})

    answer = client.get("/templates/x/docker-run")

    assert (answer.status_code, error_name(answer), hints(answer)) == (400, "invalid_request", [field])


def test_a_line_is_of_the_state_that_was_read(client: TestClient) -> None:
    tag = client.get("/templates/scipy").headers["etag"]
    client.patch("/templates/scipy", json={"command": "c"})

    assert client.get("/templates/scipy/docker-run", headers={"If-Match": tag}).status_code == 412


def test_what_is_not_there_has_no_line(client: TestClient) -> None:
    client.delete("/templates/scipy")

    assert [client.get(f"/templates/{name}/docker-run").status_code for name in ("scipy", "r")] == [404, 404]
