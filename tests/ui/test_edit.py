"""A template changed, and a new one made, with the form and as YAML; in a real browser."""

from playwright.sync_api import Browser, Locator, Page, expect

from tests.server.running import RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import read, template

SIZE = {"name": "size", "choices": [{"name": "small", "default": True}, {"name": "large"}]}


def _saves(page: Page, *, note: str = "", button: str = "Save") -> None:
    page.get_by_role("button", name="Save…").click()
    page.get_by_label("Note").fill(note)
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def _item(page: Page, name: str) -> Locator:
    return page.locator("summary", has=page.locator("strong").get_by_text(name, exact=True))


def test_what_is_changed_and_cleared_is_saved_with_a_note(admin_tab: Tab, server: RunningServer) -> None:
    template(
        server,
        "edited",
        command="old",
        limits={"memory": 2**31, "cpus": 1.5},
        environment={"A": "1"},
        overrides={"kubespawner": {"a": 1, "b": None}, "docker": {"c": 1}},
    )
    page = admin_tab.page
    admin_tab.visit("templates/edited/edit")

    limits = page.get_by_role("group", name="Limits")
    expect(limits.get_by_label("Memory")).to_have_value("2 GiB")
    limits.get_by_label("Memory").fill("512 MiB")
    limits.get_by_label("CPUs").fill("")
    page.get_by_label("Command").fill("")
    page.get_by_label("Environment: value 1").fill("2")
    page.get_by_label("Overrides, as JSON").fill('{"kubespawner": {"a": 2, "b": null}}')
    found = admin_tab.axe()
    page.get_by_role("button", name="Save…").click()
    expect(page.get_by_role("dialog")).to_contain_text("− 2 GiB")
    page.get_by_role("button", name="Cancel").click()
    _saves(page, note="less")

    admin_tab.shows_heading("edited")
    newest = read(server, "/templates/edited/changes?limit=1")["changes"][0]
    assert (newest["note"], newest["template"]["limits"]) == ("less", {"memory": 2**29})
    assert (newest["template"]["command"], newest["template"]["environment"]) == ("", {"A": "2"})
    assert newest["template"]["overrides"] == {"kubespawner": {"a": 2, "b": None}}
    assert found == []


def test_one_is_found_and_an_option_edited_by_keyboard_alone(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "keyed", options=[SIZE])
    page, press = admin_tab.page, admin_tab.page.keyboard.press
    admin_tab.visit()

    admin_tab.tabs_to(page.get_by_label("Search"))
    page.keyboard.type("keyed")
    admin_tab.tabs_to(page.get_by_role("link", name="keyed"))
    press("Enter")
    admin_tab.shows_heading("keyed")
    admin_tab.tabs_to(page.get_by_role("link", name="Edit"))
    press("Enter")
    admin_tab.shows_heading("Edit keyed")
    admin_tab.tabs_to(_item(page, "size"))
    press("Enter")
    admin_tab.tabs_to(page.get_by_role("button", name="Move small down"))
    press("Enter")
    expect(page.get_by_role("button", name="Move small up")).to_be_focused()
    admin_tab.tabs_to(page.get_by_role("button", name="+ Add a choice"))
    press("Enter")
    page.keyboard.type("huge")
    admin_tab.tabs_to(page.get_by_role("button", name="Remove large"))
    press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    found = admin_tab.axe()
    admin_tab.tabs_to(page.get_by_role("button", name="Save…"))
    press("Enter")
    admin_tab.tabs_to(page.get_by_role("dialog").get_by_role("button", name="Save", exact=True))
    press("Enter")

    admin_tab.shows_heading("keyed")
    choices = read(server, "/templates/keyed/changes?limit=1")["changes"][0]["template"]["options"][0]["choices"]
    assert choices == [{"name": "small", "default": True}, {"name": "huge"}]
    assert found == []


