"""The history of one template: a time line that tells why, and brings back."""

import re

from playwright.sync_api import expect

from tests.server.running import RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import change, promote, read, revision, template, write


def test_a_line_of_time_tells_who_why_and_what(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "told", command="one.py")
    note = "build https://ci.example.org/7, not javascript:alert(1) nor data:text/html,x"
    change(server, "told", note=note, command="two.py")
    promote(server, "told", "stable")
    newest = revision(server, "told")
    admin_tab.visit("templates/told/history")

    rows = admin_tab.page.get_by_role("listitem").filter(has=admin_tab.page.locator(".revision"))
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text(f"stable begins at {newest - 1}")
    expect(rows.nth(1)).to_contain_text("by api-key (key)")
    expect(rows.nth(1)).to_contain_text("command")
    expect(rows.nth(1).locator(".note a")).to_have_attribute("href", "https://ci.example.org/7")
    rows.nth(1).get_by_text("What changed").click()
    expect(rows.nth(1).locator("del")).to_have_text("− one.py")
    expect(rows.nth(1).locator("ins")).to_have_text("+ two.py")
    assert admin_tab.axe() == []


def test_a_long_history_comes_in_pages(tab: Tab, server: RunningServer) -> None:
    template(server, "long")
    for number in range(60):
        change(server, "long", command=f"{number}.py")
    rows = tab.page.locator("li.change-row")
    tab.visit("templates/long/history")

    expect(rows).to_have_count(50)
    tab.page.get_by_role("button", name="Older changes").click()
    expect(rows).to_have_count(61)
    expect(rows.last).to_contain_text("created")
    tab.page.get_by_label("Before revision").fill(str(revision(server, "long") - 55))
    tab.page.get_by_role("button", name="Show").click()

    expect(rows).to_have_count(5)
    expect(tab.page).to_have_url(re.compile(r"\?before=\d+$"))


def test_a_change_of_now_appears_and_the_chosen_two_stay(tab: Tab, server: RunningServer) -> None:
    template(server, "appears")
    change(server, "appears", command="a.py")
    made = revision(server, "appears") - 1
    tab.visit("templates/appears/history")
    rows = tab.page.locator("li.change-row")
    to = tab.page.get_by_role("radio", name=f"Compare to revision {made}")
    to.check()

    change(server, "appears", command="b.py", note="Just now")

    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Just now")
    expect(rows.locator(".tag", has_text="now")).to_have_count(1)
    expect(to).to_be_checked()


def test_an_old_state_is_brought_back_by_keyboard(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "back", command="old.py")
    change(server, "back", command="new.py")
    admin_tab.visit("templates/back/history")
    dialog, keys = admin_tab.page.get_by_role("dialog"), admin_tab.page.keyboard

    admin_tab.tabs_to(admin_tab.page.get_by_role("button", name=re.compile("^Restore…")))
    keys.press("Enter")
    expect(dialog.locator("ins")).to_have_text("+ old.py")
    admin_tab.tabs_to(dialog.get_by_label("Note"))
    keys.type("It worked")
    keys.press("Enter")

    expect(dialog).to_have_count(0)
    expect(admin_tab.page.locator("li.change-row").first).to_contain_text("It worked")
    assert read(server, "/templates/back")["command"] == "old.py"


def test_two_are_chosen_to_compare_by_keyboard(tab: Tab, server: RunningServer) -> None:
    template(server, "two", command="1.py")
    for number in (2, 3):
        change(server, "two", command=f"{number}.py")
    newest = revision(server, "two")
    tab.visit("templates/two/history")

    tab.tabs_to(tab.page.get_by_role("radio", name=f"Compare from revision {newest - 1}"))
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Enter")

    expect(tab.page).to_have_url(re.compile(f"compare\\?from={newest - 2}&to={newest}$"))
    expect(tab.page.locator("del")).to_have_text("− 1.py")


def test_what_was_purged_is_said_and_cannot_be_brought_back(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "purged", environment={"SECRET": "x"})
    made = revision(server, "purged")
    change(server, "purged", environment=None)
    write(server, "DELETE", f"/templates/purged/changes/{made}")
    admin_tab.visit("templates/purged/history")

    expect(admin_tab.page.locator(f"#r{made}")).to_contain_text("Its content was purged.")
    expect(admin_tab.page.locator(f"#r{made}").get_by_role("button")).to_have_count(0)
