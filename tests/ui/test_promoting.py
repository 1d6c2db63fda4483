"""Channels on a template's page: promoted, rolled back, ended."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.server.running import KEY, RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import change, promote, read, revision, template


def channels(server: RunningServer, name: str) -> dict[str, Any]:
    found = read(server, f"/templates/{name}/changes?limit=1")["changes"][0]["template"].get("channels", {})
    return {channel: to["revision"] for channel, to in found.items()}


def test_a_channel_is_promoted_and_rolled_back_by_keyboard(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "keys", command="1.py")
    promote(server, "keys", "stable")
    first = revision(server, "keys") - 1
    change(server, "keys", command="2.py", allowed_groups=["staff"])
    newest = revision(server, "keys")
    admin_tab.visit("templates/keys")
    page, keys, dialog = admin_tab.page, admin_tab.page.keyboard, admin_tab.page.get_by_role("dialog")
    promotes, rolls_back = (
        page.get_by_role("button", name=name) for name in ("Promote… to stable", "Roll back… stable")
    )

    expect(page.get_by_role("link", name="stable is 1 behind")).to_be_visible()
    admin_tab.tabs_to(promotes)
    keys.press("Enter")
    expect(dialog.locator("del")).to_have_text("− 1.py")
    expect(dialog.locator("ins")).to_have_text("+ 2.py")
    expect(dialog).not_to_contain_text("allowed-groups")
    assert admin_tab.axe() == []
    admin_tab.tabs_to(dialog.get_by_label("Note"))
    keys.type("Tried it")
    keys.press("Enter")
    expect(page.locator(".channel-list")).to_contain_text(f"at revision {newest}")
    expect(promotes).to_be_focused()
    assert channels(server, "keys") == {"stable": newest}
    admin_tab.tabs_to(rolls_back)
    keys.press("Enter")
    expect(dialog.locator("ins")).to_have_text("+ 1.py")
    admin_tab.tabs_to(dialog.get_by_role("button", name="Roll back"))
    keys.press("Enter")

    expect(page.locator(".channel-list")).to_contain_text(f"at revision {first}")
    expect(rolls_back).to_be_focused()
    assert channels(server, "keys") == {"stable": first}


def test_any_revision_is_promoted_to_a_new_channel_which_is_ended(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "new-one", command="1.py")
    first = revision(server, "new-one")
    change(server, "new-one", command="2.py", note="second")
    admin_tab.visit("templates/new-one")
    page, dialog = admin_tab.page, admin_tab.page.get_by_role("dialog")

    page.get_by_role("button", name="Promote to a new channel…").click()
    dialog.get_by_label("Channel", exact=True).fill("testing")
    expect(dialog.get_by_label("Revision").locator("option").first).to_have_text(re.compile("the newest.*second"))
    dialog.get_by_label("Revision").select_option(str(first))
    expect(dialog).to_contain_text(f"Nobody is on it yet: it begins at revision {first}.")
    dialog.get_by_role("button", name="Promote", exact=True).click()
    expect(page.locator(".channel-list")).to_contain_text("testing")
    assert channels(server, "new-one") == {"testing": first}
    page.get_by_role("button", name="End… testing").click()
    dialog.get_by_role("button", name="End it").click()

    expect(page.get_by_text("There are none: everybody gets the newest revision.")).to_be_visible()
    assert channels(server, "new-one") == {}


def test_a_token_that_was_pasted_is_enough(tab: Tab, server: RunningServer) -> None:
    template(server, "pasted")
    tab.log_in(KEY)
    tab.goes("templates/pasted")
    dialog = tab.page.get_by_role("dialog")

    tab.page.get_by_role("button", name="Promote to a new channel…").click()
    dialog.get_by_label("Channel", exact=True).fill("testing")
    dialog.get_by_role("button", name="Promote", exact=True).click()

    expect(tab.page.locator(".channel-list")).to_contain_text("testing")


def test_a_name_that_is_none_is_refused_where_it_was_tried(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "no-name")
    admin_tab.visit("templates/no-name")
    dialog = admin_tab.page.get_by_role("dialog")
    admin_tab.page.get_by_role("button", name="Promote to a new channel…").click()

    dialog.get_by_label("Channel", exact=True).fill("latest")
    dialog.get_by_role("button", name="Promote", exact=True).click()

    expect(dialog.get_by_role("alert")).to_contain_text("must not be 'latest'")
    expect(dialog.get_by_role("button", name="Promote", exact=True)).to_be_focused()
    assert all("400" in one for one in admin_tab.complaints)
    admin_tab.complaints.clear()


def test_what_somebody_promoted_meanwhile_is_not_overwritten(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "raced")
    promote(server, "raced", "stable")
    change(server, "raced", command="2.py")
    admin_tab.visit("templates/raced")
    dialog = admin_tab.page.get_by_role("dialog")
    admin_tab.page.get_by_role("button", name="Promote… to stable").click()
    change(server, "raced", command="3.py")
    newest = revision(server, "raced")

    dialog.get_by_role("button", name="Promote", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody changed the template since you looked")
    dialog.get_by_role("button", name="Look again").click()
    admin_tab.page.get_by_role("button", name="Promote… to stable").click()
    expect(dialog.locator("ins")).to_have_text("+ 3.py")
    dialog.get_by_role("button", name="Promote", exact=True).click()

    expect(dialog).to_have_count(0)
    assert channels(server, "raced") == {"stable": newest}
    assert all("412" in one for one in admin_tab.complaints)
    admin_tab.complaints.clear()
