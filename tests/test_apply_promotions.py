"""Promoting many templates at once, in the same apply that writes them: planned under the lock, and before it."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from binder_registry.apply_body import read_apply
from binder_registry.apply_promotions import PromotedStep
from binder_registry.auth import Identity, Reach, Scope, TokenAuthStore
from binder_registry.backends.memory import InMemoryStore
from binder_registry.changes import Action
from binder_registry.channels import Channel, Promotion
from binder_registry.errors import InvalidRequest, InvalidTemplate, MissingScope, OutOfReach
from binder_registry.kept_members import channels_of
from binder_registry.planned import Planned, planned
from binder_registry.registry import Registry
from binder_registry.selector import parse_selector
from binder_registry.template import Template

ANN = Identity("ann", frozenset(Scope))
PHYSICS = {"course": "physics"}
STABLE = {"channel": "stable", "label": "course=physics"}
FROM_TESTING = {**STABLE, "from": "testing"}
Told = list[tuple[str, str, Promotion | None, str]]


def template(name: str, image: str = "i", labels: dict[str, str] = PHYSICS) -> Template:
    return Template(name=name, image_name=image, labels=labels)


@pytest.fixture
def registry() -> Registry:
    """Two templates of the course and one of another; one of the two is being tested."""
    registry = Registry(InMemoryStore(), TokenAuthStore("key"))
    for name, labels in (("a", PHYSICS), ("b", PHYSICS), ("m", {"course": "maths"})):
        registry.template_create(ANN, template(name, labels=labels))
    registry.template_promote(ANN, "a", "testing")  # 4
    registry.template_update(ANN, template("a", "j"))
    return registry


def plan_of(registry: Registry, **request: Any) -> Planned:
    def find(name: str) -> Template | None:
        change = registry.current(name)
        return change.template if change else None

    return planned(body(**request), registry.head(), find, registry.store.templates)


def body(**request: Any) -> Any:
    return read_apply(msgspec.json.encode({key.replace("_", "-"): value for key, value in request.items()}))


@pytest.fixture(params=["under the lock", "before it", "moved meanwhile"])
def apply(registry: Registry, request: pytest.FixtureRequest) -> Any:
    """Gives what is told of the promotions."""

    def applied(who: Identity = ANN, **members: Any) -> Told:
        if request.param == "under the lock":
            chosen = [step for step in registry.apply(who, body(**members)) if step.promotion or step.reason]
            return [(step.action, step.after.name, step.promotion, step.reason) for step in chosen]
        before = plan_of(registry, **members)
        if request.param == "moved meanwhile":
            registry.template_create(ANN, template(f"z{registry.head()}", labels={}))
        steps = registry.apply_planned(who, body(**members), before)
        found = [step for step in steps if isinstance(step, PromotedStep)]
        return [(step.action, step.name, step.promotion, step.reason) for step in found]

    return applied


def channels(registry: Registry, name: str) -> dict[str, Channel]:
    current = registry.current(name)
    return channels_of((current and current.content) or b"")


def test_all_that_are_selected_are_promoted_to_their_newest_content(registry: Registry, apply: Any) -> None:
    told = apply(promote=STABLE)

    assert told == [("promoted", "a", Promotion("stable", 0, 5), ""), ("promoted", "b", Promotion("stable", 0, 2), "")]
    assert channels(registry, "a") == {"stable": Channel(5, 0), "testing": Channel(1, 1)}
    assert channels(registry, "m") == {}


def test_a_channel_follows_another(registry: Registry, apply: Any) -> None:
    told = apply(promote=FROM_TESTING)

    assert told == [
        ("promoted", "a", Promotion("stable", 0, 1), ""),
        ("unchanged", "b", None, "it has no channel 'testing'"),
    ]
    assert channels(registry, "a") == {"stable": Channel(1, 1), "testing": Channel(1, 1)}


def test_what_points_there_already_stays(registry: Registry, apply: Any) -> None:
    apply(promote=FROM_TESTING)
    before = registry.current("a")

    told = apply(promote=FROM_TESTING)

    assert told[0] == ("unchanged", "a", None, "'stable' points at revision 1 already")
    assert registry.current("a") == before


def test_what_the_same_request_writes_is_promoted(registry: Registry, apply: Any) -> None:
    wanted = [template("new"), template("b", "k"), template("m", "k", {"course": "maths"})]
    templates = [msgspec.to_builtins(replace(one)) for one in wanted]

    apply(templates=templates, delete={"a": None}, promote=STABLE, note="term")

    rows = [row for row in registry.changes(ANN, since=5) if row.name[0] != "z"]
    assert [(row.name, row.action) for row in rows] == [
        ("new", Action.CREATED),
        ("b", Action.UPDATED),
        ("m", Action.UPDATED),
        ("a", Action.DELETED),
        ("b", Action.PROMOTED),
        ("new", Action.PROMOTED),
    ]
    assert {(row.first, row.note) for row in rows} == {(rows[0].revision, "term")}
    assert channels(registry, "new") == {"stable": Channel(rows[0].revision, 0)}
    assert channels(registry, "b") == {"stable": Channel(rows[1].revision, 0)}


def test_a_label_of_today_selects(registry: Registry, apply: Any) -> None:
    moved = msgspec.to_builtins(template("m"))

    apply(templates=[moved], promote=STABLE)

    assert list(channels(registry, "m")) == ["stable"]


@pytest.mark.parametrize(
    ("scopes", "members", "missing"),
    [
        ({Scope.PROMOTE}, {"promote": STABLE}, ""),
        ({Scope.WRITE}, {"promote": STABLE}, "promote"),
        ({Scope.PROMOTE}, {"promote": STABLE, "delete": {"m": None}}, "write"),
        ({Scope.PROMOTE}, {"promote": STABLE, "prune": "a=b", "allow-empty": True}, "write"),
        ({Scope.PROMOTE}, {"promote": STABLE, "templates": [{"name": "n", "image-name": "i"}]}, "write"),
        ({Scope.WRITE}, {"delete": {"m": None}}, ""),
        ({Scope.PROMOTE}, {"delete": {"m": None}}, "write"),
    ],
)
def test_an_apply_needs_the_scopes_of_what_it_does(
    registry: Registry, apply: Any, scopes: set[Scope], members: Any, missing: str
) -> None:
    who = Identity("ci", frozenset(scopes))
    if not missing:
        apply(who, **members)
        return

    with pytest.raises(MissingScope, match=f"'{missing}'"):
        apply(who, **members)


def test_a_promotion_out_of_reach_undoes_all_of_the_apply(registry: Registry, apply: Any) -> None:
    who = replace(ANN, reach=Reach((("a", "new"),)))

    with pytest.raises(OutOfReach, match="'b'"):
        apply(who, templates=[msgspec.to_builtins(template("new"))], promote=STABLE)

    assert registry.current("new") is None


def test_a_dry_run_tells_and_writes_nothing(registry: Registry) -> None:
    members = {"templates": [msgspec.to_builtins(template("b", "k"))], "promote": STABLE, "dry-run": True}
    before = registry.head()

    under = registry.apply(ANN, body(**members))
    seen = plan_of(registry, **members)

    assert [(step.action, step.after.name, step.promotion) for step in under] == [
        ("updated", "b", None),
        ("promoted", "a", Promotion("stable", 0, 5)),
        ("promoted", "b", Promotion("stable", 0, 0)),
    ]
    assert [(step.name, step.promotion) for step in seen.promotions] == [
        ("a", Promotion("stable", 0, 5)),
        ("b", Promotion("stable", 0, 0)),
    ]
    assert registry.head() == before


@pytest.mark.parametrize(
    ("promote", "field"),
    [
        ([], "promote"),
        ({"label": "*"}, "promote.channel"),
        ({"channel": "latest", "label": "*"}, "promote.channel"),
        ({"channel": "stable"}, "promote.label"),
        ({"channel": "stable", "label": "a=="}, "promote.label"),
        ({"channel": "stable", "label": "*", "from": "Testing"}, "promote.from"),
        ({"channel": "stable", "label": "*", "from": "stable"}, "promote.from"),
        ({"channel": "stable", "label": "*", "names": []}, "promote.names"),
    ],
)
def test_a_promotion_that_is_wrong_is_named(promote: Any, field: str) -> None:
    with pytest.raises(InvalidTemplate) as error:
        body(promote=promote)

    assert [hint.field for hint in error.value.errors] == [field]


@pytest.mark.parametrize(
    ("member", "value"), [("content-revision", 7), ("promoted", {"channel": "a", "from": 0, "to": 1})]
)
def test_what_only_answers_say_is_refused_in_an_apply(member: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=f"{member} is not a member of a template"):
        body(templates=[{"name": "a", "image-name": "i", member: value}])


def test_channels_in_a_template_of_an_apply_are_dropped() -> None:
    sent = {"name": "a", "image-name": "i", "channels": {"stable": {"revision": 1, "behind": 0}}}

    [read] = body(templates=[sent]).templates

    assert read.channels == {}


def test_a_content_that_an_older_row_wrote_is_meant_by_that_one(registry: Registry, apply: Any) -> None:
    registry.template_promote(ANN, "a", "next")

    dry = plan_of(registry, promote=STABLE).promotions
    told = apply(promote=STABLE)

    assert dry[0].promotion == Promotion("stable", 0, 5)
    assert told[0] == ("promoted", "a", Promotion("stable", 0, 5), "")


def test_what_is_deleted_is_not_told_to_be_promoted(registry: Registry) -> None:
    dry = plan_of(registry, delete={"a": None}, promote=STABLE)

    assert [step.name for step in dry.promotions] == ["b"]


def test_what_others_wrote_meanwhile_is_promoted_as_it_is_now(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("binder_registry.catching_up.FEW", 0)
    before = plan_of(registry, promote=STABLE)
    registry.template_create(ANN, template("c"))
    registry.template_delete(ANN, "b")
    registry.template_update(ANN, template("a", labels={"course": "maths"}))

    now, _ = registry.prepared(ANN, body(promote=STABLE), before)
    registry.apply_planned(ANN, body(promote=STABLE), now)

    assert [row.name for row in registry.changes(ANN) if row.action is Action.PROMOTED] == ["a", "c"]
    assert list(channels(registry, "a")) == ["testing"]


def test_what_is_prepared_needs_the_scope_promote(registry: Registry) -> None:
    with pytest.raises(MissingScope, match="'promote'"):
        registry.prepared(Identity("w", frozenset({Scope.WRITE})), body(promote=STABLE), plan_of(registry))


def test_what_is_run_dry_needs_the_scope_promote(registry: Registry) -> None:
    with pytest.raises(MissingScope, match="'promote'"):
        dry_run(registry, Identity("w", frozenset({Scope.WRITE})), STABLE)


def dry_run(registry: Registry, who: Identity, promote: Any) -> None:
    def find(name: str) -> Template | None:
        change = registry.current(name)
        return change.template if change else None

    registry.apply_dry(who, body(promote=promote, dry_run=True), registry.head(), find, registry.store.templates)


LABELED = Reach(labels=tuple(parse_selector("team=x", parameter="labels")))


@pytest.mark.parametrize("reach", [Reach((("a",),)), LABELED], ids=["names", "labels"])
@pytest.mark.parametrize("promote", [STABLE, FROM_TESTING], ids=["promoted", "as it is"])
def test_whatever_a_promotion_looks_at_is_to_be_in_reach(registry: Registry, reach: Reach, promote: Any) -> None:
    who = replace(ANN, reach=reach)
    uses: list[Callable[[], object]] = [
        lambda: registry.apply(who, body(promote=promote, dry_run=True)),
        lambda: registry.apply(who, body(promote=promote)),
        lambda: dry_run(registry, who, promote),
    ]

    for use in uses:
        with pytest.raises(OutOfReach):
            use()

    assert registry.head().revision == 5


def test_a_member_of_a_promotion_that_comes_twice_is_named() -> None:
    with pytest.raises(InvalidTemplate, match="channel"):
        read_apply(b'{"promote":{"channel":"stable","channel":"testing","label":"*"}}')
