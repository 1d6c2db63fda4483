"""Changes drafted before the log is locked: everything of them but their place in the log, and its time."""

from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from .changes import Action, Change
from .go_json import timestamp
from .kept_members import channels_of, content_revision_of, one_behind, with_kept
from .must_understand import CHANNELS_FORMAT, CONTENT_FORMAT, format_of
from .template import Template
from .wire import decode_template, encode_dated, encode_template

_LATER = timestamp(datetime(1, 1, 1, tzinfo=UTC))  # stands for the time of the change
_MODIFIED_BEGINS = b'"time-modified":"'  # its quotes are in no text before it
_MODIFIED = b'%b%b"' % (_MODIFIED_BEGINS, _LATER.encode())
_BOTH = b'"time-created":"%b",%b' % (_LATER.encode(), _MODIFIED)


class Draft(Struct, frozen=True, gc=False):
    """`previous` is the revision of the same template's change before, 0 for none; `format` what the content needs."""

    action: Action
    name: str
    previous: int
    parts: tuple[bytes, ...]  # of the content: the change's time stands between two
    format: int

    @property
    def template(self) -> Template:
        """Of one that is no deletion; its times mean nothing."""
        return decode_template(self.content(_LATER.encode()))

    def content(self, time: bytes) -> bytes:
        """`time` as it is written."""
        return time.join(self.parts)

    def dated(self, content: bytes) -> "Draft":
        """With this as its content, whatever the time."""
        return Draft(self.action, self.name, self.previous, (content,), self.format)

    def undated(self) -> "Draft":
        """As it was before it was dated, if it was."""
        if len(self.parts) > 1 or self.action in (Action.DELETED, Action.PROMOTED):
            return self
        head, modified, tail = self.parts[0].partition(_MODIFIED_BEGINS)
        time, quote, tail = tail.partition(b'"')
        created = b'"time-created":"%b",' % time
        begins: tuple[bytes, ...] = (head + modified,)
        if head.endswith(created):
            begins = (head.removesuffix(created) + b'"time-created":"', b'",' + modified)
        return Draft(self.action, self.name, self.previous, (*begins, quote + tail), self.format)


def draft(action: Action, template: Template, before: Template | None, *, format: int = 1) -> Draft:  # noqa: A002
    """Of a template that becomes this one. `format` is that of a draft beside it: no older one is looked for."""
    previous = before.revision if before else 0
    channels = before.channels if before else {}
    if action is Action.DELETED:
        parts: tuple[bytes, ...] = (encode_template(template),)
    else:
        created = template.time_created
        if template.deleted:
            template = replace(template, deleted=False)
        content = encode_dated(template, timestamp(created) if created else _LATER, _LATER)
        if channels:
            content = with_kept(content, one_behind(channels))
        head, _, tail = content.partition(_MODIFIED if created else _BOTH)
        within = (b'"time-modified":"',) if created else (b'"time-created":"', b'","time-modified":"')
        parts = (head + within[0], *within[1:], b'"' + tail)
    if format < CONTENT_FORMAT:
        format = format_of(template)  # noqa: A001
    return Draft(action, template.name, previous, parts, CHANNELS_FORMAT if channels else format)


def carried_on(content: bytes, action: Action, before: Change, stored: bytes) -> bytes:
    """With what the registry keeps beside a content that follows `before`, where that is `stored`."""
    if action is Action.DELETED or before.deleted:
        return content
    if action is Action.PURGED:
        return with_kept(content, channels_of(stored), content_revision_of(stored) or before.revision)
    return with_kept(content, one_behind(channels_of(stored)))
