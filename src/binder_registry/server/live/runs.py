"""What one viewer is shown of many templates, as references to pieces that others share.

They stand in runs, which end at the same templates whoever looks and whatever else changes: what is made of a run can
be used again.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from msgspec import Struct

from .kept import OVERHEAD
from .pieces import SLICE, Body, Pieces, body_of, is_long

DIGEST_BYTES = 16
POINTER = 8  # bytes
EVERY = 16  # of so many templates one ends a run, about,
LEAST = SLICE // 4  # once it has so many bytes
_new = blake2b(digest_size=DIGEST_BYTES)


class Piece(Struct, frozen=True, gc=False):
    """What is shown of one template: nothing, where `text` is empty."""

    text: bytes
    digest: bytes

    @classmethod
    def of(cls, text: bytes) -> "Piece":
        return cls(text, _digest(text))

    def __len__(self) -> int:
        return len(self.text)


class Run:
    """A part of a body: pieces with commas between, put together when it is sent."""

    __slots__ = ("_size", "digest", "texts")

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.texts = [piece.text for piece in pieces]
        self._size = sum(map(len, self.texts)) + len(pieces) - 1
        self.digest = _digest(b"".join([piece.digest for piece in pieces]))

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return b",".join(self.texts)


class Shown(Struct, frozen=True):
    """`size` is what it takes of memory beside the pieces."""

    runs: Sequence[Run]
    digest: bytes

    @property
    def size(self) -> int:
        return sum(OVERHEAD + POINTER * len(run.texts) for run in self.runs)

    def between(self, head: bytes, tail: bytes) -> Pieces:
        """The runs with commas between, in a body."""
        commas = [one for run in self.runs for one in (b",", run)][1:]
        return Pieces([head, *commas, tail], self.runs)

    def body(self, head: bytes, tail: bytes) -> Body:
        """The same; in one piece where it is short, of which no part is copied twice."""
        pieces = self.between(head, tail)
        if is_long(len(pieces)) or not self.runs:
            return body_of(pieces)
        texts = [text for run in self.runs for text in run.texts]
        texts[0] = head + texts[0]
        texts[-1] += tail
        return b",".join(texts)


def shown_of(pieces: Iterable[tuple[Piece, bool]]) -> Shown:
    """Of pieces that are shown, each with whether a run may end with it."""
    runs, some, size = list[Run](), list[Piece](), 0
    for piece, may_end in pieces:
        some.append(piece)
        size += len(piece.text)
        if size >= SLICE or (may_end and size >= LEAST):
            runs.append(Run(some))
            some, size = [], 0
    if some:
        runs.append(Run(some))
    return Shown(runs, _digest(b"".join([run.digest for run in runs])))


def _digest(text: bytes) -> bytes:
    digest = _new.copy()
    digest.update(text)
    return digest.digest()
