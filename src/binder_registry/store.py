"""The contract that people who embed the package use, and that the client implements over HTTP.

`StoreConformance` holds it. All verbs are synchronous and safe from any thread; times and revisions are the store's.
"""

from typing import Protocol, TypeAlias

from .changes import Change, Position
from .template import Template

Expected: TypeAlias = Position | int | None
"""The state that a write was decided on: a template's revision or position; 0: must not exist; None: anything."""


class Store(Protocol):
    def get_template(self, name: str, *, revision: int | None = None) -> Template:
        """As of that revision, or now. Raises `TemplateNotFound`, `RevisionUnknown`, and, of the past only,
        `RevisionPurged`."""
        ...

    def list_templates(self, *, revision: int | None = None) -> list[Template]:
        """All, ordered by name (code points). Raises `RevisionUnknown` and, of the past only, `RevisionPurged`."""
        ...

    def register_template(self, template: Template, *, note: str = "") -> Template:
        """The stored template. Raises `TemplateExists`, `InvalidTemplate`."""
        ...

    def update_template(self, template: Template, *, expected: Expected = None, note: str = "") -> Template:
        """2015's merge: members that are not zero replace; `limits` member by member; maps and lists whole.

        Raises `TemplateNotFound`, `RevisionConflict`, `InvalidTemplate`.
        """
        ...

    def replace_template(self, template: Template, *, expected: Expected = None, note: str = "") -> Template:
        """The whole new state. Raises `TemplateNotFound`, `RevisionConflict`, `InvalidTemplate`."""
        ...

    def restore_template(self, name: str, revision: int, *, expected: Expected = None, note: str = "") -> Template:
        """The content as of `revision`, as a new change; brings back a deleted template, with its old `time_created`.

        Raises `TemplateNotFound`, `RevisionConflict`, `RevisionUnknown`, `RevisionPurged`, `InvalidTemplate`.
        """
        ...

    def delete_template(
        self, name: str, *, expected: Expected = None, note: str = "", replaced_by: str = ""
    ) -> Template:
        """The template that was; its tombstone names `replaced_by`, or the successor that the template named itself.

        Raises `TemplateNotFound`, `RevisionConflict`, `InvalidTemplate`.
        """
        ...

    def promote_template(
        self, name: str, channel: str, revision: int | None = None, *, expected: Expected = None, note: str = ""
    ) -> Template:
        """Points a channel at a revision of the template, or at its newest content. The template, with its channels;
        where it points there already, nothing is written.

        Raises `TemplateNotFound`, `RevisionConflict`, `RevisionUnknown`, `RevisionPurged`, `InvalidRequest`.
        """
        ...

    def demote_template(self, name: str, channel: str, *, expected: Expected = None, note: str = "") -> Template:
        """Ends a channel. The template, with those that are left.

        Raises `TemplateNotFound`, `RevisionConflict`, `ChannelNotFound`, `InvalidRequest`.
        """
        ...

    def purge_change(self, name: str, revision: int, *, note: str = "") -> None:
        """Blanks the content of an old change, and of every later one of the template that holds it again.

        Raises `TemplateNotFound`, `RevisionUnknown`, `RevisionPurged`, and `RevisionIsCurrent` or `RevisionIsPromoted`
        where the template, or a channel of it, still has that content.
        """
        ...

    def changes(
        self, *, since: Position | int = 0, name: str | None = None, newest_first: bool = False, limit: int = 1000
    ) -> list[Change]:
        """The log after `since`. Raises `PositionUnknown`."""
        ...

    def head(self) -> Position: ...

    def wait(self, since: int, timeout: float) -> Position:
        """Blocks until there is a revision after `since`, or for `timeout` seconds; gives the newest position.

        Raises `StoreUnavailable`.
        """
        ...

    def close(self) -> None: ...
