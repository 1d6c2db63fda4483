"""The verbs of a store, once, over any log."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from .batch import Batch as Batch
from .changes import PAGE, Action, Change, Head, Newest, Position, Seen, known_position
from .clock import utc_now
from .draft_changes import Draft
from .errors import RevisionUnknown, TemplateExists, TemplateNotFound
from .log_contract import LARGEST, Log, ReadsPresent, mark_at, state_pages, within
from .log_contract import whole_state as whole_state_of
from .outermost import Outermost, Writes
from .promotions import content_of, point
from .purging import Copies, copies_of, last, purge
from .rules import check, check_channel, invalid_template, successor_problem
from .staged_drafts import Staged, staged
from .store import Expected
from .template import Template, merged, plain
from .token_book import TokenBook
from .token_contract import TokenStore

_CREATED, _UPDATED, _DELETED = Action.CREATED, Action.UPDATED, Action.DELETED  # quicker than the members of the class

logger = logging.getLogger(__name__)


class LogStore:
    """A `Store` over `log`. Its writes also take `by`, who wrote; `now` gives the time in UTC.

    Within a block those that a server is asked for most begin none of their own, which would take as long as their
    rules: they write in their last step, so that an error leaves nothing to undo.
    """

    def __init__(self, log: Log, *, now: Callable[[], datetime] = utc_now) -> None:
        self.log = log
        self.tokens = TokenBook(log, now) if isinstance(log, TokenStore) else None
        self._now = now
        self._writes = Writes(log, self.tokens, now, logger)
        self._local = self._writes.local

    def atomic(self, seen: Seen | None = None, *, lock: bool = False) -> AbstractContextManager[Batch]:
        """All writes inside commit as one or none; this thread sees them before the commit. Blocks nest: an exception
        that leaves an inner block undoes only that block's writes.

        What was `seen` is not asked for again, where the log is still so. One that `appends_after` is not locked before
        then, and the block may raise `LogMoved` at its end, unless `lock` is set: what came after it is seen then, too.
        """
        outer = self.batch
        return Outermost(self._writes, self.log, seen, lock) if outer is None else outer.part()

    def staged(self, drafts: dict[str, Draft], by: str, note: str) -> Staged | None:
        """For `Batch.extend_staged`, before the log is locked; None where that is of no use."""
        return staged(self.log, drafts, self._now, by, note)

    def get_template(self, name: str, *, revision: int | None = None) -> Template:
        change = self._current(name) if revision is None else self.change_as_of(name, revision)
        if change is None or change.deleted:
            raise TemplateNotFound
        return plain(change.readable())

    def change_as_of(self, name: str, revision: int) -> Change:
        """What wrote the template that there was at `revision`; its content may be purged.

        Raises `TemplateNotFound`, `RevisionUnknown`.
        """
        change = self._as_of(name, self._known(revision))
        if change is None or change.deleted:
            raise TemplateNotFound
        return change

    def list_templates(self, *, revision: int | None = None) -> list[Template]:
        return [plain(template) for template in self.templates(revision)]

    def templates(self, revision: int | None = None) -> list[Template]:
        """The same, with the channels of each."""
        changes = self._state(revision)
        while revision is None and any(change.content is None for change in changes):
            changes = self._state(None)  # it was replaced and purged after we had looked at the head
        return [change.readable() for change in changes]

    def register_template(self, template: Template, *, by: str = "", note: str = "") -> Template:
        if (batch := self.batch) is None:
            with self.atomic():
                return self.register_template(template, by=by, note=note)
        current = batch.current(template.name)
        if current and not current.deleted:
            check(template)  # 2015 named a missing member before the conflict
            raise TemplateExists
        if template.time_created:
            template = replace(template, time_created=None)
        return batch.append(_CREATED, template, by, note)

    def update_template(
        self, template: Template, *, expected: Expected = None, by: str = "", note: str = ""
    ) -> Template:
        if (batch := self.batch) is None:
            with self.atomic():
                return self.update_template(template, expected=expected, by=by, note=note)
        current = batch.readable(batch.existing(template.name, expected))
        return batch.append(_UPDATED, merged(current, template), by, note)

    def replace_template(
        self, template: Template, *, expected: Expected = None, by: str = "", note: str = ""
    ) -> Template:
        if (batch := self.batch) is None:
            with self.atomic():
                return self.replace_template(template, expected=expected, by=by, note=note)
        current = batch.readable(batch.existing(template.name, expected))
        return batch.append(_UPDATED, replace(template, time_created=current.time_created), by, note)

    def restore_template(
        self, name: str, revision: int, *, expected: Expected = None, by: str = "", note: str = ""
    ) -> Template:
        with self.atomic() as batch:
            batch.known(name, expected)
            change = self._as_of(name, self._known(revision))
            while change and change.deleted:
                change = self._as_of(name, change.previous)
            if change is None:
                raise RevisionUnknown(f"The template did not exist at revision {revision}")
            return batch.append(Action.RESTORED, change.readable(), by, note)

    def delete_template(
        self, name: str, *, expected: Expected = None, by: str = "", note: str = "", replaced_by: str = ""
    ) -> Template:
        if (batch := self.batch) is None:
            with self.atomic():
                return self.delete_template(name, expected=expected, by=by, note=note, replaced_by=replaced_by)
        current = batch.readable(batch.existing(name, expected))
        if problem := successor_problem(name, replaced_by):
            raise invalid_template([("replaced-by", problem)])
        tombstone = replace(current, deleted=True, replaced_by=replaced_by or current.replaced_by)
        batch.append(_DELETED, tombstone, by, note)
        return plain(current)

    def purge_change(
        self, name: str, revision: int, *, by: str = "", note: str = "", copies: Copies | None = None
    ) -> None:
        """`copies`: what `copies_of` gave last. Whoever is in no block may leave it to this."""
        if self.batch is None and copies is None:
            copies = last(self.copies_of(name, revision))
        with self.atomic() as batch:
            purge(batch, batch.known(name), revision, partial(self._rows, name=name), by, note, copies)

    def copies_of(self, name: str, revision: int) -> Iterator[Copies]:
        """Of what is committed: see `purging.copies_of`."""
        return copies_of(revision, partial(self.log.read, name=name), self.log.head().revision)

    def promote_template(
        self,
        name: str,
        channel: str,
        revision: int | None = None,
        *,
        expected: Expected = None,
        by: str = "",
        note: str = "",
    ) -> Template:
        check_channel(channel)
        with self.atomic() as batch:
            current = batch.existing(name, expected)
            to = content_of(batch, current, revision, partial(self._rows, name=name))
            return point(batch, current, channel, to, by, note)

    def demote_template(
        self, name: str, channel: str, *, expected: Expected = None, by: str = "", note: str = ""
    ) -> Template:
        check_channel(channel)
        with self.atomic() as batch:
            return point(batch, batch.existing(name, expected), channel, None, by, note)

    def changes(
        self,
        *,
        since: Position | int = 0,
        before: Position | None = None,
        name: str | None = None,
        newest_first: bool = False,
        limit: int = 1000,
        most_bytes: int = LARGEST,
    ) -> list[Change]:
        """As in the contract, and only those before a position, too; they end with the one with which their contents
        have `most_bytes`."""
        revision = since if isinstance(since, int) else since.revision
        until = self._head().revision
        if before is not None:
            until = max(revision, min(until, before.revision - 1))
        rows = self._rows(revision, until, name, newest_first, limit, most_bytes)
        known_position(since, self._mark_at(revision))  # afterwards: another log may have taken its place just now
        if before is not None and before.mark:
            known_position(before, self._mark_at(before.revision))
        return rows

    def head(self) -> Position:
        return self._head().position

    def wait(self, since: int, timeout: float) -> Position:
        return self.log.wait(since, timeout).position

    def close(self) -> None:
        self.log.close()

    def state(self) -> tuple[Position, list[Change]]:
        """The head, and the newest change of every name as of it, by name; tombstones too, without their content: there
        may be far more of them than templates."""
        return whole_state_of(self.log)

    def present(self) -> tuple[Position, Iterable[Newest]]:
        """The same as rows, by name backwards, to be read at once; in some there may be newer ones than the head is."""
        if isinstance(self.log, ReadsPresent):
            return self.head(), self.log.present()
        head, newest = self.state()
        return head, ((each.name, each.revision, each.mark, each.deleted, each.content) for each in reversed(newest))

    def state_pages(self, revision: int, *, after: str = "", deleted: bool = False) -> Iterator[list[Change]]:
        """The newest change of every name as of `revision`, by name; contents may be purged.

        Raises `RevisionUnknown`, with the first page.
        """
        yield from state_pages(self.log, self._known(revision), after=after, deleted=deleted)

    def looked_at(self, changes: list[Change]) -> list[Change]:
        """These."""
        self._writes.look_at(changes)
        return changes

    @property
    def batch(self) -> Batch | None:
        """The block that this thread is in."""
        return getattr(self._local, "batch", None)

    def _head(self) -> Head:
        batch = self.batch
        return batch.head if batch else self.log.head()

    def _current(self, name: str) -> Change | None:
        batch = self.batch
        return batch.current(name) if batch else self.log.current(name)

    def _state(self, revision: int | None) -> list[Change]:
        until = self._head().revision if revision is None else self._known(revision)
        found = [change for page in state_pages(self.log, until) for change in page]
        if batch := self.batch:
            newest = {change.name: change for change in found}
            newest.update((row.name, row) for row in batch.rows if row.revision <= until)
            found = batch.blanked(change for _, change in sorted(newest.items()) if not change.deleted)
        return found

    def _as_of(self, name: str, revision: int) -> Change | None:
        rows = self._rows(0, revision, name, newest_first=True, limit=1)
        return rows[0] if rows else None

    def _mark_at(self, revision: int) -> bytes | None:
        own = self.batch.rows if self.batch else []
        return next((row.mark for row in own if row.revision == revision), None) or mark_at(self.log, revision)

    def _known(self, revision: int) -> int:
        if not 0 <= revision <= self._head().revision:
            raise RevisionUnknown(f"There is no revision {revision} yet")
        return revision

    def _rows(
        self,
        since: int,
        until: int,
        name: str | None = None,
        newest_first: bool = False,
        limit: int = PAGE,
        most_bytes: int = LARGEST,
    ) -> list[Change]:
        """The log's rows, and this thread's own that wait for their commit."""
        batch = self.batch
        stored = partial(
            self.log.read, since, until, name=name, newest_first=newest_first, limit=limit, most_bytes=most_bytes
        )
        if batch is None:
            return self.looked_at(stored())
        own = [row for row in batch.rows if since < row.revision <= until and name in (None, row.name)]
        if newest_first:
            own.reverse()
        if not newest_first:
            own = stored() + own
        elif len(own) < limit:
            own += stored()
        return batch.blanked(within(own[:limit], most_bytes))
