"""What people may start now, rendered: template by template, and as whole answers, each bounded in bytes.

What it costs lies with the templates and not with the people: who cannot be told apart by the groups that a template
names shares what is made of it. All of it may be called in any thread.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Literal

import msgspec
from msgspec import Struct

from ...auth import Identity
from ...changes import Position
from ...offering import Hidden, Json, Offer
from ...options import EveryGroup, deciding_groups, visible
from ...selector import Selector, matches
from ...start_schema import schema_of
from ...view import launch_of, on_any_hub, place_of, seen_of
from ...wire import encode
from ...withheld import withheld
from ..lanes import SLICE, paced, slices
from ..limits import Limits
from .blocks import Block
from .entries import Entry
from .kept import Recent

Form = Literal["start", "look", "schema"]  # with `launch`, without, or as JSON Schema
Place = tuple[float, str, str]


class HubRules(Struct, frozen=True):
    """What is known of the hub whose users ask. `rules` is a word that is another one where they are others.

    `groups_from` says where else than from itself the hub takes groups: nobody knows of those here. `user_of` asks it
    about one of its users, which may wait; None is nobody. It raises `AuthUnavailable` and `InvalidRequest`.
    """

    offer: Offer = on_any_hub
    rules: str = ""
    groups_from: str = ""
    ignore_group_case: bool = False
    user_of: Callable[[str], Identity | None] | None = None


ANY_HUB = HubRules()


class Viewer(Struct, frozen=True):
    """For whom it is: `user` is None for who starts nothing. `held` are the groups as they are compared."""

    user: str | None
    groups: frozenset[str]
    held: frozenset[str]

    @property
    def is_admin(self) -> bool:
        return isinstance(self.held, EveryGroup)


class Startable(Struct, frozen=True):
    """Of one template. `content` is None where nothing of it can be started, and empty where all of it can, as it is.
    `shared`: everybody sees the same of it. `groups` are those that it names."""

    content: bytes | None
    place: Place
    shared: bool
    groups: frozenset[str]

    @property
    def size(self) -> int:
        return 200 + len(self.content or b"") + len(self.place[1]) + 100 * len(self.groups)


class Listed(Struct, frozen=True):
    """Of what can be started as of `position`, in the order of the form, and all groups that it names."""

    position: Position
    entries: list[Entry]
    groups: frozenset[str]


class Views:
    def __init__(self, hub: HubRules, limits: Limits) -> None:
        self.hub = hub
        self._startable = Recent[Startable](limits.startable_bytes)
        self._pieces = Recent[bytes](limits.seen_bytes)
        self._answers = Recent[Sequence[bytes]](limits.view_bytes)
        self._listed = Listed(Position(0), [], frozenset())

    def viewer(self, user: str | None, groups: frozenset[str], *, admin: bool = False) -> Viewer:
        fold = self.hub.ignore_group_case
        held = frozenset(map(str.casefold, groups)) if fold else groups
        return Viewer(user, groups, EveryGroup() if admin else held)

    def known(self, position: Position, viewer: Viewer, labels: Selector, form: Form) -> Sequence[bytes] | None:
        """What `offered` gives, where that is no work."""
        listed = self._listed
        return self._answers.get(_key(listed, viewer, labels, form)) if listed.position == position else None

    def offered(
        self, position: Position, blocks: Iterable[Block[Entry]], viewer: Viewer, labels: Selector, form: Form
    ) -> Sequence[bytes]:
        """Some elements of a JSON array each, of `blocks`, which are the living as of `position`. For a lane."""
        listed = self._listed
        if listed.position != position:
            listed = self._listed = self._list(position, blocks)
        key = _key(listed, viewer, labels, form)
        parts = self._answers.get(key)
        if parts is None:
            joined = (self._joined(some, viewer, labels, form) for some in paced(slices(listed.entries)))
            parts = [part for part in joined if part]
            self._answers.keep(key, parts, sum(map(len, parts)))
        return parts

    def explained(self, entries: Iterable[Entry], viewer: Viewer, labels: Selector) -> tuple[list[bytes], list[Hidden]]:
        """Of entries, tombstones too: what is offered of them, in order, and all that is not."""
        offered, hidden = list[tuple[Place, bytes]](), list[Hidden]()
        for entry in entries:
            if not matches(labels, entry.words.labels):
                continue
            template = _decoded(entry.full)
            whole, seen, more = seen_of(self.hub.offer, template, viewer.held)
            hidden += more
            if whole is not None and seen is not None:
                form: Form = "look" if viewer.user is None else "start"
                offered.append((place_of(template), _rendered(encode(seen), whole, seen, form)))
        return [piece for _, piece in sorted(offered)], hidden

    def _list(self, position: Position, blocks: Iterable[Block[Entry]]) -> Listed:
        groups, sorted_parts = set[str](), list[list[tuple[Place, Entry]]]()
        for block in paced(blocks):
            some = list[tuple[Place, Entry]]()
            for entry in block.entries:
                startable = self._of(entry)
                if startable.content is not None:
                    some.append((startable.place, entry))
                    groups |= startable.groups
            sorted_parts.append(sorted(some, key=_place))
        entries = list[Entry]()
        for ordered in paced(_batches(merge(*sorted_parts, key=_place))):
            entries += [entry for _, entry in ordered]
        return Listed(position, entries, frozenset(groups))

    def _of(self, entry: Entry) -> Startable:
        key = _state(entry)
        found = self._startable.get(key)
        if found is None:
            found = self._startable_of(entry)
            self._startable.keep(key, found, found.size)
        return found

    def _startable_of(self, entry: Entry) -> Startable:
        template = _decoded(entry.full)
        place = place_of(template)
        left = self.hub.offer(template).template
        if left is None:
            return Startable(None, place, True, frozenset())
        content = b"" if left == template else encode(left)
        shared = next(withheld(left, ()), None) is None
        return Startable(content, place, shared, deciding_groups(left))

    def _joined(self, entries: Sequence[Entry], viewer: Viewer, labels: Selector, form: Form) -> bytes:
        selected = [entry for entry in entries if matches(labels, entry.words.labels)] if labels else entries
        return b",".join(filter(None, [self._piece(entry, viewer, form) for entry in selected]))

    def _piece(self, entry: Entry, viewer: Viewer, form: Form) -> bytes:
        """Empty where they do not see it."""
        startable = self._of(entry)
        theirs = None if startable.shared or viewer.is_admin else viewer.held & startable.groups
        key = (_state(entry), theirs, form)
        piece = self._pieces.get(key)
        if piece is None:
            piece = _piece_of(startable.content or entry.full, viewer, form)
            self._pieces.keep(key, piece, len(piece) + 100 * len(theirs or ()))
        return piece


def _piece_of(content: bytes, viewer: Viewer, form: Form) -> bytes:
    template = _decoded(content)
    seen = visible(template, viewer.held)
    return b"" if seen is None else _rendered(content if seen == template else encode(seen), template, seen, form)


def _rendered(content: bytes, template: Json, seen: Json, form: Form) -> bytes:
    if form == "schema":
        return encode(schema_of(template, seen))
    launch = launch_of(template, seen) if form == "start" else None
    return content if launch is None else b'%b,"launch":%b}' % (content[:-1], encode(launch))


def _key(listed: Listed, viewer: Viewer, labels: Selector, form: Form) -> tuple[object, ...]:
    theirs = None if viewer.is_admin else viewer.held & listed.groups
    return listed.position, theirs, tuple(labels), form


def _state(entry: Entry) -> tuple[int, bytes]:
    """Of which template, and as of when."""
    return entry.revision, entry.mark


def _decoded(content: bytes) -> Json:
    template: Json = _decode(content)
    return template


_decode = msgspec.json.Decoder(dict).decode


def _place(one: tuple[Place, Entry]) -> Place:
    return one[0]


def _batches(found: Iterable[tuple[Place, Entry]]) -> Iterator[list[tuple[Place, Entry]]]:
    rest = iter(found)
    while some := list(islice(rest, SLICE)):
        yield some
