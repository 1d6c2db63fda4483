"""Two revisions side by side."""

import re

from playwright.sync_api import expect

from tests.server.running import RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import change, revision, template, write


def test_two_revisions_stand_side_by_side_and_are_swapped(tab: Tab, server: RunningServer) -> None:
    lines = [f"line {number}" for number in range(30)]
    template(server, "sides", command="1.py", description="\n".join(lines))
    first = revision(server, "sides")
    change(server, "sides", command="2.py", description="\n".join([*lines[:15], "another", *lines[16:]]), note="why")
    page = tab.page

    tab.visit(f"templates/sides/compare?from={first}&to={first + 1}")

    expect(page.get_by_role("row", name="command")).to_contain_text("− 1.py")
    expect(page.locator(".sides")).to_contain_text("why")
    expect(page.locator(".line-diff .removed")).to_have_text("−line 15")
    expect(page.locator(".line-diff .added")).to_have_text("+another")
    expect(page.locator(".line-diff")).to_contain_text("⋯ 12 lines the same")
    assert tab.axe() == []
    page.get_by_role("tab", name="JSON").click()
    expect(page.get_by_role("tabpanel").locator("del").first).to_have_text('  "command": "1.py",')
    page.get_by_role("button", name="Swap").click()
    expect(page).to_have_url(re.compile(f"from={first + 1}&to={first}$"))
    expect(page.get_by_role("row", name="command")).to_contain_text("− 2.py")


def test_what_cannot_be_compared_is_said(tab: Tab, server: RunningServer) -> None:
    template(server, "said", environment={"SECRET": "x"})
    made = revision(server, "said")
    change(server, "said", environment=None)
    write(server, "DELETE", f"/templates/said/changes/{made}")
    write(server, "DELETE", "/templates/said")
    newest = revision(server, "said")

    for query, sentence in (
        (f"from={made}&to={made + 1}", f"What it was at revision {made} was purged"),
        (f"from={made + 1}&to={made + 1}", "Both are the same revision."),
        (f"from={made + 1}&to=99999999", "There is no revision 99999999 yet"),
        (f"from=x&to={made + 1}", "“x” is no revision"),
        (f"from={made + 1}&to={newest}", f"It is deleted at revision {newest}."),
    ):
        tab.visit(f"templates/said/compare?{query}")
        expect(tab.page.locator("main")).to_contain_text(sentence)


def test_without_revisions_now_is_compared_with_now(tab: Tab, server: RunningServer) -> None:
    template(server, "now")

    tab.visit("templates/now/compare")

    expect(tab.page.locator("main")).to_contain_text("Both are the same revision.")