def test_what_the_page_and_the_server_say_stands_at_its_field(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "wrong", options=[SIZE, {"name": "tag", "free-text": {"pattern": "a"}}])
    page = admin_tab.page
    admin_tab.visit("templates/wrong/edit")
    memory = page.get_by_role("group", name="Limits").get_by_label("Memory")

    memory.fill("2 apples")
    page.get_by_role("button", name="Save…").click()
    expect(memory).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".mend")).to_be_focused()
    page.get_by_role("link", name="limits.memory").click()
    expect(memory).to_be_focused()
    memory.fill("")
    _item(page, "tag").click()
    page.get_by_label("Pattern").fill("(")
    _item(page, "tag").click()
    _saves(page)

    expect(page.get_by_label("Pattern")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".mend")).to_contain_text("Is not a regular expression")
    admin_tab.complaints.clear()  # the answer was 400, which the console has
    assert admin_tab.axe() == []


def test_a_number_that_a_browser_would_round_is_not_written(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "exact", overrides={"kubespawner": {"uid": 1}})
    page = admin_tab.page
    admin_tab.visit("templates/exact/edit")

    overrides = page.get_by_label("Overrides, as JSON")
    overrides.fill('{"kubespawner": {"uid": 9007199254740993}}')
    page.get_by_role("button", name="Save…").click()

    expect(overrides).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".mend")).to_contain_text("a browser would round")


def test_a_copy_is_made_and_a_name_that_is_taken_is_said_at_its_field(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "original", description="the same", default=True)
    page = admin_tab.page
    admin_tab.visit("new?from=original")

    page.get_by_label("Name", exact=True).fill("original")
    _saves(page, button="Create")
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    admin_tab.complaints.clear()  # the answer was 409, which the console has
    page.get_by_label("Name", exact=True).fill("copied")
    _saves(page, button="Create")

    admin_tab.shows_heading("copied")
    made = read(server, "/templates/copied/changes?limit=1")["changes"][0]["template"]
    assert (made["description"], "default" in made) == ("the same", False)


def test_the_yaml_says_the_same_as_the_form_both_ways(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "written", command="one")
    page = admin_tab.page
    admin_tab.visit("templates/written/edit")
    page.get_by_label("Command").fill("two")
    page.get_by_role("tab", name="YAML").click()
    yaml = page.locator("#yaml")
    expect(yaml).to_have_value("name: written\nimage-name: quay.io/jupyter/scipy-notebook:1\ncommand: two\n")

    yaml.fill("name: written\nimage-name: x\ncommand: [\n")
    page.get_by_role("tab", name="Form").click()
    expect(page.locator(".mend")).to_contain_text("not valid YAML")
    admin_tab.complaints.clear()  # the answer was 400, which the console has
    page.get_by_role("tab", name="YAML").click()
    expect(yaml).to_have_value("name: written\nimage-name: x\ncommand: [\n")
    yaml.fill("name: written\nimage-name: x\ncommand: three\n")
    page.get_by_role("tab", name="Form").click()

    expect(page.get_by_label("Command")).to_have_value("three")
    expect(page.get_by_label("Image name")).to_have_value("x")
    assert admin_tab.axe() == []


def test_who_may_not_write_is_told_so_with_a_way_on(tab: Tab, server: RunningServer) -> None:
    template(server, "looked-at")

    tab.visit("templates/looked-at/edit")

    expect(tab.page.locator("main").get_by_role("link", name="Log in")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Save…")).to_have_count(0)


def test_nothing_flows_over_where_it_is_narrow(browser: Browser, server: RunningServer) -> None:
    template(server, "narrow", options=[SIZE], environment={"A_LONG_NAME": "x" * 200})
    with Tab.opened(browser, server.url, viewport={"width": 320, "height": 800}) as tab:
        tab.log_in("THISISMYTOKEN")
        tab.goes("templates/narrow/edit")
        _item(tab.page, "size").click()
        _item(tab.page, "small").click()

        assert tab.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
