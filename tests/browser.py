"""A browser without windows: Debian's Chromium, or one of its kind that is there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

# The first is the same without all that windows need: a third of the processor.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, NAMES) if path), None)
MISSING = "no chromium here: `make test` installs it where it is root"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

needs_browser = pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason=MISSING)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """On CI a missing one is a failure; elsewhere tests are marked with `needs_browser`."""
    assert CHROMIUM, "chromium is missing"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
