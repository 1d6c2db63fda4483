"""The site that `make site` has built, in a browser: that takes too long for each run of the tests."""

import re
from pathlib import Path

from binder_registry.server.description.openapi import described
from tests.browser import needs_browser, running_browser

SITE = Path(__file__).parents[1] / "build" / "site"


def test_what_a_server_says_of_itself_is_beside_the_pages() -> None:
    assert (SITE / "openapi.json").read_bytes() == described()


@needs_browser
def test_the_site_is_searched_and_read_in_the_dark_and_asks_nobody() -> None:
    asked = list[str]()
    with running_browser() as browser:
        page = browser.new_page(color_scheme="dark")
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{SITE.as_uri()}/index.html")
        page.get_by_placeholder("Search").first.fill("tombstone")
        page.keyboard.press("Enter")
        page.locator("#search-results a", has_text="How it works").first.click()
        page.wait_for_url("**/how-it-works.html*")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert max(map(int, re.findall(r"\d+", background)[:3])) < 60
    assert [url for url in asked if not url.startswith(SITE.as_uri())] == []
