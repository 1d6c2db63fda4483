"""What channels showed as of an earlier revision, read from the log. Runs in a lane."""

from collections.abc import Sequence

from ...auth import Identity
from ...changes import Change
from ...errors import RevisionPurged
from ...registry import Registry
from ..lanes import go_on
from ..live.channels import entry_of, in_channel, pointed_at, read_contents
from ..live.entries import Entry

AT_ONCE = 64  # templates, whose contents are in memory twice


def entry_in_past(registry: Registry, who: Identity, name: str, channel: str, revision: int) -> Entry:
    """The template as of then, with this channel if it had it. Raises `TemplateNotFound`, `RevisionUnknown`,
    `RevisionPurged`."""
    change = registry.template_as_of(who, name, revision)
    if change.content is None:
        raise RevisionPurged
    entry = _entries(registry, who, [change])[0]
    if in_channel(entry, channel) == "purged":
        raise RevisionPurged
    return entry


def entries_of(
    registry: Registry, who: Identity, page: Sequence[Change], channel: str, *, fallback: bool
) -> list[Entry]:
    """What wrote each template, as it was; of a channel, as it showed them. Raises `RevisionPurged`."""
    if not channel:
        return [entry_of(change.name, change.revision, change.mark, change.content, {}) for change in page]
    found = list[Entry]()
    for at in range(0, len(page), AT_ONCE):
        go_on()
        some = page[at : at + AT_ONCE]
        for change, entry in zip(some, _entries(registry, who, some), strict=True):
            shown = entry if change.deleted else in_channel(entry, channel) or (entry if fallback else None)
            if shown == "purged":
                raise RevisionPurged(f"What {channel} showed of {entry.name!r} as of that revision was purged")
            if isinstance(shown, Entry):
                found.append(shown)
    return found


def _entries(registry: Registry, who: Identity, rows: Sequence[Change]) -> list[Entry]:
    pointed = {revision for row in rows if not row.deleted for revision in pointed_at(row.content, row.revision)}
    contents = read_contents(lambda revisions: registry.rows_at(who, revisions), pointed)
    return [entry_of(row.name, row.revision, row.mark, row.content, contents) for row in rows]
