"""The state machine of stores, which also applies: under the lock, and planned before it while others write."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import rule

from binder_registry.apply_body import read_apply
from binder_registry.auth import Identity, Scope, TokenAuthStore
from binder_registry.errors import InvalidTemplate
from binder_registry.planned import Planned, planned
from binder_registry.registry import Registry
from binder_registry.template import Template
from tests.store_machine import NAMES, Content, Model, Row, StoreMachine, Write, contents, outcome, template, writes

ANN = Identity("ann", frozenset(Scope))
CHANNELS = ("stable", "testing")
SELECTORS = ("*", "a", "b=1")
Told = list[tuple[str, str]]


@dataclass(frozen=True)
class Wanted:
    """What is asked of an apply; `promote` are a channel, a label and the channel that it follows, or not."""

    templates: dict[str, Content]
    delete: dict[str, str]
    promote: tuple[str, str, str] | None
    dry_run: bool

    def body(self) -> bytes:
        members: dict[str, Any] = {"templates": [], "delete": self.delete, "dry-run": self.dry_run}
        for name, content in self.templates.items():
            one = template(name, content)
            members["templates"].append({key: value for key, value in msgspec.to_builtins(one).items() if value})
        if self.promote:
            members["promote"] = dict(zip(("channel", "label", "from"), self.promote, strict=True))
            members["promote"]["from"] = self.promote[2] or None
        return msgspec.json.encode(members)


wanteds = st.builds(
    Wanted,
    st.dictionaries(st.sampled_from(NAMES), contents, max_size=3),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["", "", "next"]), max_size=1),
    st.none() | st.tuples(st.sampled_from(CHANNELS), st.sampled_from(SELECTORS), st.sampled_from(["", *CHANNELS])),
    st.booleans(),
)


class ApplyMachine(StoreMachine):
    @property
    def registry(self) -> Registry:
        return Registry(self.store, TokenAuthStore("key"))

    @rule(wanted=wanteds, meanwhile=st.none() | st.lists(writes, max_size=2), fails=st.booleans())
    def applied(self, wanted: Wanted, meanwhile: list[Write] | None, fails: bool) -> None:
        if refused(wanted):
            assert outcome(lambda: read_apply(wanted.body())) is InvalidTemplate
            return
        before = None if meanwhile is None else self.plan(wanted)
        with self.block(fails):
            for write in meanwhile or ():
                self.both(write)
            model = deepcopy(self.model) if wanted.dry_run else self.model
            told = apply(model, wanted)
            if wanted.dry_run and meanwhile == []:
                assert self.told_before(wanted) == told
            assert self.told(wanted, None if wanted.dry_run else before) == told

    def find(self, name: str) -> Template | None:
        change = self.registry.current(name)
        return change.template if change else None

    def plan(self, wanted: Wanted) -> Planned:
        return planned(read_apply(wanted.body()), self.store.head(), self.find, self.store.templates)

    def told(self, wanted: Wanted, before: Planned | None) -> Told:
        request, registry = read_apply(wanted.body()), self.registry
        if before is not None:
            return [(step.action, step.name) for step in registry.apply_planned(ANN, request, before)]
        return [(step.action, step.after.name) for step in registry.apply(ANN, request)]

    def told_before(self, wanted: Wanted) -> Told:
        """A dry run that locks nothing."""
        request, registry = read_apply(wanted.body()), self.registry
        steps = registry.apply_dry(ANN, request, self.store.head(), self.find, self.store.templates)
        return [(step.action, step.name) for step in steps]


def refused(wanted: Wanted) -> bool:
    channel, _, source = wanted.promote or ("", "", "-")
    negative = any(content["memory"] < 0 for content in wanted.templates.values())
    return negative or bool(wanted.templates.keys() & wanted.delete) or channel == source


def apply(model: Model, wanted: Wanted) -> Told:
    """What the dict tells of it, once it has done it."""
    told = [(wrote(model, name, content), name) for name, content in wanted.templates.items()]
    told += [(ended(model, name, successor), name) for name, successor in wanted.delete.items()]
    if wanted.promote:
        channel, label, source = wanted.promote
        meant = [name for name, row in sorted(model.states[-1].items()) if not row.deleted and selects(label, row)]
        told += [(pointed(model, name, channel, source), name) for name in meant]
    return told


def wrote(model: Model, name: str, content: Content) -> str:
    row = model.states[-1].get(name)
    if row is None or row.deleted:
        model.write(name, content)
        return "created"
    if row.content == content:
        return "unchanged"
    model.write(name, content, row.created)
    return "updated"


def ended(model: Model, name: str, successor: str) -> str:
    row = model.states[-1].get(name)
    if row is None or (row.deleted and successor in ("", row.content.get("replaced_by", ""))):
        return "unchanged"
    content = row.content | ({"replaced_by": successor} if successor else {})
    model.append(name, Row(content, model.head + 1, row.created, row.modified, deleted=True))
    return "deleted"


def pointed(model: Model, name: str, channel: str, source: str) -> str:
    row = model.states[-1][name]
    to, behind = row.channels.get(source, (0, 0)) if source else (row.wrote, 0)
    if to in (0, row.channels.get(channel, (0, 0))[0]):
        return "unchanged"
    model.point(name, row, row.channels | {channel: (to, behind)})
    return "promoted"


def selects(label: str, row: Row) -> bool:
    key, _, value = label.partition("=")
    return label == "*" or (key in row.content["labels"] and row.content["labels"][key] == value)
