"""The catalogue as it was, at a revision or at a moment."""

import re
from urllib.parse import quote

from playwright.sync_api import expect

from tests.server.running import RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import change, read, revision, template, write


def test_a_revision_shows_what_there_was_and_leads_back(tab: Tab, server: RunningServer) -> None:
    template(server, "was", display_name="As it was")
    made = revision(server, "was")
    change(server, "was", display_name="As it became")

    tab.visit(f"?revision={made}")

    tab.shows_heading(f"Environments at revision {made}")
    link = tab.page.get_by_role("link", name="As it was", exact=True)
    expect(link).to_have_attribute("href", f"/ui/templates/was?revision={made}")
    assert tab.axe() == []
    tab.page.get_by_role("link", name="See it now").click()
    expect(tab.page.get_by_role("link", name="As it became")).to_be_visible()


def test_a_moment_is_the_revision_of_then(tab: Tab, server: RunningServer) -> None:
    template(server, "moment")
    made = revision(server, "moment")
    for number in range(5):
        change(server, "moment", command=f"{number}.py")
    time = next(one["time"] for one in read(server, "/templates/moment/changes")["changes"] if one["revision"] == made)
    tab.visit(f"?at={quote(time[:-1] + 'Z')}")

    # A browser's clock knows milliseconds: the moment is cut to one, which may be that of the change before.
    expect(tab.page.get_by_role("heading", level=1)).to_have_text(re.compile(rf"revision ({made}|{made - 1})$"))
    tab.visit("?at=2020-01-01T00:00")
    tab.shows_heading("Environments at revision 0")
    expect(tab.page.get_by_text("There was no environment then.")).to_be_visible()


def test_a_moment_is_chosen_by_hand(tab: Tab, server: RunningServer) -> None:
    template(server, "by-hand")
    tab.visit()
    tab.page.get_by_role("link", name="As it was…").click()
    dialog = tab.page.get_by_role("dialog")

    dialog.get_by_role("button", name="Look").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Choose a moment, or a revision.")
    assert tab.axe() == []
    dialog.get_by_label("Or at a revision").fill("1")
    dialog.get_by_role("button", name="Look").click()

    tab.shows_heading("Environments at revision 1")
    expect(tab.page).to_have_url(re.compile(r"\?revision=1$"))


def test_what_is_no_revision_is_said(tab: Tab) -> None:
    tab.visit("?revision=99999")
    expect(tab.page.get_by_text("There is no revision 99999 yet")).to_be_visible()
    assert all("400" in one for one in tab.complaints)
    tab.complaints.clear()

    tab.visit("?revision=x")
    expect(tab.page.get_by_text("“x” is no revision")).to_be_visible()


def test_what_was_purged_is_said(tab: Tab, server: RunningServer) -> None:
    template(server, "secret", environment={"KEY": "x"})
    made = revision(server, "secret")
    change(server, "secret", environment=None)
    write(server, "DELETE", f"/templates/secret/changes/{made}")

    tab.visit(f"?revision={made}")

    expect(tab.page.locator("main")).to_contain_text("purged")
    tab.complaints.clear()
