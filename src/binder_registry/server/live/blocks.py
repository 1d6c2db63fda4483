"""Many entries by name, in blocks that never change once somebody has seen them: a change replaces one then, and what
was made of the others stays."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter, le
from typing import Any, Generic, Protocol, TypeVar

from .pieces import Pieces, array

ENTRIES = 256  # of a block, about,
BYTES = 64 * 1024  # and of these at most so many, but for one that is larger; it may become twice as large
STEP = 64  # the square root of how many names are sorted at once, about


class Named(Protocol):
    """`body` is `content`, and a line end."""

    name: str
    body: bytes

    @property
    def content(self) -> bytes: ...
    @property
    def full(self) -> bytes: ...


E = TypeVar("E", bound=Named)
_name, _body = attrgetter("name"), attrgetter("body")


class Block(Generic[E]):
    """As bytes: the contents with commas between, kept from the first use. In any thread.

    `coded` holds what codings made of it, by their names; `seen` says whether anybody else has it.
    """

    __slots__ = ("_full", "_text", "coded", "entries", "first", "seen", "size")

    def __init__(self, entries: list[E], size: int) -> None:
        self.entries = entries
        self.first = entries[0].name
        self.size = size
        self._text = self._full = b""
        self.coded: dict[bytes, Any] = {}
        self.seen = False

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> bytes:
        if not self._text:
            self._text = self.rendered()
        return self._text

    def rendered(self) -> bytes:
        """For a use that does not come again."""
        return self._text or b",".join([entry.content for entry in self.entries])

    def full(self, *, keep: bool) -> bytes:
        """The same of the full views."""
        full = self._full or b",".join([entry.full for entry in self.entries])
        if keep:
            self._full = full
        return full


_first = attrgetter("first")


class Blocks(Generic[E]):
    def __init__(self, blocks: Iterable[Block[E]] = ()) -> None:
        self._all = list(blocks)  # none is empty
        self._count = sum(len(block.entries) for block in self._all)

    @classmethod
    def of(cls, entries: list[E]) -> "Blocks[E]":
        """`entries` by name."""
        return cls(_cut(entries))

    def __len__(self) -> int:
        """The number of entries."""
        return self._count

    def __iter__(self) -> Iterator[E]:
        return (entry for block in self._all for entry in block.entries)

    def seen(self) -> list[Block[E]]:
        """All of them, for others: they will not change any more."""
        for block in self._all:
            block.seen = True
        return self._all.copy()

    def put(self, entry: E) -> None:
        blocks, name = self._all, entry.name
        if not blocks:
            self._all, self._count = list(_cut([entry])), 1
            return
        at = len(blocks) - 1
        block = blocks[at]
        entries, size = block.entries, block.size + len(entry.body)
        if name > entries[-1].name and not block.seen and size <= 2 * BYTES and len(entries) < 2 * ENTRIES:
            entries.append(entry)  # many are named in their order
            block.size = size
            self._count += 1
            return
        if name < block.first:
            at = max(0, bisect_right(blocks, name, key=_first) - 1)
            block = blocks[at]
            entries, size = block.entries, block.size + len(entry.body)
        place = bisect_left(entries, name, key=_name) if name <= entries[-1].name else len(entries)
        known = place < len(entries) and entries[place].name == name
        if block.seen:
            entries = entries.copy()
        if known:
            size -= len(entries[place].body)
            entries[place] = entry
        else:
            entries.insert(place, entry)
            self._count += 1
        if block.seen or size < block.size or size > 2 * BYTES or len(entries) > 2 * ENTRIES:
            self._replace(at, entries, size)
        else:
            block.size, block.first = size, entries[0].name

    def drop(self, name: str) -> None:
        """It is there."""
        at = max(0, bisect_right(self._all, name, key=_first) - 1)
        block = self._all[at]
        place = bisect_left(block.entries, name, key=_name)
        # A copy costs as much as all else that a write does here, so what nobody has seen is not copied.
        entries = block.entries.copy() if block.seen else block.entries
        gone = entries.pop(place)
        self._count -= 1
        self._replace(at, entries, block.size - len(gone.body))

    def changed(self, entries: Mapping[str, E | None]) -> "Blocks[E]":
        """The same with these, and without those that are None. In any thread, while nobody changes it."""
        names, start, blocks = _in_order([*entries]), 0, list[Block[E]]()
        firsts = [*(block.first for block in self._all[1:]), None]
        for at, first in enumerate(firsts):
            end = len(names) if first is None else bisect_left(names, first)
            if start == end:
                blocks += self._all[at : at + 1]
                continue
            found = {entry.name: entry for block in self._all[at : at + 1] for entry in block.entries}
            for name in names[start:end]:
                entry = entries[name]
                if entry is None:
                    found.pop(name, None)
                else:
                    found[name] = entry
            blocks += _cut([found[name] for name in _in_order([*found])])
            start = end
        return Blocks(blocks)

    def pieces(self) -> Pieces:
        """A JSON array of all contents."""
        return array(self.seen())

    def _replace(self, at: int, entries: list[E], size: int) -> None:
        after = self._all[at + 1] if at + 1 < len(self._all) else None
        if not entries:
            del self._all[at]
        elif len(entries) > 1 and (len(entries) > 2 * ENTRIES or size > 2 * BYTES):
            middle = len(entries) // 2
            self._all[at : at + 1] = [*_halved(entries[:middle]), *_halved(entries[middle:])]
        elif after and len(entries) + len(after.entries) < ENTRIES // 2 and size + len(after) < BYTES // 2:
            self._all[at : at + 2] = _cut(entries + after.entries)
        else:
            self._all[at] = Block(entries, size)


def _in_order(names: list[str]) -> list[str]:
    """Sorted, but not in one step, which holds all other threads up: a tenth of a second for a hundred thousand."""
    if all(map(le, names, names[1:])):
        return names
    bounds = sorted(names[::STEP])[::STEP]
    between: list[list[str]] = [[] for _ in range(len(bounds) + 1)]
    for name in names:
        between[bisect_right(bounds, name)].append(name)
    return [name for some in between for name in sorted(some)]


def _cut(entries: list[E]) -> Iterator[Block[E]]:
    step = -(-len(entries) // max(1, round(len(entries) / ENTRIES)))
    for start in range(0, len(entries), step or 1):
        yield from _halved(entries[start : start + step])


def _halved(entries: list[E]) -> Iterator[Block[E]]:
    size = sum(map(len, map(_body, entries))) - 1  # each with a comma in the place of its line end, but for the last
    if size > 2 * BYTES and len(entries) > 1:
        middle = len(entries) // 2
        yield from _halved(entries[:middle])
        yield from _halved(entries[middle:])
    else:
        yield Block(entries, size)
