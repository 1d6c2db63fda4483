"""The model as it is after many changes of one commit: made beside it, shown at once.

It is drawn before that commit, while others write. After it, while they wait, little is left to do.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from ...changes import Change, Position
from ...interpreter import Held, let_go_later, no_collection, rest
from ...lookalikes import is_plain
from .answer import Answer
from .blocks import Blocks
from .channel_lists import ChannelLists
from .channels import holds_kept
from .entries import Entry, ReadContent, State, Tombstone
from .events import Event, event_of

PIECE = 500  # of what is done in one step of the interpreter: other threads wait for it


Shown = tuple[Change, State | None, State | None]
"""A change, and what there was of its name before it and after it."""


class Group(Struct):
    """Each change is of another template. Once it is shown it holds what was shown before, so that whoever lets go of
    it, and not the loop, clears that away."""

    before: Position
    after: Position
    events: deque[Event]  # the newest
    begins: Position  # of what comes before these
    entries: dict[str, State]
    answers: dict[bytes, Answer]
    living: Blocks[Entry]
    lists: ChannelLists
    odd: list[str]
    size: int = 0  # bytes of the events
    gone: list[Held] = []  # what the ring held

    def __post_init__(self) -> None:
        self.size = sum(event.size for event in self.events)

    def let_go(self) -> None:
        """Once it is shown: of what was shown before."""
        let_go_later(*self.gone)


def newest_events(
    before: Position, changes: Sequence[Change], shown: dict[str, State], most: int
) -> tuple[deque[Event], Position]:
    """Of the last `most` changes, and what comes before them; `before` comes before all, and then this was `shown`."""
    events = deque(event_of(change, shown.get(change.name)) for change in changes[-most:])
    return events, changes[-most - 1].position if len(changes) > most else before


class Drawing:
    """Of rows that have no place in the log yet. It begins with copies of what is shown, none of it in a channel, and
    of the list with blocks that others have seen; `targets` gives those of names."""

    def __init__(
        self,
        entries: dict[str, State],
        answers: dict[bytes, Answer],
        living: Blocks[Entry],
        targets: Callable[[list[str]], list[bytes]],
        read: ReadContent,
    ) -> None:
        self._entries, self._answers, self._living = entries, answers, living
        self._targets, self._read = targets, read
        self._missed: dict[str, State] = {}  # what was shown since it began
        self._first: Change | None = None
        self._drawn: list[State] = []  # in the order of the rows
        self._odd: list[str] = []

    def note(self, new: Iterable[Shown]) -> None:
        """These are shown now. On the loop."""
        self._missed |= {change.name: after for change, _, after in new if after is not None}

    @no_collection()
    def add(self, rows: Sequence[Change]) -> bool:
        """All that it is to show, once. False where that cannot be drawn yet. In any thread."""
        new, entries, answers = dict[str, Entry | None](), self._entries, self._answers
        for at in range(0, len(rows), PIECE):
            some = rows[at : at + PIECE]
            if any(row.content is None or holds_kept(row.content) for row in some):
                return False
            names = [row.name for row in some]
            self._odd += [name for name in names if not is_plain(name)]
            made = [
                Tombstone(row.name, 0, b"", self._read) if row.deleted else Entry(row.name, 0, b"", row.content)
                for row in some
            ]
            self._drawn += made
            for name, target, state in zip(names, self._targets(names), made, strict=True):
                if isinstance(state, Entry):
                    new[name] = answers[target] = state
                elif answers.pop(target, None):
                    new[name] = None
                entries[name] = state
            rest()
        self._living = self._living.changed(new)
        self._first = rows[0]
        return True

    def is_of(self, rows: Sequence[Change]) -> bool:
        return self._first is not None and len(rows) == len(self._drawn) and rows[0] is self._first

    @no_collection()
    def group(
        self, before: Position, rows: list[Change], shown: dict[str, State], lists: ChannelLists, most: int
    ) -> Group:
        """Once they have their places, and all that comes before them is `shown`; nothing of that is in a channel. Of
        the last `most` there are events."""
        for name, state in self._missed.items():
            self._put(name, state)
        for state, row in zip(self._drawn, rows, strict=True):
            state.revision = row.revision
            state.mark = row.mark
        self._drawn.clear()
        after, (events, begins) = rows[-1].position, newest_events(before, rows, shown, most)
        return Group(before, after, events, begins, self._entries, self._answers, self._living, lists, self._odd)

    def _put(self, name: str, state: State) -> None:
        [target] = self._targets([name])
        self._entries[name] = state
        if isinstance(state, Entry):
            self._answers[target] = state
            self._living.put(state)
        elif self._answers.pop(target, None):
            self._living.drop(name)
