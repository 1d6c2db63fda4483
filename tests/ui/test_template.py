"""One template's page: what it runs, its options to try, what a hub makes of it, and what may be done."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.server.running import RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import change, promote, read, revision, template, write

GIB = 2**30
SIZE: dict[str, Any] = {
    "name": "size",
    "display-name": "Size",
    "choices": [
        {"name": "small", "display-name": "Small", "default": True},
        {"name": "large", "display-name": "Large", "set": {"limits": {"memory": 8 * GIB}}, "allowed-groups": ["staff"]},
    ],
}
IMAGE: dict[str, Any] = {
    "name": "image",
    "choices": [{"name": "own"}],
    "free-text": {
        "display-name": "Another",
        "pattern": "^quay",
        "message": "One of quay.",
        "set": {"image-name": "{value}"},
    },
}


def comes_to(tab: Tab, text: str) -> None:
    expect(tab.page.locator("section", has=tab.page.get_by_role("heading", name="What it comes to"))).to_contain_text(
        text
    )


def test_a_person_reads_what_it_is(tab: Tab, server: RunningServer) -> None:
    picture = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="
    limits, requests = {"memory": 2 * GIB, "cpus": 1.5}, {"memory": GIB}
    template(server, "read", display_name="To read", contact="ada@example.org", limits=limits, requests=requests)
    change(server, "read", icon=picture, environment={"A": "1"}, allowed_groups=["staff"], labels={"course": "physics"})
    change(server, "read", deprecated="Move on.", replaced_by="other", note="see https://git.example.org/17")

    tab.visit("templates/read")

    content = tab.page.locator("main")
    for text in (
        "ada@example.org",
        "at most 2 GiB, 1 GiB set aside",
        "at most 1.5 CPUs",
        "staff",
        "Deprecated Move on.",
    ):
        expect(content).to_contain_text(text)
    for link, to in (("other", "/ui/templates/other"), ("course=physics", "/ui/?label=course%3Dphysics")):
        expect(content.get_by_role("link", name=link)).to_have_attribute("href", to)
    expect(content.get_by_role("link", name="https://git.example.org/17")).to_be_visible()
    expect(content.locator("img.picture")).to_have_js_property("complete", True)
    assert tab.axe() == []


def test_choices_are_tried_and_the_address_says_them(tab: Tab, server: RunningServer) -> None:
    template(server, "tried", options=[SIZE, IMAGE], limits={"memory": 2 * GIB})
    tab.visit("templates/tried")

    comes_to(tab, "at most 2 GiB")
    tab.page.get_by_label("Size").select_option(label="Large (for staff)")
    comes_to(tab, "at most 8 GiB")
    tab.page.get_by_label("image: Another").fill("quay.io/mine:2")
    comes_to(tab, "quay.io/mine:2")
    expect(tab.page).to_have_url(re.compile(r"\?option\.size=large&option\.image\.free-text=quay\.io%2Fmine%3A2$"))
    tab.page.reload()

    comes_to(tab, "at most 8 GiB")
    comes_to(tab, "quay.io/mine:2")
    expect(tab.page.get_by_label("image: Another")).to_have_value("quay.io/mine:2")
    assert tab.axe() == []


def test_what_cannot_be_had_is_told_at_its_option(tab: Tab, server: RunningServer) -> None:
    template(server, "refused", options=[SIZE, IMAGE])
    tab.visit("templates/refused")
    text = tab.page.get_by_label("image: Another")

    text.fill("docker.io/x")

    expect(text).to_have_attribute("aria-invalid", "true")
    expect(text).to_have_accessible_description(re.compile("One of quay"))
    expect(tab.page.get_by_label("Size")).not_to_have_attribute("aria-invalid", "true")
    text.fill("quay.io/x")
    comes_to(tab, "quay.io/x")
    expect(text).not_to_have_attribute("aria-invalid", "true")
    assert all("400" in one for one in tab.complaints)
    tab.complaints.clear()


def test_somebody_elses_change_appears_and_what_was_chosen_stays(tab: Tab, server: RunningServer) -> None:
    template(server, "live", options=[SIZE])
    tab.visit("templates/live?option.size=large")
    comes_to(tab, "at most 8 GiB")
    menu = tab.page.get_by_label("Size")
    menu.focus()

    change(server, "live", command="changed.py", options=[{**SIZE, "description": "Another text."}])

    comes_to(tab, "changed.py")
    comes_to(tab, "at most 8 GiB")
    expect(tab.page.get_by_role("status").filter(has_text="this is what it is now")).to_be_visible()
    expect(tab.page.get_by_text("Another text.", exact=True)).to_be_visible()
    expect(menu).to_have_value("large")
    expect(menu).to_be_focused()


def test_the_past_and_a_channel_have_addresses_and_say_so(tab: Tab, server: RunningServer) -> None:
    template(server, "past", command="first.py")
    promote(server, "past", "stable")
    first = revision(server, "past")
    change(server, "past", command="second.py")

    for address in (f"?revision={first}", "?channel=stable"):
        tab.visit(f"templates/past{address}")
        expect(tab.page.locator("main")).to_contain_text("first.py")
        expect(tab.page.locator(".banner")).to_contain_text("As ")
    tab.page.get_by_role("link", name="See it now").click()

    expect(tab.page.locator("main")).to_contain_text("second.py")
    expect(tab.page.locator(".banner")).to_have_count(0)


def test_a_state_that_never_was_is_said(tab: Tab, server: RunningServer) -> None:
    template(server, "young")
    made = revision(server, "young")

    for address, sentence in (
        ("revision=99999999", "There is no revision 99999999 yet"),
        (f"revision={made - 1}" if made > 1 else "revision=0", "no" if made == 1 else "It was not there yet"),
        ("revision=abc", "is no revision"),
        ("channel=none", "It is not in the channel"),
    ):
        tab.visit(f"templates/young?{address}")
        expect(tab.page.locator("main")).to_contain_text(sentence)
    expect(tab.page.get_by_role("link", name="See it now")).to_be_visible()


def test_who_may_nothing_sees_no_button_for_it(tab: Tab, server: RunningServer) -> None:
    template(server, "looked-at", paused="Back on Monday.")
    promote(server, "looked-at", "stable")

    tab.visit("templates/looked-at")

    expect(tab.page.get_by_text("Why, the registry tells its admins alone.")).to_be_visible()
    expect(tab.page.get_by_role("button", name=re.compile("…"))).to_have_count(0)
    expect(tab.page.get_by_role("link", name="Edit")).to_have_count(0)


def test_an_admin_is_told_why_a_hub_leaves_it_out(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "left-out", paused="Back on Monday.")
    admin_tab.visit("templates/left-out")

    expect(admin_tab.page.get_by_text("it is paused: Back on Monday.")).to_be_visible()


def test_it_is_paused_deleted_and_brought_back(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "retired", command="back.py")
    admin_tab.visit("templates/retired")
    page, dialog = admin_tab.page, admin_tab.page.get_by_role("dialog")

    page.get_by_role("button", name="Pause…").click()
    dialog.get_by_label("Why it is out of service").fill("Broken.")
    dialog.get_by_label("Note").fill("see — the ticket")
    dialog.get_by_role("button", name="Pause it").click()
    expect(page.locator(".banner")).to_contain_text("Paused Broken.")
    page.get_by_role("button", name="End the pause…").click()
    dialog.get_by_role("button", name="Offer it again").click()
    expect(page.locator(".banner")).to_have_count(0)
    page.get_by_role("button", name="Delete…").click()
    dialog.get_by_label("Replaced by").fill("another")
    dialog.get_by_role("button", name="Delete it").click()
    expect(page.locator(".banner.bad")).to_contain_text("Deleted by")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_role("link", name="another")).to_be_visible()
    page.get_by_role("button", name="Restore…").click()
    expect(dialog).to_contain_text("back.py")
    dialog.get_by_role("button", name="Restore", exact=True).click()
    expect(page.locator(".banner.bad")).to_have_count(0)

    changes = read(server, "/templates/retired/changes")["changes"]
    assert [one["action"] for one in changes] == ["restored", "deleted", "updated", "updated", "created"]
    assert changes[3]["note"] == "see — the ticket"


def test_a_write_that_came_too_late_does_nothing_and_says_so(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "late")
    admin_tab.visit("templates/late")
    dialog = admin_tab.page.get_by_role("dialog")
    admin_tab.page.get_by_role("button", name="Delete…").click()
    change(server, "late", command="other.py")

    dialog.get_by_role("button", name="Delete it").click()

    expect(dialog.get_by_role("alert")).to_contain_text("Somebody changed the template since you looked")
    dialog.get_by_role("button", name="Look again").click()
    expect(dialog).to_have_count(0)
    expect(admin_tab.page.locator("main")).to_contain_text("other.py")
    assert read(server, "/templates/late")["command"] == "other.py"
    assert all("412" in one for one in admin_tab.complaints)
    admin_tab.complaints.clear()


def test_other_tools_have_it_as_documents(tab: Tab, server: RunningServer) -> None:
    template(server, "written", options=[SIZE], limits={"memory": 2 * GIB})
    tab.visit("templates/written?option.size=large")
    panel, tabs = tab.page.get_by_role("tabpanel"), tab.page.get_by_role("tab")

    expect(panel).to_contain_text("name: written")
    tabs.filter(has_text="YAML").press("ArrowRight")
    expect(panel).to_contain_text('"name": "written"')
    expect(panel).not_to_contain_text("time-created")
    tab.page.get_by_role("button", name="Copy the JSON").click()
    expect(tab.page.get_by_text("Copied", exact=True)).to_be_visible()
    tabs.filter(has_text="JSON").focus()
    tab.page.keyboard.press("ArrowRight")

    expect(panel).to_contain_text(f"--memory={8 * GIB}")


def test_a_name_that_holds_anything_has_its_page(tab: Tab, server: RunningServer) -> None:
    name = "a b%2F?#<&"
    template(server, name)

    tab.visit("templates/a%20b%252F%3F%23%3C%26")

    tab.shows_heading(name)
    write(server, "PATCH", "/templates/a%20b%252F%3F%23%3C%26", {"display-name": "Now with a title"})
    tab.shows_heading("Now with a title")
