"""Pictures of every page, narrow and wide, light and dark: `python -m tests.ui.screenshots FOLDER [PAGE…]`."""

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser

from tests.browser import running_browser
from tests.server.running import AUTHORIZATION, RunningServer, running_server
from tests.ui.tab import Tab
from tests.ui.writes import change, promote, template, write

GIB = 2**30
WIDTHS = (320, 1280, 2560)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PAGES = {
    "catalogue": "",
    "catalogue-found": "?q=python&label=course%3Dphysics",
    "catalogue-nothing": "?q=fortran",
    "catalogue-deleted": "?deleted=true",
    "catalogue-then": "?revision=3",
    "template": "templates/scipy",
    "history": "templates/scipy/history",
    "compare": "templates/scipy/compare?from=1&to=5",
    "template-then": "templates/scipy?revision=1",
    "template-deleted": "templates/octave",
    "edit": "templates/scipy/edit",
    "new": "new",
    "apply": "apply",
    "view": "view",
    "tokens": "tokens",
    "audit": "audit",
    "audit-sifted": "audit?name=scipy&action=updated",
    "login": "login",
    "missing": "nothing-of-ours",
}
SIZE: dict[str, Any] = {
    "name": "size",
    "display-name": "Size",
    "choices": [
        {"name": "small", "display-name": "Small", "default": True, "set": {"limits": {"memory": 2 * GIB, "cpus": 1}}},
        {"name": "large", "display-name": "Large", "set": {"limits": {"memory": 16 * GIB, "cpus": 4}}},
    ],
}


def seed(server: RunningServer) -> None:
    """A few environments as a university has them, with a past."""
    template(
        server,
        "scipy",
        display_name="Scientific Python",
        description="NumPy, SciPy, pandas and Matplotlib.",
        labels={"course": "physics", "term": "2026"},
        options=[SIZE],
        order=1,
    )
    promote(server, "scipy", "stable")
    image = "quay.io/jupyter/r-notebook:2026-10-05"
    template(server, "r", display_name="R and RStudio", labels={"course": "statistics"}, allowed_groups=["stat-101"])
    change(server, "r", image_name=image, limits={"memory": 4 * GIB, "cpus": 1.5})
    change(server, "scipy", image_name="quay.io/jupyter/scipy-notebook:2026-11-01", note="https://ci.example.org/1432")
    change(server, "scipy", command="start-notebook.py", note="Start as the others do")
    groups = ["physics-2", "physics-3", "staff", "guests"]
    template(server, "gpu", display_name="PyTorch with a GPU", limits={"gpus": 1}, allowed_groups=groups)
    change(server, "gpu", paused="The GPU nodes are being repaired until Friday.")
    template(server, "hebrew", display_name="סביבת פייתון", labels={"course": "physics"}, description="Python")
    template(server, "julia", display_name="Julia", labels={"course": "physics"}, default=True)
    promote(server, "julia", "stable")
    change(server, "julia", deprecated="Use Pluto instead.", replaced_by="scipy")
    template(server, "octave", labels={"term": "2025"})
    write(server, "DELETE", "/templates/octave?replaced-by=scipy", note="Nobody used it")


@contextmanager
def looking(browser: Browser, server: RunningServer) -> Iterator[Tab]:
    """The tab of an admin, who sees all pages."""
    with Tab.opened(browser, server.url, extra_http_headers=AUTHORIZATION) as tab:
        tab.page.context.add_cookies([{"name": "registry-xsrf", "value": "any", "url": server.url}])
        yield tab


def at_sizes(
    tab: Tab, widths: Iterable[int] = WIDTHS, schemes: Iterable[Scheme] = SCHEMES
) -> Iterator[tuple[int, Scheme]]:
    """What is shown, at each width, in each scheme."""
    for scheme, width in product(schemes, widths):
        tab.page.emulate_media(color_scheme=scheme)
        tab.page.set_viewport_size({"width": width, "height": 900 if width < 2000 else 1200})
        yield width, scheme


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="else all of them")
    parser.add_argument("--docs", action="store_true", help="one of each, as the docs show it")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    sizes: tuple[Any, ...] = ([1280], ["light"]) if asked.docs else (WIDTHS, SCHEMES)
    with tempfile.TemporaryDirectory() as work, running_server(Path(work)) as server, running_browser() as browser:
        seed(server)
        with looking(browser, server) as tab:
            for name in asked.pages or PAGES:
                tab.visit(PAGES[name])
                for width, scheme in at_sizes(tab, *sizes):
                    tab.page.screenshot(path=asked.folder / f"{name}-{width}-{scheme}.png")


if __name__ == "__main__":
    main()
