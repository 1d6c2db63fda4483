"""The catalogue: found by words and labels, in an order, live, and what was deleted."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.server.running import RunningServer
from tests.ui.screenshots import seed
from tests.ui.tab import Tab
from tests.ui.writes import change, read, template, write


@pytest.fixture(scope="module", autouse=True)
def seeded(server: RunningServer) -> None:
    seed(server)


def rows(tab: Tab) -> Locator:
    return tab.page.locator(".catalogue > li")


def test_a_row_tells_what_one_looks_for(admin_tab: Tab) -> None:
    admin_tab.visit()
    scipy = rows(admin_tab).filter(has_text="Scientific Python")

    for text in ("quay.io/jupyter/scipy-notebook:2026-11-01", "2–16 GiB · 1–4 CPUs", "everyone", "stable 2 behind"):
        expect(scipy).to_contain_text(text)
    expect(scipy).to_contain_text("by api-key (key)")
    for name, text in (
        ("Julia", "replaced by scipy"),
        ("Julia", "deprecated"),
        ("PyTorch", "paused"),
        ("R and", "101"),
    ):
        expect(rows(admin_tab).filter(has_text=name)).to_contain_text(text)
    assert admin_tab.axe() == []


def test_who_changed_it_is_not_asked_for_one_who_is_not_told(tab: Tab) -> None:
    asked = list[str]()
    tab.page.on("request", lambda request: asked.append(request.url) if "limit=1" in request.url else None)
    tab.visit()

    expect(rows(tab).first).to_contain_text("stable 2 behind")
    assert asked == []


def test_what_is_looked_for_stands_in_the_address_and_comes_back(tab: Tab) -> None:
    tab.visit()
    tab.page.get_by_label("Search").fill("python")
    tab.page.get_by_label("physics").check()
    tab.page.get_by_label("Order").select_option("name")

    expect(tab.page.locator(".count")).to_have_text(re.compile(r"2 of \d environments"))
    expect(rows(tab)).to_have_count(2)
    expect(tab.page).to_have_url(re.compile(r"\?q=python&label=course%3Dphysics&sort=name$"))
    rows(tab).first.get_by_role("link").first.click()
    tab.shows_heading("סביבת פייתון")
    tab.page.go_back()
    expect(rows(tab)).to_have_count(2)
    expect(tab.page.get_by_label("physics")).to_be_checked()
    expect(tab.page.get_by_label("Order")).to_have_value("name")


def test_what_was_typed_is_there_again_though_a_link_was_followed_at_once(tab: Tab) -> None:
    tab.visit()
    tab.page.get_by_label("Search").press_sequentially("rstudio")
    rows(tab).first.get_by_role("link").first.click()
    tab.shows_heading()
    expect(tab.page).to_have_url(re.compile("/templates/r$"))

    tab.page.go_back()

    expect(tab.page.get_by_label("Search")).to_have_value("rstudio")


def test_where_nothing_is_found_a_button_leads_on(tab: Tab) -> None:
    tab.visit("?q=fortran")

    expect(tab.page.get_by_text("Nothing is like that.")).to_be_visible()
    tab.page.get_by_role("button", name="Show all").click()

    expect(rows(tab).first).to_be_visible()
    expect(tab.page.get_by_label("Search")).to_be_focused()


def test_a_change_appears_is_said_and_leaves_focus_and_place(tab: Tab, server: RunningServer) -> None:
    tab.visit()
    title = rows(tab).filter(has_text="RStudio").get_by_role("link").first
    title.focus()

    change(server, "r", display_name="R, RStudio and Quarto")
    template(server, "aaa", display_name="First of all")

    expect(rows(tab).filter(has_text="First of all")).to_be_visible()
    expect(rows(tab).filter(has_text="Quarto").get_by_role("link").first).to_be_focused()
    expect(tab.page.locator("#live")).to_have_text("2 environments were changed")
    write(server, "DELETE", "/templates/aaa")
    expect(rows(tab).filter(has_text="First of all")).to_have_count(0)
    expect(tab.page.locator("#live")).to_have_text("aaa was deleted")


def test_many_are_drawn_a_hundred_at_a_time_and_told_in_few_sentences(tab: Tab, server: RunningServer) -> None:
    many = [{"name": f"many-{number:03}", "image-name": "quay.io/x:1"} for number in range(150)]
    write(server, "POST", "/apply", {"templates": many})
    tab.visit("?q=many-")
    heard = tab.page.evaluate_handle(
        "() => { const said = []; new MutationObserver(() => said.push(document.getElementById('live').textContent))"
        ".observe(document.getElementById('live'), { childList: true }); return said; }"
    )
    write(server, "POST", "/apply", {"templates": [{**one, "command": "x.py"} for one in many]})
    expect(tab.page.locator("#live")).to_have_text(re.compile("environments were changed$"))
    assert len(heard.json_value()) < 5

    expect(rows(tab)).to_have_count(100)
    tab.page.get_by_role("button", name="Show 50 more of 150").click()

    expect(rows(tab)).to_have_count(150)
    expect(rows(tab).nth(100).get_by_role("link")).to_be_focused()
    expect(tab.page.get_by_role("button", name=re.compile("^Show"))).to_have_count(0)


def test_a_deleted_one_is_found_and_restored(admin_tab: Tab, server: RunningServer) -> None:
    admin_tab.visit()
    admin_tab.page.get_by_role("link", name="Deleted ones").click()
    admin_tab.shows_heading("Deleted environments")
    expect(rows(admin_tab).filter(has_text="octave")).to_contain_text("replaced by scipy")
    assert admin_tab.axe() == []

    admin_tab.page.get_by_role("button", name="Restore… octave").click()
    dialog = admin_tab.page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("Somebody did")
    dialog.get_by_role("button", name="Restore").click()

    admin_tab.shows_heading("octave")
    assert read(server, "/templates/octave")["labels"] == {"term": "2025"}
