"""Forms of KubeSpawner hold HTML; ours hold text. Pure."""

import re
from html import unescape
from html.parser import HTMLParser

_TAG = re.compile(r"</?[a-zA-Z][^>]*>|<!--")
# What a browser does not read as the characters that stand there.
_MARKUP = re.compile(r"&(?=#|[a-zA-Z]|\Z)|<(?=[a-zA-Z/!?]|\Z)")
_ENTITIES = {"&": "&amp;", "<": "&lt;"}

_BLOCKS = frozenset(
    (
        *("address", "blockquote", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p"),
        *("pre", "section", "table", "tr", "ul"),
    )
)
_NOT_SHOWN = frozenset({"script", "style", "template", "title"})


def holds_html(value: str) -> bool:
    return _TAG.search(value) is not None


def text(value: str) -> str:
    """What a browser shows of it, in words: a link as `text (URL)`. What holds no tags keeps its blanks and lines."""
    if not holds_html(value):
        return unescape(value)
    reader = _Reader()
    reader.feed(value)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.found).split("\n"))
    return "\n".join(line for line in lines if line)


def html(value: str) -> str:
    """What a browser shows as this text, and no more escaped than that takes."""
    return _MARKUP.sub(lambda match: _ENTITIES[match[0]], value)


def attribute(value: str) -> str:
    """The same within quotes, where nothing is a tag."""
    return re.sub(r"&(?=#|[a-zA-Z]|\Z)", "&amp;", value).replace('"', "&quot;")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._links: list[tuple[int, str]] = []  # where its text begins, and its address
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NOT_SHOWN:
            self._hidden += 1
        elif tag == "br" or tag in _BLOCKS:
            self.found.append("\n- " if tag == "li" else "\n")
        elif tag == "a":
            self._links.append((len(self.found), dict(attrs).get("href") or ""))
        elif tag == "img":
            self.found.append(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _NOT_SHOWN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.found.append("\n")
        elif tag == "a" and self._links:
            begin, address = self._links.pop()
            shown = "".join(self.found[begin:]).strip()
            if address and address != shown:
                self.found.append(f" ({address})" if shown else address)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(re.sub(r"\s+", " ", data))
