"""A template whose every member is meant to break the page: it is shown as text, and the layout holds."""

from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.server.running import AUTHORIZATION, RunningServer
from tests.ui.tab import Tab
from tests.ui.writes import promote, revision, write

MARKUP = '<img src=x onerror="window.hurt=1">'
RTL = "\u202eevil\u202c \u05d0\u05d1\u05d2 \u200f"
HOSTILE = f"{MARKUP}{{{{7*7}}}}${{7*7}}javascript:hurt() {RTL}"
LINE = HOSTILE + "x" * (200 - len(HOSTILE))
LONG = (HOSTILE + "y" * 10_000)[:10_000]
NAME = f"{HOSTILE.replace('/', '')}{'n' * 400}"
WORD = "w" * 61


def settings() -> dict[str, Any]:
    return {
        "image-name": HOSTILE + "i" * 3900,
        "command": "'" + LONG + "'",
        "redirect-uri": "javascript:hurt()" + "r" * 4000,
        "environment": {"E" * 1000: LONG, "SHORT": MARKUP},
        "limits": {"memory": 2**63 - 1, "cpus": 2**53, "cpu_shares": 2**63 - 1, "gpus": 2**63 - 1},
        "bind-port": 65535,
        "overrides": {"k" * 63: {MARKUP: LONG, "__proto__": {"a": HOSTILE}, "constructor": None}},
    }


def hostile(command: str) -> dict[str, Any]:
    part = {"display-name": LINE, "description": LONG}
    choices = [
        {"name": WORD, **part, "deprecated": LONG, "allowed-groups": [HOSTILE, "g" * 255], "set": settings()},
        {"name": "constructor", "display-name": MARKUP, "default": True},
    ]
    typed = {
        **part,
        "display-name-in-choices": LINE,
        "pattern": "^" + "p" * 900,
        "message": LONG,
        "set": {"command": "{value}"},
    }
    return {
        "name": NAME,
        **settings(),
        **part,
        "command": command,
        "contact": LINE,
        "deprecated": LONG,
        "paused": LONG,
        "replaced-by": NAME + "2",
        "labels": {f"{'d' * 60}.{'d' * 60}/{WORD}": WORD, "constructor": "toString"},
        "allowed-groups": [HOSTILE, "g" * 255, "__proto__"],
        "icon": "https://example.org/" + "i" * 9000,
        "options": [
            {"name": WORD, **part, "choices": choices, "free-text": typed},
            {"name": "constructor", "choices": [{"name": "toString"}, {"name": "valueOf"}]},
        ],
    }


@pytest.fixture(scope="module")
def at(server: RunningServer) -> int:
    """The revision of its first state."""
    note = (HOSTILE + "n" * 1024).encode()[:1000].decode(errors="ignore")
    write(server, "POST", "/templates", hostile("first"), note=note)
    promote(server, NAME, "s" * 63)
    made = revision(server, NAME) - 1
    write(
        server,
        "PUT",
        f"/templates/{quoted()}",
        hostile("'" + LONG + "'"),
        note=f"https://{'a' * 900} javascript:hurt()",
    )
    return made


def quoted() -> str:
    return quote(NAME, safe="")


def pages(at: int) -> dict[str, str]:
    name = quoted()
    return {
        "catalogue": "",
        "template": f"templates/{name}",
        "choice": f"templates/{name}?option.{WORD}={WORD}",
        "history": f"templates/{name}/history",
        "compare": f"templates/{name}/compare?from={at}&to={at + 2}",
        "audit": "audit",
        "edit": f"templates/{name}/edit",
        "new": f"new?from={name}",
        "view": "view",
        "plain": "plain",
    }


@pytest.mark.parametrize("which", pages(0))
def test_it_is_shown_as_text_and_the_layout_holds(browser: Browser, server: RunningServer, at: int, which: str) -> None:
    with Tab.opened(browser, server.url, viewport={"width": 320, "height": 800}) as tab:
        page = tab.page
        page.context.set_extra_http_headers(AUTHORIZATION)
        page.context.add_cookies([{"name": "registry-xsrf", "value": "any", "url": server.url}])
        tab.visit(pages(at)[which])
        if which in ("template", "choice"):
            expect(page.get_by_role("heading", name="On a hub")).to_be_visible()
            expect(page.get_by_role("tabpanel")).to_contain_text("image-name")
        for summary in page.locator("main summary").all()[:10]:
            summary.click()

        assert page.evaluate("[document.scrollingElement.scrollWidth <= innerWidth, window.hurt]") == [True, None]
        assert page.locator("main img[onerror]").count() == 0
        assert page.evaluate("[...document.links].every((link) => /^https?:$/.test(link.protocol))")
        assert tab.complaints == []


def test_what_is_written_stands_there_as_it_was_written(browser: Browser, server: RunningServer, at: int) -> None:
    with Tab.opened(browser, server.url) as tab:
        tab.visit(pages(at)["template"])

        expect(tab.page.get_by_role("heading", level=1)).to_contain_text(MARKUP)
        for text in (MARKUP, "{{7*7}}", "${7*7}", "javascript:hurt()"):
            expect(tab.page.locator("main")).to_contain_text(text)
        assert tab.axe() == []
