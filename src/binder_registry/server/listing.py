"""`GET /templates` with parameters: what is asked for, and the page that answers it.

Runs in a bounded pool of threads, over a copy of the read model's entries or over the store's rows as of a revision.
"""

import fnmatch
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from ..changes import Change
from ..errors import InvalidRequest, RevisionPurged
from ..log_store import LogStore
from ..selector import Requirement, matches, parse_selector
from ..wire import full_view
from .read_model import Entry, Words, words_of
from .requests import whole_number

PAGE = 1000  # templates, at most, of one page
PARAMETERS = ("label", "q", "image", "name", "limit", "after", "revision", "view", "deleted")


class Listing(Struct, frozen=True):
    """`limit` 0 is no limit, which only a listing of the present may have; `revision` None is the present."""

    labels: tuple[Requirement, ...] = ()
    words: tuple[str, ...] = ()
    image: str = ""
    name: str = ""
    limit: int = 0
    after: str = ""
    revision: int | None = None
    full: bool = False
    deleted: bool = False

    @property
    def filters(self) -> tuple[object, ...]:
        """What decides which templates are counted."""
        return (self.labels, self.words, self.image, self.name, self.deleted)


class Page(Struct):
    contents: list[bytes]
    last: str = ""  # the name after which the next page begins; "" when this is the last
    total: int = 0  # templates that match, on all pages


def parse_listing(query: dict[str, list[str]]) -> Listing:
    """Raises `InvalidRequest` naming the parameter."""
    labels = tuple(requirement for text in query.get("label", []) for requirement in parse_selector(text, "label"))
    single = {parameter: _single(query, parameter) for parameter in PARAMETERS if parameter != "label"}
    view, deleted, limit, revision = (single[parameter] for parameter in ("view", "deleted", "limit", "revision"))
    if view not in (None, "full"):
        raise InvalidRequest.parameter("view", "must be full")
    if deleted not in (None, "true", "false"):
        raise InvalidRequest.parameter("deleted", "must be true or false")
    if deleted == "true" and not view:
        raise InvalidRequest.parameter("deleted", "goes with view=full")
    return Listing(
        labels,
        tuple((single["q"] or "").lower().split()),
        single["image"] or "",
        single["name"] or "",
        whole_number(limit, "limit", least=1, most=PAGE) if limit is not None else 0,
        single["after"] or "",
        whole_number(revision, "revision") if revision is not None else None,
        view == "full",
        deleted == "true",
    )


def _single(query: dict[str, list[str]], parameter: str) -> str | None:
    values = query.get(parameter, [])
    if len(values) > 1:
        raise InvalidRequest.parameter(parameter, "is given twice")
    return values[0] if values else None


def page_of_present(listing: Listing, entries: Iterable[Entry]) -> Page:
    """`entries` of the living, by name; of all, in any order, where the listing wants tombstones too."""
    chosen = _chooser(listing)
    if listing.deleted:
        entries = sorted(entries, key=lambda entry: entry.name)
    found = [entry for entry in entries if chosen is None or chosen(entry.name, entry.words)]
    start = bisect_right(found, listing.after, key=lambda entry: entry.name)
    rest = found[start:]
    page = rest[: listing.limit] if listing.limit else rest
    last = page[-1].name if len(page) < len(rest) else ""
    return Page([entry.full if listing.full else entry.content for entry in page], last, len(found))


def page_of_past(listing: Listing, store: LogStore, total: int | None) -> Page:
    """As of `listing.revision`. `total` is known from an earlier page. Raises `RevisionPurged`, `RevisionUnknown`."""
    limit = listing.limit or PAGE
    page, last, count = list[Change](), "", 0
    start = listing.after if total is not None else ""
    for change in _matching(listing, store, start):
        count += 1
        if change.name <= listing.after:
            continue
        if len(page) < limit:
            page.append(change)
        else:
            last = page[-1].name
            if total is not None:
                break
    contents = [_content(change, full=listing.full) for change in page]
    return Page(contents, last, count if total is None else total)


def next_target(path: str, listing: Listing, query: dict[str, list[str]], last: str, revision: int) -> str:
    """The target of the next page, which carries the revision, so that all pages show one state."""
    again = {**query, "after": [last], "revision": [str(revision)]}
    again.setdefault("limit", [str(listing.limit or PAGE)])
    return f"{path}?{urlencode(again, doseq=True)}"


def _matching(listing: Listing, store: LogStore, after: str) -> Iterator[Change]:
    chosen = _chooser(listing)
    revision = listing.revision or 0
    while page := store.log.state(revision, after=after, limit=PAGE, deleted=listing.deleted):
        after = page[-1].name
        for change in page:
            if chosen is None or chosen(change.name, words_of(change.content or b"{}")):
                yield change


def _content(change: Change, *, full: bool) -> bytes:
    if change.content is None:
        raise RevisionPurged(f"The content of {change.name!r} as of that revision was purged")
    return full_view(change.content, change.revision) if full else change.content


def _chooser(listing: Listing) -> Callable[[str, Words], bool] | None:
    tests: list[Callable[[str, Words], bool]] = []
    if listing.name:
        tests.append(partial(_globbed_name, re.compile(fnmatch.translate(listing.name))))
    if listing.image:
        tests.append(partial(_globbed_image, re.compile(fnmatch.translate(listing.image))))
    if listing.words:
        tests.append(lambda _, words: all(word in words.text for word in listing.words))
    if listing.labels:
        tests.append(lambda _, words: matches(listing.labels, words.labels))
    if not tests:
        return None
    return lambda name, words: all(test(name, words) for test in tests)


def _globbed_name(pattern: re.Pattern[str], name: str, _: Words) -> bool:
    return pattern.match(name) is not None


def _globbed_image(pattern: re.Pattern[str], _: str, words: Words) -> bool:
    return pattern.match(words.image) is not None


def present(listing: Listing, revision: int) -> Listing:
    """A listing of the newest revision is one of the present, but stays a page."""
    if listing.revision != revision:
        return listing
    return replace(listing, revision=None, limit=listing.limit or PAGE)
