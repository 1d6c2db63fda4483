"""What a template is in its channels: the content of the revision that each points at, under the rights of today."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal, Union

import msgspec
from msgspec import Raw

from ...changes import Change, Position
from ...kept_members import channels_of, content_revision_of, has_kept, shown, with_kept
from ...must_understand import full_view
from ...options import as_of_today
from ...template import WIRE_NAMES
from ...wire import encode
from .answer import entity_tag
from .entries import Entry

CODINGS = ("gzip", "zstd", "br", "deflate")  # a proxy that appends one of these to an ETag leaves the state as it is

ReadEach = Callable[[Collection[int]], Iterable[Change]]
"""The changes with these revisions, without those that the log does not have. Raises `StoreUnavailable`."""

InState = Union["InChannel", Literal["purged"], None]
"""What a channel shows: None where nothing; "purged" where nobody can tell any more."""

Contents = Mapping[int, bytes]
"""By the revision that wrote each: what people are shown of it."""

_LOOKED_AT = ("allowed-groups", "deprecated", "replaced-by", "paused", "options")  # where the rights of today differ
_RIGHTS = tuple(b'"%b":' % member.encode() for member in _LOOKED_AT[:4])
_ORDER = {wire: at for at, wire in enumerate(WIRE_NAMES.values())}
_members = msgspec.json.Decoder(dict[str, Raw]).decode


class ChannelsEntry(Entry):
    """Of a template that the registry keeps something beside: mostly channels.

    `contents` are its own content and those that its channels point at.
    """

    __slots__ = ("channels", "contents", "pointers", "stored")

    channels: "dict[str, InChannel]"

    def __init__(self, name: str, revision: int, mark: bytes, stored: bytes, contents: Contents) -> None:
        """A channel whose content is not in `contents` is left out: it was purged, so that a newer row follows."""
        content = shown(stored)
        super().__init__(name, revision, mark, content)
        self.stored = stored  # type: ignore[misc]
        self.pointers = channels_of(stored)
        own, wanted = content_revision_of(stored) or revision, {each.revision for each in self.pointers.values()}
        found = {each: contents[each] for each in wanted if each in contents} | {own: content}
        self.contents = found
        bodies = {each: under_rights_of(content, found[each]) + b"\n" for each in wanted - {own} if each in found}
        bodies[own] = self.body
        self.channels = {
            channel: InChannel(self, channel, pointer.revision, bodies[pointer.revision])
            for channel, pointer in self.pointers.items()
            if pointer.revision in bodies
        }

    @property
    def size(self) -> int:
        """Bytes, beside its own content."""
        shown = {each.content_revision: len(each.body) for each in self.channels.values()}
        return sum(shown.values()) + sum(map(len, self.contents.values()))


class InChannel(Entry):
    """What one channel shows of one template. `revision` is that of the template's newest row."""

    __slots__ = ("_pointers", "channel", "content_revision")

    def __init__(self, entry: ChannelsEntry, channel: str, content_revision: int, body: bytes) -> None:
        self.name, self.revision, self.mark = entry.name, entry.revision, entry.mark
        self.body = body
        self.channel, self.content_revision = channel, content_revision
        self._pointers = entry.pointers

    @property
    def tag(self) -> bytes:
        return channel_tag(Position(self.revision, self.mark), self.channel)

    @property
    def stored(self) -> bytes:
        return with_kept(self.content, self._pointers, self.content_revision)

    @property
    def beside(self) -> bytes:
        """The content, with what full views say beside it of channels."""
        return b'%b,"channel":"%b"}' % (self.stored[:-1], self.channel.encode())

    @property
    def full(self) -> bytes:
        return full_view(self.beside, self.revision)


def in_channel(entry: Entry | None, channel: str) -> InState:
    if not isinstance(entry, ChannelsEntry) or channel not in entry.pointers:
        return None
    return entry.channels.get(channel) or "purged"


def channel_tag(position: Position, channel: str) -> bytes:
    """Which names no state that may be written over."""
    return b'%b-%b%b"' % (entity_tag(position)[:-1], channel.encode(), b"." if channel in CODINGS else b"")


def entry_of(name: str, revision: int, mark: bytes, content: bytes | None, contents: Contents) -> Entry:
    if content is None or not holds_kept(content):
        return Entry(name, revision, mark, content)
    return ChannelsEntry(name, revision, mark, content, contents)


def holds_kept(content: bytes) -> bool:
    """Whether the registry keeps something in it beside the template."""
    return has_kept(content) and shown(content) is not content


def under_rights_of(today: bytes, past: bytes) -> bytes:
    """A past content as it is shown today."""
    if today is past or not any(right in today or right in past for right in _RIGHTS):
        return past
    now, then = _members(today), _members(past)
    found = as_of_today(_decoded(now), _decoded(then))
    return encode(dict(sorted(found.items(), key=lambda member: _ORDER.get(member[0], len(_ORDER)))))


def _decoded(members: dict[str, Raw]) -> dict[str, Any]:
    """What is looked at; all else stays as its bytes are."""
    return {name: msgspec.json.decode(raw) if name in _LOOKED_AT else raw for name, raw in members.items()}


def pointed_at(content: bytes | None, revision: int) -> set[int]:
    """The revisions that the channels of a stored content point at, but for its own."""
    if content is None:
        return set()
    own = content_revision_of(content) or revision
    return {pointer.revision for pointer in channels_of(content).values()} - {own}


def read_contents(read: ReadEach, revisions: Collection[int]) -> dict[int, bytes]:
    """What they wrote; of what was purged there is nothing."""
    found = read(sorted(revisions)) if revisions else ()
    return {change.revision: shown(change.content) for change in found if change.content is not None}
