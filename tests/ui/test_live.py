"""The feed of the page: cut, resumed, and on another database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.ports import free_port
from tests.server.running import AUTHORIZATION, RunningServer, start_server
from tests.ui.tab import Tab
from tests.ui.writes import template


class Servers:
    """One address, whose server is killed and started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.now = self.start("one")

    def start(self, database: str) -> RunningServer:
        self.now = start_server(self.folder, db=f"sqlite:///{self.folder}/{database}.sqlite", port=self.port)
        return self.now


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(tmp_path)
    yield servers
    servers.now.kill()


@pytest.fixture
def watching(browser: Browser, servers: Servers) -> Iterator[Tab]:
    """A tab whose complaints are not asked for: a server that is not there is one."""
    with Tab.opened(browser, servers.now.url) as tab:
        yield tab


def retry_once(tab: Tab, servers: Servers, database: str, wanted: str) -> None:
    """The server is back, with one more template, and somebody presses the button, whether or not the page has found
    out by itself meanwhile."""
    button = tab.page.get_by_role("button", name="Retry").element_handle()
    template(servers.start(database), wanted)
    button.evaluate("button => button.click()")


def row(tab: Tab, name: str) -> Locator:
    return tab.page.locator(".catalogue > li").filter(has_text=name)


def test_a_killed_server_is_told_and_its_changes_come_when_it_is_back(watching: Tab, servers: Servers) -> None:
    template(servers.now, "before")
    watching.visit()
    state = watching.page.locator(".live")
    expect(state).to_have_text("Live")

    servers.now.kill()
    expect(state).to_contain_text("Not live: what you see may be old")
    expect(watching.page.locator("#live")).to_have_text("Not live: what you see may be old")
    expect(row(watching, "before")).to_be_visible()
    assert watching.axe() == []
    retry_once(watching, servers, "one", "meanwhile")

    expect(state).to_have_text("Live")
    expect(row(watching, "meanwhile")).to_be_visible()
    expect(row(watching, "before")).to_be_visible()


def test_another_database_is_read_anew(watching: Tab, servers: Servers) -> None:
    template(servers.now, "of-the-first")
    watching.visit()
    expect(row(watching, "of-the-first")).to_be_visible()
    servers.now.kill()
    expect(watching.page.locator(".live")).to_contain_text("Not live")

    retry_once(watching, servers, "two", "of-the-second")

    expect(row(watching, "of-the-second")).to_be_visible()
    expect(row(watching, "of-the-first")).to_have_count(0)


def test_one_whose_token_ends_is_asked_to_log_in_again(browser: Browser, tmp_path: Path) -> None:
    server = start_server(tmp_path, "--protect-reads")
    try:
        with Tab.opened(browser, server.url) as tab:
            tab.page.context.add_cookies([{"name": "registry-xsrf", "value": "any", "url": server.url}])
            tab.page.context.set_extra_http_headers(AUTHORIZATION)
            tab.visit()
            expect(tab.page.locator(".live")).to_have_text("Live")
            tab.page.context.set_extra_http_headers({"Authorization": "token of-nobody"})
            port = server.port
            server.kill()

            server = start_server(tmp_path, "--protect-reads", port=port)

            expect(tab.page.locator(".live").get_by_role("link", name="Log in again")).to_be_visible(timeout=15_000)
    finally:
        server.kill()
