"""How many templates are in which state. In any thread: what is counted of a block is remembered while it is shown."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from ..live.blocks import Block
from ..live.entries import Entry

STATES = ("current", "deprecated", "paused", "deleted")
_KEYS = (b'"deprecated":', b'"paused":')  # most templates hold neither, nor anything that looks like it


class _Marked(Struct):
    deprecated: str = ""
    paused: str = ""


_marked = msgspec.json.Decoder(_Marked)
Counts = tuple[int, int, int]  # in the order of the states


class States:
    def __init__(self) -> None:
        self._known: dict[Block[Entry], Counts] = {}

    def counted(self, blocks: Sequence[Block[Entry]], deleted: int) -> dict[str, int]:
        """`blocks` do not change any more."""
        known = self._known
        self._known = {block: known.get(block) or _counts(block) for block in blocks}
        living = map(sum, zip(*self._known.values(), strict=True)) if blocks else (0, 0, 0)
        return dict(zip(STATES, (*living, deleted), strict=True))


def _counts(block: Block[Entry]) -> Counts:
    deprecated = paused = 0
    for entry in block.entries:
        content = entry.body
        if any(key in content for key in _KEYS):
            marked = _marked.decode(content)
            paused += bool(marked.paused)
            deprecated += bool(marked.deprecated and not marked.paused)
    return len(block.entries) - deprecated - paused, deprecated, paused
