"""What holds for every page: axe finds nothing, at any width, light and dark; nothing is logged; the policy holds."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.server.running import RunningServer
from tests.ui.screenshots import PAGES, at_sizes, looking, seed
from tests.ui.tab import Tab

IS_WIDER = "document.scrollingElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def admin(browser: Browser, server: RunningServer) -> Iterator[Tab]:
    """One tab for all pages."""
    seed(server)
    with looking(browser, server) as tab:
        yield tab


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_right_at_any_width_light_and_dark(admin: Tab, name: str) -> None:
    admin.complaints.clear()
    admin.visit(PAGES[name])

    assert [size for size in at_sizes(admin) if admin.page.evaluate(IS_WIDER)] == []
    assert admin.axe() == []  # wide and dark, as it stands now
    admin.page.set_viewport_size({"width": 320, "height": 900})
    admin.page.emulate_media(color_scheme="light")
    assert admin.axe() == []
    assert admin.complaints == []


@pytest.mark.parametrize("path", ["", "audit", "login", "templates/scipy"])
def test_axe_finds_nothing_for_one_who_did_not_log_in(tab: Tab, path: str) -> None:
    tab.visit(path)

    assert tab.axe() == []
