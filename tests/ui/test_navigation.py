"""Ways through the page: links, back and forward, reload, deep links, below any path; and where a way does not lead on.

Most pages are stood in for by one that the tests need: it is named by its address, slow where `?slow` says so, and asks
before it is left where `?asks` does.
"""

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from tests.server.running import AUTHORIZATION, RunningServer, running_server
from tests.ui.tab import Tab

STANDS_IN = """
import { h } from "../dom.js";
export default async function (app, parameters, query) {
  if (query.has("slow")) await new Promise((come) => addEventListener("come", come, { once: true }));
  const to = (path) => h("p", {}, h("a", { href: app.base + path }, `to ${path}`));
  const ways = ["view", "audit?slow", "audit#there", "view?asks", "tokens"].map(to);
  const there = h("p", { id: "there" }, "There");
  const page = h("div", {}, ways, there);
  page.style.minHeight = "5000px";
  page.style.paddingTop = "1000px";
  there.style.marginTop = "2000px";
  return {
    title: `Page ${location.pathname.split("/").at(-1)}`,
    content: page,
    leave: () => (query.has("asks") ? "Leave what you typed?" : ""),
  };
}
"""
PREFIX = "/services/registry"


def stand_in(page: Page) -> None:
    page.route(
        re.compile(r"/pages/(audit|view|history|compare)\.js$"),
        lambda route: route.fulfill(content_type="text/javascript", body=STANDS_IN),
    )


@pytest.fixture
def tab(tab: Tab) -> Tab:
    stand_in(tab.page)
    return tab


@pytest.fixture(scope="module")
def prefixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("prefixed"), "--prefix", PREFIX) as server:
        yield server


def follow(tab: Tab, link: str) -> None:
    tab.page.get_by_role("link", name=f"to {link}", exact=True).click()


def height(tab: Tab) -> int:
    return int(tab.page.evaluate("scrollY"))


def is_at(tab: Tab, path: str) -> None:
    expect(tab.page).to_have_url(f"{tab.url}/ui/{path}")


def test_a_link_leads_on_without_a_new_document_and_takes_the_focus_along(tab: Tab) -> None:
    tab.visit("audit")
    documents: list[str] = []
    tab.page.on("request", lambda request: documents.append(request.url) if request.is_navigation_request() else None)

    follow(tab, "view")

    tab.shows_heading("Page view")
    is_at(tab, "view")
    expect(tab.page).to_have_title("Page view · Environments")
    expect(tab.page.get_by_role("heading", level=1)).to_be_focused()
    expect(tab.page.locator("#live")).to_have_text("Page view")
    assert (height(tab), documents) == (0, [])


