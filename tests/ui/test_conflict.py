"""Two who change one template at once: neither loses what was typed, nor overwrites what was not seen."""

from playwright.sync_api import Page, expect

from tests.server.running import RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import change, read, template, write


def _confirms(page: Page, button: str = "Save") -> None:
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def _newest(server: RunningServer, name: str) -> dict[str, object]:
    members: dict[str, object] = read(server, f"/templates/{name}/changes?limit=1")["changes"][0]["template"]
    return members


def test_what_does_not_conflict_is_put_together_and_the_rest_is_asked(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "torn", command="base", limits={"memory": 2**30, "cpus": 1})
    page = admin_tab.page
    admin_tab.visit("templates/torn/edit")
    page.get_by_label("Command").fill("mine")
    page.get_by_role("group", name="Limits").get_by_label("CPUs").fill("4")
    page.get_by_role("button", name="Save…").click()
    change(server, "torn", command="theirs", limits={"memory": 2**31}, contact="they")

    _confirms(page)
    expect(page.get_by_role("heading", name="1 member changed on both sides")).to_be_focused()
    admin_tab.complaints.clear()  # the answer was 412, which the console has
    found = admin_tab.axe()
    page.get_by_role("button", name="Put together, and look again").click()
    expect(page.get_by_text("Choose one.")).to_be_visible()
    page.get_by_role("group", name="command").get_by_label("Mine").check()
    page.get_by_role("button", name="Put together, and look again").click()
    expect(page.get_by_role("dialog")).not_to_contain_text("contact")
    _confirms(page)

    admin_tab.shows_heading("torn")
    newest = _newest(server, "torn")
    assert (newest["command"], newest["contact"]) == ("mine", "they")
    assert newest["limits"] == {"memory": 2**31, "cpus": 4}
    assert found == []


def test_a_change_of_others_is_told_while_the_form_is_open(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "told", command="base")
    page = admin_tab.page
    admin_tab.visit("templates/told/edit")
    expect(page.get_by_text("Live")).to_be_visible()
    page.get_by_label("Command").fill("mine")

    change(server, "told", contact="they")
    page.get_by_role("button", name="Put together now").click()
    expect(page.get_by_role("button", name="Put together, and look again")).to_be_visible()
    page.get_by_label("Command").fill("typed on")
    page.get_by_role("button", name="Put together, and look again").click()
    expect(page.get_by_text("You typed on: look again")).to_be_visible()
    page.get_by_role("button", name="Put together, and look again").click()
    _confirms(page)

    admin_tab.shows_heading("told")
    newest = _newest(server, "told")
    assert (newest["command"], newest["contact"]) == ("typed on", "they")


def test_what_was_deleted_meanwhile_can_be_created_again(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "gone")
    page = admin_tab.page
    admin_tab.visit("templates/gone/edit")
    page.get_by_label("Command").fill("mine")
    page.get_by_role("button", name="Save…").click()
    write(server, "DELETE", "/templates/gone")

    _confirms(page)
    page.get_by_role("button", name="Create it again, as typed…").click()
    admin_tab.complaints.clear()  # the answer was 404, which the console has
    _confirms(page, "Create")

    admin_tab.shows_heading("gone")
    assert _newest(server, "gone")["command"] == "mine"
