"""What people may start now, rendered: template by template, and as whole answers, each bounded in bytes.

What it costs lies with the templates and not with the people: who cannot be told apart by the groups that a template
names shares what is made of it. What a hub can start of a template is found out once for each of its states. All of it
may be called in any thread.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import chain
from operator import attrgetter
from threading import Lock
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ...changes import Position
from ...offering import Hidden, Json, Offer
from ...options import EveryGroup, deciding_groups, visible
from ...selector import Selector, matches
from ...start_schema import schema_of
from ...view import Place, each_seen, launch_of, place_of
from ...wire import encode
from ...withheld import withheld
from ..lanes import SLICE, batches, paced, pause, slices
from ..limits import Limits
from .blocks import Block
from .entries import Entry
from .hub_rules import Chosen, HubRules
from .kept import OVERHEAD, Recent
from .runs import EVERY, Piece, Shown, shown_of

Form = Literal["start", "look", "schema"]  # with `launch`, without, or as JSON Schema
MOST_LISTED = 4  # channels of which it is kept what can be started, beside the hub's own
FEW = 10  # templates that are looked at between two pauses, where there is some work with each
Source = Sequence[Block[Entry]]
Key = tuple[str, bool]  # a name, and whether it is what is tried out


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

    `pieces` are what is shown of it, by the form, and by what they hold of the `groups` that it names, or that are
    `needed` to see it at all. It may stand `behind` the one that it is tried out beside, and end a run.
    """

    __slots__ = ("_full", "ends_run", "entry", "groups", "needed", "pieces", "place", "shared", "starts")

    def __init__(
        self, entry: Entry, offer: Offer, needed: frozenset[str] = frozenset(), behind: "Slot | None" = None
    ) -> None:
        full = entry.full
        template = _decoded(full)
        left = offer(template).template
        self.entry, self.needed, self.starts = entry, needed, left is not None
        self.ends_run = hash(entry.name) % EVERY == 0
        own = place_of(left or template)
        self.place: Place = (*behind.place[:3], own[3]) if behind and behind.starts else own
        # What can be started is often the whole, which the entry has, but for what a full view adds at the end.
        self._full = b"" if left is None else full[len(entry.content) - 1 :] if left == template else encode(left)
        self.shared = left is None or (not needed and next(withheld(left, ()), None) is None)
        self.groups = frozenset[str]() if left is None else deciding_groups(left) | needed
        self.pieces: dict[tuple[Form, frozenset[str] | None], Piece] = {}

    @property
    def key(self) -> Key:
        return self.entry.name, self.place[3]

    @property
    def content(self) -> bytes:
        return self._full if self._full.startswith(b"{") else self.entry.content[:-1] + self._full


class Listed(Struct, frozen=True):
    """What can be started as of `position`, in the order of the form, and all groups that it names.

    `known` is what was looked at, by name, and of what is tried out.
    """

    position: Position = Position(0)
    slots: list[Slot] = []
    groups: frozenset[str] = frozenset()
    known: dict[Key, Slot] = {}


_NONE = Listed()


