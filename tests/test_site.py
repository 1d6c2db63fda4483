"""What the site is made of, and what the check of its links notices. `built_site` looks at the site itself."""

import re
from pathlib import Path

import pytest

from binder_registry.server.routes import ROUTES, Route
from docs.check_site import faults
from docs.conf import contents
from docs.openapi_page import description_page

ROOT = Path(__file__).parents[1]
INDEX = (ROOT / "docs" / "index.md").read_text()
PAGES = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}
DESCRIBED = description_page()
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def site(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return list(faults(folder))


def test_the_index_leads_to_every_page_once() -> None:
    listed = re.findall(r"^- \[.*?\]\((.*?)\)", INDEX, re.MULTILINE)

    assert sorted(listed) == sorted(PAGES.keys() - {"index.md"})


def test_every_list_of_the_index_is_one_of_the_contents() -> None:
    made = contents("# A\n\n## One\n\n- [b](b.md): why\n- [c](c-d.md)\n\n## None\n\nText\n\n## Two\n\n- [e](e.md)\n")

    assert re.findall(r":caption: (.*)\n\n((?:[\w-]+\n)*)", made) == [("One", "b\nc-d\n"), ("Two", "e\n")]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_page_of_the_description_has_every_route(route: Route) -> None:
    assert f"\n## {route.method} {route.path}\n" in DESCRIBED


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<a href="c.html">', "c.html: there is no such file"),
        ('<img src="c.png">', "c.png: there is no such file"),
        ('<a href="b.html#c">', "b.html#c: there is no such place on that page"),
        ('<a href="#c">', "#c: there is no such place on that page"),
        ('<script src="https://example.org/a.js">', "https://example.org/a.js: is loaded from elsewhere"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "//example.org/a.css: is loaded from elsewhere"),
        ('<img srcset="https://example.org/a 2x">', "https://example.org/a: is loaded from elsewhere"),
        ("<p style=\"background: url('https://example.org/a')\">", "https://example.org/a: is loaded from elsewhere"),
    ],
)
def test_what_leads_nowhere_or_elsewhere_is_noticed(tmp_path: Path, page: str, fault: str) -> None:
    assert site(tmp_path, a_html=page, b_html='<p id="b">') == [f"a.html: {fault}"]


def test_a_style_sheet_that_loads_from_elsewhere_is_noticed(tmp_path: Path) -> None:
    assert site(tmp_path, a_css="@import 'https://example.org/font.css';") == [
        "a.css: https://example.org/font.css: is loaded from elsewhere"
    ]


def test_what_is_there_and_what_people_may_follow_is_no_fault(tmp_path: Path) -> None:
    page = '<p id="a b"><a href="https://example.org/"><a href="#a%20b"><a href="b.html#b"><img src="data:,">'

    assert site(tmp_path, a_html=page, b_html='<p id="b">') == []


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED.findall("".join(PAGES.values())))))
def test_a_test_that_a_page_names_is_there(file: str, test: str) -> None:
    assert f"def {test}" in (ROOT / file).read_text()
