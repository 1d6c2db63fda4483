"""Who did what: the log in pages, sifted, and live at its newest end."""

import re

from playwright.sync_api import Locator, expect

from tests.server.running import RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import change, promote, revision, template, write


def rows(tab: Tab) -> Locator:
    return tab.page.locator(".audit > li")


def test_a_line_tells_who_did_what_and_why(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "told")
    change(server, "told", command="a.py", note="build https://ci.example.org/7")
    promote(server, "told", "stable")
    newest = revision(server, "told")
    admin_tab.visit("audit")

    for at, text in enumerate((f"stable begins at {newest - 1}", "updated", "created")):
        expect(rows(admin_tab).nth(at)).to_contain_text(text)
    row = rows(admin_tab).nth(1)
    expect(row).to_contain_text("by api-key (key)")
    expect(row.get_by_role("link", name="https://ci.example.org/7")).to_be_visible()
    expect(row.get_by_role("link", name="Compare")).to_have_attribute(
        "href", f"/ui/templates/told/compare?from={newest - 2}&to={newest - 1}"
    )
    assert admin_tab.axe() == []


def test_the_log_is_sifted_and_the_address_says_how(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "sifted")
    change(server, "sifted", command="a.py")
    admin_tab.visit("audit")
    admin_tab.page.get_by_label("Environment").fill("sifted")
    admin_tab.page.get_by_role("button", name="Show", exact=True).click()
    expect(rows(admin_tab)).to_have_count(2)

    admin_tab.page.get_by_label("What was done").select_option("created")

    expect(rows(admin_tab)).to_have_count(1)
    expect(admin_tab.page.locator("main")).to_contain_text("1 of the 2 changes on this page")
    expect(admin_tab.page).to_have_url(re.compile(r"\?name=sifted&action=created$"))


def test_a_long_log_comes_in_pages(tab: Tab, server: RunningServer) -> None:
    many = [{"name": f"many-{number:03}", "image-name": "quay.io/x:1"} for number in range(150)]
    write(server, "POST", "/apply", {"templates": many})
    tab.visit("audit")

    expect(rows(tab)).to_have_count(100)
    tab.page.get_by_role("link", name="Older").click()

    expect(tab.page).to_have_url(re.compile(r"\?before=\d+$"))
    expect(rows(tab).filter(has_text="many-000")).to_have_count(1)
    expect(tab.page.get_by_text("That is all, down to the first.")).to_be_visible()
    tab.page.get_by_role("link", name="Newest").click()
    expect(rows(tab)).to_have_count(100)


def test_what_is_new_comes_at_once_but_not_under_one_who_reads(tab: Tab, server: RunningServer) -> None:
    template(server, "live")
    tab.visit("audit")
    change(server, "live", command="a.py", note="First news")
    expect(rows(tab).first).to_contain_text("First news")

    rows(tab).nth(1).get_by_role("link").first.focus()
    change(server, "live", command="b.py", note="Second news")
    come = tab.page.get_by_role("button", name="Show 1 newer change")
    expect(come).to_be_visible()
    expect(rows(tab).first).to_contain_text("First news")
    come.click()

    expect(rows(tab).first).to_contain_text("Second news")
    expect(rows(tab).first.get_by_role("link").first).to_be_focused()


def test_one_who_is_not_told_who_reads_so(tab: Tab, server: RunningServer) -> None:
    template(server, "untold")
    tab.visit("audit")

    expect(tab.page.get_by_text("Who did it is told to those who log in.")).to_be_visible()
    expect(tab.page.get_by_label("By")).to_be_disabled()
