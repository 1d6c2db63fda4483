"""Every answer about the present, as finished bytes.

Changed and read on the event loop only; another thread gets a `snapshot`, or a copy of `entries`.
"""

from collections.abc import Iterable, Sequence

from ...changes import Action, Change, Newest, Position, next_mark
from ...interpreter import STEP, no_collection, rest
from ...kept_members import has_kept
from ...lookalikes import folded, is_plain
from ...shown_log import LIVE
from .answer import OF_INDEX, Answer, CodedAnswer, entity_tag, is_path, path_of
from .blocks import Block, Blocks
from .channel_lists import ChannelLists, answer_in_channels
from .channels import ReadEach, channel_tag, entry_of, pointed_at, read_contents
from .drawn import Drawing, Group, Shown, newest_events
from .entries import Entry, ReadContent, State, Tombstone, no_log
from .prepared import Prepared

_PURGED = Action.PURGED  # quicker than the member of the class


class ForkedLog(Exception):
    """A change does not follow from what the model shows: the log is another one now."""


class ReadModel:
    """`prefix` is the path below which everything is served, without a slash at its end; `read` gives what tombstones
    do not keep, and `read_each` what channels point at."""

    def __init__(
        self, prefix: str = "", read: ReadContent = no_log, read_each: ReadEach = lambda revisions: ()
    ) -> None:
        self.prefix = prefix
        self._read, self._read_each = read, read_each
        self.answers: dict[bytes, Answer] = {}  # by request target; the list only while it is assembled
        self.entries: dict[str, State] = {}  # tombstones too
        self.living = Blocks[Entry]()  # by name, in code points
        self.lists = ChannelLists()
        self.prepared = Prepared(read_each)
        self.position = Position(0)
        self.drawing: Drawing | None = None  # of a large commit that is to come
        self.odd: dict[str, set[str]] = {}  # names of the living that are not plain, by what they look like
        self._list = f"{prefix}/templates".encode()
        self._folder = self._list + b"/"
        self._assembled: list[bytes] = []  # lists of channels that are in `answers`

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
        revision, held = position.revision, list[int]()
        for name, written, own_mark, deleted, content in newest:
            if written > revision:
                revision, mark = written, own_mark
            if deleted:
                states.append(Tombstone(name, written, own_mark, read))
            else:
                if content is not None and has_kept(content):
                    held.append(len(states))
                states.append(Entry(name, written, own_mark, content))
        self._find_channels(states, held)
        states.reverse()
        self._load(Position(revision, mark) if mark else position, states)

    def _find_channels(self, states: list[State], held: list[int]) -> None:
        """In the place of entries that were made as if there were none."""
        plain = [state for at in held if isinstance(state := states[at], Entry)]
        wanted = {revision for entry in plain for revision in pointed_at(entry.content, entry.revision)}
        contents = read_contents(self._read_each, wanted)
        for at, entry in zip(held, plain, strict=True):
            states[at] = entry_of(entry.name, entry.revision, entry.mark, entry.content, contents)

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
        self.lists.load(living)
        for entry in self.lists.in_channels.values():
            answer_in_channels(self.answers, self._target(entry.name), None, entry)
        described_by = f'<{self.prefix}/openapi.json>; rel="service-desc"'.encode()
        self.answers[f"{self.prefix}/".encode()] = Answer(LIVE, b"", ((b"link", described_by), *OF_INDEX))
        self.position, self.drawing = position, None

    def apply(self, changes: Iterable[Change]) -> list[Shown]:
        """Show these changes, and give those that were new, each with the entry before it and the one after it.

        What is shown already is passed over; after a gap nothing is taken. Raises `ForkedLog`.
        """
        new: list[Shown] = []
        entries, revision = self.entries, self.position.revision
        for change in changes:
            if change.revision != revision + 1:
                if change.revision <= revision:
                    continue
                break
            if not new and next_mark(self.position.mark, change) != change.mark:
                raise ForkedLog  # what follows is from the same log
            before = after = entries.get(change.name)
            if change.content is not None:  # else it is purged, and a newer change of the same name follows
                after = self._show(change, before)
            new.append((change, before, after))
            revision += 1
        if new:
            self.position = new[-1][0].position
            self.answers.pop(self._list, None)
            if self._assembled or self.prepared.made:
                self._drop_lists()
            if drawing := self.drawing:
                drawing.note(new)
        return new

    def state_of(self, change: Change) -> State:
        if change.deleted:
            return Tombstone(change.name, change.revision, change.mark, self._read)
        return self.prepared.take(change)

    def apply_group(self, group: Group) -> bool:
        """Show it: in no time, however much it is. False where it does not follow from what is shown by now."""
        if self.position != group.before:
            return False
        self.position, self.drawing = group.after, None
        self.entries, group.entries = group.entries, self.entries
        self.answers, group.answers = group.answers, self.answers
        self.living, group.living = group.living, self.living
        self.lists, group.lists = group.lists, self.lists
        self._drop_lists()  # what was asked for since the group was made
        for name in group.odd:
            self.odd.get(folded(name), set()).discard(name)
            if not self.entries[name].deleted:
                self._look_at(name)
        return True

    def draw(self) -> Drawing | None:
        """Begin one; None where channels are."""
        self.drawing = None
        if not self.lists.in_channels:
            answers = self.answers.copy()
            answers.pop(self._list, None)
            living = Blocks(self.living.seen())
            self.drawing = Drawing(self.entries.copy(), answers, living, self._targets, self._read)
        return self.drawing

    def is_drawn(self, changes: Sequence[Change]) -> bool:
        drawing = self.drawing
        return drawing is not None and drawing.is_of(changes)

    def drawn(self, changes: list[Change], most: int) -> Group | None:
        """As `group`, of what was drawn."""
        drawing, self.drawing = self.drawing, None
        if drawing is None or not drawing.is_of(changes) or self.lists.in_channels or not self._follow(changes):
            return None
        return drawing.group(self.position, changes, self.entries, self.lists, most)

    def _follow(self, changes: list[Change]) -> bool:
        before, first = self.position, changes[0]
        return first.revision == before.revision + 1 and next_mark(before.mark, first) == first.mark

    @no_collection()
    def group(self, changes: list[Change], most: int) -> Group | None:
        """What `apply_group` takes; None where a name comes twice, something was purged, or these do not follow from
        what is shown. In any thread, while nothing else can be shown but these.

        It empties the list, so that no content is there twice for long; the last `most` changes are kept.
        """
        before = self.position
        if not self._follow(changes):
            return None
        names = [change.name for change in changes if change.content is not None and change.action is not _PURGED]
        if len(set(names)) < len(changes):
            return None
        shown, after = self.entries, changes[-1].position
        events, begins = newest_events(before, changes, shown, most)
        entries, answers = shown.copy(), self.answers.copy()
        new = dict[str, Entry | None]()
        changes.reverse()
        for target in self._targets(names):
            if len(changes) % STEP == 0:
                rest()
            change = changes.pop()
            name = change.name
            if not change.deleted:
                entry = new[name] = entries[name] = answers[target] = self.prepared.take(change)
                answer_in_channels(answers, target, shown.get(name), entry)
                continue
            lived = name in shown and not shown[name].deleted
            entries[name] = self.state_of(change)
            if lived:
                answers.pop(target, None)
                new[name] = None
                answer_in_channels(answers, target, shown[name], None)
        for target in (self._list, *self._assembled):
            answers.pop(target, None)
        for event in events:
            event.show(entries.get(event.change.name))
        odd = [] if _are_plain(names) else [name for name in names if not is_plain(name)]
        living, lists = self.living.changed(new), self.lists.changed(shown, new)
        return Group(before, after, events, begins, entries, answers, living, lists, odd)

    def snapshot(self) -> list[Block[Entry]]:
        """The living, by name, for another thread."""
        return self.living.seen()

    def list_answer(self) -> CodedAnswer:
        """`GET /templates`, put together at most once per revision."""
        answer = self.answers.get(self._list)
        if not isinstance(answer, CodedAnswer):
            answer = self.answers[self._list] = CodedAnswer(self.living.pieces(), entity_tag(self.position))
        return answer

    def channel_blocks(self, channel: str, *, fallback: bool) -> Blocks[Entry]:
        """Of the living as they are in this channel, by name."""
        return self.lists.blocks(channel, self.living, fallback=fallback)

    def channel_list_answer(self, channel: str, *, fallback: bool) -> CodedAnswer:
        """`GET /templates?channel=…`, put together at most once per revision where the channel is one."""
        target = b"%b?channel=%b%b" % (self._list, channel.encode(), b"&fallback=latest" if fallback else b"")
        answer = self.answers.get(target)
        if not isinstance(answer, CodedAnswer):
            pieces = self.channel_blocks(channel, fallback=fallback).pieces()
            answer = CodedAnswer(pieces, channel_tag(self.position, channel))
            if self.lists.there_is(channel):
                self.answers[target] = answer
                self._assembled.append(target)
        return answer

    def _drop_lists(self) -> None:
        """And what was prepared for what is shown by now, which others have shown, or nobody will."""
        self.answers.pop(self._list, None)
        while self._assembled:
            self.answers.pop(self._assembled.pop(), None)
        self.prepared.forget(self.position.revision)

    def _target(self, name: str) -> bytes:
        return f"{self.prefix}{path_of(name)}".encode()

    def _targets(self, names: list[str]) -> list[bytes]:
        together = "".join(names)
        if path_of(together) == f"/templates/{together}":  # nothing in them is to be quoted
            return [f"{self.prefix}/templates/{name}".encode() for name in names]
        return [self._target(name) for name in names]

    def _show(self, change: Change, before: State | None) -> State:
        name, lived = change.name, before is not None and not before.deleted
        if change.deleted:
            tombstone = self.entries[name] = self.state_of(change)
            self.answers.pop(self._target(name), None)
            if lived:
                if self.lists.in_channels:
                    self._show_in_channels(name, before, None)
                self.living.drop(name)
                if not is_plain(name):
                    self.odd[folded(name)].discard(name)
            return tombstone
        content = change.content
        if content is None or has_kept(content):
            entry = self.prepared.take(change)
        else:
            entry = Entry(name, change.revision, change.mark, content)
        self.entries[name] = entry
        self.living.put(entry)
        if self.lists.in_channels or type(entry) is not Entry:
            self._show_in_channels(name, before, entry)
        if is_path(name):  # nor is there anything to look at
            self.answers[self._folder + name.encode()] = entry
            return entry
        self.answers[self._target(name)] = entry
        if not lived:
            self._look_at(name)
        return entry

    def _show_in_channels(self, name: str, before: State | None, after: Entry | None) -> None:
        answer_in_channels(self.answers, self._target(name), before, after)
        self.lists.show(name, before, after)

    def _look_at(self, name: str) -> None:
        if not is_plain(name):
            self.odd.setdefault(folded(name), set()).add(name)


def _are_plain(names: list[str]) -> bool:
    """Whether none can mislead; a quick look at a hundred thousand, which may say no where it could say yes."""
    together = "".join(names)
    return together.isascii() and " " not in together
