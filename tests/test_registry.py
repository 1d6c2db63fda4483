from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from binder_registry.apply import ApplyRequest
from binder_registry.auth import Identity, Scope, TokenAuthStore
from binder_registry.backends.memory import InMemoryStore
from binder_registry.changes import Action, Position
from binder_registry.errors import (
    InvalidTemplate,
    MissingScope,
    PositionUnknown,
    RevisionConflict,
    RevisionUnknown,
    TemplateExists,
    TemplateNotFound,
)
from binder_registry.registry import Registry
from binder_registry.template import Template

ANN = Identity("ann", frozenset(Scope))
SCIPY = Template(name="scipy", image_name="jupyter/scipy")
R = Template(name="r", image_name="jupyter/r")
Use = Callable[[Registry, Identity], object]
WRITES: dict[str, Use] = {
    "create": lambda registry, who: registry.template_create(who, R, note="why"),
    "update": lambda registry, who: registry.template_update(who, SCIPY, note="why"),
    "replace": lambda registry, who: registry.template_replace(who, SCIPY, note="why"),
    "restore": lambda registry, who: registry.template_restore(who, "scipy", 1, note="why"),
    "delete": lambda registry, who: registry.template_delete(who, "scipy", note="why"),
    "apply": lambda registry, who: registry.apply(who, ApplyRequest([R], note="why")),
}


@pytest.fixture
def registry() -> Registry:
    registry = Registry(InMemoryStore(), TokenAuthStore("token"))
    registry.template_create(ANN, SCIPY)
    return registry


def test_the_index_is_2015s_literal(registry: Registry) -> None:
    assert registry.index() == b'{"status": "Binder Registry Live!"}\n'


def test_templates_are_shown_and_listed_as_of_any_revision(registry: Registry) -> None:
    registry.template_update(ANN, replace(SCIPY, image_name="new"))

    assert registry.template_show("scipy").image_name == "new"
    assert registry.template_show("scipy", revision=1).image_name == "jupyter/scipy"
    assert [template.image_name for template in registry.template_index()] == ["new"]
    assert registry.template_index(revision=0) == []


def test_what_wrote_a_template_is_shown_as_of_any_revision(registry: Registry) -> None:
    registry.template_update(ANN, replace(SCIPY, image_name="new"))

    assert [registry.template_as_of("scipy", revision).revision for revision in (1, 2)] == [1, 2]
    with pytest.raises(TemplateNotFound):
        registry.template_as_of("r", 2)


def test_the_past_is_listed_with_tombstones_where_they_are_asked_for(registry: Registry) -> None:
    registry.template_create(ANN, R)
    registry.template_delete(ANN, "scipy")

    living, every = (
        [change.name for page in registry.template_index_pages(3, deleted=deleted) for change in page]
        for deleted in (False, True)
    )

    assert (living, every) == (["r"], ["r", "scipy"])


def test_a_listing_of_a_revision_to_come_is_refused(registry: Registry) -> None:
    with pytest.raises(RevisionUnknown, match="no revision 2 yet"):
        next(registry.template_index_pages(2))


def test_changes_lie_between_two_positions(registry: Registry) -> None:
    for image in ("a", "b", "c"):
        registry.template_update(ANN, replace(SCIPY, image_name=image))
    first, _, _, last = (change.position for change in registry.changes())

    assert [change.revision for change in registry.changes(since=first, before=last)] == [2, 3]
    assert [change.revision for change in registry.changes(before=last, newest_first=True, limit=2)] == [3, 2]
    assert registry.changes(since=last, before=first) == []


@pytest.mark.parametrize("bound", ["since", "before"])
def test_a_position_of_another_log_is_no_bound(registry: Registry, bound: str) -> None:
    other: dict[str, Any] = {bound: Position(1, b"another!")}

    with pytest.raises(PositionUnknown):
        registry.changes(**other)


def test_the_state_holds_the_newest_change_of_every_name(registry: Registry) -> None:
    registry.template_create(ANN, R)
    registry.template_delete(ANN, "scipy")

    position, newest = registry.state()

    assert position == registry.head()
    assert [(change.name, change.revision, change.deleted) for change in newest] == [
        ("r", 2, False),
        ("scipy", 3, True),
    ]
    assert registry.changed_at() == newest[1].time


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_needs_the_scope_write(registry: Registry, write: Use) -> None:
    with pytest.raises(MissingScope, match="'write'"):
        write(registry, Identity("reader", frozenset({Scope.READ, Scope.ADMIN})))

    assert registry.store.head().revision == 1


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_log_keeps_who_wrote_and_why(registry: Registry, write: Use) -> None:
    write(registry, Identity("bob", frozenset({Scope.WRITE})))

    assert [(change.by, change.note) for change in registry.changes(since=1)] == [("user:bob", "why")]


