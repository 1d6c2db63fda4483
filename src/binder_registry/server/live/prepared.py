"""Entries of rows with channels, made before these are shown, and not on the loop: what their channels point at may
have to be read from the log."""

from collections.abc import Mapping, Sequence

from ...changes import Change
from ...kept_members import shown
from .channels import ChannelsEntry, ReadEach, entry_of, holds_kept, pointed_at, read_contents
from .entries import Entry, State

_NONE: dict[int, bytes] = {}


class Prepared:
    def __init__(self, read: ReadEach) -> None:
        self._read = read
        self.made: dict[tuple[int, bytes], Entry] = {}  # by revision and mark

    def prepare(self, rows: Sequence[Change], entries: Mapping[str, State]) -> None:
        """In any thread, before these are shown where `entries` are, or what comes after them. Raises
        `StoreUnavailable`."""
        held = [row for row in rows if row.content is not None and not row.deleted and holds_kept(row.content)]
        if not held:
            return
        near = {row.revision: row for row in rows}
        contents, missing = dict[int, bytes](), set[int]()
        for row in held:
            for revision in pointed_at(row.content, row.revision) - contents.keys():
                found = _at_hand(revision, entries.get(row.name), near.get(revision))
                if found is None:
                    missing.add(revision)
                else:
                    contents[revision] = found
        contents |= read_contents(self._read, missing)
        for row in held:
            self.made[row.revision, row.mark] = entry_of(row.name, row.revision, row.mark, row.content, contents)

    def take(self, change: Change) -> Entry:
        if self.made and (made := self.made.pop((change.revision, change.mark), None)):
            return made
        return entry_of(change.name, change.revision, change.mark, change.content, _NONE)

    def forget(self, revision: int) -> None:
        """What was made for rows up to it, which others have shown, or nobody ever will."""
        for key in [key for key in list(self.made) if key[0] <= revision]:
            self.made.pop(key, None)


def _at_hand(revision: int, entry: State | None, row: Change | None) -> bytes | None:
    if row is not None and row.content is not None:
        return shown(row.content)
    if isinstance(entry, ChannelsEntry):
        return entry.contents.get(revision)
    return entry.content if isinstance(entry, Entry) and entry.revision == revision else None
