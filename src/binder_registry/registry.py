"""Every use of the registry, one method each, with the scope it needs.

The names are those of 2015's `Registry`. Methods are synchronous and safe from any thread; what they raise is in
`errors`. The server calls the writing ones from its writer thread, inside `store.atomic()`.
"""

from .apply import ApplyRequest, Step, plan
from .auth import AuthStore, Identity, Scope
from .changes import Action, Change, Position
from .errors import RevisionConflict
from .log_store import LogStore
from .store import Expected
from .template import Template

LIVE = b'{"status": "Binder Registry Live!"}\n'


class Registry:
    def __init__(self, store: LogStore, auth_store: AuthStore) -> None:
        self.store = store
        self.auth_store = auth_store

    def index(self) -> bytes:
        """2015's literal answer to `GET /`."""
        return LIVE

    def template_index(self, *, revision: int | None = None) -> list[Template]:
        return self.store.list_templates(revision=revision)

    def template_show(self, name: str, *, revision: int | None = None) -> Template:
        return self.store.get_template(name, revision=revision)

    def changes(
        self, *, since: Position | int = 0, name: str | None = None, newest_first: bool = False, limit: int = 1000
    ) -> list[Change]:
        return self.store.changes(since=since, name=name, newest_first=newest_first, limit=limit)

    def template_create(self, who: Identity, template: Template, *, note: str = "") -> Template:
        who.require(Scope.WRITE)
        return self.store.register_template(template, by=who.by, note=note)

    def template_update(
        self, who: Identity, template: Template, *, expected: Expected = None, note: str = ""
    ) -> Template:
        """2015's PUT: members that are not zero replace."""
        who.require(Scope.WRITE)
        return self.store.update_template(template, expected=expected, by=who.by, note=note)

    def template_replace(
        self, who: Identity, template: Template, *, expected: Expected = None, note: str = ""
    ) -> Template:
        who.require(Scope.WRITE)
        return self.store.replace_template(template, expected=expected, by=who.by, note=note)

    def template_restore(
        self, who: Identity, name: str, revision: int, *, expected: Expected = None, note: str = ""
    ) -> Template:
        who.require(Scope.WRITE)
        return self.store.restore_template(name, revision, expected=expected, by=who.by, note=note)

    def template_delete(
        self, who: Identity, name: str, *, expected: Expected = None, note: str = "", replaced_by: str = ""
    ) -> Template:
        who.require(Scope.WRITE)
        return self.store.delete_template(name, expected=expected, by=who.by, note=note, replaced_by=replaced_by)

    def change_purge(self, who: Identity, name: str, revision: int, *, note: str = "") -> None:
        who.require(Scope.ADMIN)
        self.store.purge_change(name, revision, by=who.by, note=note)

    def apply(self, who: Identity, request: ApplyRequest, *, expected: Expected = None) -> list[Step]:
        """All of it in one commit, or nothing; a dry run only plans. `expected` is the registry's own position."""
        who.require(Scope.WRITE)
        with self.store.atomic() as batch:
            if expected is not None and not batch.head.position.agrees(expected):
                raise RevisionConflict("The registry was changed since it was read", current=str(batch.head.position))

            def find(name: str) -> Template | None:
                current = batch.current(name)
                return current.template if current else None

            steps = plan(request, find, self.store.list_templates)
            if request.dry_run:
                return steps
            first = batch.head.revision + 1
            return [
                step
                if step.action == "unchanged"
                else Step(
                    step.action,
                    batch.append(Action(step.action), step.after, who.by, request.note, first=first),
                    step.before,
                )
                for step in steps
            ]
