from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.formats.html_text import html, text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain  text\n", "plain  text\n"),
        ("numpy &amp; friends", "numpy & friends"),
        ("a < b & c > d", "a < b & c > d"),
        ("To <b>avoid</b> bells", "To avoid bells"),
        ("See <a href='https://example.org/x'>the  docs</a>.", "See the docs (https://example.org/x)."),
        ("<a href='https://example.org'>https://example.org</a>", "https://example.org"),
        ("<a href='https://example.org'></a>", "https://example.org"),
        ("<a>no address</a>", "no address"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>one</p>\n<p>two</p>", "one\ntwo"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<script>alert(1)</script>shown<!-- not this -->", "shown"),
        ("<img src='x.png' alt='A picture'> of it", "A picture of it"),
        ("5 &lt; 6 <i>and</i> &quot;x&quot;", '5 < 6 and "x"'),
        ("a</a>b</p>", "ab"),
    ],
)
def test_html_becomes_what_a_browser_shows_of_it(written: str, shown: str) -> None:
    assert text(written) == shown


class Browser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown = ""
        self.marked: list[str] = []

    def handle_data(self, data: str) -> None:
        self.shown += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.marked.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.marked.append(tag)

    def handle_comment(self, data: str) -> None:
        self.marked.append(data)

    def handle_decl(self, decl: str) -> None:
        self.marked.append(decl)

    def handle_pi(self, data: str) -> None:
        self.marked.append(data)

    def unknown_decl(self, data: str) -> None:
        self.marked.append(data)


@given(st.text(alphabet=st.sampled_from("<>&;/!?#-[x lt'\"1="), max_size=20), st.sampled_from(["", "b>", "/p>", "lt;"]))
def test_a_browser_shows_a_text_as_it_is_whatever_follows(plain: str, after: str) -> None:
    browser = Browser()

    browser.feed(html(plain) + after)
    browser.close()

    assert (browser.shown.removesuffix(after), browser.marked) == (plain, [])


@pytest.mark.parametrize("plain", ["R & Julia", "~8 GB, <2 CPUs", "a > b"])
def test_what_needs_no_escape_has_none(plain: str) -> None:
    assert html(plain) == plain
