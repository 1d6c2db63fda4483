"""`Registry-Warning` on answers to writes."""

from urllib.parse import unquote

import httpx2
import pytest
from starlette.testclient import TestClient

from binder_registry.server.handlers import warning_headers

from .asking import SCIPY, names

HIDDEN = {"name": "scipy\u200b", "image-name": "i"}
WARNINGS = ["name holds a character that nobody sees: U+200B", "name 'scipy\\u200b' looks like 'scipy'"]


def told(answer: httpx2.Response) -> list[str]:
    return [unquote(text) for text in answer.headers.get_list("registry-warning")]


def test_a_create_warns_of_what_looks_like_another_and_creates_it(client: TestClient) -> None:
    client.post("/templates", json=SCIPY)

    answer = client.post("/templates", json=HIDDEN)

    assert (answer.status_code, told(answer)) == (201, WARNINGS)
    assert names(client.get("/templates")) == ["scipy", "scipy\u200b"]


def test_a_plain_name_is_warned_of_where_another_looks_like_it(client: TestClient) -> None:
    client.post("/templates", json=HIDDEN)

    answer = client.post("/templates", json=SCIPY)

    assert (answer.status_code, told(answer)) == (201, ["name 'scipy' looks like 'scipy\\u200b'"])


@pytest.mark.parametrize("plain", ["scipy", "SciPy"])
def test_an_odd_name_is_compared_with_the_plain_one_in_its_own_letters_and_in_small_ones(
    client: TestClient, plain: str
) -> None:
    client.post("/templates", json={**SCIPY, "name": plain})

    answer = client.post("/templates", json={**SCIPY, "name": "SciPy\u200b"})

    assert told(answer)[1:] == [f"name 'SciPy\\u200b' looks like {plain!r}"]


def test_two_odd_names_are_compared(client: TestClient) -> None:
    client.post("/templates", json=HIDDEN)

    answer = client.post("/templates", json={**SCIPY, "name": "sc\u200bipy"})

    assert told(answer)[1:] == ["name 'sc\\u200bipy' looks like 'scipy\\u200b'"]


def test_an_odd_name_that_is_gone_is_no_twin(client: TestClient) -> None:
    client.post("/templates", json=HIDDEN)
    client.delete("/templates/scipy%E2%80%8B")

    assert told(client.post("/templates", json=SCIPY)) == []


@pytest.mark.parametrize("dry", [True, False])
def test_an_apply_warns_of_names_among_its_own_too(client: TestClient, dry: bool) -> None:
    answer = client.post("/apply", json={"templates": [SCIPY, HIDDEN], "dry-run": dry})

    assert told(answer) == [f"'scipy\\u200b': {WARNINGS[0]}", WARNINGS[1]]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_warns_of_what_it_writes(client: TestClient, method: str) -> None:
    client.post("/templates", json=SCIPY)

    answer = client.request(method, "/templates/scipy", json={"display-name": "SciPy\u202e"})

    assert told(answer) == ["display-name holds a mark that turns the direction of writing: U+202E"]


def test_a_restore_warns_of_what_comes_back(client: TestClient) -> None:
    client.post("/templates", json=HIDDEN)
    client.delete("/templates/scipy%E2%80%8B")
    client.post("/templates", json=SCIPY)

    answer = client.post("/templates/scipy%E2%80%8B/restore", json={"revision": 1})

    assert (answer.status_code, told(answer)) == (200, WARNINGS)


def test_a_deleted_twin_is_no_twin(client: TestClient) -> None:
    client.post("/templates", json=SCIPY)
    client.delete("/templates/scipy")

    answer = client.post("/templates", json=HIDDEN)

    assert told(answer) == WARNINGS[:1]


def test_ordinary_writes_and_refused_ones_warn_of_nothing(client: TestClient) -> None:
    answers = [
        client.post("/templates", json=SCIPY),
        client.put("/templates/scipy", json={"command": "c"}),
        client.post("/templates", json={**HIDDEN, "bind-port": -1}),
        client.post("/apply", json={"templates": [SCIPY]}),
    ]

    assert [told(answer) for answer in answers] == [[]] * 4


def test_many_warnings_are_cut(client: TestClient) -> None:
    templates = [{"name": f"t{number} ", "image-name": "i"} for number in range(100)]

    answer = client.post("/apply", json={"templates": templates})

    assert len(told(answer)) == warning_headers.MOST
    assert told(answer)[-1] == "and 91 more"


def test_what_a_proxy_joins_can_be_told_apart(client: TestClient) -> None:
    answer = client.post("/templates", json={"name": "\u2066a\u2069\u200b\u200c", "image-name": "i"})

    assert [unquote(text) for text in answer.headers["registry-warning"].split(", ")] == told(answer)
    assert len(told(answer)) == 2
