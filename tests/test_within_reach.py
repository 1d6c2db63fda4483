"""What a limited holder writes: every verb, before and after, against an oracle that knows neither verbs nor plans."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from random import Random

import pytest
from msgspec.structs import replace

from binder_registry.apply import ApplyRequest
from binder_registry.auth import EVERYTHING, Identity, Reach, Scope, TokenAuthStore
from binder_registry.backends.memory import InMemoryStore
from binder_registry.batch import Batch
from binder_registry.errors import MissingScope, OutOfReach, RegistryError
from binder_registry.planned import planned
from binder_registry.registry import Registry
from binder_registry.selector import parse_selector
from binder_registry.template import Template
from binder_registry.token_rules import NewToken
from binder_registry.tokens import identity_of

ROOT = Identity("root", frozenset(Scope), "key")
Verb = Callable[[Registry, Identity], object]
Bound = tuple[Sequence[str], str]  # the globs and the selector of one token, as its maker wrote them
States = Mapping[str, Template]


def limited(*bounds: Bound) -> Identity:
    reach = EVERYTHING
    for globs, selector in bounds:
        labels = tuple(parse_selector(selector, parameter="labels")) if selector else ()
        reach = Reach((tuple(globs),) if globs else (), labels).within(reach)
    return Identity("ci", frozenset(Scope), "token", reach=reach)


def template(name: str, labels: Mapping[str, str] | None = None, **members: str) -> Template:
    return Template(name=name, image_name="image", labels=dict(labels or {}), **members)  # type: ignore[arg-type]


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
    return registry


def apply(*templates: Template, **request: object) -> Verb:
    return lambda registry, who: registry.apply(who, ApplyRequest(list(templates), **request))  # type: ignore[arg-type]


def apply_planned(*templates: Template, **members: object) -> Verb:
    def write(registry: Registry, who: Identity) -> object:
        request = ApplyRequest(list(templates), **members)  # type: ignore[arg-type]
        found, living = states(registry), registry.template_index(ROOT)
        position = registry.head()
        return registry.apply_planned(who, request, planned(request, position, found.get, lambda: living))

    return write


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


TAKEN: dict[str, Verb] = {
    "create": lambda registry, who: registry.template_create(who, template("scipy-9", OURS)),
    "replace": lambda registry, who: registry.template_replace(who, template("scipy-1", OURS | {"a": "b"})),
    "delete": lambda registry, who: registry.template_delete(who, "scipy-1", replaced_by="scipy-3"),
    "restore": lambda registry, who: registry.template_restore(who, "scipy-3", 5),
    "purge": lambda registry, who: registry.change_purge(who, "scipy-3", 4),
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


# ── any sequence of writes ───────────────────────────────────────────────────────────────────────────────────────────


GLOBS: Sequence[Sequence[str]] = ([], ["a*"], ["?1", "b2"])


def in_reach(bounds: Sequence[Bound], name: str, labels: Mapping[str, str] | None) -> bool:
    """`labels` None: nothing is there, and the name alone counts."""
    for globs, selector in bounds:
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        if globs and not any(fnmatchcase(name, glob) for glob in globs):
            return False
        if labels is not None and not wanted.items() <= labels.items():
            return False
    return True


def allowed(bounds: Sequence[Bound], before: States, after: States, looked_at: set[str]) -> bool:
    """Every template that differs, or that a verb named, lies in reach before and after; so do new successors."""
    touched = looked_at | {name for name in after if after[name] != before.get(name)}
    sides = [(name, side[name].labels if name in side else None) for name in touched for side in (before, after)]
    for name in touched & after.keys():
        successor = after[name].replaced_by
        if successor and (name not in before or before[name].replaced_by != successor):
            sides.append((successor, after[successor].labels if successor in after else None))
    return all(in_reach(bounds, *side) for side in sides)


class _Undo(Exception):
    pass


def states(registry: Registry, batch: Batch | None = None) -> dict[str, Template]:
    """Of every name, tombstones too."""
    newest = [change.revision for change in registry.state()[1]]
    rows = [*registry.rows_at(ROOT, newest), *(batch.rows if batch else ())]
    return {row.name: row.readable() for row in rows}


def any_verb(random: Random) -> tuple[Verb, set[str]]:
    """With the names that an apply looks at, also where it changes nothing."""
    names = ["a1", "a2", "b1", "b2"]

    def any_template() -> Template:
        labels = {"team": random.choice("xy")} if random.random() < 0.8 else {}
        successor = random.choice(names) if random.random() < 0.2 else ""
        name = random.choice(names)
        return template(name, labels, replaced_by="" if successor == name else successor, command=random.choice("pq"))

    one, other, revision = any_template(), random.choice(names), random.randrange(1, 12)
    match random.choice(["create", "update", "replace", "restore", "delete", "purge", "apply", "apply", "rename"]):
        case "create":
            return lambda registry, who: registry.template_create(who, one), set()
        case "update":
            return lambda registry, who: registry.template_update(who, one), set()
        case "replace":
            return lambda registry, who: registry.template_replace(who, one), set()
        case "restore":
            return lambda registry, who: registry.template_restore(who, other, revision), set()
        case "delete":
            by = one.name if one.name != other and random.random() < 0.5 else ""
            return lambda registry, who: registry.template_delete(who, other, replaced_by=by), set()
        case "purge":
            return lambda registry, who: registry.change_purge(who, other, revision), {other}
        case "rename":
            return apply_planned(one, delete={} if other == one.name else {other: one.name}), {one.name, other}
    wanted = {each.name: each for each in (any_template() for _ in range(random.randrange(1, 4)))}
    make = random.choice([apply, apply_planned])
    prune = parse_selector("team=x", parameter="prune") if random.random() < 0.3 else None
    return make(*wanted.values(), prune=prune), set(wanted)


@pytest.mark.parametrize("seed", range(12))
def test_a_token_and_its_children_write_exactly_what_the_oracle_lets(seed: int) -> None:
    random = Random(seed)
    registry = Registry(InMemoryStore(), TokenAuthStore("key"))
    told = [0, 0]
    for step in range(60):
        bounds = [(random.choice(GLOBS), random.choice(["", "team=x"])) for _ in range(random.randrange(1, 4))]
        who = ROOT
        for generation, (globs, labels) in enumerate(bounds):
            asked = NewToken(f"{seed}-{step}-{generation}", tuple(Scope), tuple(globs), labels)
            who = identity_of(registry.tokens.make(who, asked)[0])
        verb, looked_at = any_verb(random)
        before = states(registry)
        after: States = before
        with suppress(_Undo, RegistryError), registry.atomic() as batch:
            verb(registry, ROOT)
            after = states(registry, batch)
            looked_at |= {row.name for row in batch.rows}
            raise _Undo

        try:
            verb(registry, who)
            may = True
        except OutOfReach:
            may = False
        except RegistryError:
            continue

        assert may == allowed(bounds, before, after, looked_at)
        told[may] += 1
        if not may and random.random() < 0.5:
            with suppress(RegistryError):
                verb(registry, ROOT)  # so that there is something beyond the reach of the next one
    assert all(told)
