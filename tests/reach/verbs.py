"""Everything that can be written, at random."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from binder_registry.apply import ApplyRequest
from binder_registry.auth import Identity, Scope
from binder_registry.batch import Batch
from binder_registry.changes import Position
from binder_registry.planned import Find, planned
from binder_registry.registry import Registry
from binder_registry.selector import parse_selector
from binder_registry.template import Template

ROOT = Identity("root", frozenset(Scope), "key")
NAMES = ("a1", "a2", "b1", "b2")
KINDS = (
    *("create", "update", "replace", "label", "point", "restore", "delete", "purge"),
    *("apply", "apply", "prune", "rename"),
)

Call = Callable[[Registry, Identity], object]


class Verb(Struct, frozen=True):
    call: Call
    scope: Scope = Scope.WRITE
    looked_at: frozenset[str] = frozenset()  # by an apply or a purge, also what stays as it is
    dry: Call | None = None  # the same, which only tells what would be


def template(name: str, labels: Mapping[str, str] | None = None, **members: str) -> Template:
    return Template(name=name, image_name="image", labels=dict(labels or {}), **members)  # type: ignore[arg-type]


def states(registry: Registry, batch: Batch | None = None) -> dict[str, Template]:
    """Of every name, tombstones too; with what a batch holds."""
    newest = [change.revision for change in registry.state()[1]]
    rows = [*registry.rows_at(ROOT, newest), *(batch.rows if batch else ())]
    return {row.name: row.readable() for row in rows}


def apply(*templates: Template, **members: object) -> Call:
    return lambda registry, who: registry.apply(who, _request(templates, members))


def apply_planned(*templates: Template, **members: object) -> Call:
    """Planned against what is committed, as a server does before the lock."""

    def write(registry: Registry, who: Identity) -> object:
        request = _request(templates, members)
        return registry.apply_planned(who, request, planned(request, *_shown(registry)))

    return write


def apply_dry(*templates: Template, **members: object) -> Call:
    return lambda registry, who: registry.apply_dry(who, _request(templates, members), *_shown(registry))


def _request(templates: Sequence[Template], members: Mapping[str, object]) -> ApplyRequest:
    """A new one each time: what plans it takes its templates."""
    return ApplyRequest(list(templates), **members)  # type: ignore[arg-type]


def _shown(registry: Registry) -> tuple[Position, Find, Callable[[], list[Template]]]:
    found = states(registry)
    position = registry.store.log.head().position
    return position, found.get, lambda: [one for _, one in sorted(found.items()) if not one.deleted]


def any_template(random: Random, name: str = "") -> Template:
    name = name or random.choice(NAMES)
    labels = {"team": random.choice("xy")} if random.random() < 0.8 else {}
    successor = random.choice(NAMES) if random.random() < 0.2 else ""
    return template(name, labels, replaced_by="" if successor == name else successor, command=random.choice("pq"))


def any_verb(random: Random, newest: int) -> Verb:
    one, other, revision = any_template(random), random.choice(NAMES), random.randint(1, max(1, newest))
    match random.choice(KINDS):
        case "create":
            return Verb(lambda registry, who: registry.template_create(who, one))
        case "update":
            return Verb(lambda registry, who: registry.template_update(who, one))
        case "replace":
            return Verb(lambda registry, who: registry.template_replace(who, one))
        case "label":
            return Verb(lambda registry, who: _changed(registry, who, other, labels=one.labels))
        case "point":
            return Verb(lambda registry, who: _changed(registry, who, other, replaced_by=one.name))
        case "restore":
            return Verb(lambda registry, who: registry.template_restore(who, other, revision))
        case "delete":
            by = one.name if one.name != other and random.random() < 0.5 else ""
            return Verb(lambda registry, who: registry.template_delete(who, other, replaced_by=by))
        case "purge":
            purge: Call = lambda registry, who: registry.change_purge(who, other, revision)  # noqa: E731
            return Verb(purge, Scope.ADMIN, frozenset({other}))
        case "rename":
            delete = {} if other == one.name else {other: one.name}
            return _applied(random, [any_template(random, one.name)], delete=delete)
        case "prune":
            selector = parse_selector(random.choice(["team=x", "team", "!team"]), parameter="prune")
            return _applied(random, [one], prune=selector)
    wanted = {each.name: each for each in (any_template(random) for _ in range(random.randrange(1, 4)))}
    return _applied(random, list(wanted.values()))


def _changed(registry: Registry, who: Identity, name: str, **members: object) -> object:
    """As PATCH does. Whoever reads here sees what is not committed, too."""
    return registry.template_replace(who, replace(registry.template_show(ROOT, name), **members))


def _applied(random: Random, wanted: list[Template], **members: Any) -> Verb:
    make = random.choice([apply, apply_planned])
    looked_at = frozenset([*(each.name for each in wanted), *members.get("delete", ())])
    return Verb(make(*wanted, **members), Scope.WRITE, looked_at, apply_dry(*wanted, **members))
