"""`GET /templates/{name}?option.size=large`: one template with its options chosen."""

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from .asking import error_name, held, hints

SIZE = {
    "name": "size",
    "choices": [
        {"name": "small", "set": {"limits": {"memory": 1}}},
        {
            "name": "large",
            "allowed-groups": ["staff"],
            "set": {"limits": {"memory": 2}, "overrides": {"kubespawner": {"mem_guarantee": None}}},
        },
    ],
}
IMAGE = {
    "name": "image",
    "choices": [{"name": "stock"}],
    "free-text": {"pattern": "^[a-z/]+$", "message": "Small letters only.", "set": {"image-name": "{value}"}},
}
TEMPLATE = {
    "name": "scipy",
    "image-name": "i",
    "limits": {"cpus": 0.5},
    "allowed-groups": ["physics"],
    "options": [SIZE, IMAGE],
}


@pytest.fixture
def scipy(client: TestClient) -> dict[str, Any]:
    written: dict[str, Any] = client.post("/templates", json=TEMPLATE).json()
    return written


def answered(client: TestClient, query: str) -> Any:
    answer = client.get(f"/templates/scipy?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_template_is_answered_as_what_was_chosen_makes_it(client: TestClient, scipy: dict[str, Any]) -> None:
    resolved = answered(client, "option.size=large&option.image.free-text=quay/a")

    assert resolved == {
        **{member: value for member, value in scipy.items() if member != "options"},
        "image-name": "quay/a",
        "limits": {"cpus": 0.5, "memory": 2},
        "overrides": {"kubespawner": {"mem_guarantee": None}},
    }


@pytest.mark.parametrize(
    ("query", "memory"),
    [("option.size=small", 1), ("option.size=large", 2), ("option.image=stock", 1), ("option%2Esize=large&x=1", 2)],
)
def test_options_that_are_not_named_are_at_their_defaults(
    client: TestClient, scipy: dict[str, Any], query: str, memory: int
) -> None:
    assert answered(client, query)["limits"]["memory"] == memory


@pytest.mark.parametrize("query", ["", "options=large", "optionsize=large", "size=large", "view=full"])
def test_what_names_no_option_is_ignored_as_in_2015(client: TestClient, scipy: dict[str, Any], query: str) -> None:
    assert answered(client, query) == scipy


def test_the_past_has_the_options_it_had(client: TestClient, scipy: dict[str, Any]) -> None:
    client.patch("/templates/scipy", json={"options": None})

    assert answered(client, "option.size=large&revision=1")["limits"]["memory"] == 2
    assert client.get("/templates/scipy?option.size=large").status_code == 400


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("option.colour=red", "option.colour", "There is no option 'colour': there are 'size', 'image'."),
        ("option.size=huge", "option.size", "choose 'small' or 'large'"),
        ("option.size=", "option.size", "There is no such choice of 'size'"),
        ("option.=x", "option.", "There is no option ''"),
        ("option.size=large&option.size=large", "option.size", "is given twice"),
        ("option.size.free-text=x", "option.size", "There is no such choice of 'size'"),
        ("option.image.free-text=UP", "option.image", "Small letters only."),
        (f"option.image.free-text={'a' * 1025}", "option.image", "takes one line of 1 to 1024 characters"),
        ("option.image.free-text=", "option.image", "takes one line of 1 to 1024 characters"),
        ("option.image=stock&option.image.free-text=a", "option.image", "is chosen and typed"),
        ("option.image.free-text=a%0Ab", "query", "without control characters"),
        ("option.image.free-text=%ff", "query", "must be UTF-8"),
        ("option.%ff=a", "query", "must be UTF-8"),
    ],
)
def test_what_cannot_be_chosen_is_refused_by_name(
    client: TestClient, scipy: dict[str, Any], query: str, field: str, words: str
) -> None:
    answer = client.get(f"/templates/scipy?{query}")

    assert (answer.status_code, error_name(answer)) == (400, "invalid_request")
    assert hints(answer) == [field]
    assert words in answer.json()["message"]


def test_an_option_may_be_called_as_a_free_text_of_another_would_be(client: TestClient) -> None:
    options = [IMAGE, {"name": "image.free-text", "choices": [{"name": "a"}, {"name": "b", "set": {"command": "b"}}]}]
    client.post("/templates", json={**TEMPLATE, "options": options})

    assert answered(client, "option.image.free-text=b")["command"] == "b"


def test_a_pattern_that_never_ends_is_a_refusal(client: TestClient) -> None:
    typed = {"pattern": "(a+)+$", "set": {"image-name": "{value}"}}
    client.post("/templates", json={**TEMPLATE, "options": [{"name": "image", "free-text": typed}]})

    answer = client.get(f"/templates/scipy?option.image.free-text={quote('a' * 60 + '!')}")

    assert answer.status_code == 400


def test_what_was_chosen_is_not_taken_for_the_template(client: TestClient, scipy: dict[str, Any]) -> None:
    tag = client.get("/templates/scipy").headers["etag"]

    answer = client.get("/templates/scipy?option.size=large", headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert "etag" not in answer.headers


def test_what_was_chosen_is_of_the_state_that_was_read(client: TestClient, scipy: dict[str, Any]) -> None:
    tag = client.get("/templates/scipy").headers["etag"]
    client.patch("/templates/scipy", json={"command": "c"})

    assert client.get("/templates/scipy?option.size=large", headers={"If-Match": tag}).status_code == 412


def test_a_template_that_is_not_there_has_no_options(client: TestClient) -> None:
    assert client.get("/templates/nothing?option.size=large").status_code == 404


def test_patterns_that_take_their_time_hold_up_no_other_read(client: TestClient, scipy: dict[str, Any]) -> None:
    app: Any = client.app

    with held(app.service.patterns):
        others = [client.get(path) for path in ("/templates/scipy?option.size=large", "/templates?revision=1")]

    assert [answer.status_code for answer in others] == [200, 200]


def test_more_patterns_than_may_wait_are_refused(client: TestClient, scipy: dict[str, Any]) -> None:
    app: Any = client.app
    app.service.patterns._most = 0

    with held(app.service.patterns):
        typed = client.get("/templates/scipy?option.image.free-text=quay/a")

    assert (typed.status_code, error_name(typed)) == (503, "too_busy")
    assert client.get("/templates/scipy?option.size=large").status_code == 200
