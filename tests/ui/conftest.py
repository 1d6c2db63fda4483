"""The page in a real browser, against a real server. Each tab is held to what every page must keep."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import needs_browser, running_browser
from tests.server.running import AUTHORIZATION, RunningServer, running_server
from tests.ui.tab import Tab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(needs_browser)


@pytest.fixture(scope="session")  # which is why these tests are the last: a browser's loop stays in its thread
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("ui")) as server:
        yield server


@pytest.fixture
def tab(browser: Browser, server: RunningServer) -> Iterator[Tab]:
    """A tab that nobody used. At its end: no error was logged, and the policy was never broken."""
    with Tab.opened(browser, server.url) as tab:
        yield tab
        assert tab.complaints == []


@pytest.fixture
def admin_tab(browser: Browser, server: RunningServer) -> Iterator[Tab]:
    """A tab of one who may all: what it sends has the token, as behind a login, and the second cookie says so."""
    with Tab.opened(browser, server.url, extra_http_headers=AUTHORIZATION) as tab:
        tab.page.context.add_cookies([{"name": "registry-xsrf", "value": "any", "url": server.url}])
        yield tab
        assert tab.complaints == []
