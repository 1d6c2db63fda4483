"""What is typed is not lost: by a reload, by leaving, by a server that is away, by a token that is known no more."""

from pathlib import Path

from playwright.sync_api import Browser, Dialog, expect

from tests.server.running import KEY, RunningServer, start_server
from tests.ui.tab import Tab
from tests.ui.writes import read, template, write


def test_a_reload_brings_the_draft_back_until_it_is_discarded(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "drafted", command="saved")
    page = admin_tab.page
    page.on("dialog", Dialog.accept)
    admin_tab.visit("templates/drafted/edit")
    page.get_by_label("Command").fill("typed")
    page.get_by_role("group", name="Limits").get_by_label("Memory").fill("not yet")

    page.reload()
    expect(page.get_by_label("Command")).to_have_value("typed")
    expect(page.get_by_role("group", name="Limits").get_by_label("Memory")).to_have_value("not yet")
    found = admin_tab.axe()
    page.get_by_role("button", name="Discard the draft").click()

    expect(page.get_by_label("Command")).to_have_value("saved")
    assert found == []


def test_a_draft_of_what_was_deleted_meanwhile_comes_back_too(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "buried", command="saved")
    page = admin_tab.page
    page.on("dialog", Dialog.accept)
    admin_tab.visit("templates/buried/edit")
    page.get_by_label("Command").fill("typed")

    write(server, "DELETE", "/templates/buried")
    page.reload()

    expect(page.get_by_label("Command")).to_have_value("typed")
    expect(page.get_by_text("deleted it meanwhile")).to_be_visible()


def test_a_tab_where_nothing_was_typed_leaves_the_draft_of_another(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "twice", command="saved")
    page, idle = admin_tab.page, admin_tab.page.context.new_page()
    admin_tab.visit("templates/twice/edit")
    Tab(idle, server.url).visit("templates/twice/edit")
    page.get_by_label("Command").fill("typed")
    expect(page.get_by_text("1 member differs")).to_be_visible()

    idle.get_by_role("link", name="Cancel").click()
    Tab(idle, server.url).shows_heading("twice")

    assert page.evaluate("Object.keys(localStorage).some((key) => key.endsWith(':edit:twice'))")


def test_leaving_asks_and_who_stays_keeps_all(admin_tab: Tab, server: RunningServer) -> None:
    template(server, "left", command="saved")
    page = admin_tab.page
    asked: list[str] = []

    def stays(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", stays)
    admin_tab.visit("templates/left/edit")
    page.get_by_label("Command").fill("typed")

    page.get_by_role("link", name="Cancel").click()

    expect(page.get_by_label("Command")).to_have_value("typed")
    assert asked == ["What you typed is not saved. It stays as a draft in this browser."]


def test_a_server_that_was_killed_takes_it_once_it_is_back(browser: Browser, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'registry.db'}"
    server = start_server(tmp_path, db=database)
    try:
        template(server, "killed", command="saved")
        with Tab.opened(browser, server.url) as tab:
            tab.log_in(KEY)
            tab.goes("templates/killed/edit")
            tab.page.get_by_label("Command").fill("typed")
            tab.page.get_by_role("button", name="Save…").click()
            save = tab.page.get_by_role("dialog").get_by_role("button", name="Save", exact=True)
            server.kill()
            save.click()
            expect(tab.page.get_by_role("dialog")).to_contain_text("The registry does not answer.")

            server = start_server(tmp_path, db=database, port=server.port)
            save.click()

            tab.shows_heading("killed")
        assert read(server, "/templates/killed")["command"] == "typed"
    finally:
        server.kill()


def test_a_token_that_ends_while_typing_loses_nothing(browser: Browser, server: RunningServer) -> None:
    template(server, "ended", command="saved")
    token = write(server, "POST", "/tokens", {"name": "ends", "scopes": ["read", "write"]})
    with Tab.opened(browser, server.url) as tab:
        tab.log_in(token["token"])
        tab.goes("templates/ended/edit")
        tab.page.get_by_label("Command").fill("typed")
        tab.page.get_by_role("button", name="Save…").click()
        write(server, "DELETE", f"/tokens/{token['id']}")

        tab.page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
        tab.page.get_by_role("dialog").get_by_role("link", name="Log in").click()
        tab.page.get_by_label("Token").fill(KEY)
        tab.page.get_by_role("button", name="Log in").click()

        expect(tab.page.get_by_label("Command")).to_have_value("typed")
