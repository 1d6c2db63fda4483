"""The page at /docs in a real browser that reaches nothing but this server."""

from collections.abc import Iterator
from typing import Literal

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from binder_registry.server.description.schemas import schemas
from binder_registry.server.handlers.assets import tree_digest
from binder_registry.server.handlers.html import POLICY
from binder_registry.server.routes import ROUTES
from tests.browser import needs_browser, running_browser
from tests.server.running import RunningServer, running_server

PREFIX = "/services/registry"

pytestmark = needs_browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("docs"), "--prefix", PREFIX) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def open_docs(page: Page, server: RunningServer, path: str = "/docs") -> None:
    page.goto(f"{server.url}{PREFIX}{path}")
    expect(page.locator("section").first).to_be_visible()


def test_the_page_shows_every_route_and_every_schema(page: Page, server: RunningServer) -> None:
    open_docs(page, server)

    titles = page.locator("section > h2").all_inner_texts()

    assert titles == [f"{route.method}{route.path}" for route in ROUTES] + list(schemas())


def test_the_page_shows_parameters_statuses_and_errors_of_a_route(page: Page, server: RunningServer) -> None:
    open_docs(page, server)

    shown = page.locator("section", has=page.locator("#template_patch")).inner_text()

    for text in ("If-Match", "Registry-Note", "TemplatePatch", "revision_conflict", "428", "invalid_template"):
        assert text in shown


def test_the_page_asks_for_nothing_but_its_files_and_the_description_beside_it(
    page: Page, server: RunningServer
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    open_docs(page, server)

    paths = {address.removeprefix(f"{server.url}{PREFIX}") for address in asked}
    files = f"/docs/assets/{tree_digest()}"
    needed = {f"{files}/{name}" for name in ("docs.css", "docs.js", "dom.js")}
    assert paths - {f"{files}/icon.svg"} == {"/docs", "/openapi.json", *needed}


def test_the_page_breaks_no_rule_of_its_policy(page: Page, server: RunningServer) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda message: faults.append(message.text) if "favicon" not in message.location["url"] else None
    )

    open_docs(page, server, "/docs/#schema-Template")

    assert faults == []


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 26)")])
def test_the_page_follows_the_reader_in_light_and_dark(
    browser: Browser, server: RunningServer, scheme: Literal["light", "dark"], background: str
) -> None:
    page = browser.new_page(color_scheme=scheme)
    open_docs(page, server)

    shown = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.close()
    assert shown == background


def test_what_the_description_says_is_shown_as_text(page: Page, server: RunningServer) -> None:
    description = httpx2.get(f"{server.url}{PREFIX}/openapi.json", trust_env=False).text
    page.route("**/openapi.json", lambda route: route.fulfill(body=description.replace("All templates", "<img src=x>")))

    open_docs(page, server)

    assert "<img src=x>" in page.locator("main").inner_text()
    assert page.locator("main img").count() == 0


def test_the_page_fits_a_narrow_screen(page: Page, server: RunningServer) -> None:
    page.set_viewport_size({"width": 360, "height": 640})

    open_docs(page, server)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_page_says_so_when_there_is_no_description(page: Page, server: RunningServer) -> None:
    page.route("**/openapi.json", lambda route: route.fulfill(status=503))

    page.goto(f"{server.url}{PREFIX}/docs")

    expect(page.locator("#state")).to_contain_text("status 503")


def test_the_page_is_sent_with_a_policy_that_lets_nothing_in(server: RunningServer) -> None:
    answer = httpx2.get(f"{server.url}{PREFIX}/docs", trust_env=False)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].encode() == POLICY
