"""Lists in blocks: after any changes they are, byte for byte, what joining all templates gives, plain and coded."""

import gzip
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from binder_registry import LogStore, Registry, TokenAuthStore
from binder_registry.auth import ANYONE
from binder_registry.backends.memory import MemoryLog
from binder_registry.changes import Action, Change, Position, chained, content_digest
from binder_registry.must_understand import full_view
from binder_registry.server.handlers.listing import Listing, Page, page_of_past, page_of_present
from binder_registry.server.http.codings import CODINGS, Coding
from binder_registry.server.http.compression import _coded
from binder_registry.server.live import blocks, pieces
from binder_registry.server.live.blocks import Block, Blocks
from binder_registry.server.live.entries import Entry
from binder_registry.server.live.pieces import Pieces, array, body_of
from binder_registry.server.live.read_model import ReadModel

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MiB = 1024**2
CHANGES, NAMES = 10_000, 400
TIME = datetime(2026, 11, 26, tzinfo=UTC)
DECODERS = {b"gzip": gzip.decompress, b"zstd": zstd.decompress}


class Journal:
    """Random changes of a log, and what lives after them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.log = MemoryLog()
        self.living: dict[str, Change] = {}
        self._mark, self._revision = self.log.origin(), 0

    def more(self, count: int) -> list[Change]:
        with self.log.writing() as rows:
            rows += [self._change() for _ in range(count)]
        return rows

    def _change(self) -> Change:
        name = f"t{self.random.randrange(NAMES)}"
        before = self.living.get(name)
        deleted = before is not None and self.random.random() < 0.4
        action = Action.DELETED if deleted else Action.UPDATED if before else Action.CREATED
        end = ',"deleted":true}' if deleted else "}"
        text = "x" * self.random.choice((1, 9, 90, 900))
        content = f'{{"name":"{name}","image-name":"i{self._revision}","description":"{text}"{end}'.encode()
        self._revision += 1
        change = chained(
            self._mark,
            Change(
                revision=self._revision,
                mark=b"",
                time=TIME,
                by="",
                note="",
                action=action,
                name=name,
                previous=before.revision if before else 0,
                first=self._revision,
                deleted=deleted,
                content=content,
                digest=content_digest(content),
            ),
        )
        self._mark = change.mark
        if deleted:
            del self.living[name]
        else:
            self.living[name] = change
        return change


class Step(NamedTuple):
    """Some changes, and what lives after them, by name."""

    changes: list[Change]
    living: dict[str, Change]

    def joined(self, listing: Listing = Listing()) -> tuple[bytes, int]:  # noqa: B008 - frozen
        """What a list answers, and how many there are."""
        names = [name for name in self.living if name > listing.after]
        changes = [self.living[name] for name in (names[: listing.limit] if listing.limit else names)]
        contents = [change.content or b"" for change in changes]
        if listing.full:
            contents = [full_view(change.content or b"", change.revision) for change in changes]
        return b"[%b]\n" % b",".join(contents), len(self.living)


class History(NamedTuple):
    log: MemoryLog
    steps: list[Step]

    def shown(self) -> Iterator[tuple[int, Step, ReadModel]]:
        """Step by step; many changes are shown at once."""
        model = ReadModel()
        model.load(Position(0, self.log.origin()), [])
        for number, step in enumerate(self.steps):
            group = model.group([*step.changes], most=1) if len(step.changes) > 5 else None
            if not (group and model.apply_group(group)):
                model.apply(step.changes)
            yield number, step, model


@pytest.fixture(scope="module")
def history() -> History:
    journal, steps, left = Journal(1), list[Step](), CHANGES
    while left:
        count = min(left, journal.random.choice((1, 1, 2, 5, 120)))
        left -= count
        changes = journal.more(count)
        steps.append(Step(changes, dict(sorted(journal.living.items()))))
    return History(journal.log, steps)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and slices so small that there are many."""
    monkeypatch.setattr(blocks, "ENTRIES", 16)
    monkeypatch.setattr(blocks, "BYTES", 3000)
    monkeypatch.setattr(pieces, "SLICE", 2000)
    monkeypatch.setattr(pieces, "WHOLE", 2000)


def coded(whole: Pieces, coding: Coding, name: bytes) -> bytes:
    return bytes(coding.whole([_coded(part, name) for part in whole.parts]))


def read(page: Page) -> tuple[bytes, int]:
    return bytes(array(page.contents)), page.total


@pytest.mark.usefixtures("small")
def test_ten_thousand_changes_give_the_list_that_joining_gives(history: History) -> None:
    for _, step, model in history.shown():
        answer, wanted = model.list_answer(), step.joined()[0]

        assert bytes(answer.body) == wanted
        assert b"content-length: %d\r\n" % len(wanted) in answer.head
        assert len(model.living) == len(step.living)
        assert b"".join(b"".join(some) for _, some in answer.pieces.slices()) == wanted


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", CODINGS)
def test_ten_thousand_changes_give_the_coded_list_that_joining_gives(history: History, name: bytes) -> None:
    for number, step, model in history.shown():
        if number % 25 == 0:
            whole = coded(model.list_answer().pieces, CODINGS[name], name)

            assert DECODERS[name](whole) == step.joined()[0]


