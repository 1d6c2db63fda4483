"""Every use of the registry, one method each, with the scope it needs; what it writes must lie in the holder's reach.

The names are those of 2015's `Registry`, where it had one. Methods are synchronous and safe from any thread; what they
raise is in `errors`, `MissingScope` first, and `OutOfReach` of all that write. Who reads where reads are open is
`auth.ANYONE`. The server goes through these only, and calls the writing ones in its writer thread, inside `atomic()`.
What it asks for itself, to show the log and to keep up with it, is in `shown_log`, and needs no scope.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from .apply import ApplyRequest, Step, plan, told
from .apply import promotions as promotions_after
from .apply_promotions import PromotedStep, promoted_now
from .auth import AuthStore, Identity, Scope
from .catching_up import caught_up, moved_between
from .changes import PAGE_BYTES, Change, Position
from .errors import RevisionConflict
from .interpreter import let_go_of
from .log_contract import LARGEST
from .log_store import LogStore
from .planned import Find, Planned, PlannedStep, brought_up, drafted, planned, planned_anew
from .purging import Copies
from .rules import check
from .shown_log import ShownLog
from .staged_drafts import Staged
from .store import Expected
from .template import Template
from .token_rules import DAY, MOST_DAYS
from .token_uses import TokenUses
from .within_reach import (
    applied_within_reach,
    require_name,
    require_reach,
    require_scopes,
    touched_by_plan,
    touched_by_promotions,
    touched_by_steps,
    written_within_reach,
)

MOST_MOVED = 1000  # changes since an apply was planned: after more, it is planned anew
_WRITE = Scope.WRITE  # quicker than the member of the class


class Registry(ShownLog):
    def __init__(self, store: LogStore, auth_store: AuthStore, *, longest_token: int = MOST_DAYS * DAY) -> None:
        """`longest_token` (seconds) bounds how long a new token of the registry's own lasts."""
        super().__init__(store)
        self.auth_store = auth_store
        self.tokens = TokenUses(store, longest=longest_token)

    def template_index(self, who: Identity, *, revision: int | None = None) -> list[Template]:
        who.require(Scope.READ)
        return self.store.list_templates(revision=revision)

    def template_index_pages(
        self, who: Identity, revision: int, *, after: str = "", deleted: bool = False
    ) -> Iterator[list[Change]]:
        """What wrote the templates that there were, by name, a page at a time; contents may be purged.

        `deleted`: tombstones too. Raises `RevisionUnknown`, with the first page.
        """
        who.require(Scope.READ)
        return self.store.state_pages(revision, after=after, deleted=deleted)

    def template_show(self, who: Identity, name: str, *, revision: int | None = None) -> Template:
        who.require(Scope.READ)
        return self.store.get_template(name, revision=revision)

    def template_as_of(self, who: Identity, name: str, revision: int) -> Change:
        """What wrote the template that there was; its content may be purged. Raises `TemplateNotFound`,
        `RevisionUnknown`."""
        who.require(Scope.READ)
        return self.store.change_as_of(name, revision)

    def changes(
        self,
        who: Identity,
        *,
        since: Position | int = 0,
        before: Position | None = None,
        name: str | None = None,
        newest_first: bool = False,
        limit: int = 1000,
        most_bytes: int = LARGEST,
    ) -> list[Change]:
        """The log between two positions, both exclusive. Raises `PositionUnknown`."""
        who.require(Scope.READ)
        return self.store.changes(
            since=since, before=before, name=name, newest_first=newest_first, limit=limit, most_bytes=most_bytes
        )

    def rows_at(self, who: Identity, revisions: Collection[int]) -> Iterator[Change]:
        """Committed changes with these revisions, without those that are not there; some at a time are held."""
        who.require(Scope.READ)
        return self._rows_at(revisions)

    def _rows_at(self, revisions: Collection[int]) -> Iterator[Change]:
        while revisions and (found := self.store.log.read_each(revisions, most_bytes=PAGE_BYTES)):
            yield from found
            revisions = [revision for revision in revisions if revision > found[-1].revision]

    def template_create(self, who: Identity, template: Template, *, note: str = "") -> Template:
        who.require(_WRITE)
        write = partial(self.store.register_template, template, by=who.by, note=note or who.note)
        return written_within_reach(self.store, who, template.name, write)

    def template_update(
        self, who: Identity, template: Template, *, expected: Expected = None, note: str = ""
    ) -> Template:
        """2015's PUT: members that are not zero replace."""
        who.require(_WRITE)
        write = partial(self.store.update_template, template, expected=expected, by=who.by, note=note or who.note)
        return written_within_reach(self.store, who, template.name, write)

    def template_replace(
        self, who: Identity, template: Template, *, expected: Expected = None, note: str = ""
    ) -> Template:
        who.require(_WRITE)
        write = partial(self.store.replace_template, template, expected=expected, by=who.by, note=note or who.note)
        return written_within_reach(self.store, who, template.name, write)

    def template_restore(
        self, who: Identity, name: str, revision: int, *, expected: Expected = None, note: str = ""
    ) -> Template:
        who.require(_WRITE)
        write = partial(
            self.store.restore_template, name, revision, expected=expected, by=who.by, note=note or who.note
        )
        return written_within_reach(self.store, who, name, write)

    def template_delete(
        self, who: Identity, name: str, *, expected: Expected = None, note: str = "", replaced_by: str = ""
    ) -> Template:
        who.require(_WRITE)
        write = partial(
            self.store.delete_template,
            name,
            expected=expected,
            by=who.by,
            note=note or who.note,
            replaced_by=replaced_by,
        )
        return written_within_reach(self.store, who, name, write, gives_before=True)

    def template_promote(
        self,
        who: Identity,
        name: str,
        channel: str,
        revision: int | None = None,
        *,
        expected: Expected = None,
        note: str = "",
    ) -> Template:
        """Points a channel at a revision, or at the newest content."""
        who.require(Scope.PROMOTE)
        require_name(who, name)
        promote = partial(
            self.store.promote_template,
            name,
            channel,
            revision,
            expected=expected,
            by=who.by,
            note=note or who.note,
        )
        return applied_within_reach(self.store, who, promote, [name])

    def template_demote(
        self, who: Identity, name: str, channel: str, *, expected: Expected = None, note: str = ""
    ) -> Template:
        """Ends a channel."""
        who.require(Scope.PROMOTE)
        require_name(who, name)
        demote = partial(self.store.demote_template, name, channel, expected=expected, by=who.by, note=note or who.note)
        return applied_within_reach(self.store, who, demote, [name])

    def change_copies(self, who: Identity, name: str, revision: int) -> Iterator[Copies]:
        """What `change_purge` is to take away, before it holds up other writes: the last one, of some at a time."""
        who.require(Scope.ADMIN)
        require_name(who, name)
        return self.store.copies_of(name, revision)

    def change_purge(
        self, who: Identity, name: str, revision: int, *, note: str = "", copies: Copies | None = None
    ) -> None:
        who.require(Scope.ADMIN)
        purge = partial(self.store.purge_change, name, revision, by=who.by, note=note or who.note, copies=copies)
        written_within_reach(self.store, who, name, purge, gives_before=True)

    def require_name(self, who: Identity, name: str) -> None:
        """For who looks at a template before they write it. Raises `OutOfReach`."""
        require_name(who, name)

    def apply(self, who: Identity, request: ApplyRequest, *, expected: Expected = None) -> list[Step]:
        """All of it in one commit, or nothing; a dry run only plans. `expected` is the registry's own position."""
        require_scopes(who, writes=request.writes, promotes=request.promote is not None)
        with self.atomic() as batch:
            if expected is not None and not batch.head.position.agrees(expected):
                raise RevisionConflict("The registry was changed since it was read", current=str(batch.head.position))
            names = {*(template.name for template in request.templates), *request.delete}
            batch.expect(len(names))
            batch.look_up(names)
            steps = plan(request, batch.template, self.store.templates)
            promotions = promotions_after(request, steps, self.store.templates)
            if request.dry_run:
                require_reach(who, touched_by_steps(steps), batch.template)
                require_reach(who, touched_by_promotions(promotions, batch.template), batch.template)
                return steps + told(promotions, batch.template)
            for step in steps:
                if step.action in ("created", "updated"):
                    check(step.after)
            first, note = len(batch.rows), request.note or who.note
            looked_at = [step.after.name for step in steps]
            applied_within_reach(self.store, who, lambda: batch.extend(drafted(steps), who.by, note), looked_at)
            rows = {row.name: row.template for row in batch.rows}
            done = [
                step if step.action == "unchanged" else replace(step, after=rows[step.after.name]) for step in steps
            ]
            return done + told(self._promote(who, request, promotions, frozenset(), first, note), batch.template)

    def prepared(self, who: Identity, request: ApplyRequest, before: Planned) -> tuple[Planned, Staged | None]:
        """For `apply_planned`, so that there is little to do. What was staged is to be closed."""
        require_scopes(who, writes=before.writes, promotes=request.promote is not None)
        staged = self.store.staged(before.drafts, who.by, request.note or who.note)
        now = before if request.promote else caught_up(self.store, before, request)  # which looks at no labels
        if staged and not now.has_drafts_of(before):
            staged.close()
            staged = None
        if now.drafts is not before.drafts:
            let_go_of(before.drafts)
        return now, staged

    def apply_planned(
        self, who: Identity, request: ApplyRequest, before: Planned, staged: Staged | None = None
    ) -> list[PlannedStep | PromotedStep]:
        """The same for a request from `read_apply`, which was planned before: only what was written since is looked at
        again. Gives the steps that were taken, as they were planned, and takes the drafts that were not staged."""
        require_scopes(who, writes=before.writes, promotes=request.promote is not None)
        with self.atomic() as batch:
            batch.expect(len(before.steps) + len(before.promotions))
            now, position, moved = before, batch.head.position, frozenset[str]()
            if position != before.position:
                found = moved_between(self.store, before.position, position, MOST_MOVED)
                if found is None:
                    batch.look_up({step.name for step in before.steps})
                    now = planned_anew(before, request, position, batch.template, self.store.templates)
                else:
                    moved = frozenset(found)
                    now = brought_up(before, request, position, moved, batch.template)
            as_staged = staged if staged and staged.follows(batch.head) and now.has_drafts_of(before) else None
            drafts = now.drafts_taken()
            looked_at, first, note = [step.name for step in now.steps], len(batch.rows), request.note or who.note
            applied_within_reach(self.store, who, lambda: batch.extend(as_staged or drafts, who.by, note), looked_at)
            return [*now.steps, *self._promote(who, request, now.promotions, moved, first, note)]

    def _promote(
        self,
        who: Identity,
        request: ApplyRequest,
        planned: list[PromotedStep],
        moved: frozenset[str],
        first: int,
        note: str,
    ) -> list[PromotedStep]:
        """What was planned, of the templates as they are by now: after the other rows of the apply, whose first is the
        one at `first`, and after what others `moved` meanwhile."""
        batch, promote = self.store.batch, request.promote
        if promote is None or batch is None:
            return []
        names = sorted({step.name for step in planned} | moved)
        batch.look_up(names)
        found = promoted_now(promote, [batch.current(name) for name in names], moved)
        drafts = [draft for _, draft in found if draft is not None]
        begins = batch.rows[first].revision if len(batch.rows) > first else 0
        looked_at = [step.name for step, _ in found]
        applied_within_reach(self.store, who, lambda: batch.extend(drafts, who.by, note, first=begins), looked_at)
        return [step for step, _ in found]

    def apply_dry(
        self,
        who: Identity,
        request: ApplyRequest,
        position: Position,
        find: Find,
        living: Callable[[], Iterable[Template]],
    ) -> list[PlannedStep | PromotedStep]:
        """What a request from `read_apply` would do to the state at `position`, where this holder may do it."""
        require_scopes(who, writes=request.writes, promotes=request.promote is not None)
        dry = planned(request, position, find, living)
        if not who.reach.is_everything:
            require_reach(who, touched_by_plan(dry), find)
            require_reach(who, touched_by_promotions(dry.promotions, find), find)
        return [*dry.steps, *dry.promotions]
