"""A registry over HTTP, as a `Store`.

Everything raises the classes of `errors` that the server raised, and `StoreUnavailable` where there was no answer. Safe
from any thread. Reads are tried again; writes only where the registry says that one came too soon, and did nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar, Unpack

import msgspec
from msgspec import structs

from ..changes import PAGE as PAGE
from ..changes import Position
from ..errors import RevisionConflict
from ..store import Expected
from ..template import Template, plain
from .answer import Answer, PlanStep, plan_decoder, refuse_2015, stored
from .encoding import apply_body, body_of, channel_path_of, conditions, json_of, members_of, patch_between, path_of
from .listing import Filters, all_pages
from .log import LogOverHTTP
from .opening import DEFAULT_URL as DEFAULT_URL
from .opening import opened
from .tokens import Tokens
from .transport import Params
from .view import Asked, view_of

__all__ = ["Client", "PlanStep"]

APPLY_TIMEOUT = 60.0  # seconds at least: an apply may be 64 MiB

_template = msgspec.json.Decoder(Template)
_templates = msgspec.json.Decoder(list[Template])
_object = msgspec.json.Decoder(dict[str, Any])
_objects = msgspec.json.Decoder(list[dict[str, Any]])
T = TypeVar("T")


class Client(LogOverHTTP):
    """`url`: else `BINDER_REGISTRY_URL`; `token`: else `BINDER_API_KEY`, else the id-token of a CI job, else none, for
    reads. `timeout` (seconds) is for each wait on the network; `retries` are the most after a failed read; `verify` may
    name certificates to trust.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 3,
        verify: bool | str = True,
    ) -> None:
        super().__init__(opened(url, token, timeout=timeout, retries=retries, verify=verify))
        self.tokens = Tokens(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the streams of `watch` too, each at its next event or heartbeat."""
        self._transport.close()

    # ── templates ────────────────────────────────────────────────────────────────────────────────────────────────────

    def get_template(self, name: str, *, revision: int | None = None, channel: str = "") -> Template:
        """`channel`: as it shows it."""
        return stored(*self._shown(name, revision, channel))

    def get_json(self, name: str, *, revision: int | None = None, channel: str = "") -> dict[str, Any]:
        """As `get_template`, but as it came, with members that this release does not know; `apply` takes it back."""
        answer, position = self._shown(name, revision, channel)
        return answer.read(_object) | ({"revision": position.revision} if position else {})

    def list_templates(self, **filters: Unpack[Filters]) -> list[Template]:
        """All pages, by name. `label` are selectors, `image` and `name` globs, `q` words; `deleted` adds tombstones.
        `channel` is what a channel shows."""
        found = self._listed(all_pages(self._transport, _templates, filters, lambda template: template.name))
        return [plain(structs.replace(one, uses=()) if one.uses else one) for one in found]

    def list_json(self, **filters: Unpack[Filters]) -> list[dict[str, Any]]:
        """As `list_templates`, but as they came, with members that this release does not know."""
        return self._listed(all_pages(self._transport, _objects, filters, lambda template: template["name"]))

    def view(self, **asked: Unpack[Asked]) -> dict[str, Any]:
        """What this client's user may start now: docs/view.md. Where it is asked for others, that is for admins."""
        return view_of(self._transport, asked)

    def register_template(self, template: Template, *, note: str = "") -> Template:
        return self._written("POST", "/templates", body=body_of(template), note=note)

    def update_template(self, template: Template, *, expected: Expected = None, note: str = "") -> Template:
        return self._written("PUT", path_of(template.name), body=body_of(template), expected=expected, note=note)

    def replace_template(self, template: Template, *, expected: Expected = None, note: str = "") -> Template:
        """The whole new state. What this release does not know stays, but within `options` that change."""
        wanted = members_of(template)

        def replace(current: Answer, seen: Position | None) -> Template:
            patch = patch_between(members_of(current.read(_template)), wanted)
            return self.patch_template(template.name, patch, expected=seen if expected is None else expected, note=note)

        return self._after_reading(template.name, expected, replace)

    def patch_template(
        self, name: str, patch: Mapping[str, Any], *, expected: Expected = None, note: str = ""
    ) -> Template:
        """RFC 7396, with wire names: None clears, mappings merge, all else replaces, and `overrides` do, too."""
        return self._written("PATCH", path_of(name), body=json_of(dict(patch)), expected=expected, note=note)

    def restore_template(self, name: str, revision: int, *, expected: Expected = None, note: str = "") -> Template:
        body = b'{"revision":%d}' % revision
        return self._written("POST", f"{path_of(name)}/restore", body=body, expected=expected, note=note)

    def delete_template(
        self, name: str, *, expected: Expected = None, note: str = "", replaced_by: str = ""
    ) -> Template:
        params = [("replaced-by", replaced_by)] if replaced_by else []

        def delete(current: Answer, seen: Position | None) -> Template:
            wanted = seen if expected is None else expected
            deleted = self._written("DELETE", path_of(name), params, expected=wanted, note=note)
            return structs.replace(deleted, revision=seen.revision if seen else 0)

        return self._after_reading(name, expected, delete)

    def apply(
        self,
        templates: Sequence[Template | Mapping[str, Any]] = (),
        *,
        delete: Mapping[str, str | None] = {},
        prune: str | None = None,
        allow_empty: bool = False,
        dry_run: bool = False,
        expected: Expected = None,
        note: str = "",
        promote: Mapping[str, str] | None = None,
    ) -> list[PlanStep]:
        """All of it in one commit, or nothing. `templates` are whole desired states, also as `get_json` gives them;
        `delete` maps names to successors; `prune` deletes what this label selector ("*": everything) selects and
        `templates` does not name; without any template that is refused, unless `allow_empty`. `expected` is the
        registry's own `position()`. `promote` is as the API takes it: `{"channel": "stable", "label": "course=physics",
        "from": "testing"}`."""
        body = apply_body(
            templates, delete, prune, dry_run=dry_run, allow_empty=allow_empty, note=note, promote=promote
        )
        headers = conditions(expected, "")
        answer = self._write("POST", "/apply", body=body, headers=headers, wait=APPLY_TIMEOUT)
        return answer.read(plan_decoder).plan

    def promote_template(
        self, name: str, channel: str, revision: int | None = None, *, expected: Expected = None, note: str = ""
    ) -> Template:
        """Points a channel at a revision, or at the newest content. The template, with its channels."""
        body = b'{"revision":%d}' % revision if revision is not None else b""
        return self._written("PUT", channel_path_of(name, channel), body=body, expected=expected, note=note)

    def demote_template(self, name: str, channel: str, *, expected: Expected = None, note: str = "") -> Template:
        """Ends a channel. The template, with those that are left."""
        return self._written("DELETE", channel_path_of(name, channel), expected=expected, note=note)

    def purge_change(self, name: str, revision: int, *, note: str = "") -> None:
        path = f"{path_of(name)}/changes/{revision}"
        self._write("DELETE", path, headers=conditions(None, note))

    def health(self) -> dict[str, Any]:
        """What `/health` says; a server that is draining or cannot write says so with `status`, and raises nothing."""
        return self._transport.get("/health", taken=(503,)).read(_object)

    def _shown(self, name: str, revision: int | None, channel: str) -> tuple[Answer, Position | None]:
        params = [("revision", str(revision))] if revision is not None else []
        params += [("channel", channel)] if channel else []
        if not params:
            return self._current(name)
        answer = self._transport.get(path_of(name), params, cached=True)
        refuse_2015(answer, params)
        return answer, answer.position

    def _listed(self, pages: tuple[list[T], Answer]) -> list[T]:
        found, newest = pages
        self._saw(newest)
        return found

    def _current(self, name: str) -> tuple[Answer, Position | None]:
        """A template and where it stands: by its ETag, else by its newest change; None in a registry of 2015."""
        answer = self._transport.get(path_of(name), cached=True)
        if not answer.stripped:
            return answer, answer.position
        # The change comes first: what others write between the two is a conflict then, and is not overwritten.
        newest = self.changes(name=name, newest_first=True, limit=1)
        return self._transport.get(path_of(name)), newest[0].position if newest else Position(0)

    def _after_reading(
        self, name: str, expected: Expected, write: Callable[[Answer, Position | None], Template]
    ) -> Template:
        """A write that follows from what is there: again from the start when others wrote in between, unless the caller
        said what was to be there."""
        while True:
            try:
                return write(*self._current(name))
            except RevisionConflict:
                if expected is not None:
                    raise

    def _written(
        self,
        method: str,
        path: str,
        params: Params = (),
        *,
        body: bytes = b"",
        expected: Expected = None,
        note: str,
    ) -> Template:
        answer = self._write(method, path, params, body, headers=conditions(expected, note))
        template = stored(answer, answer.position)
        if not answer.stripped or method == "DELETE":
            return template
        newest = self.changes(name=template.name, newest_first=True, limit=1)  # unless somebody wrote since
        written = [plain(change.template) for change in newest if change.template]
        known = [one for one in written if structs.replace(one, revision=0) == template]
        return structs.replace(template, revision=known[0].revision) if known else template

    def _write(
        self,
        method: str,
        path: str,
        params: Params = (),
        body: bytes = b"",
        *,
        headers: dict[str, str],
        wait: float = 0,
    ) -> Answer:
        answer = self._transport.write(method, path, params, body, headers=headers, wait=wait)
        if answer.position:
            self._of_thread.position = answer.position
        soon = [] if self._transport.credential.sparing else answer.ending  # an id-token always does
        self._of_thread.warnings = answer.warnings + soon
        return answer
