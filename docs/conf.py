"""How Sphinx makes the site of these pages: `make site`. It asks nobody on the network, and neither does what it makes.

The pages stay what they are on a forge: plain Markdown. What only a site has is added while they are read: the lists of
pages of index.md are its table of contents, and openapi.md gets the description that a server gives of itself.
"""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from binder_registry.server.description.openapi import described  # noqa: E402
from binder_registry.version import __version__ as release  # noqa: E402
from docs.openapi_page import description_page  # noqa: E402

project = html_title = "binder-registry"
author, version = "the authors of binder-registry", release
project_copyright = ""
extensions = ["myst_parser"]
exclude_patterns = ["images"]
root_doc = "index"
myst_heading_anchors = 4  # as forges make them
nitpicky = True
smartquotes = False  # `--` and quotes stay what somebody typed
suppress_warnings = ["misc.highlighting_failure"]  # `…` stands for what is left out

html_theme = "furo"
html_baseurl = ""
html_show_sphinx = html_show_copyright = html_copy_source = False
html_favicon = "../src/binder_registry/server/ui/icon.svg"
html_theme_options = {"navigation_with_keys": True}
pygments_style, pygments_dark_style = "tango", "native"

_HEADING = re.compile(r"^##+ (.*)$")
_ABOVE = re.compile(r"\]\((\.\./\w+\.md)\)")  # of the repository, and no page: the site has it as a file
_ENTRY = re.compile(r"^- \[[^\]]*\]\(([\w-]+)\.md\)")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", _add)
    app.connect("build-finished", _describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def contents(index: str) -> str:
    """The lists below each heading of the index as the table of contents beside every page."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in index.splitlines():
        if title := _HEADING.match(line):
            heading = title[1]
        elif entry := _ENTRY.match(line):
            found.setdefault(heading, []).append(entry[1])
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:maxdepth: 1\n:caption: {title}\n\n"
        + "".join(f"{page}\n" for page in pages)
        + "```\n"
        for title, pages in found.items()
    )


def _add(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = _ABOVE.sub(r"](path:\1)", source[0])
    if page == root_doc:
        source[0] += contents(source[0])
    elif page == "openapi":
        source[0] += description_page()


def _describe(app: Sphinx, failure: Exception | None) -> None:
    if not failure:
        (Path(app.outdir) / "openapi.json").write_bytes(described())
