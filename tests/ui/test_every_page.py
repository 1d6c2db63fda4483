"""What holds for every page: axe finds nothing, at any width, light and dark; nothing is logged; the policy holds."""

import pytest

from tests.ui.tab import Tab

PAGES = ["", "audit", "login", "nothing-of-ours"]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(tab: Tab, path: str) -> None:
    tab.visit(path)

    assert tab.axe() == []
