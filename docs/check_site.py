"""Looks for what leads nowhere on a built site, and for what it would load from elsewhere: `docs/check_site.py FOLDER`.

Addresses of other sites, which people may follow, are not asked: that takes a network.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_IN_STYLE = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
_FOLLOWED = ("a", "form")  # by people; what other elements name, the browser loads by itself
_NOT_LOADED = ("canonical", "next", "prev", "search", "index", "author")  # of the `rel` of a <link>


class Page(HTMLParser):
    """The places that one can be sent to on a page, and the addresses that it names: (does it load them, address)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places, self.addresses = {"", "top"}, list[tuple[bool, str]]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        loads = tag not in _FOLLOWED and given.get("rel") not in _NOT_LOADED
        self.addresses += [(loads, given[name]) for name in ("href", "src", "action", "data") if given.get(name)]
        self.addresses += [(True, each.split()[0]) for each in given.get("srcset", "").split(",") if each.strip()]
        self.addresses += [(True, address) for address in _of_style(given.get("style", ""))]


def faults(folder: Path) -> Iterator[str]:
    """One line for each, with the file in which it stands."""
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".html":
            found = _page(file).addresses
        elif file.suffix == ".css":
            found = [(True, address) for address in _of_style(file.read_text())]
        else:
            continue
        for loads, address in dict.fromkeys(found):
            if why := _fault(file, address, loads):
                yield f"{file.relative_to(folder)}: {address}: {why}"


def _fault(file: Path, address: str, loads: bool) -> str:
    parts = urlsplit(address)
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        return "is loaded from elsewhere" if loads else ""
    target = file.parent / unquote(parts.path) if parts.path else file
    if not target.is_file():
        return "there is no such file"
    if target.suffix == ".html" and unquote(parts.fragment) not in _page(target.resolve()).places:
        return "there is no such place on that page"
    return ""


def _of_style(text: str) -> list[str]:
    return [one or other for one, other in _IN_STYLE.findall(text)]


@cache
def _page(file: Path) -> Page:
    return Page(file.read_text())


if __name__ == "__main__":
    lines = list(faults(Path(sys.argv[1]).resolve()))
    print(*lines, sep="\n", end="\n" if lines else "")  # noqa: T201
    sys.exit(bool(lines))
