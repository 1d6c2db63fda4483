"""Every answer about the present, as finished bytes.

Changed and read on the event loop only; another thread gets a `snapshot`, or a copy of `entries`.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from ...changes import Change, Newest, Position, next_mark
from ...lookalikes import folded, is_plain
from ...registry import LIVE
from ...strict_json import no_collection
from .answer import Answer, CodedAnswer, entity_tag, is_path, path_of
from .blocks import Block, Blocks
from .entries import Entry, ReadContent, State, Tombstone, no_log
from .events import Event, event_of


class Group(Struct):
    """The model as it is after many changes of one commit, each of another template: made beside it, shown at once.

    Once it is shown it holds what was shown before, so that whoever lets go of it, and not the loop, clears that away.
    """

    before: Position
    after: Position
    events: Sequence[Event]  # the newest
    passed_over: Position  # of the last change before these
    entries: dict[str, State]
    answers: dict[bytes, Answer]
    living: Blocks[Entry]
    odd: list[str]


class ForkedLog(Exception):
    """A change does not follow from what the model shows: the log is another one now."""


class ReadModel:
    """`prefix` is the path below which everything is served, without a slash at its end; `read` gives what tombstones
    do not keep."""

    def __init__(self, prefix: str = "", read: ReadContent = no_log) -> None:
        self.prefix = prefix
        self._read = read
        self.answers: dict[bytes, Answer] = {}  # by request target; the list only while it is assembled
        self.entries: dict[str, State] = {}  # tombstones too
        self.living = Blocks[Entry]()  # by name, in code points
        self.position = Position(0)
        self.odd: dict[str, set[str]] = {}  # names of the living that are not plain, by what they look like
        self._list = f"{prefix}/templates".encode()
        self._folder = self._list + b"/"

    @property
    def revision(self) -> int:
        return self.position.revision

    def load(self, position: Position, newest: Iterable[Change]) -> None:
        """Start over from the newest change of every name, tombstones too, ordered by name."""
        self._load(position, [self.state_of(change) for change in newest])

    @no_collection()
    def load_present(self, position: Position, newest: Iterable[Newest]) -> None:
        """The same, from what `Registry.present` gives. In any thread, while nobody looks at the model."""
        read, states, mark = self._read, list[State](), b""
        revision = position.revision
        for name, written, own_mark, deleted, content in newest:
            if written > revision:
                revision, mark = written, own_mark
            if deleted:
                states.append(Tombstone(name, written, own_mark, read))
            else:
                states.append(Entry(name, written, own_mark, content))
        states.reverse()
        self._load(Position(revision, mark) if mark else position, states)

    def _load(self, position: Position, states: list[State]) -> None:
        self.entries = {state.name: state for state in states}
        living = [state for state in states if isinstance(state, Entry)]
        self.living = Blocks.of(living)
        self.odd = {}
        names = [entry.name for entry in living]
        if not _are_plain(names):
            for name in names:
                self._look_at(name)
        self.answers = dict(zip(self._targets(names), living, strict=True))
        described_by = f'<{self.prefix}/openapi.json>; rel="service-desc"'.encode()
        self.answers[f"{self.prefix}/".encode()] = Answer(LIVE, b"", ((b"link", described_by),))
        self.position = position

    def apply(self, changes: Iterable[Change]) -> list[tuple[Change, State | None]]:
        """Show these changes, and give those that were new, each with the entry before it.

        What is shown already is passed over; after a gap nothing is taken. Raises `ForkedLog`.
        """
        new: list[tuple[Change, State | None]] = []
        entries, revision = self.entries, self.position.revision
        for change in changes:
            if change.revision != revision + 1:
                if change.revision <= revision:
                    continue
                break
            if not new and next_mark(self.position.mark, change) != change.mark:
                raise ForkedLog  # what follows is from the same log
            before = entries.get(change.name)
            new.append((change, before))
            if change.content is not None:  # else it is purged, and a newer change of the same name follows
                self._show(change, before)
            revision += 1
        if new:
            self.position = new[-1][0].position
            self.answers.pop(self._list, None)
        return new

    def state_of(self, change: Change) -> State:
        if change.deleted:
            return Tombstone(change.name, change.revision, change.mark, self._read)
        return Entry(change.name, change.revision, change.mark, change.content)

    def apply_group(self, group: "Group") -> bool:
        """Show it: in no time, however much it is. False where it does not follow from what is shown by now."""
        if self.position != group.before:
            return False
        self.position = group.after
        self.entries, group.entries = group.entries, self.entries
        self.answers, group.answers = group.answers, self.answers
        self.living, group.living = group.living, self.living
        for name in group.odd:
            self.odd.get(folded(name), set()).discard(name)
            if not self.entries[name].deleted:
                self._look_at(name)
        return True

    @no_collection()
    def group(self, changes: list[Change], most: int) -> "Group | None":
        """What `apply_group` takes; None where a name comes twice, something was purged, or these do not follow from
        what is shown. In any thread, while nothing else can be shown but these.

        It empties the list, so that no content is there twice for long; the last `most` changes are kept.
        """
        before = self.position
        if changes[0].revision != before.revision + 1 or next_mark(before.mark, changes[0]) != changes[0].mark:
            return None
        names = [change.name for change in changes if change.content is not None]
        if len(set(names)) < len(changes):
            return None
        shown, after = self.entries, changes[-1].position
        events = [event_of(change, shown.get(change.name)) for change in changes[-most:]]
        passed_over = changes[-most - 1].position if len(changes) > most else before
        entries, answers = shown.copy(), self.answers.copy()
        new = dict[str, Entry | None]()
        changes.reverse()
        for target in self._targets(names):
            change = changes.pop()
            name = change.name
            if not change.deleted:
                new[name] = entries[name] = answers[target] = Entry.of(change)
                continue
            lived = name in shown and not shown[name].deleted
            entries[name] = self.state_of(change)
            if lived:
                answers.pop(target, None)
                new[name] = None
        answers.pop(self._list, None)
        odd = [] if _are_plain(names) else [name for name in names if not is_plain(name)]
        return Group(before, after, events, passed_over, entries, answers, self.living.changed(new), odd)

    def snapshot(self) -> list[Block[Entry]]:
        """The living, by name, for another thread."""
        return self.living.seen()

    def list_answer(self) -> CodedAnswer:
        """`GET /templates`, put together at most once per revision."""
        answer = self.answers.get(self._list)
        if not isinstance(answer, CodedAnswer):
            answer = self.answers[self._list] = CodedAnswer(self.living.pieces(), entity_tag(self.position))
        return answer

    def _target(self, name: str) -> bytes:
        return f"{self.prefix}{path_of(name)}".encode()

    def _targets(self, names: list[str]) -> list[bytes]:
        together = "".join(names)
        if path_of(together) == f"/templates/{together}":  # nothing in them is to be quoted
            return [f"{self.prefix}/templates/{name}".encode() for name in names]
        return [self._target(name) for name in names]

    def _show(self, change: Change, before: State | None) -> None:
        name, lived = change.name, before is not None and not before.deleted
        if change.deleted:
            self.entries[name] = self.state_of(change)
            self.answers.pop(self._target(name), None)
            if lived:
                self.living.drop(name)
                if not is_plain(name):
                    self.odd[folded(name)].discard(name)
            return
        entry = self.entries[name] = Entry(name, change.revision, change.mark, change.content)
        self.living.put(entry)
        if is_path(name):  # nor is there anything to look at
            self.answers[self._folder + name.encode()] = entry
            return
        self.answers[self._target(name)] = entry
        if not lived:
            self._look_at(name)

    def _look_at(self, name: str) -> None:
        if not is_plain(name):
            self.odd.setdefault(folded(name), set()).add(name)


def _are_plain(names: list[str]) -> bool:
    """Whether none can mislead; a quick look at a hundred thousand, which may say no where it could say yes."""
    together = "".join(names)
    return together.isascii() and " " not in together
