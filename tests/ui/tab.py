"""A browser's tab on the page, with what is noted of it while it is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.node import NODE, package

_NOTED = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


class Tab:
    """`page` is Playwright's. `complaints` are errors of the console and of scripts, and breaches of the policy; a test
    that means one takes it out."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        page.add_init_script(_NOTED)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        """The status of a document is no fault of it: of an address of nothing it is 404."""
        of_document = message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        if message.type == "error" and not of_document:
            self.complaints.append(message.text)

    @classmethod
    @contextmanager
    def opened(cls, browser: Browser, url: str, **context: Any) -> Iterator["Tab"]:
        """In a profile of its own. `context` is Playwright's: viewport, color_scheme, java_script_enabled …"""
        profile = browser.new_context(**context)
        try:
            yield cls(profile.new_page(), url)
        finally:
            profile.close()

    def visit(self, path: str = "") -> None:
        """A page below /ui/, until its heading is there."""
        self.page.goto(f"{self.url}/ui/{path}")
        self.shows_heading()

    def shows_heading(self, text: str | None = None) -> None:
        heading = self.page.get_by_role("heading", level=1)
        expect(heading).to_have_text(text) if text is not None else expect(heading).to_be_visible()

    def log_in(self, token: str) -> None:
        """By pasting a token, on the page for it; it is forgotten when the document is loaded anew."""
        self.visit("login")
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("link", name="Log out")).to_be_visible()

    def goes(self, path: str) -> None:
        """Within the document, as a link does: a pasted token stays."""
        self.page.evaluate(
            "([at]) => { history.pushState(null, '', at); dispatchEvent(new PopStateEvent('popstate')); }",
            [f"/ui/{path}"],
        )
        self.shows_heading()

    def tabs_to(self, target: Locator) -> None:
        """By the Tab key alone."""
        expect(target).to_be_visible()
        for _ in range(200):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not lead to {target}")

    def axe(self) -> list[str]:
        """What axe finds wrong with what is shown, by WCAG 2.2 AA and its best practices."""
        self.page.evaluate(_axe())
        found = self.page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]


@cache
def _axe() -> str:
    """Evaluated by the browser's debugger, which no policy of the page stops."""
    source = NODE / "node_modules/axe-core/axe.min.js"
    assert source.exists(), package("axe-core")
    return source.read_text()