def test_a_purge_needs_the_scope_admin(registry: Registry) -> None:
    registry.template_update(ANN, SCIPY)

    with pytest.raises(MissingScope, match="'admin'"):
        registry.change_purge(Identity("bob", frozenset({Scope.READ, Scope.WRITE})), "scipy", 1)

    assert registry.template_show("scipy", revision=1).name == "scipy"


def test_the_log_keeps_who_purged_and_why(registry: Registry) -> None:
    registry.template_update(ANN, SCIPY)

    registry.change_purge(Identity("root", frozenset({Scope.ADMIN})), "scipy", 1, note="a password")

    [change] = registry.changes(since=2)
    assert (change.action, change.by, change.note) == (Action.PURGED, "user:root", "a password")


# ── apply ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_apply_is_one_group_of_changes(registry: Registry) -> None:
    steps = registry.apply(ANN, ApplyRequest([R, replace(SCIPY, command="new"), replace(R, name="s")], note="all"))

    assert [(step.action, step.after.name, step.after.revision) for step in steps] == [
        ("created", "r", 2),
        ("updated", "scipy", 3),
        ("created", "s", 4),
    ]
    assert {(change.first, change.note) for change in registry.changes(since=1)} == {(2, "all")}
    assert registry.template_index() == [steps[0].after, steps[2].after, steps[1].after]


def test_an_apply_keeps_the_time_of_creation(registry: Registry) -> None:
    before = registry.template_show("scipy")

    registry.apply(ANN, ApplyRequest([replace(SCIPY, command="new")]))

    after = registry.template_show("scipy")
    assert after.time_created == before.time_created
    assert after.time_modified != before.time_modified


def test_what_is_as_it_should_be_gets_no_revision(registry: Registry) -> None:
    request = ApplyRequest([SCIPY, R])
    registry.apply(ANN, request)

    again = registry.apply(ANN, request)

    assert [step.action for step in again] == ["unchanged", "unchanged"]
    assert registry.store.head().revision == 2


def test_an_apply_deletes_and_prunes(registry: Registry) -> None:
    registry.apply(ANN, ApplyRequest([R, replace(R, name="s", labels={"team": "a"})]))

    registry.apply(ANN, ApplyRequest([R], delete={"scipy": "r"}, prune=[]))

    assert [template.name for template in registry.template_index()] == ["r"]
    tombstones = [(change.name, change.template) for change in registry.changes(since=3)]
    assert [(name, template and template.replaced_by) for name, template in tombstones] == [("scipy", "r"), ("s", "")]


def test_a_dry_run_plans_and_writes_nothing(registry: Registry) -> None:
    steps = registry.apply(ANN, ApplyRequest([R], delete={"scipy": ""}, dry_run=True))

    assert [step.action for step in steps] == ["created", "deleted"]
    assert registry.store.head().revision == 1


def test_an_apply_that_fails_leaves_no_trace(registry: Registry) -> None:
    broken = ApplyRequest([R, Template(name="s")])

    with pytest.raises(Exception, match="must be specified"):
        registry.apply(ANN, broken)

    assert registry.store.head().revision == 1


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_apply_from_a_stale_position_is_refused_with_the_current_one(registry: Registry, dry_run: bool) -> None:
    seen = registry.store.head()
    registry.template_create(ANN, R)

    with pytest.raises(RevisionConflict) as refusal:
        registry.apply(ANN, ApplyRequest([replace(R, name="s")], dry_run=dry_run), expected=seen)

    assert refusal.value.current == str(registry.store.head())
    assert registry.store.head().revision == 2


@pytest.mark.parametrize("bare", [False, True])
def test_an_apply_from_the_current_position_is_taken(registry: Registry, bare: bool) -> None:
    head = registry.store.head()

    registry.apply(ANN, ApplyRequest([R]), expected=Position(head.revision) if bare else head)

    assert registry.store.head().revision == 2


def test_writes_can_be_grouped(registry: Registry) -> None:
    with registry.store.atomic():
        with pytest.raises(TemplateExists):
            registry.template_create(ANN, SCIPY)
        registry.template_create(ANN, R)

    assert [change.name for change in registry.changes(since=1)] == ["r"]


def test_an_apply_that_nobody_checked_is_checked(registry: Registry) -> None:
    with pytest.raises(InvalidTemplate):
        registry.apply(ANN, ApplyRequest([replace(R, bind_port=70_000)]))
