"""What a limited holder writes: every verb, before and after. `tests/reach` does the same at random."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from msgspec.structs import replace

from binder_registry.auth import EVERYTHING, Identity, Reach, Scope, TokenAuthStore
from binder_registry.backends.memory import InMemoryStore
from binder_registry.errors import MissingScope, OutOfReach
from binder_registry.registry import Registry
from binder_registry.selector import parse_selector

from .reach.verbs import ROOT, apply, apply_planned, template

Verb = Callable[[Registry, Identity], object]
Bound = tuple[Sequence[str], str]  # the globs and the selector of one token, as its maker wrote them


def limited(*bounds: Bound) -> Identity:
    reach = EVERYTHING
    for globs, selector in bounds:
        labels = tuple(parse_selector(selector, parameter="labels")) if selector else ()
        reach = Reach((tuple(globs),) if globs else (), labels).within(reach)
    return Identity("ci", frozenset(Scope), "token", reach=reach)


PHYSICS = limited((["scipy*"], "team=physics"))
OURS, THEIRS = {"team": "physics"}, {"team": "maths"}


@pytest.fixture
def registry() -> Registry:
    registry = Registry(InMemoryStore(), TokenAuthStore("key"))
    for one in (template("scipy-1", OURS), template("scipy-2", THEIRS), template("r", OURS)):
        registry.template_create(ROOT, one)
    registry.template_create(ROOT, template("scipy-3", THEIRS))  # 4
    registry.template_replace(ROOT, template("scipy-3", OURS))
    registry.template_create(ROOT, template("scipy-4", OURS))  # 6
    registry.template_replace(ROOT, template("scipy-4", THEIRS))
    registry.template_create(ROOT, template("scipy-5", THEIRS))  # 8
    registry.template_delete(ROOT, "scipy-5")
    registry.template_create(ROOT, template("scipy-6", THEIRS))  # 10
    registry.template_promote(ROOT, "scipy-6", "stable")
    return registry


REFUSED: dict[str, tuple[Verb, str]] = {
    "create a name outside": (lambda registry, who: registry.template_create(who, template("new", OURS)), "new"),
    "create with other labels": (
        lambda registry, who: registry.template_create(who, template("scipy-9", THEIRS)),
        "scipy-9",
    ),
    "create what others deleted": (
        lambda registry, who: registry.template_create(who, template("scipy-5", OURS)),
        "scipy-5",
    ),
    "update others'": (lambda registry, who: registry.template_update(who, template("scipy-2")), "scipy-2"),
    "take others'": (lambda registry, who: registry.template_replace(who, template("scipy-2", OURS)), "scipy-2"),
    "give away": (lambda registry, who: registry.template_replace(who, template("scipy-1", THEIRS)), "scipy-1"),
    "restore others' labels": (lambda registry, who: registry.template_restore(who, "scipy-3", 4), "scipy-3"),
    "restore over others' labels": (lambda registry, who: registry.template_restore(who, "scipy-4", 6), "scipy-4"),
    "delete others'": (lambda registry, who: registry.template_delete(who, "scipy-2"), "scipy-2"),
    "purge others'": (lambda registry, who: registry.change_purge(who, "scipy-4", 6), "scipy-4"),
    "promote others'": (lambda registry, who: registry.template_promote(who, "scipy-2", "stable"), "scipy-2"),
    "promote others' to where it points": (
        lambda registry, who: registry.template_promote(who, "scipy-6", "stable"),
        "scipy-6",
    ),
    "promote what was ours": (lambda registry, who: registry.template_promote(who, "scipy-4", "stable", 6), "scipy-4"),
    "demote others'": (lambda registry, who: registry.template_demote(who, "scipy-6", "stable"), "scipy-6"),
    "point at others'": (
        lambda registry, who: registry.template_delete(who, "scipy-1", replaced_by="scipy-2"),
        "scipy-2",
    ),
    "point at a name outside": (
        lambda registry, who: registry.template_update(who, template("scipy-1", OURS, replaced_by="other")),
        "other",
    ),
    "apply": (apply(template("scipy-9", OURS), template("r", OURS), template("scipy-2")), "r"),
    "apply, unchanged": (apply(template("scipy-2", THEIRS)), "scipy-2"),
    "apply, deleted": (apply(delete={"scipy-2": ""}), "scipy-2"),
    "apply, deleted before": (apply(delete={"scipy-5": ""}), "scipy-5"),
    "apply, prune": (apply(template("scipy-1", OURS), prune=[]), "r"),
    "dry run": (apply(template("r", OURS), dry_run=True), "r"),
    "rename": (apply(template("new", OURS), delete={"scipy-1": "new"}), "new"),
    "planned": (apply_planned(template("scipy-9", OURS), template("scipy-2", OURS)), "scipy-2"),
    "planned, unchanged": (apply_planned(template("scipy-2", THEIRS)), "scipy-2"),
    "planned, prune": (apply_planned(template("scipy-1", OURS), prune=[]), "r"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_lies_outside_is_refused_whole_and_the_first_is_named(registry: Registry, what: str) -> None:
    verb, first = REFUSED[what]
    before = registry.head()

    with pytest.raises(OutOfReach, match=f"does not reach the template '{first}'"):
        verb(registry, PHYSICS)

    assert registry.head() == before


def test_one_that_is_refused_leaves_nothing_in_a_block_that_goes_on(registry: Registry) -> None:
    before = registry.head().revision

    with registry.atomic():
        for verb, _ in REFUSED.values():
            with suppress(OutOfReach):
                verb(registry, PHYSICS)
        registry.template_create(ROOT, template("z"))

    assert registry.head().revision == before + 1


OUTSIDE: dict[str, Callable[[str], Verb]] = {
    "create": lambda name: lambda registry, who: registry.template_create(who, template(name, OURS)),
    "update": lambda name: lambda registry, who: registry.template_update(who, template(name), expected=7),
    "replace": lambda name: lambda registry, who: registry.template_replace(who, template(name, OURS), expected=7),
    "restore": lambda name: lambda registry, who: registry.template_restore(who, name, 99),
    "delete": lambda name: lambda registry, who: registry.template_delete(who, name, expected=7),
    "purge": lambda name: lambda registry, who: registry.change_purge(who, name, 3),
    "look for copies": lambda name: lambda registry, who: registry.change_copies(who, name, 3),
    "promote": lambda name: lambda registry, who: registry.template_promote(who, name, "stable"),
    "demote": lambda name: lambda registry, who: registry.template_demote(who, name, "stable"),
    "apply": lambda name: apply(template(name, OURS)),
    "apply, deleted": lambda name: apply(delete={name: ""}),
    "planned": lambda name: apply_planned(template(name, OURS)),
    "successor": lambda name: lambda registry, who: registry.template_delete(who, "scipy-1", replaced_by=name),
}


@pytest.mark.parametrize("name", ["r", "not-there"])
@pytest.mark.parametrize("what", OUTSIDE)
def test_whoever_does_not_reach_a_name_is_not_told_whether_it_is_there(
    registry: Registry, what: str, name: str
) -> None:
    with pytest.raises(OutOfReach, match=f"^The token does not reach the template '{name}'$"):
        OUTSIDE[what](name)(registry, PHYSICS)


TAKEN: dict[str, Verb] = {
    "create": lambda registry, who: registry.template_create(who, template("scipy-9", OURS)),
    "replace": lambda registry, who: registry.template_replace(who, template("scipy-1", OURS | {"a": "b"})),
    "delete": lambda registry, who: registry.template_delete(who, "scipy-1", replaced_by="scipy-3"),
    "restore": lambda registry, who: registry.template_restore(who, "scipy-3", 5),
    "purge": lambda registry, who: registry.change_purge(who, "scipy-3", 4),
    "promote": lambda registry, who: registry.template_promote(who, "scipy-3", "stable", 4),
    "rename": apply(template("scipy-9", OURS), delete={"scipy-1": "scipy-9"}),
    "planned": apply_planned(template("scipy-9", OURS), template("scipy-3", OURS | {"a": "b"})),
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_lies_within_is_written(registry: Registry, what: str) -> None:
    before = registry.head().revision

    TAKEN[what](registry, PHYSICS)

    assert registry.head().revision > before


def test_a_successor_that_was_there_before_hinders_nobody(registry: Registry) -> None:
    registry.template_update(ROOT, template("scipy-1", replaced_by="scipy-2"))

    updated = registry.template_update(PHYSICS, replace(template("scipy-1"), image_name="new"))

    assert updated.image_name == "new"


def test_a_reach_gives_no_scope(registry: Registry) -> None:
    reader = replace(PHYSICS, scopes=frozenset({Scope.READ}))

    for verb in TAKEN.values():
        with pytest.raises(MissingScope):
            verb(registry, reader)


def test_nobody_takes_more_than_they_were_given_by_asking_twice() -> None:
    outer, inner = Reach((("a*",),)), Reach((("*b",),))

    both = inner.within(outer)

    assert [both.names_it(name) for name in ("ab", "ax", "xb")] == [True, False, False]
