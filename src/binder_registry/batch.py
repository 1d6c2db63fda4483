"""The writes that will commit together."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import chain

from msgspec.structs import replace

from .appending import LogMoved
from .changes import Action, Change, Head, Position, Seen, content_digest, head_after, mark_after, place
from .clock import later
from .draft_changes import Draft, carried_on
from .errors import FormatTooNew, InvalidRequest, RevisionConflict, TemplateNotFound
from .go_json import stamp
from .interpreter import no_collection
from .kept_members import has_kept
from .log_contract import MANY, AnnouncesMany, Log, ReadsMany, StagesMany, format_kept, keep_format
from .must_understand import CONTENT_FORMAT, FORMAT, format_of
from .part import Part
from .rules import check
from .staged_drafts import Staged
from .store import Expected
from .template import Template, plain
from .token_book import outdated, tidies
from .token_contract import TokenChange, TokenStore
from .wire import encode_template

_WITH_CONTENT = frozenset({Action.CREATED, Action.UPDATED, Action.RESTORED})  # that is new, or anew
_DELETED = Action.DELETED  # quicker than the member of the class


class Batch:
    """The writes of one `atomic` block: what is new in the log, and what a reader of it would see."""

    def __init__(
        self,
        log: Log,
        rows: list[Change],
        now: Callable[[], datetime],
        seen: Seen | None = None,
        *,
        locked: bool = True,
    ) -> None:
        self.log = log
        self.rows = rows
        self.tokens: list[TokenChange] = []
        self.token_uses: dict[str, datetime] = {}
        self.purged: dict[int, list[int]] = {}  # number of rows when it was asked for → revisions to blank
        self.locked = locked  # else the log may end otherwise by the time that it is written
        self.start = log.head() if locked or seen is None else seen.head
        self._seen = seen if seen and seen.head == self.start else None
        self._now = now
        self.behind: datetime | None = None  # what the clock showed, where the log is ahead of it
        self._format = self._format_before = 0  # that `rows` need, and that the log has; 0: not asked yet
        self._stored: dict[str, Change | None] = {}  # what was looked up: nobody else writes meanwhile
        self.written: dict[str, Change] = {}  # the newest of each name
        self._staged: tuple[int, Staged] | None = None  # with the number of rows before them
        self._read: dict[int, Template] = {}  # by revision, what was decoded

    @property
    def head(self) -> Head:
        return head_after(self.rows, self.start)

    @property
    def others(self) -> Sequence[Change]:
        """What they had written behind what was seen, and is taken into account."""
        return self._seen.others if self._seen else ()

    @property
    def format(self) -> int:
        """Of the log, once these are in it; 0 where nothing was written."""
        return self._format

    def current(self, name: str) -> Change | None:
        if change := self.written.get(name):
            return change
        return self._stored[name] if name in self._stored else self._committed(name)

    def before(self, row: Change) -> Change | None:
        """What was current of its name when `row`, of this block, was written."""
        own = row.previous - self.start.revision - 1
        if own >= 0:
            return self.rows[own]
        return self._committed(row.name) if row.previous else None

    def _committed(self, name: str) -> Change | None:
        if name not in self._stored:
            self._stored[name] = self._seen.find(name) if self._seen else self.log.current(name)
        change = self._stored[name]
        if change is not None and type(change.action) is str:
            self.refuse()
        return change

    def refuse(self) -> None:
        """A newer release did what is not known here: nothing can be written."""
        self._format = FORMAT + 1

    def written_at(self, name: str) -> datetime | None:
        """When its newest change was, of which what was seen need not tell."""
        current = self.current(name)
        if self._seen and name not in self.written:
            current = self.log.current(name)
        return current.time if current else None

    def readable(self, change: Change) -> Template:
        """As `Change.readable`, decoded once."""
        template = self._read.get(change.revision)
        if template is None:
            template = self._read[change.revision] = change.readable()
        return template

    def template(self, name: str) -> Template | None:
        """The newest state of `name`, a tombstone too."""
        current = self.current(name)
        return current.template if current else None

    def look_up(self, names: Iterable[str]) -> None:
        """Ask the log for all that `current` will be asked for, in one go where it can."""
        if isinstance(self.log, ReadsMany) and (not self._seen or self._seen.asks):
            names = {name for name in names if not self._seen or (self._seen.asks and self._seen.asks(name))}
            if not names:
                return
            self._stored |= dict.fromkeys(names) | {change.name: change for change in self.log.current_of(names)}

    def known(self, name: str, expected: Expected = None) -> Change:
        """The newest change of `name`, a tombstone too. Raises `TemplateNotFound`, `RevisionConflict`."""
        change = self.current(name)
        if change is None:
            raise TemplateNotFound
        if (
            expected is not None
            and not change.position.agrees(expected)
            and not (change.deleted and expected in (0, Position(0)))
        ):
            raise RevisionConflict(current=str(change.position))
        return change

    def existing(self, name: str, expected: Expected = None) -> Change:
        """The same for a template that is not deleted."""
        change = self.current(name)
        if change is None or change.deleted:
            raise TemplateNotFound
        return change if expected is None else self.known(name, expected)

    def append(
        self, action: Action, template: Template, by: str, note: str, *, first: int = 0, checked: bool = False
    ) -> Template:
        """Add one change. Sets the times; checks the rules where the content is new, unless it was `checked` just now.
        Gives the template as stored."""
        self._begin(by, note)
        newest: Head | Change = self.rows[-1] if self.rows else self.start
        revision, time, name = newest.revision + 1, self._time_after(newest.time), template.name
        if action in _WITH_CONTENT:
            if not checked:
                check(template)
            created = template.time_created or time
            template = replace(template, time_created=created, time_modified=time, deleted=False, revision=revision)
        else:
            template = replace(template, revision=revision)
        if template.channels or template.content_revision or template.promoted:
            template = plain(template)
        content = encode_template(template)
        if self._format < CONTENT_FORMAT:  # once it is as new as it gets, nothing is looked at
            self._format = max(self._format, format_of(template))
        before = self.current(name)
        if before is not None and before.content and has_kept(before.content):
            content = carried_on(content, action, before, before.content)
        digest = content_digest(content)
        previous, first = before.revision if before else 0, first or revision
        mark = mark_after(newest.mark, (revision, time, by, note, action, name, previous, first), digest)
        deleted = template.deleted
        change = Change(revision, mark, time, by, note, action, name, previous, first, deleted, content, digest)
        self.rows.append(change)
        self.written[name] = change
        return template

    def expect(self, rows: int) -> None:
        """About so many will come, soon."""
        if rows >= MANY and isinstance(self.log, AnnouncesMany):
            self.log.announce_many()

    @no_collection()
    def extend(self, drafts: Iterable[Draft] | Staged, by: str, note: str, *, first: int = 0) -> None:
        """Add changes that were drafted for what is current, as one group, or as part of the one that began at `first`,
        each of another template. What was staged follows the head, and was staged as by and with these."""
        self._begin(by, note)
        if isinstance(drafts, Staged):
            self._extend_staged(drafts)
            return
        head = self.head
        time = self._time_after(head.time)
        mark, needed = head.mark, self._format
        first = first or head.revision + 1
        rows, written = self.rows, self.written
        for revision, draft in enumerate(
            drafts, head.revision + 1
        ):  # while all others wait: each line is a tenth of a second
            content = draft.content(stamp(time))
            action, name, previous, digest = draft.action, draft.name, draft.previous, content_digest(content)
            mark = mark_after(mark, (revision, time, by, note, action, name, previous, first), digest)
            deleted = action is _DELETED
            change = Change(revision, mark, time, by, note, action, name, previous, first, deleted, content, digest)
            rows.append(change)
            written[name] = change
            time = later(time)
            if draft.format > needed:
                needed = draft.format
        self._format = needed

    def _extend_staged(self, staged: Staged) -> None:
        self._staged = len(self.rows), staged
        place(staged.rows, self.head)
        self.rows += staged.rows
        self.written.update((row.name, row) for row in staged.rows)
        self._format = max(self._format, staged.format)
        staged.rows.clear()  # so that each ends where it is taken from the rows

    def part(self) -> "Part[Batch]":
        """A block of writes within these."""
        return Part(self)

    @property
    def length(self) -> tuple[int, int]:
        """How far it has come: of rows, and of tokens."""
        return len(self.rows), len(self.tokens)

    def cut_back(self, to: tuple[int, int]) -> None:
        length, tokens = to
        for row in self.rows[length:]:
            self._read.pop(row.revision, None)
        del self.rows[length:], self.tokens[tokens:]
        self.purged = {at: revisions for at, revisions in self.purged.items() if at <= length}
        if self._staged and self._staged[0] >= length:
            self._staged = None
        self.written = {row.name: row for row in self.rows}

    def blanked(self, changes: Iterable[Change]) -> list[Change]:
        """`changes` without the content that this block purges."""
        gone = set(chain.from_iterable(self.purged.values()))
        return [replace(change, content=None) if change.revision in gone else change for change in changes]

    def finish(self) -> None:
        """What goes into the log beside the rows: their format, and the purges, of old rows or of these."""
        beside = self.purged or self.tokens or self.token_uses
        if not self.locked and (beside or not self.rows or self._format > self._format_before):
            raise LogMoved  # what was refused is to be refused by the log as it is, too
        if self.rows and self._format > self._format_before:
            keep_format(self.log, self._format)
        if self.tokens:
            assert isinstance(self.log, TokenStore), "else there were none to write"
            self.log.write_tokens(self.tokens)
            if tidies(self.tokens[0][1].number - 1, self.tokens[-1][1].number):
                self.log.forget_tokens([token.id for token in outdated(self.log.tokens()[1], self._now())])
        if self.token_uses:
            assert isinstance(self.log, TokenStore), "else nobody used one"
            self.log.write_uses(self.token_uses)
        if self._staged and all(
            revision <= self.start.revision for revision in chain.from_iterable(self.purged.values())
        ):
            assert isinstance(self.log, StagesMany), "else nothing was staged"
            at, staged = self._staged
            self.log.write_staged(staged.stage, at)
        if self.purged:
            self._blank()

    def _blank(self) -> None:
        for revision in chain.from_iterable(self.purged.values()):
            own = revision - self.start.revision - 1
            if own >= 0:
                self.rows[own] = replace(self.rows[own], content=None)
            else:
                self.log.blank(revision)

    def _time_after(self, newest: datetime | None) -> datetime:
        time = self._now()
        if newest is None or time > newest:
            return time
        self.behind = time
        return later(newest)

    def _begin(self, by: str, note: str) -> None:
        """Raises `FormatTooNew`, and `InvalidRequest` for texts that PostgreSQL cannot keep."""
        if "\0" in by or "\0" in note:
            raise InvalidRequest.parameter("by" if "\0" in by else "note", "must not contain a NUL character")
        if not self._format:
            self._format = self._format_before = self._seen.format if self._seen else format_kept(self.log)
        if self._format > FORMAT:
            raise FormatTooNew