@pytest.mark.usefixtures("small")
def test_ten_thousand_changes_give_the_pages_that_joining_gives(history: History) -> None:
    pick = random.Random(2)

    for number, step, model in history.shown():
        if number % 5 == 0:
            limit, after = pick.choice((0, 1, 20, 1000)), pick.choice(("", "t", "t2", "t39", "z"))
            listing = Listing(limit=limit, after=after, full=pick.random() < 0.5)

            assert read(page_of_present(listing, model.snapshot(), MiB)) == step.joined(listing)


def test_ten_thousand_changes_give_the_past_that_joining_gives(history: History) -> None:
    registry = Registry(LogStore(history.log), TokenAuthStore("key"))

    for number, step in enumerate(history.steps):
        if number % 25 == 0:
            listing = Listing(limit=20, after="t2", full=number % 2 == 0, revision=step.changes[-1].revision)

            assert read(page_of_past(listing, registry, ANYONE, None)) == step.joined(listing)


def entry(name: str, text: str = "") -> Entry:
    content = f'{{"name":"{name}","image-name":"i","description":"{text}"}}'.encode()
    return Entry(name, 1, b"", content)


def test_a_change_replaces_one_block_and_leaves_what_was_made_of_the_others() -> None:
    living = Blocks.of([entry(f"t{number:04}") for number in range(1000)])
    before = living.seen()

    living.put(entry("t0500", "new"))

    assert [was is now for was, now in zip(before, living.seen(), strict=True)] == [True, True, False, True]


def test_what_was_seen_stays_as_it_was() -> None:
    living = Blocks.of([entry("a"), entry("b")])
    living.put(entry("a", "first"))
    [seen] = living.seen()

    living.put(entry("a", "second"))
    living.put(entry("c"))
    living.drop("b")

    assert [each.name for each in seen.entries] == ["a", "b"]
    assert b"first" in bytes(seen)


def test_a_block_grows_to_no_more_than_twice_its_size() -> None:
    living = Blocks[Entry]()

    for number in range(3000):
        living.put(entry(f"t{number}"))

    assert max(len(block.entries) for block in living.seen()) <= 2 * blocks.ENTRIES
    assert len(living.seen()) < 3000 / (blocks.ENTRIES / 2)


def test_a_block_of_large_templates_holds_few() -> None:
    living = Blocks.of([entry(f"t{number}", "x" * 50_000) for number in range(20)])

    living.put(entry("t100", "x" * 50_000))

    assert max(len(block) for block in living.seen()) <= 2 * blocks.BYTES


@pytest.mark.parametrize("seed", range(4))
def test_many_entries_in_any_order_come_to_stand_by_name(seed: int) -> None:
    order = random.Random(seed)
    names = [f"{order.randrange(10**6):06}-é" for _ in range(order.choice((1, 50, 5000)))]
    entries = {name: entry(name) for name in names}

    living = Blocks.of([entry("5")]).changed(entries)

    assert [one.name for one in living] == sorted([*entries, "5"])


def test_blocks_that_few_are_left_of_become_one() -> None:
    living = Blocks.of([entry(f"t{number:04}") for number in range(1000)])

    for number in range(990):
        living.drop(f"t{number:04}")

    assert [len(block.entries) for block in living.seen()] == [10]


def test_an_empty_list_is_one_of_two_brackets() -> None:
    assert bytes(Blocks[Entry]().pieces()) == b"[]\n"


def test_a_slice_ends_within_a_part_that_is_long() -> None:
    body = Pieces([b"a", bytes(5 * pieces.SLICE + 7), b"b"])

    slices = [b"".join(some) for _, some in body.slices()]

    assert max(map(len, slices)) <= pieces.SLICE
    assert b"".join(slices) == bytes(body)


def test_what_is_short_is_in_one_piece() -> None:
    assert body_of(array([b"1", b"2"])) == b"[1,2]\n"


def test_a_block_is_rendered_once() -> None:
    block: Block[Entry] = Blocks.of([entry("a"), entry("b")]).seen()[0]

    assert bytes(block) is bytes(block)
    assert block.full(keep=True) is block.full(keep=True)


@pytest.mark.parametrize(("most", "kept"), [(MiB, True), (1000, False)])
def test_full_views_are_kept_where_they_are_not_too_many(most: int, *, kept: bool) -> None:
    living = Blocks.of([entry(f"t{number}") for number in range(100)]).seen()

    pages = [page_of_present(Listing(full=True), living, most) for _ in range(2)]

    assert (pages[0].contents[0] is pages[1].contents[0]) is kept
    assert bytes(pages[0].contents[0]) == bytes(pages[1].contents[0])
