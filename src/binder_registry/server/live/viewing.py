"""What people may start now, rendered: template by template, and as whole answers, each bounded in bytes.

What it costs lies with the templates and not with the people: who cannot be told apart by the groups that a template
names shares what is made of it. What a hub can start of a template is found out once for each of its states. All of it
may be called in any thread.
"""

from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from operator import attrgetter
from threading import Lock
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
from ..lanes import SLICE, batches, paced, pause, slices
from ..limits import Limits
from .blocks import Block
from .entries import Entry
from .kept import OVERHEAD, Recent

Form = Literal["start", "look", "schema"]  # with `launch`, without, or as JSON Schema
Place = tuple[float, str, str]
FEW = 10  # templates that are looked at between two pauses, where there is some work with each


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


class Slot:
    """What can be started of one state of a template. `shared`: everybody sees the same of it.

    `pieces` are what is shown of it, by the form, and by what they hold of the `groups` that it names.
    """

    __slots__ = ("_full", "entry", "groups", "pieces", "place", "shared", "starts")

    def __init__(self, entry: Entry, offer: Offer) -> None:
        full = entry.full
        template = _decoded(full)
        left = offer(template).template
        self.entry, self.place, self.starts = entry, place_of(template), left is not None
        # What can be started is often the whole, which the entry has, but for what a full view adds at the end.
        self._full = b"" if left is None else full[len(entry.content) - 1 :] if left == template else encode(left)
        self.shared = left is None or next(withheld(left, ()), None) is None
        self.groups = frozenset[str]() if left is None else deciding_groups(left)
        self.pieces: dict[tuple[Form, frozenset[str] | None], bytes] = {}

    @property
    def content(self) -> bytes:
        return self._full if self._full.startswith(b"{") else self.entry.content[:-1] + self._full


class Listed(Struct, frozen=True):
    """What can be started as of `position`, in the order of the form, and all groups that it names."""

    position: Position
    slots: list[Slot]
    groups: frozenset[str]


class Views:
    def __init__(self, hub: HubRules, limits: Limits) -> None:
        self.hub = hub
        self._slots: dict[str, Slot] = {}  # by name
        self._listed = Listed(Position(0), [], frozenset())
        self._listing, self._counting = Lock(), Lock()
        self._most, self._size = limits.seen_bytes, 0
        self._made = 0
        self._answers = Recent[Sequence[bytes]](limits.view_bytes)

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
        listed = self._list(position, blocks)
        key = _key(listed, viewer, labels, form)
        parts = self._answers.get(key)
        if parts is None:
            joined = (self._joined(some, viewer, labels, form) for some in paced(slices(listed.slots)))
            parts = [part for part in joined if part]
            self._answers.keep(key, parts, sum(map(len, parts)))
        return parts

    def explained(self, entries: Iterable[Entry], viewer: Viewer, labels: Selector) -> tuple[list[bytes], list[Hidden]]:
        """Of entries, tombstones too: what is offered of them, in order, and all that is not."""
        offered, hidden = list[tuple[Place, bytes]](), list[Hidden]()
        for entry in entries:
            self._took_a_while()
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
        """One at a time: the hub is asked once about each state of a template."""
        with self._listing:
            if self._listed.position == position:
                return self._listed
            slots = dict[str, Slot]()
            for entry in (entry for block in blocks for entry in block.entries):
                slot = self._slots.get(entry.name)
                if slot is None or slot.entry is not entry:
                    slot = self._slots[entry.name] = Slot(entry, self.hub.offer)  # there, also where this is given up
                    self._took_a_while()
                slots[entry.name] = slot
            still = [slot for slot in self._listed.slots if slots.get(slot.entry.name) is slot]
            known = set(map(id, still))
            fresh = [slot for slot in slots.values() if slot.starts and id(slot) not in known]
            in_order = merge(still, *(sorted(some, key=_place) for some in slices(fresh)), key=_place)
            found, groups = list[Slot](), set[str]()
            for some in paced(batches(in_order, SLICE)):
                found += some
                groups.update(*(slot.groups for slot in some))
            self._slots, self._listed = slots, Listed(position, found, frozenset(groups))
            return self._listed

    def _joined(self, slots: Sequence[Slot], viewer: Viewer, labels: Selector, form: Form) -> bytes:
        if labels:
            slots = [slot for slot in slots if matches(labels, slot.entry.words.labels)]
        pieces, held, everything = list[bytes](), viewer.held, viewer.is_admin
        for slot in slots:
            key = form, None if slot.shared or everything else held & slot.groups
            piece = slot.pieces.get(key)
            if piece is None:
                piece = self._keep(slot, key, _piece(slot.content, held, form))
                self._took_a_while()
            if piece:  # else they do not see it
                pieces.append(piece)
        return b",".join(pieces)

    def _took_a_while(self) -> None:
        """Now and then a pause."""
        self._made += 1
        if self._made % FEW == 0:
            pause()

    def _keep(self, slot: Slot, key: tuple[Form, frozenset[str] | None], piece: bytes) -> bytes:
        """Different groups often see the same. When there is too much of it, all is made anew: what is asked for is
        there again soon."""
        same = next((other for other in [*slot.pieces.values()] if other == piece), None)
        with self._counting:
            self._size += OVERHEAD + 100 * len(key[1] or ()) + (len(piece) if same is None else 0)
            if self._size > self._most:
                for one in self._listed.slots:
                    one.pieces.clear()
                self._size = 0
                return piece
        kept = slot.pieces[key] = piece if same is None else same
        return kept


def _piece(content: bytes, held: frozenset[str], form: Form) -> bytes:
    template = _decoded(content)
    seen = visible(template, held)
    return b"" if seen is None else _rendered(content if seen == template else encode(seen), template, seen, form)


def _rendered(content: bytes, template: Json, seen: Json, form: Form) -> bytes:
    if form == "schema":
        return encode(schema_of(template, seen))
    launch = launch_of(template, seen) if form == "start" else None
    return content if launch is None else b'%b,"launch":%b}' % (content[:-1], encode(launch))


def _key(listed: Listed, viewer: Viewer, labels: Selector, form: Form) -> tuple[object, ...]:
    theirs = None if viewer.is_admin else viewer.held & listed.groups
    return listed.position, theirs, tuple(labels), form


def _decoded(content: bytes) -> Json:
    template: Json = _decode(content)
    return template


_decode = msgspec.json.Decoder(dict).decode


_place = attrgetter("place")
