"""Bodies too long to be sent at once: in parts, which many of them share."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Protocol

SLICE = 256 * 1024  # bytes, about, that are sent in one go,
WHOLE = 10 * SLICE  # but for a body of no more, which is one piece: to hand it over takes half a millisecond


class Part(Protocol):
    """Bytes, or what becomes bytes when its turn comes, and tells their number before."""

    def __len__(self) -> int: ...
    def __bytes__(self) -> bytes: ...


Slice = tuple[int, Sequence[bytes | memoryview]]
"""How many bytes, and which."""


class Pieces:
    """`large` are the parts that take memory, of which others may share some."""

    __slots__ = ("_size", "_slices", "large", "parts")

    def __init__(self, parts: Sequence[Part], large: Sequence[Part] | None = None) -> None:
        self.parts = parts
        self.large = parts if large is None else large
        self._size = sum(map(len, parts))
        self._slices: list[Slice] | None = None

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return b"".join(map(bytes, self.parts))

    def slices(self) -> Iterable[Slice]:
        """Parts become bytes when it is their turn; the next time they are sliced already."""
        return self._slices or self._sliced()

    def _sliced(self) -> Iterator[Slice]:
        slices = list[Slice]()
        for one in _cut(self.parts):
            slices.append((sum(map(len, one)), one))
            yield slices[-1]
        self._slices = slices


def _cut(parts: Sequence[Part]) -> Iterator[Sequence[bytes | memoryview]]:
    some, size = list[bytes](), 0
    for part in parts:
        data = bytes(part)
        if len(data) > 2 * SLICE:
            if some:
                yield some
                some, size = [], 0
            view = memoryview(data)
            yield from ([view[at : at + SLICE]] for at in range(0, len(view), SLICE))
            continue
        some.append(data)
        size += len(data)
        if size >= SLICE:
            yield some
            some, size = [], 0
    if some:
        yield some


Body = bytes | Pieces


def array(parts: Sequence[Part]) -> Pieces:
    """A JSON array, with the line end that all answers have, of parts that each hold elements with commas between."""
    separated = list(chain.from_iterable(zip(repeat(b","), parts, strict=False)))
    return Pieces([b"[", *separated[1:], b"]\n"], parts)


def body_of(pieces: Pieces) -> Body:
    """In one piece where it is short."""
    return pieces if is_long(len(pieces)) else bytes(pieces)


def is_long(size: int) -> bool:
    return size > WHOLE
