from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest
from msgspec.structs import replace

from binder_registry.apply import ApplyRequest
from binder_registry.auth import ANYONE, Identity, Scope, TokenAuthStore
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
from binder_registry.planned import Planned, planned
from binder_registry.registry import Registry
from binder_registry.selector import parse_selector
from binder_registry.template import Template
from binder_registry.verify import verify

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
PROMOTES: dict[str, Use] = {
    "promote": lambda registry, who: registry.template_promote(who, "scipy", "stable", note="why"),
    "demote": lambda registry, who: registry.template_demote(who, "scipy", "testing", note="why"),
}
READS: dict[str, Use] = {
    "template_index": lambda registry, who: registry.template_index(who),
    "template_index_pages": lambda registry, who: list(registry.template_index_pages(who, 1)),
    "template_show": lambda registry, who: registry.template_show(who, "scipy"),
    "template_as_of": lambda registry, who: registry.template_as_of(who, "scipy", 1),
    "changes": lambda registry, who: registry.changes(who),
    "rows_at": lambda registry, who: registry.rows_at(who, [1]),
}
SERVERS_OWN = {
    *("appends_after", "atomic", "changed_at", "content_of", "current", "head", "index", "known_head", "present"),
    *("rows", "state", "try_to_write", "wait", "wait_beyond", "wake"),
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

    assert registry.template_show(ANN, "scipy").image_name == "new"
    assert registry.template_show(ANN, "scipy", revision=1).image_name == "jupyter/scipy"
    assert [template.image_name for template in registry.template_index(ANN)] == ["new"]
    assert registry.template_index(ANN, revision=0) == []


def test_what_wrote_a_template_is_shown_as_of_any_revision(registry: Registry) -> None:
    registry.template_update(ANN, replace(SCIPY, image_name="new"))

    assert [registry.template_as_of(ANN, "scipy", revision).revision for revision in (1, 2)] == [1, 2]
    with pytest.raises(TemplateNotFound):
        registry.template_as_of(ANN, "r", 2)


def test_the_past_is_listed_with_tombstones_where_they_are_asked_for(registry: Registry) -> None:
    registry.template_create(ANN, R)
    registry.template_delete(ANN, "scipy")

    living, every = (
        [change.name for page in registry.template_index_pages(ANN, 3, deleted=deleted) for change in page]
        for deleted in (False, True)
    )

    assert (living, every) == (["r"], ["r", "scipy"])


def test_a_listing_of_a_revision_to_come_is_refused(registry: Registry) -> None:
    with pytest.raises(RevisionUnknown, match="no revision 2 yet"):
        next(registry.template_index_pages(ANN, 2))


def test_changes_lie_between_two_positions(registry: Registry) -> None:
    for image in ("a", "b", "c"):
        registry.template_update(ANN, replace(SCIPY, image_name=image))
    first, _, _, last = (change.position for change in registry.changes(ANN))

    assert [change.revision for change in registry.changes(ANN, since=first, before=last)] == [2, 3]
    assert [change.revision for change in registry.changes(ANN, before=last, newest_first=True, limit=2)] == [3, 2]
    assert registry.changes(ANN, since=last, before=first) == []


@pytest.mark.parametrize("bound", ["since", "before"])
def test_a_position_of_another_log_is_no_bound(registry: Registry, bound: str) -> None:
    other: dict[str, Any] = {bound: Position(1, b"another!")}

    with pytest.raises(PositionUnknown):
        registry.changes(ANN, **other)


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


def test_every_use_of_others_says_first_who_asks() -> None:
    uses = {name: use for name, use in vars(Registry).items() if name[0] != "_" and name not in SERVERS_OWN}

    assert READS.keys() <= uses.keys()
    assert [name for name, use in uses.items() if list(signature(use).parameters)[1] != "who"] == []


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_read_needs_the_scope_read(registry: Registry, read: Use) -> None:
    with pytest.raises(MissingScope, match="'read'"):
        read(registry, Identity("writer", frozenset({Scope.WRITE, Scope.ADMIN})))


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_anyone_may_read(registry: Registry, read: Use) -> None:
    assert read(registry, ANYONE)


@pytest.mark.parametrize(
    "write",
    [*WRITES.values(), *PROMOTES.values(), lambda registry, who: registry.change_purge(who, "scipy", 1)],
)
def test_anyone_may_only_read(registry: Registry, write: Use) -> None:
    with pytest.raises(MissingScope):
        write(registry, ANYONE)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_needs_the_scope_write(registry: Registry, write: Use) -> None:
    with pytest.raises(MissingScope, match="'write'"):
        write(registry, Identity("reader", frozenset(Scope) - {Scope.WRITE}))

    assert registry.store.head().revision == 1


@pytest.mark.parametrize("promote", PROMOTES.values(), ids=PROMOTES)
def test_a_promotion_needs_the_scope_promote(registry: Registry, promote: Use) -> None:
    registry.template_promote(ANN, "scipy", "testing")

    with pytest.raises(MissingScope, match="'promote'"):
        promote(registry, Identity("writer", frozenset(Scope) - {Scope.PROMOTE}))

    assert registry.store.head().revision == 2


@pytest.mark.parametrize("promote", PROMOTES.values(), ids=PROMOTES)
def test_the_log_keeps_who_promoted_and_why(registry: Registry, promote: Use) -> None:
    registry.template_promote(ANN, "scipy", "testing")

    promote(registry, Identity("bob", frozenset({Scope.PROMOTE})))

    assert [(change.by, change.note) for change in registry.changes(ANN, since=2)] == [("user:bob", "why")]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_log_keeps_who_wrote_and_why(registry: Registry, write: Use) -> None:
    write(registry, Identity("bob", frozenset({Scope.WRITE})))

    assert [(change.by, change.note) for change in registry.changes(ANN, since=1)] == [("user:bob", "why")]


@pytest.mark.parametrize("purge", [Registry.change_purge, Registry.change_copies])
def test_a_purge_needs_the_scope_admin(registry: Registry, purge: Callable[..., object]) -> None:
    registry.template_update(ANN, SCIPY)

    with pytest.raises(MissingScope, match="'admin'"):
        purge(registry, Identity("bob", frozenset({Scope.READ, Scope.WRITE})), "scipy", 1)

    assert registry.template_show(ANN, "scipy", revision=1).name == "scipy"


def test_the_log_keeps_who_purged_and_why(registry: Registry) -> None:
    registry.template_update(ANN, replace(SCIPY, command="c"))

    registry.change_purge(Identity("root", frozenset({Scope.ADMIN})), "scipy", 1, note="a password")

    [change] = registry.changes(ANN, since=2)
    assert (change.action, change.by, change.note) == (Action.PURGED, "user:root", "a password")


# ── apply ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_apply_is_one_group_of_changes(registry: Registry) -> None:
    steps = registry.apply(ANN, ApplyRequest([R, replace(SCIPY, command="new"), replace(R, name="s")], note="all"))

    assert [(step.action, step.after.name, step.after.revision) for step in steps] == [
        ("created", "r", 2),
        ("updated", "scipy", 3),
        ("created", "s", 4),
    ]
    assert {(change.first, change.note) for change in registry.changes(ANN, since=1)} == {(2, "all")}
    assert registry.template_index(ANN) == [steps[0].after, steps[2].after, steps[1].after]


def test_an_apply_keeps_the_time_of_creation(registry: Registry) -> None:
    before = registry.template_show(ANN, "scipy")

    registry.apply(ANN, ApplyRequest([replace(SCIPY, command="new")]))

    after = registry.template_show(ANN, "scipy")
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

    assert [template.name for template in registry.template_index(ANN)] == ["r"]
    tombstones = [(change.name, change.template) for change in registry.changes(ANN, since=3)]
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


def plan_now(registry: Registry, request: ApplyRequest) -> Planned:
    """As a server does, which shows what the log holds."""
    position, newest = registry.state()
    shown = {change.name: change.template for change in newest}
    living = [change.template for change in newest if change.template and not change.deleted]
    own = replace(request, templates=[*request.templates])
    return planned(own, position, shown.get, lambda: living)


def test_a_plan_from_before_the_lock_is_carried_out_as_if_it_were_made_under_it(registry: Registry) -> None:
    request = ApplyRequest([R, replace(SCIPY, command="new")], delete={"never": ""}, note="all")
    before = plan_now(registry, request)

    steps = registry.apply_planned(ANN, request, before)

    assert [(step.action, step.name) for step in steps] == [
        ("created", "r"),
        ("updated", "scipy"),
        ("unchanged", "never"),
    ]
    rows = registry.changes(ANN, since=1)
    assert [(row.name, row.previous, row.first, row.by, row.note) for row in rows] == [
        ("r", 0, 2, "user:ann", "all"),
        ("scipy", 1, 2, "user:ann", "all"),
    ]
    assert all(row.template and row.template.time_modified == row.time for row in rows)
    assert verify(registry.store.log).problems == []


CHANGED_MEANWHILE: list[tuple[Callable[[Registry], object], dict[str, str]]] = [
    (lambda registry: registry.template_create(ANN, replace(R, command="theirs")), {"r": "updated"}),
    (lambda registry: registry.template_create(ANN, R), {"r": "unchanged"}),
    (lambda registry: registry.template_delete(ANN, "scipy"), {"scipy": "created"}),
    (lambda registry: registry.template_update(ANN, replace(SCIPY, command="new")), {"scipy": "unchanged"}),
    (lambda registry: registry.template_delete(ANN, "old"), {"old": "unchanged"}),
    (lambda registry: registry.template_create(ANN, replace(R, name="x", labels={"team": "a"})), {"x": "deleted"}),
    (lambda registry: registry.template_create(ANN, replace(R, name="x", labels={"team": "b"})), {}),
    (lambda registry: registry.template_update(ANN, replace(R, name="pruned", labels={"team": "b"})), {"pruned": ""}),
    (lambda registry: registry.template_delete(ANN, "pruned"), {"pruned": ""}),
    (lambda registry: registry.template_update(ANN, replace(R, name="pruned", command="c")), {"pruned": "deleted"}),
]


@pytest.mark.parametrize("how", ["under the lock", "before the lock", "as if it were new"])
@pytest.mark.parametrize(("meanwhile", "otherwise"), CHANGED_MEANWHILE)
def test_what_was_written_since_the_plan_is_planned_again(
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[Registry], object],
    otherwise: dict[str, str],
    how: str,
) -> None:
    registry.template_create(ANN, replace(R, name="old"))
    registry.template_create(ANN, replace(R, name="pruned", labels={"team": "a"}))
    request = ApplyRequest(
        [R, replace(SCIPY, command="new")], delete={"old": ""}, prune=parse_selector("team=a", parameter="prune")
    )
    before = plan_now(registry, request)
    meanwhile(registry)
    monkeypatch.setattr("binder_registry.catching_up.FEW", 0 if how == "before the lock" else 1000)
    monkeypatch.setattr("binder_registry.registry.MOST_MOVED", 1000 if how == "under the lock" else 0)
    before, _ = registry.prepared(ANN, request, before)

    steps = registry.apply_planned(ANN, request, before)

    unmoved = {"r": "created", "scipy": "updated", "old": "deleted", "pruned": "deleted"}
    assert {step.name: step.action for step in steps} == {k: v for k, v in (unmoved | otherwise).items() if v}
    assert [step.action for step in registry.apply(ANN, request)] == ["unchanged"] * 3
    assert verify(registry.store.log).problems == []


