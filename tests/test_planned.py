"""A plan that was made before the lock, brought up to what others wrote meanwhile: as if it were made then."""

import pytest
from msgspec.structs import replace

from binder_registry.apply import ApplyRequest
from binder_registry.apply_promotions import PromotedStep
from binder_registry.backends.memory import InMemoryStore
from binder_registry.changes import Position
from binder_registry.planned import Planned, brought_up, planned, planned_anew
from binder_registry.template import Template


def template(name: str, image: str = "i") -> Template:
    return Template(name=name, image_name=image)


@pytest.fixture
def store() -> InMemoryStore:
    """a, b, c and d, of which a has a channel."""
    store = InMemoryStore()
    for name in "abcd":
        store.register_template(template(name))
    store.promote_template("a", "stable")
    return store


def found(store: InMemoryStore, name: str) -> Template | None:
    change = store.log.current(name)
    return change.template if change else None


def plan(store: InMemoryStore, request: ApplyRequest) -> Planned:
    state = {name: one for name in "abcdx" if (one := found(store, name))}  # as it is now
    living = [one for one in state.values() if not one.deleted]
    return planned(replace(request, templates=[*request.templates]), store.head(), state.get, lambda: living)


def told(plan: Planned) -> list[tuple[str, str]]:
    return sorted((step.name, step.action) for step in plan.steps if step.action != "unchanged")


WANTED = ApplyRequest([template("a", "new"), template("b"), template("x")], {"c": ""}, prune=[])


def test_what_was_wanted_is_told_without_what_the_registry_keeps(store: InMemoryStore) -> None:
    request = replace(WANTED, prune=None)
    before = plan(store, request)

    told = {step.name: before.wanted(step) for step in before.steps if step.name not in request.delete}

    assert told == {one.name: one for one in request.templates}


@pytest.mark.parametrize(
    ("write", "moved", "steps"),
    [
        (lambda store: store.delete_template("a"), {"a"}, {"a": "created"}),
        (lambda store: store.replace_template(template("a", "new")), {"a"}, {"a": None}),
        (lambda store: store.replace_template(template("b", "other")), {"b"}, {"b": "updated"}),
        (lambda store: store.delete_template("c"), {"c"}, {"c": None}),
        (lambda store: store.replace_template(template("c", "other")), {"c"}, {}),
        (lambda store: store.register_template(template("x", "other")), {"x"}, {"x": "updated"}),
        (lambda store: store.delete_template("d"), {"d"}, {"d": None}),
        (lambda store: store.register_template(template("y")), {"y"}, {"y": "deleted"}),
        (lambda store: [store.register_template(template("y")), store.delete_template("y")], {"y"}, {}),
    ],
)
def test_what_others_wrote_is_looked_at_again(
    store: InMemoryStore, write: "object", moved: set[str], steps: dict[str, str | None]
) -> None:
    before = plan(store, WANTED)
    assert told(before) == [("a", "updated"), ("c", "deleted"), ("d", "deleted"), ("x", "created")]
    write(store)  # type: ignore[operator]

    now = brought_up(before, WANTED, store.head(), moved, lambda name: found(store, name))

    expected = {**dict(told(before)), **steps}
    assert told(now) == sorted((name, action) for name, action in expected.items() if action)
    assert sorted(now.drafts) == sorted(name for name, action in expected.items() if action)
    assert {step.name for step in now.steps} <= {"a", "b", "c", "d", "x", *(name for name in steps if steps[name])}


def test_what_is_to_be_deleted_by_name_is_looked_at_again_without_a_selector_too(store: InMemoryStore) -> None:
    request = ApplyRequest([template("x")], {"c": "", "d": ""})
    before = plan(store, request)
    store.replace_template(template("c", "other"))
    store.delete_template("d")

    now = brought_up(before, request, store.head(), {"c", "d"}, lambda name: found(store, name))
    anew = planned_anew(now, request, store.head(), lambda name: found(store, name), list)

    assert told(now) == told(anew) == [("c", "deleted"), ("x", "created")]
    assert [step.name for step in now.steps] == [step.name for step in anew.steps] == ["x", "c", "d"]


@pytest.mark.parametrize("writes", [True, False])
def test_whether_it_writes_and_what_it_promotes_is_carried_on(store: InMemoryStore, writes: bool) -> None:
    request = replace(WANTED, prune=None)
    before = replace(plan(store, request), writes=writes, promotions=[PromotedStep("d", 4, None)])
    find, position = (lambda name: found(store, name)), Position(9)

    later = [
        brought_up(before, request, position, frozenset(), find),
        brought_up(before, request, position, {"b"}, find),
        planned_anew(before, request, position, find, list),
    ]

    assert [one.writes for one in later] == [writes] * 3
    assert [one.position for one in later] == [position] * 3
    assert [one.promotions for one in later[:2]] == [before.promotions] * 2
