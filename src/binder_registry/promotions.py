"""What a promotion writes: the newest content of a template again, with a channel that points elsewhere."""

from collections.abc import Callable, Collection, Mapping

from .batch import Batch
from .changes import Action, Change
from .channels import Channel, Promotion
from .draft_changes import Draft
from .errors import ChannelNotFound, ErrorHint, InvalidRequest, RevisionIsPromoted, RevisionPurged, RevisionUnknown
from .kept_members import channels_of, content_revision_of, shown, with_kept
from .lengths import MOST_CHANNELS
from .log_contract import count_of
from .must_understand import CHANNELS_FORMAT
from .template import Template

WITH_CONTENT = frozenset({Action.CREATED, Action.UPDATED, Action.RESTORED})  # that is new, or anew
Rows = Callable[..., list[Change]]
"""Reads changes of the template, as `Log.read` does."""
_NAMED = (ErrorHint("Request", "revision", "invalid"),)


def point(batch: Batch, current: Change, channel: str, to: Channel | None, by: str, note: str) -> Template:
    """Writes what `pointed` gives, where that is anything. The template as it is then, with its channels."""
    if draft := pointed(current, channel, to):
        batch.extend([draft], by, note)
    return batch.readable(batch.existing(current.name))


def content_of(batch: Batch, current: Change, revision: int | None, rows: Rows) -> Channel:
    """What a channel says that points at the content of one change, or of the newest.

    Raises `RevisionUnknown`, `RevisionPurged`.
    """
    if revision is None:
        return Channel(content_revision_of(_content(current)) or current.revision, 0)
    change = _change_at(revision, rows)
    wrote = content_revision_of(change.content or b"")
    if wrote and (kept := rows(wrote - 1, wrote)) and kept[0].content is not None:
        revision = wrote
    return Channel(revision, _newer_contents(batch, current.name, revision))


def _newer_contents(batch: Batch, name: str, revision: int) -> int:
    """There may be very many, while all others wait."""
    newer = count_of(batch.log, name, revision, batch.start.revision, WITH_CONTENT)
    own = (row for row in batch.rows if row.name == name and row.revision > revision)
    return newer + sum(row.action in WITH_CONTENT for row in own)


def pointed(current: Change, channel: str, to: Channel | None) -> Draft | None:
    """The change that points it there, or with None ends it; None: it is so already. `current` is the template's newest
    change.

    Raises `ChannelNotFound` of one to end, and `InvalidRequest` of one too many.
    """
    stored = _content(current)
    channels = channels_of(stored)
    before = channels.pop(channel, None)
    if to is None and before is None:
        raise ChannelNotFound.of(current.name, channel)
    if to is not None:
        if before and before.revision == to.revision:
            return None
        if len(channels) >= MOST_CHANNELS:
            raise InvalidRequest.parameter("channel", f"would be one more than {MOST_CHANNELS} of {current.name!r}")
        channels[channel] = to
    promotion = Promotion(channel, before.revision if before else 0, to.revision if to else 0)
    return promotion_draft(current.name, current.revision, stored, channels, promotion)


def check_not_promoted(current: Change, revisions: Collection[int]) -> None:
    """Raises `RevisionIsPromoted` where a channel of the template points at one of them."""
    for name, channel in channels_of(_content(current)).items():
        if channel.revision in revisions:
            raise RevisionIsPromoted.of(name, channel.revision)


def promotion_draft(
    name: str, revision: int, stored: bytes, channels: Mapping[str, Channel], promotion: Promotion
) -> Draft:
    """`revision` is that of the newest change of the template, and `stored` its content."""
    content = with_kept(shown(stored), channels, content_revision_of(stored) or revision, promotion)
    return Draft(Action.PROMOTED, name, revision, (content,), CHANNELS_FORMAT)


def _content(current: Change) -> bytes:
    assert current.content is not None, "the newest content is never purged"
    return current.content


def _change_at(revision: int, rows: Rows) -> Change:
    found = rows(revision - 1, revision)
    if not found or found[0].deleted:
        raise RevisionUnknown(f"The template has no content of revision {revision}", _NAMED)
    if found[0].content is None:
        raise RevisionPurged(errors=_NAMED)
    return found[0]
