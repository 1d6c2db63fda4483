"""The web page as it is served: its document, its files, and where they are not."""

import gzip
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from binder_registry.server.handlers.assets import assets, tree_digest
from binder_registry.server.handlers.html import POLICY
from binder_registry.server.handlers.page import addresses
from binder_registry.server.http.counters import Counters
from binder_registry.server.http.fast_path import fast_protocol

from .asking import application, asked, error_name
from .recording import Connection, started

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FILES = f"/ui/assets/{tree_digest()}"
DEEP = ["/ui/", "/ui/tokens", "/ui/templates/a%20b", "/ui/templates/a/history", "/ui/templates/a/"]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with asked(application()) as client:
        yield client


def used(page: Any) -> dict[str, str]:
    """The paths that a document names, as a browser resolves them."""
    at = page.request.url.raw_path.decode()
    paths = [urljoin(at, path) for path in re.findall(r'(?:href|src)="([^"]*/assets/[^"]+)"', page.text)]
    base = re.search(r'data-base="([^"]*)"', page.text)
    return {path.rpartition("/")[2]: path for path in paths} | {"base": urljoin(at, base[1]) if base else ""}


@pytest.mark.parametrize("path", DEEP)
@pytest.mark.parametrize("prefix", ["", "/services/registry"])
def test_the_document_finds_its_files_from_every_address_below_any_prefix(prefix: str, path: str) -> None:
    with asked(application(prefix=prefix)) as client:
        page = client.get(prefix + path)
        found = used(page)
        files = {name: client.get(found[name]).status_code for name in ("app.js", "style.css", "icon.svg")}

    assert page.status_code == 200
    assert found["base"] == f"{prefix}/"
    assert set(files.values()) == {200}


@pytest.mark.parametrize("path", DEEP)
def test_a_proxy_may_strip_a_path_of_which_the_server_is_told_nothing(client: TestClient, path: str) -> None:
    page = client.get(path)

    named = re.findall(r'(?:data-base|href|src)="([^"#]*)"', page.text)
    outside = [
        name for name in named if not urljoin(f"http://hub/below/this{path}", name).startswith("http://hub/below/this/")
    ]

    assert named
    assert outside == []


@pytest.mark.parametrize("path", DEEP)
@pytest.mark.parametrize("prefix", ["", "/sites/registry"])
def test_the_application_may_be_mounted_below_a_path(prefix: str, path: str) -> None:
    with TestClient(Starlette(routes=[Mount("/sites/registry", app=application(prefix=prefix))])) as client:
        found = used(client.get(f"/sites/registry{path}"))
        sent = client.get("/sites/registry/", headers=HTML, follow_redirects=False).headers["location"]

    assert found["base"] == "/sites/registry/"
    assert found["app.js"] == f"/sites/registry{FILES}/app.js"
    assert sent == "/sites/registry/ui/"


@pytest.mark.parametrize("path", ["/ui", "/"])
def test_other_ways_lead_to_the_page(client: TestClient, path: str) -> None:
    answers = [client.request(method, path, headers=HTML) for method in ("GET", "HEAD")]

    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [(303, "/ui/")] * 2
    assert {(answer.headers["vary"], answer.headers["cache-control"]) for answer in answers} == {("accept", "no-store")}


@pytest.mark.parametrize("path", ["/of/all", "/of/all/", "/of/all/ui", "/", "/ui", "/of/%61ll/ui"])
def test_the_way_to_the_page_names_the_prefix_whether_or_not_a_proxy_strips_it(path: str) -> None:
    with asked(application(prefix="/of/all")) as client:
        answer = client.get(path, headers=HTML)

    assert (answer.status_code, answer.headers["location"]) == (303, "/of/all/ui/")


@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example/ui", "/ui/..//evil.example/ui", "/%2f/ui", "//ui"])
def test_nobody_is_sent_to_elsewhere(path: str) -> None:
    counters = Counters()
    with started(application()) as (loop, app):
        connection = Connection(loop, fast_protocol(app.service.model, access_log=None, counters=counters), app)
        sent = connection.receive(b"GET %b HTTP/1.1\r\nAccept: text/html\r\n\r\n" % path.encode())

    assert b" 404 " in sent.partition(b"\r\n")[0]
    assert b"location:" not in sent


@pytest.mark.parametrize("path", ["/ui/", "/ui/plain", "/docs", "/ui/of-nothing", f"{FILES}/icon.svg"])
def test_everything_is_sent_under_the_policy(client: TestClient, path: str) -> None:
    headers = client.get(path, headers=HTML).headers

    assert headers["content-security-policy"].encode() == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/ui/", "/ui/tokens", "/docs"])
