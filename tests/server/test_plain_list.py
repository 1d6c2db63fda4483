"""What there is as a plain list, for browsers that run no scripts."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore
from binder_registry.server.handlers import plain_list
from binder_registry.server.handlers.html import POLICY

from .asking import SCIPY, R, application, asked

HOSTILE = "<img src=x onerror=alert(1)>{{7*7}} $title &amp; \u202e"


def told(page: Any) -> list[str]:
    """The words of each."""
    rows = re.findall(r"<li>(.*?)</li>", page.text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]


def test_each_is_listed_with_its_title_name_image_and_description(client: TestClient) -> None:
    client.post("/templates", json=R)
    client.post(
        "/templates", json={**SCIPY, "display-name": "Sciences", "description": "With all.", "deprecated": "Go."}
    )

    page = client.get("/ui/plain")

    assert told(page) == ["r jupyter/r", "Sciences scipy · jupyter/scipy With all. Deprecated Go."]
    assert "2 environments at revision 2" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_a_registry_that_is_empty_says_so(client: TestClient) -> None:
    page = client.get("/ui/plain")

    assert "No environments." in page.text
    assert "<ul" not in page.text


def test_texts_are_shown_as_text(client: TestClient) -> None:
    client.post("/templates", json={**SCIPY, "display-name": HOSTILE, "description": HOSTILE, "image-name": "<b>"})

    page = client.get("/ui/plain")

    assert "<img" not in page.text
    assert page.text.count("&lt;img src=x onerror=alert(1)&gt;{{7*7}} $title &amp;amp; \u202e") == 2


def test_a_long_text_is_cut(client: TestClient) -> None:
    client.post("/templates", json={**SCIPY, "description": "x" * 10_000})

    page = client.get("/ui/plain")

    assert told(page) == [f"scipy jupyter/scipy {'x' * 499}…"]


def test_pages_follow_one_another_by_name(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_list, "MOST", 2)
    for name in ("a&b", "a", "ü", "c d", "z"):
        client.post("/templates", json={"name": name, "image-name": "i"})

    found, path = list[list[str]](), "/ui/plain"
    while path:
        page = client.get(path)
        found.append([row.split(" ")[0] for row in told(page)])
        link = re.search(r'rel="next" href="([^"]+)"', page.text)
        path = f"/ui/plain{link[1]}" if link else ""

    assert found == [["a", "a&amp;b"], ["c", "z"], ["ü"]]


@pytest.mark.parametrize("query", ["?of=nothing", "?after=a&after=b"])
def test_a_query_that_is_none_is_refused_on_a_page(client: TestClient, query: str) -> None:
    page = client.get(f"/ui/plain{query}")

    assert (page.status_code, page.headers["registry-error"]) == (400, "invalid_request")
    assert page.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("authorization", "error"),
    [(None, "missing_auth_header"), ("token of-nobody", "invalid_token"), ("token", "missing_token_field")],
)
def test_where_reads_are_protected_a_page_says_how(authorization: str | None, error: str) -> None:
    with asked(application(InMemoryStore(), protect_reads=True)) as client:
        client.post("/templates", json=SCIPY)
        may = client.get("/ui/plain")
        client.headers["Authorization"] = authorization or ""
        if authorization is None:
            del client.headers["Authorization"]
        page = client.get("/ui/plain")

    assert told(may) == ["scipy jupyter/scipy"]
    assert (page.status_code, page.headers["registry-error"]) == (401, error)
    assert "Authorization: token KEY" in page.text
    assert "scipy" not in page.text
    assert page.headers["content-security-policy"].encode() == POLICY