def test_who_comes_to_the_document_begins_at_its_top(tab: Tab) -> None:
    tab.visit("audit")

    tab.page.keyboard.press("Tab")

    expect(tab.page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_back_and_forward_lead_to_where_the_reader_was(tab: Tab) -> None:
    tab.visit("audit")
    tab.page.evaluate("scrollTo(0, 900)")
    follow(tab, "view")
    tab.shows_heading("Page view")
    tab.page.evaluate("scrollTo(0, 500)")

    tab.page.go_back()
    tab.shows_heading("Page audit")
    back = height(tab)
    tab.page.go_forward()
    tab.shows_heading("Page view")

    assert (back, height(tab)) == (900, 500)


def test_a_reload_leads_to_where_the_reader_was(tab: Tab) -> None:
    tab.visit("audit?q=1")
    tab.page.evaluate("scrollTo(0, 700)")

    tab.page.reload()

    tab.shows_heading("Page audit")
    is_at(tab, "audit?q=1")
    assert height(tab) == 700


def test_a_link_may_lead_to_a_part_of_a_page(tab: Tab) -> None:
    tab.visit("view")

    follow(tab, "audit#there")

    tab.shows_heading("Page audit")
    expect(tab.page.get_by_text("There", exact=True)).to_be_in_viewport()


def test_a_page_that_comes_late_does_not_take_the_place_of_one_that_was_asked_for_after_it(tab: Tab) -> None:
    tab.visit("view")
    follow(tab, "audit?slow")
    expect(tab.page.get_by_role("status")).to_have_text("Loading…")

    tab.page.go_back()
    tab.shows_heading("Page view")
    tab.page.evaluate("dispatchEvent(new Event('come'))")
    follow(tab, "view")

    tab.shows_heading("Page view")
    is_at(tab, "view")


@pytest.mark.parametrize("stays", [True, False])
def test_a_page_that_would_lose_something_asks_before_a_link_is_followed(tab: Tab, stays: bool) -> None:
    asked = answering(tab.page, stays=stays)
    tab.visit("view?asks")

    follow(tab, "audit#there")

    tab.shows_heading("Page view" if stays else "Page audit")
    is_at(tab, "view?asks" if stays else "audit#there")
    assert asked == ["Leave what you typed?"]


def test_who_stays_after_going_back_is_where_they_were_in_the_history(tab: Tab) -> None:
    asked = answering(tab.page, stays=True)
    tab.visit("audit")
    follow(tab, "view?asks")
    tab.shows_heading("Page view")

    tab.page.evaluate("history.back()")
    expect(tab.page).to_have_url(f"{tab.url}/ui/view?asks")
    tab.page.wait_for_function("history.state.at > 0")

    tab.shows_heading("Page view")
    assert asked == ["Leave what you typed?"]


def test_the_browser_asks_before_the_document_goes(tab: Tab) -> None:
    kinds: list[str] = []

    def answer(dialog: Dialog) -> None:
        kinds.append(dialog.type)
        dialog.accept()

    tab.page.on("dialog", answer)
    tab.visit("view?asks")
    tab.page.get_by_role("heading", level=1).click()  # browsers ask only of pages that somebody used

    tab.page.reload()

    assert kinds == ["beforeunload"]


def answering(page: Page, *, stays: bool) -> list[str]:
    """What is asked, of who always stays, or always goes."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss() if stays else dialog.accept()

    page.on("dialog", answer)
    return asked


@pytest.mark.parametrize("path", ["nothing", "templates", "templates/a/b/c/d", "nothing/"])
def test_a_deep_link_to_nothing_says_so_and_leads_on(tab: Tab, path: str) -> None:
    tab.visit(path)

    tab.shows_heading("There is no such page")
    tab.page.get_by_role("link", name="All environments").click()
    is_at(tab, "")


def test_a_server_of_another_release_makes_the_page_ask_for_a_reload(tab: Tab) -> None:
    tab.visit("audit")
    tab.page.route("**/assets/**", lambda route: route.fulfill(status=404, body="{}"))

    follow(tab, "tokens")
    tab.shows_heading("The registry was updated")
    tab.page.unroute("**/assets/**")
    tab.page.get_by_role("button", name="Reload").click()

    expect(tab.page.get_by_role("heading", level=1)).not_to_have_text("The registry was updated")
    is_at(tab, "tokens")
    assert [text for text in tab.complaints if "Failed to load" not in text] == []
    tab.complaints.clear()


def test_a_page_that_was_not_loaded_before_the_server_went_away_is_there_when_it_came_back(tab: Tab) -> None:
    tab.visit("audit")
    tab.page.route("**/assets/**", lambda route: route.abort())

    follow(tab, "tokens")
    tab.shows_heading("The registry does not answer")
    tab.page.unroute("**/assets/**")
    tab.page.get_by_role("button", name="Try again").click()

    expect(tab.page.get_by_role("heading", level=1)).not_to_have_text("The registry does not answer")
    assert [text for text in tab.complaints if "Failed to load" not in text] == []
    tab.complaints.clear()


def test_a_document_whose_script_does_not_come_says_what_to_do(tab: Tab) -> None:
    tab.page.route("**/app.js", lambda route: route.fulfill(status=404, body="{}"))

    tab.page.goto(f"{tab.url}/ui/tokens")

    expect(tab.page.get_by_text("The page does not come.")).to_be_visible()
    tab.complaints.clear()


@pytest.mark.parametrize("path", ["audit", "templates/a%20b/history", "templates/a/compare/"])
def test_the_page_works_below_a_prefix(browser: Browser, prefixed: RunningServer, path: str) -> None:
    with Tab.opened(browser, prefixed.url + PREFIX) as tab:
        stand_in(tab.page)
        tab.visit(path)
        tab.page.get_by_role("link", name="Audit", exact=True).click()
        tab.shows_heading("Page audit")
        is_at(tab, "audit")
        tab.page.get_by_role("link", name="The API").click()

        expect(tab.page).to_have_url(f"{tab.url}/docs")
        expect(tab.page.get_by_role("heading", level=1)).to_contain_text("binder-registry")
        assert tab.complaints == []


def test_a_browser_comes_to_the_page_by_the_address_of_the_registry(browser: Browser, prefixed: RunningServer) -> None:
    with Tab.opened(browser, prefixed.url + PREFIX) as tab:
        tab.page.goto(tab.url)

        is_at(tab, "")


def test_the_page_works_behind_a_proxy_that_strips_a_path(tab: Tab) -> None:
    outside = "https://hub.example/below/this"

    def strip(route: Route) -> None:
        path = route.request.url.removeprefix(outside)
        answer = httpx2.get(f"{tab.url}{path}", headers={"Accept-Encoding": "identity"}, trust_env=False)
        route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    tab.page.route(f"{outside}/**", strip)
    stand_in(tab.page)

    tab.page.goto(f"{outside}/ui/templates/a/history")
    tab.shows_heading()
    tab.page.get_by_role("link", name="Audit", exact=True).click()
    tab.shows_heading("Page audit")
    tab.page.get_by_role("link", name="As a plain list").click()

    expect(tab.page).to_have_url(f"{outside}/ui/plain")
    tab.page.unroute_all(behavior="ignoreErrors")


def test_without_javascript_a_plain_list_is_one_link_away(browser: Browser, server: RunningServer) -> None:
    template = {"name": "plain", "image-name": "jupyter/plain", "display-name": "Plainly"}
    httpx2.post(f"{server.url}/templates", json=template, headers=AUTHORIZATION, trust_env=False)
    with Tab.opened(browser, server.url, java_script_enabled=False) as tab:
        tab.page.goto(f"{server.url}/ui/tokens")
        tab.page.get_by_role("link", name="a plain list of what there is").click()

        expect(tab.page.get_by_role("listitem").filter(has_text="Plainly").get_by_text("jupyter/plain")).to_be_visible()
        assert tab.complaints == []


def test_axe_finds_nothing_on_the_plain_list(tab: Tab) -> None:
    tab.page.goto(f"{tab.url}/ui/plain")

    assert tab.axe() == []


def test_axe_finds_nothing_on_the_page_of_the_api(tab: Tab) -> None:
    description = httpx2.get(f"{tab.url}/openapi.json", trust_env=False).json()
    few = {path: description["paths"][path] for path in ("/", "/templates/{name}", "/view")}  # axe looks long at all
    description["paths"], description["components"]["schemas"] = few, {}
    tab.page.route("**/openapi.json", lambda route: route.fulfill(json=description))

    tab.page.goto(f"{tab.url}/docs")
    expect(tab.page.locator("section").last).to_be_visible()

    assert tab.axe() == []