class Views:
    def __init__(self, hub: HubRules, limits: Limits) -> None:
        self.hub = hub
        self._listed = OrderedDict[Chosen, Listed]()
        self._listing, self._counting = Lock(), Lock()
        self._most, self._size = limits.seen_bytes, 0
        self._made = self._cleared = 0
        self.kept = Recent[Any](limits.view_bytes)  # what is shown, and what codings made of it

    def viewer(self, user: str | None, groups: frozenset[str], *, admin: bool = False) -> Viewer:
        fold = self.hub.ignore_group_case
        held = frozenset(map(str.casefold, groups)) if fold else groups
        return Viewer(user, groups, EveryGroup() if admin else held)

    def known(self, position: Position, chosen: Chosen, viewer: Viewer, labels: Selector, form: Form) -> Shown | None:
        """What `offered` gives, where that is no work."""
        listed = self._listed.get(chosen, _NONE)
        if listed.position != position:
            return None
        return self.kept.get((chosen, *_key(listed, viewer, labels, form)))

    def offered(
        self,
        position: Position,
        chosen: Chosen,
        sources: tuple[Source, Source],
        viewer: Viewer,
        labels: Selector,
        form: Form,
    ) -> Shown:
        """For a lane. `sources`: the living as of `position`, as the channel shows them, and as they are tried out."""
        listed = self._list(position, chosen, sources)
        key = chosen, *_key(listed, viewer, labels, form)
        shown: Shown | None = self.kept.get(key)
        if shown is None:
            before = self._cleared
            seen = (self._seen(some, viewer, labels, form) for some in paced(slices(listed.slots)))
            shown = shown_of(chain.from_iterable(seen))
            with self._counting:  # the pieces count where they are kept
                whole = 0 if self._cleared == before else sum(map(len, shown.runs))
                self.kept.keep(key, shown, shown.size + whole)
        return shown

    def explained(
        self, rows: Iterable[tuple[Entry, Entry | None]], chosen: Chosen, viewer: Viewer, labels: Selector
    ) -> tuple[list[bytes], list[Hidden]]:
        """Of entries, tombstones too, and of what is tried out of each: what is offered, in order, and what not."""
        offered, hidden = list[tuple[Place, bytes]](), list[Hidden]()
        offer, beside, form = self.hub.offers(chosen.channel), chosen.beside, self.form(chosen, viewer)
        for own, other in rows:
            self._took_a_while()
            tried = None if other is None else _decoded(other.full)
            found = each_seen(offer, _decoded(own.full), viewer.held, beside, tried)
            for entry, (place, (whole, seen, more)) in zip((own, other), found, strict=False):
                if entry is None or not matches(labels, entry.words.labels):
                    continue
                hidden += more
                if whole is not None and seen is not None:
                    offered.append((place, _rendered(encode(seen), whole, seen, form)))
        return [piece for _, piece in sorted(offered)], hidden

    def form(self, chosen: Chosen, viewer: Viewer) -> Form:
        return "start" if viewer.user is not None and self.hub.starts(chosen.channel) else "look"

    def _list(self, position: Position, chosen: Chosen, sources: tuple[Source, Source]) -> Listed:
        """One at a time: the hub is asked once about each state of a template."""
        with self._listing:
            before = self._before(chosen, sources)
            if before.position == position:
                return before
            slots = self._looked_at(chosen, sources, before.known)
            still = [slot for slot in before.slots if slots.get(slot.key) is slot]
            known = set(map(id, still))
            fresh = [slot for slot in slots.values() if slot.starts and id(slot) not in known]
            in_order = merge(still, *(sorted(some, key=_place) for some in slices(fresh)), key=_place)
            found, groups = list[Slot](), set[str]()
            for some in paced(batches(in_order, SLICE)):
                found += some
                groups.update(*(slot.groups for slot in some))
            listed = Listed(position, found, frozenset(groups), slots)
            if chosen in self._listed:
                self._listed[chosen] = listed
            return listed

    def _before(self, chosen: Chosen, sources: tuple[Source, Source]) -> Listed:
        """What there was. Of a channel that nobody promoted to, nothing is kept."""
        listed, own = self._listed, self.hub.own
        if not any(sources) and chosen != own:
            listed.pop(chosen, None)
            return _NONE
        before = listed.setdefault(chosen, Listed())
        listed.move_to_end(chosen)
        if own in listed:
            listed.move_to_end(own)
        while len(listed) > MOST_LISTED + 1:
            listed.popitem(last=False)
        return before

    def _looked_at(self, chosen: Chosen, sources: tuple[Source, Source], known: dict[Key, Slot]) -> dict[Key, Slot]:
        """All of it. What is new is added to what is `known`, so that it is there also where this is given up."""
        slots, beside = dict[Key, Slot](), chosen.beside
        own, needed = self.hub.offers(chosen.channel), beside.groups if beside else frozenset[str]()
        for tried, blocks in enumerate(sources):
            offer = beside.offer if beside and tried else own
            for entry in (entry for block in blocks for entry in block.entries):
                key = entry.name, bool(tried)
                slot = known.get(key)
                if slot is None or slot.entry is not entry:
                    behind = slots.get((entry.name, False)) if tried else None
                    slot = known[key] = Slot(entry, offer, needed if tried else frozenset(), behind)
                    self._took_a_while()
                slots[key] = slot
        return slots

    def _seen(
        self, slots: Sequence[Slot], viewer: Viewer, labels: Selector, form: Form
    ) -> Sequence[tuple[Piece, bool]]:
        """As `shown_of` takes it."""
        if labels:
            slots = [slot for slot in slots if matches(labels, slot.entry.words.labels)]
        seen, held, everything = list[tuple[Piece, bool]](), viewer.held, viewer.is_admin
        for slot in slots:
            if slot.needed and not everything and slot.needed.isdisjoint(held):
                continue
            key = form, None if slot.shared or everything else held & slot.groups
            piece = slot.pieces.get(key)
            if piece is None:
                piece = self._keep(slot, key, Piece.of(_piece(slot.content, held, form)))
                self._took_a_while()
            if piece.text:  # else they do not see it
                seen.append((piece, slot.ends_run))
        return seen

    def _took_a_while(self) -> None:
        """Now and then a pause."""
        self._made += 1
        if self._made % FEW == 0:
            pause()

    def _keep(self, slot: Slot, key: tuple[Form, frozenset[str] | None], piece: Piece) -> Piece:
        """Different groups often see the same. When there is too much of it, all is made anew, and what is made of it:
        what is asked for is there again soon."""
        same = next((other for other in [*slot.pieces.values()] if other == piece), None)
        with self._counting:
            self._size += OVERHEAD + 100 * len(key[1] or ()) + (len(piece) if same is None else 0)
            if self._size > self._most:
                for listed in [*self._listed.values()]:
                    for one in listed.slots:
                        one.pieces.clear()
                self.kept.clear()
                self._size, self._cleared = 0, self._cleared + 1
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