@pytest.mark.parametrize("few", [0, 1000])
def test_a_plan_stays_as_it_is_where_others_wrote_other_templates(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("binder_registry.catching_up.FEW", few)
    request = ApplyRequest([R, replace(SCIPY, command="new")])
    before = plan_now(registry, request)
    registry.template_create(ANN, replace(R, name="other"))

    before, _ = registry.prepared(ANN, request, before)
    steps = registry.apply_planned(ANN, request, before)

    assert [(step.action, step.name) for step in steps] == [("created", "r"), ("updated", "scipy")]
    assert [row.name for row in registry.changes(ANN, since=2)] == ["r", "scipy"]
    assert before.drafts == {}


def test_what_is_written_after_a_plan_was_caught_up_is_planned_again(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("binder_registry.catching_up.FEW", 0)
    registry.template_create(ANN, replace(R, name="pruned"))
    request = ApplyRequest([R, SCIPY, replace(R, name="gone")], {"old": ""}, prune=[])
    before = plan_now(registry, request)
    for name in ("r", "gone", "old", "new"):
        registry.template_create(ANN, replace(R, name=name))
    before, _ = registry.prepared(ANN, request, before)
    caught_up = {step.name: step.action for step in before.steps}
    registry.template_update(ANN, replace(R, command="theirs"))
    registry.template_update(ANN, replace(SCIPY, command="theirs"))
    for name in ("gone", "old", "new"):
        registry.template_delete(ANN, name)

    steps = registry.apply_planned(ANN, request, before)

    assert caught_up == {
        **dict.fromkeys(("r", "scipy", "gone"), "unchanged"),
        **dict.fromkeys(("old", "pruned", "new"), "deleted"),
    }
    assert {step.name: step.action for step in steps} == {
        **dict.fromkeys(("r", "scipy"), "updated"),
        "gone": "created",
        "old": "unchanged",
        "pruned": "deleted",
    }
    assert [step.action for step in registry.apply(ANN, request)] == ["unchanged"] * 4


def test_a_plan_for_another_log_is_made_anew(registry: Registry) -> None:
    request = ApplyRequest([replace(SCIPY, command="new"), R])
    other = Registry(InMemoryStore(), TokenAuthStore("token"))
    other.template_create(ANN, R)

    steps = registry.apply_planned(ANN, request, plan_now(other, request))

    assert [(step.action, step.name) for step in steps] == [("updated", "scipy"), ("created", "r")]


def test_templates_are_held_once_from_the_plan_to_the_row(registry: Registry) -> None:
    request = ApplyRequest([R, SCIPY])

    before = planned(request, registry.head(), lambda name: None, list)
    drafts = [*before.drafts]
    registry.apply_planned(ANN, request, before)

    assert (request.templates, drafts, before.drafts) == ([], ["r", "scipy"], {})


def test_a_plan_sees_what_its_own_group_wrote(registry: Registry) -> None:
    request = ApplyRequest([R])
    before = plan_now(registry, request)

    with registry.atomic():
        registry.template_create(ANN, R)
        steps = registry.apply_planned(ANN, request, before)

    assert [step.action for step in steps] == ["unchanged"]


def test_a_plan_is_carried_out_for_those_who_may_write(registry: Registry) -> None:
    request = ApplyRequest([R])
    before = plan_now(registry, request)

    with pytest.raises(MissingScope):
        registry.apply_planned(Identity("bob", frozenset([Scope.READ])), request, before)


def test_writes_can_be_grouped(registry: Registry) -> None:
    with registry.store.atomic():
        with pytest.raises(TemplateExists):
            registry.template_create(ANN, SCIPY)
        registry.template_create(ANN, R)

    assert [change.name for change in registry.changes(ANN, since=1)] == ["r"]


def test_an_apply_that_nobody_checked_is_checked(registry: Registry) -> None:
    with pytest.raises(InvalidTemplate):
        registry.apply(ANN, ApplyRequest([replace(R, bind_port=70_000)]))
