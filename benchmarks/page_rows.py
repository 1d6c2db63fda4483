"""What the web page costs the browser of one who looks at the list of all templates while others change them."""

import http.client
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from binder_registry import LogStore, Template
from binder_registry.backends import open_log
from tests.browser import running_browser

from .rows import Bench, Row
from .servers import API_KEY, Server, serving
from .templates import name

TEMPLATES = 10_000
PER_MINUTE = 1_000
WATCHED = 60.0  # seconds
FIRST_MS, KEY_MS, MEMORY_MB = 1_000.0, 50.0, 300.0
WORDS = "course 042 python "
_KEYS = """
window.taken = [];
addEventListener("keydown", ({ timeStamp }) =>
  requestAnimationFrame(() => setTimeout(() => taken.push(performance.now() - timeStamp))), true);
"""  # from the key to behind the frame that shows what it did


def of_the_page(bench: Bench) -> Iterator[Row]:
    database = _catalogue(bench.folder / "page.sqlite")
    with serving(f"sqlite:///{database}", log=bench.folder / "page.log") as server, running_browser() as browser:
        views = sorted(_first_view(browser, server) for _ in range(bench.turns))
        yield _row(f"web page of {TEMPLATES:,} templates: first view", views[len(views) // 2], FIRST_MS, "ms")
        with browser.new_page() as page, _changes(server):
            page.add_init_script(_KEYS)
            _look(page, server)
            keys = _typed(page, WATCHED)
            memory = _memory(browser)
        work = f"web page of {TEMPLATES:,} templates, {PER_MINUTE:,} changes a minute"
        yield _row(f"{work}: p95 of a key press", keys[len(keys) * 95 // 100], KEY_MS, "ms")
        yield _row(f"{work}: memory after a minute", memory, MEMORY_MB, "MB")


def _row(work: str, ours: float, most: float, unit: str) -> Row:
    return Row(work, "a bound", f"{ours:,.0f} {unit}", f"{most:,.0f} {unit}", ours / most, 1.0, "at most")


def _look(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/ui/")
    expect(page.locator(".catalogue > li")).to_have_count(100)


def _first_view(browser: Browser, server: Server) -> float:
    """Milliseconds from the start of the navigation until rows are painted, in a profile that knows nothing."""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(
        "new MutationObserver(() => { if (!window.seen && document.querySelector('.catalogue > li'))"
        " requestAnimationFrame(() => setTimeout(() => (window.seen ??= performance.now()))); })"
        ".observe(document, { childList: true, subtree: true });"
    )
    _look(page, server)
    seen = float(page.wait_for_function("window.seen").json_value())
    context.close()
    return seen


def _typed(page: Page, seconds: float) -> list[float]:
    """Milliseconds of each key, sorted: words are typed into the search, and taken back."""
    page.get_by_label("Search").focus()
    end = time.monotonic() + seconds
    for key in itertools.chain.from_iterable(itertools.repeat([*WORDS, *["Backspace"] * len(WORDS)])):
        if time.monotonic() > end:
            break
        page.keyboard.press(key)
        page.wait_for_timeout(100)
    return sorted(page.evaluate("window.taken"))


def _memory(browser: Browser) -> float:
    """MB of the page's process, its share of what others have too (PSS)."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [_pss(one["id"]) for one in processes if one["type"] == "renderer"]
    return max(sizes) / 1e6


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


@contextmanager
def _changes(server: Server) -> Iterator[None]:
    """By somebody else, evenly, until the block is left."""
    over = threading.Event()

    def write() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Authorization": f"token {API_KEY}", "Content-Type": "application/merge-patch+json"}
        for number in itertools.count():
            if over.wait(60 / PER_MINUTE):
                return
            body = b'{"image-name":"quay.io/jupyter/scipy-notebook:%d"}' % number
            connection.request("PATCH", f"/templates/{name(number * 37 % TEMPLATES)}", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"benchmarks: a change is answered {answer.status}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


def _catalogue(database: Path) -> Path:
    """As a large university might have it: titles, descriptions and labels."""
    store = LogStore(open_log(f"sqlite:///{database}"))
    with store.atomic():
        for number in range(TEMPLATES):
            store.register_template(
                Template(
                    name=name(number),
                    display_name=f"Course {number:05}: Python and R",
                    description="What the course needs, with the data of its first week.",
                    image_name="quay.io/jupyter/scipy-notebook:2026-01-05",
                    labels={"course": f"course-{number % 500}", "term": f"{2020 + number % 7}"},
                    allowed_groups=(f"group-{number % 100}",),
                )
            )
    store.close()
    return database
