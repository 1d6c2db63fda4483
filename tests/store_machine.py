"""A state machine that does the same to a store and to a plain dict, and finds the same in both."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from binder_registry.conformance.reading_out import broken_links, whole_log
from binder_registry.errors import (
    ChannelNotFound,
    InvalidTemplate,
    RegistryError,
    RevisionConflict,
    RevisionIsCurrent,
    RevisionIsPromoted,
    RevisionPurged,
    RevisionUnknown,
    TemplateExists,
    TemplateNotFound,
)
from binder_registry.kept_members import channels_of
from binder_registry.log_store import LogStore
from binder_registry.template import ContainerLimits, Template

Content = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """What a dict knows of a template: its content, and by which revisions it was written, created and modified."""

    content: Content
    revision: int
    created: int
    modified: int
    deleted: bool = False
    channels: dict[str, tuple[int, int]] = field(default_factory=dict)  # where each points, and how far behind it is
    source: int = 0  # which revision wrote the content, where that is kept

    @property
    def wrote(self) -> int:
        return self.source or self.revision


@dataclass
class Model:
    states: list[dict[str, Row]] = field(default_factory=lambda: [{}])  # after each revision, tombstones too
    purged: set[int] = field(default_factory=set)

    @property
    def head(self) -> int:
        return len(self.states) - 1

    def append(self, name: str, row: Row) -> None:
        self.states.append({**self.states[-1], name: row})

    def get(self, name: str, revision: int) -> Row:
        if not 0 <= revision <= self.head:
            raise RevisionUnknown
        row = self.states[revision].get(name)
        if row is None or row.deleted:
            raise TemplateNotFound
        if row.revision in self.purged:
            raise RevisionPurged
        return row

    def list(self, revision: int) -> dict[str, Row]:
        if not 0 <= revision <= self.head:
            raise RevisionUnknown
        return {name: self.get(name, revision) for name, row in self.states[revision].items() if not row.deleted}

    def known(self, name: str, expected: int | None) -> Row:
        row = self.states[-1].get(name)
        if row is None:
            raise TemplateNotFound
        if expected not in (None, row.revision) and not (row.deleted and expected == 0):
            raise RevisionConflict
        return row

    def living(self, name: str, expected: int | None) -> Row:
        if name not in self.states[-1] or self.states[-1][name].deleted:
            raise TemplateNotFound
        return self.known(name, expected)

    def write(self, name: str, content: Content, created: int | None = None) -> None:
        if content["memory"] < 0:
            raise InvalidTemplate
        revision, row = self.head + 1, self.states[-1].get(name)
        before = row.channels if row else {}
        channels = {channel: (to, behind + 1) for channel, (to, behind) in before.items()}
        self.append(name, Row(content, revision, created or revision, revision, channels=channels))

    # ── the verbs ────────────────────────────────────────────────────────────────────────────────────────────────────

    def register(self, name: str, content: Content, expected: int | None, revision: int) -> None:
        exists = name in self.states[-1] and not self.states[-1][name].deleted
        if exists and content["memory"] >= 0:
            raise TemplateExists
        self.write(name, content)

    def update(self, name: str, content: Content, expected: int | None, revision: int) -> None:
        row = self.living(name, expected)
        given = {member: value for member, value in content.items() if value}
        self.write(name, row.content | given, row.created)

    def replace(self, name: str, content: Content, expected: int | None, revision: int) -> None:
        self.write(name, content, self.living(name, expected).created)

    def delete(self, name: str, content: Content, expected: int | None, revision: int) -> None:
        row = self.living(name, expected)
        kept = row.content | ({"replaced_by": content["replaced_by"]} if content["replaced_by"] else {})
        self.append(name, Row(kept, self.head + 1, row.created, row.modified, deleted=True))

    def restore(self, name: str, content: Content, expected: int | None, revision: int) -> None:
        self.known(name, expected)
        if not 0 <= revision <= self.head:
            raise RevisionUnknown
        past = [state[name] for state in self.states[: revision + 1] if name in state and not state[name].deleted]
        if not past:
            raise RevisionUnknown
        if past[-1].revision in self.purged:
            raise RevisionPurged
        self.write(name, past[-1].content, past[-1].created)

    def purge(self, name: str, content: Content, expected: int | None, revision: int) -> None:
        row = self.known(name, None)
        if revision == row.revision:
            raise RevisionIsCurrent
        if not 0 <= revision <= self.head or name not in self.states[revision]:
            raise RevisionUnknown
        if self.states[revision][name].revision != revision:
            raise RevisionUnknown
        if revision in self.purged:
            raise RevisionPurged
        gone = [revision, *self.copies(name, self.states[revision][name])]
        content = row.content
        if row.revision in gone:
            if not row.deleted:
                raise RevisionIsCurrent
            content = {"replaced_by": row.content["replaced_by"]}  # all that is left of a tombstone
        if any(to in gone for to, _ in row.channels.values()):
            raise RevisionIsPromoted
        self.purged.update(gone)
        source = row.wrote if row.channels or row.source else 0
        self.append(name, replace(row, content=content, revision=self.head + 1, source=source))

    def promote(self, name: str, content: Content, expected: int | None, revision: int) -> None:
        row = self.living(name, expected)
        to = self.content_at(name, revision) if revision else row.wrote
        behind = sum(state[name].modified == at for at, state in enumerate(self.states) if at > to and name in state)
        channel = channel_of(content)
        if row.channels.get(channel, (0, 0))[0] != to:
            self.point(name, row, row.channels | {channel: (to, behind)})

    def demote(self, name: str, content: Content, expected: int | None, revision: int) -> None:
        row, channel = self.living(name, expected), channel_of(content)
        if channel not in row.channels:
            raise ChannelNotFound
        self.point(name, row, {key: pointed for key, pointed in row.channels.items() if key != channel})

    def point(self, name: str, row: Row, channels: dict[str, tuple[int, int]]) -> None:
        self.append(name, replace(row, revision=self.head + 1, channels=channels, source=row.wrote))

    def content_at(self, name: str, revision: int) -> int:
        row = self.states[revision].get(name) if 0 < revision <= self.head else None
        if row is None or row.revision != revision or row.deleted:
            raise RevisionUnknown
        if revision in self.purged:
            raise RevisionPurged
        return revision if row.wrote in self.purged else row.wrote

    def copies(self, name: str, purged: Row) -> Iterator[int]:
        for revision in range(purged.revision + 1, self.head + 1):
            row = self.states[revision].get(name)
            if row and row.revision == revision and revision not in self.purged and same_content(row, purged):
                yield revision


def channel_of(content: Content) -> str:
    return "testing" if content["command"] else "stable"


def same_content(one: Row, other: Row) -> bool:
    ignored = "replaced_by" if one.deleted or other.deleted else ""
    contents = [{key: value for key, value in row.content.items() if key != ignored} for row in (one, other)]
    return contents[0] == contents[1]


def template(name: str, content: Content) -> Template:
    limits = ContainerLimits(content["memory"], content["cpu_shares"])
    return Template(
        name=name,
        image_name=content["image_name"],
        command=content["command"],
        limits=limits,
        labels=content["labels"],
        replaced_by=content["replaced_by"],
    )


VERBS: Mapping[str, Callable[[LogStore, str, Content, int | None, int], object]] = {
    "register": lambda store, name, content, expected, revision: store.register_template(template(name, content)),
    "update": lambda store, name, content, expected, revision: store.update_template(
        template(name, content), expected=expected
    ),
    "replace": lambda store, name, content, expected, revision: store.replace_template(
        template(name, content), expected=expected
    ),
    "delete": lambda store, name, content, expected, revision: store.delete_template(
        name, expected=expected, replaced_by=content["replaced_by"]
    ),
    "restore": lambda store, name, content, expected, revision: store.restore_template(
        name, revision, expected=expected
    ),
    "purge": lambda store, name, content, expected, revision: store.purge_change(name, revision),
    "promote": lambda store, name, content, expected, revision: store.promote_template(
        name, channel_of(content), revision or None, expected=expected
    ),
    "demote": lambda store, name, content, expected, revision: store.demote_template(
        name, channel_of(content), expected=expected
    ),
}
NAMES = ("a", "b", "é")

contents = st.fixed_dictionaries(
    {
        "image_name": st.sampled_from(["i", "j"]),
        "command": st.sampled_from(["", "run", "stop"]),
        "memory": st.sampled_from([0, 1, 2**63 - 1, -1]),
        "cpu_shares": st.sampled_from([0, 1]),
        "labels": st.sampled_from([{}, {"a": ""}, {"b": "1"}]),
        "replaced_by": st.sampled_from(["", "", "next"]),
    }
)
writes = st.tuples(
    st.sampled_from(sorted(VERBS)),
    st.sampled_from(NAMES),
    contents,
    st.sampled_from(["anything", "anything", "current", "nothing", "stale"]),
    st.integers(0, 30),
)
Write = tuple[str, str, Content, str, int]


def outcome(of: Callable[[], object]) -> type[RegistryError] | None:
    try:
        of()
    except RegistryError as error:
        return type(error)
    return None


class Undone(Exception):
    """Ends a block whose writes must leave no trace."""


class StoreMachine(RuleBasedStateMachine):
    """Give `open`; where the log outlives its process, `reopen` too."""

    def __init__(self) -> None:
        super().__init__()
        self.store = self.open()
        self.model = Model()

    def open(self) -> LogStore:
        raise NotImplementedError

    def reopen(self) -> LogStore:
        return self.store

    @rule(write=writes)
    def one(self, write: Write) -> None:
        self.both(write)

    @rule(blocks=st.lists(st.tuples(st.lists(writes, max_size=4), st.booleans()), max_size=3), fails=st.booleans())
    def grouped(self, blocks: list[tuple[list[Write], bool]], fails: bool) -> None:
        with self.block(fails):
            for group, inner_fails in blocks:
                with self.block(inner_fails):
                    for write in group:
                        self.both(write)

    @rule()
    def opened_again(self) -> None:
        self.store = self.reopen()

    @rule(name=st.sampled_from(NAMES), choice=st.integers(0, 30))
    def read_of_the_past(self, name: str, choice: int) -> None:
        self.compare_at(choice % (self.model.head + 2), [name])

    @invariant()
    def now(self) -> None:
        self.compare_now()

    def teardown(self) -> None:
        try:
            self.compare_history()
        finally:
            self.store.close()

    def compare_history(self) -> None:
        for revision in range(self.model.head + 2):
            self.compare_at(revision, NAMES)
        changes = whole_log(self.store)
        assert [change.revision for change in changes if change.content is None] == sorted(self.model.purged)
        assert broken_links(changes, self.store.log.origin()) == []
        times = [None, *(change.time for change in changes)]
        for name, row in self.model.list(self.model.head).items():
            stored = self.store.get_template(name)
            assert (stored.time_created, stored.time_modified) == (times[row.created], times[row.modified])

    @contextmanager
    def block(self, fails: bool) -> Iterator[None]:
        before = deepcopy(self.model)
        try:
            with self.store.atomic():
                yield
                self.compare_now()
                if fails:
                    raise Undone
        except Undone:
            self.model = before

    def both(self, write: Write) -> None:
        verb, name, content, expecting, choice = write
        revision = choice % (self.model.head + 2)
        row = self.model.states[-1].get(name)
        expected = {"anything": None, "nothing": 0, "current": row.revision if row else 1, "stale": revision}[expecting]

        wanted = outcome(lambda: getattr(self.model, verb)(name, content, expected, revision))
        found = outcome(lambda: VERBS[verb](self.store, name, content, expected, revision))

        assert found == wanted

    def compare_now(self) -> None:
        self.assert_templates(self.store.list_templates(), self.model.list(self.model.head))
        assert self.store.head().revision == self.model.head
        for name, row in self.model.states[-1].items():
            [newest] = self.store.changes(name=name, newest_first=True, limit=1)
            found = channels_of(newest.content or b"")
            assert {key: (one.revision, one.behind) for key, one in found.items()} == row.channels

    def compare_at(self, revision: int, names: tuple[str, ...] | list[str]) -> None:
        wanted = outcome(lambda: self.model.list(revision))
        assert outcome(lambda: self.store.list_templates(revision=revision)) == wanted
        if wanted is None:
            self.assert_templates(self.store.list_templates(revision=revision), self.model.list(revision))
        for name in names:
            one = outcome(lambda name=name: self.model.get(name, revision))  # type: ignore[misc]
            assert outcome(lambda name=name: self.store.get_template(name, revision=revision)) == one  # type: ignore[misc]
            if one is None:
                self.assert_templates(
                    [self.store.get_template(name, revision=revision)], {name: self.model.get(name, revision)}
                )

    def assert_templates(self, found: list[Template], wanted: dict[str, Row]) -> None:
        assert [(one.name, one.revision, template(one.name, read_back(one))) for one in found] == [
            (name, wanted[name].revision, template(name, wanted[name].content)) for name in sorted(wanted)
        ]


def read_back(stored: Template) -> Content:
    return {
        "image_name": stored.image_name,
        "command": stored.command,
        "memory": stored.limits.memory,
        "cpu_shares": stored.limits.cpu_shares,
        "labels": stored.labels,
        "replaced_by": stored.replaced_by,
    }