def test_a_document_is_asked_for_again_and_sent_when_it_changed(client: TestClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("name", "kind"), [("app.js", "text/javascript"), ("style.css", "text/css"), ("icon.svg", "image/svg+xml")]
)
def test_a_file_is_kept_for_ever(client: TestClient, name: str, kind: str) -> None:
    answer = client.get(f"{FILES}/{name}")

    assert answer.content == assets()[name]
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(("accepted", "coded"), [("gzip, deflate, br, zstd", True), ("gzip;q=0", False), ("", False)])
def test_a_file_is_compressed_for_who_takes_it(client: TestClient, accepted: str, coded: bool) -> None:
    with client.stream("GET", f"{FILES}/style.css", headers={"Accept-Encoding": accepted}) as answer:
        sent = b"".join(answer.iter_raw())

    assert answer.headers.get("content-encoding") == ("gzip" if coded else None)
    assert answer.headers["vary"] == "accept-encoding"
    assert (gzip.decompress(sent) if coded else sent) == assets()["style.css"]
    assert int(answer.headers["content-length"]) == len(sent)


@pytest.mark.parametrize(
    "path",
    [
        f"/ui/assets/{'0' * 24}/app.js",
        f"{FILES}/of-nothing.js",
        f"{FILES}/index.html",
        f"{FILES}/../routes.py",
        f"{FILES}/..%2froutes.py",
        f"{FILES}/%2e%2e/%2e%2e/routes.py",
        f"{FILES}//app.js",
        f"{FILES}",
        "/ui/assets/",
        "/ui/assets",
    ],
)
def test_what_is_no_file_of_this_release_is_kept_by_nobody(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, error_name(answer)) == (404, "route_not_found")
    assert answer.headers.get("cache-control", "no-store") == "no-store"


@pytest.mark.parametrize(
    "path", ["/ui/of-nothing", "/ui//", "/ui/templates", "/ui/templates/%2e%2e", "/ui/templates/a/b/c"]
)
def test_an_address_of_nothing_is_a_page_for_people_and_an_error_for_programs(client: TestClient, path: str) -> None:
    shown, told = client.get(path, headers=HTML), client.get(path)

    assert (shown.status_code, told.status_code) == (404, 404)
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert error_name(told) == "route_not_found"


def test_every_page_of_the_script_has_an_address_here() -> None:
    table = assets()["pages.js"].decode()

    assert len(addresses()) == table.count("() => import(") > 5
    assert "templates/:name/history" in addresses()


@pytest.mark.parametrize("path", ["/ui/", "/ui/plain", f"{FILES}/app.js"])
def test_nothing_is_written_to_the_page(client: TestClient, path: str) -> None:
    answers = [client.request(method, path) for method in ("POST", "PUT", "DELETE")]

    assert [answer.status_code for answer in answers] == [405] * 3
    assert {answer.headers["allow"] for answer in answers} == {"GET, HEAD, OPTIONS"}


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt", "/apple-touch-icon.png", "/index.html"])
def test_what_browsers_ask_for_by_themselves_is_not_here(client: TestClient, path: str) -> None:
    assert client.get(path, headers=HTML).status_code == 404


@pytest.mark.parametrize(
    "path", ["/templates", "/health", "/openapi.json", "/view", "/changes", "/templates/of-nothing"]
)
def test_the_api_answers_browsers_in_json(client: TestClient, path: str) -> None:
    assert client.get(path, headers=HTML).headers["content-type"].lower() == "application/json; charset=utf-8"


def test_the_page_says_nothing_and_is_there_for_everybody_where_reads_are_protected() -> None:
    with asked(application(protect_reads=True)) as client:
        del client.headers["Authorization"]
        page, file, list_ = (client.get(path) for path in ("/ui/", f"{FILES}/app.js", "/templates"))

    assert (page.status_code, file.status_code, list_.status_code) == (200, 200, 401)
    assert 'data-reads="protected"' in page.text


def test_without_the_page_there_is_nothing_of_it_but_what_the_description_needs() -> None:
    with asked(application(ui=False)) as client:
        gone = [client.get(path, headers=HTML).status_code for path in ("/ui", "/ui/", "/ui/plain", f"{FILES}/app.js")]
        files = f"/docs/assets/{tree_digest()}"
        docs = [client.get(path).status_code for path in ("/docs", f"{files}/docs.js", f"{files}/docs.css")]
        others = client.get(f"{files}/app.js").status_code

    assert (gone, docs, others) == ([404] * 4, [200] * 3, 404)


def test_all_pages_and_files_are_counted_as_one_route() -> None:
    counters = Counters()
    with started(application()) as (loop, app):
        connection = Connection(loop, fast_protocol(app.service.model, access_log=None, counters=counters), app)
        for path in ("/ui/", "/ui/tokens", "/ui/of-nothing", f"{FILES}/app.js"):
            connection.receive(b"GET %b HTTP/1.1\r\nAccept: text/html\r\n\r\n" % path.encode())

    assert {key: series.count for key, series in counters.items() if series.count} == {
        ("/ui/{page}", "GET", 200): 3,
        ("/ui/{page}", "GET", 404): 1,
    }


def test_the_page_is_no_part_of_the_api(client: TestClient) -> None:
    assert [path for path in client.get("/openapi.json").json()["paths"] if path.startswith("/ui")] == []
