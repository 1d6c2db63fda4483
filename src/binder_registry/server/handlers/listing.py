"""`GET /templates` with parameters: what is asked for, and the page that answers it.

Runs in a lane, over a copy of the read model's entries or over the store's rows as of a revision.
"""

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from ...auth import Identity
from ...changes import PAGE
from ...errors import InvalidRequest, RevisionPurged, StoreUnavailable
from ...globs import compiled, parse_glob
from ...registry import Registry
from ...selector import Requirement, matches, parse_selector
from ..description.parameters import MOST_WORDS
from ..http.requests import single, whole_number
from ..lanes import go_on, paced, slices
from ..live.blocks import Block
from ..live.entries import Entry
from ..live.pieces import Part
from .asked_channel import asked_channel
from .channels_past import entries_of

Test = Callable[[list[Entry]], list[Entry]]  # gives those that pass


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
    channel: str = ""
    fallback: bool = False  # those that are not in the channel show their newest content

    @property
    def filters(self) -> tuple[object, ...]:
        """What decides which templates are counted."""
        return (self.labels, self.words, self.image, self.name, self.deleted, self.channel, self.fallback)


class Page(Struct):
    contents: Sequence[Part]  # each of some templates, with commas between
    last: str = ""  # the name after which the next page begins; "" when this is the last
    total: int = 0  # templates that match, on all pages


def parse_listing(query: dict[str, list[str]]) -> Listing:
    """Raises `InvalidRequest` naming the parameter."""
    labels = parse_selector(*query.get("label", []), parameter="label")
    view, deleted, limit, revision, words, image, name, after = (
        single(query, parameter)
        for parameter in ("view", "deleted", "limit", "revision", "q", "image", "name", "after")
    )
    if view not in (None, "full"):
        raise InvalidRequest.parameter("view", "must be full")
    if deleted not in (None, "true", "false"):
        raise InvalidRequest.parameter("deleted", "must be true or false")
    if deleted == "true" and not view:
        raise InvalidRequest.parameter("deleted", "goes with view=full")
    return Listing(
        tuple(labels),
        _words(words or ""),
        parse_glob(image or "", "image"),
        parse_glob(name or "", "name"),
        whole_number(limit, "limit", least=1, most=PAGE) if limit is not None else 0,
        after or "",
        whole_number(revision, "revision") if revision is not None else None,
        view == "full",
        deleted == "true",
        *asked_channel(query),
    )


def _words(text: str) -> tuple[str, ...]:
    words = text.split(None, MOST_WORDS)  # the rest, as long as it may be, is one
    if len(words) > MOST_WORDS:
        raise InvalidRequest.parameter("q", f"must not hold more than {MOST_WORDS} words")
    return tuple(word.lower() for word in words)


def page_of_present(listing: Listing, blocks: list[Block[Entry]], most: int) -> Page:
    """`blocks` of the living, by name; full views are kept with them where all have at most so many bytes."""
    if listing == Listing(full=listing.full, channel=listing.channel, fallback=listing.fallback):
        keep = sum(map(len, blocks)) <= most
        whole: Sequence[Part] = [block.full(keep=keep) for block in paced(blocks)] if listing.full else blocks
        return Page(whole, "", sum(len(block.entries) for block in blocks))
    if tests := _tests(listing):
        found = _selected(tests, (block.entries for block in blocks))
        total = len(found)
    else:
        total = sum(len(block.entries) for block in blocks)
        found = _from(blocks, listing)
    start = bisect_right(found, listing.after, key=lambda entry: entry.name)
    end = start + listing.limit if listing.limit else len(found)
    page = found[start:end]
    last = page[-1].name if end < len(found) else ""
    contents = (map(partial(_content, listing), some) for some in paced(slices(page)))
    return Page([b",".join(some) for some in contents], last, total)


def page_of_past(listing: Listing, registry: Registry, who: Identity, total: int | None) -> Page:
    """As of `listing.revision`. `total` is known from an earlier page. Raises `RevisionPurged`, `RevisionUnknown`."""
    limit = listing.limit or PAGE
    contents, newest, last, count = list[bytes](), "", "", 0
    for entry in _matching(listing, registry, who, "" if total is None else listing.after):
        count += 1
        if entry.name <= listing.after:
            continue
        if len(contents) < limit:
            contents.append(_content(listing, entry))
            newest = entry.name
            continue
        last = newest
        if total is not None:
            break
    joined = [b",".join(some) for some in paced(slices(contents))]
    return Page(joined, last, count if total is None else total)


def page_with_tombstones(listing: Listing, registry: Registry, who: Identity, revision: int) -> Page:
    """Of the present, which is at `revision`; what tombstones hold is not in memory. Raises `StoreUnavailable`."""
    try:
        everything = replace(listing, revision=revision, limit=listing.limit or sys.maxsize)
        return page_of_past(everything, registry, who, None)
    except RevisionPurged:  # a template was changed at this moment, and what it was is gone
        raise StoreUnavailable from None


def next_target(path: str, listing: Listing, query: dict[str, list[str]], last: str, revision: int) -> str:
    """The target of the next page, which carries the revision, so that all pages show one state."""
    again = {**query, "after": [last], "revision": [str(revision)]}
    again.setdefault("limit", [str(listing.limit or PAGE)])
    return f"{path}?{urlencode(again, doseq=True)}"


def _matching(listing: Listing, registry: Registry, who: Identity, after: str) -> Iterator[Entry]:
    """Raises `RevisionPurged` where it cannot be told any more whether a template matches; `RevisionUnknown`."""
    for page in registry.template_index_pages(who, listing.revision or 0, after=after, deleted=listing.deleted):
        go_on()
        purged = next((change for change in page if change.content is None), None)
        if purged:
            raise RevisionPurged(f"The content of {purged.name!r} as of that revision was purged")
        tests, entries = _tests(listing), entries_of(registry, who, page, listing.channel, fallback=listing.fallback)
        yield from _selected(tests, slices(entries)) if tests else entries


def _content(listing: Listing, entry: Entry) -> bytes:
    return entry.full if listing.full else entry.content


def _selected(tests: list[Test], slices: Iterable[list[Entry]]) -> list[Entry]:
    found: list[Entry] = []
    for some in paced(slices):
        for test in tests:
            some = test(some)
        found += some
    return found


def _from(blocks: list[Block[Entry]], listing: Listing) -> list[Entry]:
    """All of the page, and more."""
    first = max(0, bisect_right(blocks, listing.after, key=lambda block: block.first) - 1)
    found: list[Entry] = []
    for block in blocks[first:]:
        found += block.entries
        if listing.limit and len(found) > listing.limit + len(blocks[first].entries):
            break
    return found


def _tests(listing: Listing) -> list[Test]:
    tests: list[Test] = []
    if listing.name:
        name = compiled(listing.name)
        tests.append(lambda entries: [entry for entry in entries if name(entry.name)])
    tests += [partial(_containing, word) for word in listing.words]
    if listing.image:
        image = compiled(listing.image)
        tests.append(lambda entries: [entry for entry in entries if image(entry.words.image)])
    if listing.labels:
        tests.append(lambda entries: [entry for entry in entries if matches(listing.labels, entry.words.labels)])
    return tests


def _containing(word: str, entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if word in entry.words.text]


def present(listing: Listing, revision: int) -> Listing:
    """A listing of the newest revision is one of the present, but stays a page."""
    if listing.revision != revision:
        return listing
    return replace(listing, revision=None, limit=listing.limit or PAGE)
