from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from binder_registry import TokenAuthStore, clock
from binder_registry.apply import ApplyRequest
from binder_registry.auth import Identity, Scope
from binder_registry.backends.memory import InMemoryStore, MemoryLog
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.changes import Action, Change, Head, Position, size_of
from binder_registry.clock import LATEST
from binder_registry.errors import (
    InvalidRequest,
    InvalidTemplate,
    RevisionConflict,
    RevisionPurged,
    StoreUnavailable,
    TemplateExists,
)
from binder_registry.log_store import LogStore
from binder_registry.registry import Registry
from binder_registry.store import Expected
from binder_registry.template import ContainerLimits, Template

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCIPY = Template(name="scipy", image_name="jupyter/scipy")
LATER = replace(SCIPY, command="later")
R = Template(name="r", image_name="jupyter/r")


def store_at(*times: datetime) -> InMemoryStore:
    """A store whose clock shows these times, one a write, and the last for ever."""
    ticks: Iterator[datetime] = iter([*times[:-1]])
    return InMemoryStore(now=lambda: next(ticks, times[-1]))


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_times_of_a_template_are_those_of_its_changes() -> None:
    store = store_at(NOON, NOON + timedelta(hours=1))

    store.register_template(SCIPY)
    stored = store.update_template(SCIPY)

    assert (stored.time_created, stored.time_modified) == (NOON, NOON + timedelta(hours=1))
    assert [change.time for change in store.changes()] == [NOON, NOON + timedelta(hours=1)]


def test_a_clock_that_stands_still_gives_later_times() -> None:
    store = store_at(NOON)

    store.register_template(SCIPY)
    store.register_template(R)
    store.update_template(SCIPY)

    assert [change.time for change in store.changes()] == [NOON + timedelta(microseconds=n) for n in range(3)]


def test_a_clock_that_goes_back_gives_later_times() -> None:
    store = store_at(NOON, NOON - timedelta(days=1))

    store.register_template(SCIPY)
    store.update_template(SCIPY)

    assert [change.time for change in store.changes()] == [NOON, NOON + timedelta(microseconds=1)]


def test_a_registration_does_not_take_the_times_of_its_author() -> None:
    store = store_at(NOON)

    stored = store.register_template(replace(SCIPY, time_created=NOON - timedelta(days=9), revision=7, deleted=True))

    assert stored == replace(SCIPY, time_created=NOON, time_modified=NOON, revision=1)


# ── who, and in what group ───────────────────────────────────────────────────────────────────────────────────────────


def test_every_verb_keeps_who_wrote() -> None:
    store = InMemoryStore()

    store.register_template(SCIPY, by="a")
    store.update_template(SCIPY, by="b")
    store.replace_template(LATER, by="c")
    store.purge_change("scipy", 1, by="d")
    store.delete_template("scipy", by="e")
    store.restore_template("scipy", 3, by="f")

    assert [change.by for change in store.changes()] == list("abcdef")


def test_an_author_that_no_database_could_keep_is_refused() -> None:
    store = InMemoryStore()

    with pytest.raises(InvalidRequest):
        store.register_template(SCIPY, by="a\0b")

    assert store.changes() == []


# ── conflicts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_conflict_tells_the_position_of_what_is_there() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.update_template(SCIPY)
    current = store.head()
    store.register_template(R)

    with pytest.raises(RevisionConflict) as refusal:
        store.update_template(SCIPY, expected=1)

    assert refusal.value.current == str(current)


@pytest.mark.parametrize("expected", [0, Position(0)])
def test_a_deleted_template_is_nothing_to_whoever_expects_nothing(expected: Expected) -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.delete_template("scipy")

    assert store.restore_template("scipy", 1, expected=expected).revision == 3


def test_a_restore_from_a_stale_tombstone_is_refused() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.delete_template("scipy")

    with pytest.raises(RevisionConflict):
        store.restore_template("scipy", 1, expected=1)

    assert store.head().revision == 2


# ── rules of today, content of yesterday ─────────────────────────────────────────────────────────────────────────────


def store_with_old_content(template: Template) -> InMemoryStore:
    """As a release with other rules could have written it."""
    store = InMemoryStore()
    store.register_template(SCIPY)
    with store.atomic() as batch:
        batch.append(Action.DELETED, replace(template, deleted=False), "", "")
    return store


BROKEN = replace(SCIPY, limits=ContainerLimits(memory=-1))


def test_content_that_breaks_todays_rules_is_still_served() -> None:
    store = store_with_old_content(BROKEN)

    assert store.get_template("scipy").limits.memory == -1
    assert [template.limits.memory for template in store.list_templates()] == [-1]


def test_content_that_breaks_todays_rules_can_be_deleted_with_a_successor() -> None:
    store = store_with_old_content(BROKEN)

    store.delete_template("scipy", replaced_by="r")

    assert store.list_templates() == []


def test_content_that_breaks_todays_rules_cannot_be_restored() -> None:
    store = store_with_old_content(BROKEN)
    store.update_template(replace(SCIPY, limits=ContainerLimits(memory=1)))

    with pytest.raises(InvalidTemplate):
        store.restore_template("scipy", 2)

    assert store.head().revision == 3


# ── purge ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_purged_tombstone_does_not_hide_older_content() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.delete_template("scipy")
    store.register_template(R)
    store.register_template(LATER)

    store.purge_change("scipy", 2)

    assert store.restore_template("scipy", 3).image_name == "jupyter/scipy"


def test_what_held_the_secret_elsewhere_can_be_purged_too() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.update_template(replace(SCIPY, command="secret"))
    store.update_template(replace(SCIPY, command="clean"))
    store.purge_change("scipy", 1)

    store.purge_change("scipy", 2)

    assert [change.content is None for change in store.changes()] == [True, True, False, False, False]
    with pytest.raises(RevisionPurged):
        store.get_template("scipy", revision=2)


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_refused_write_of_a_block_does_not_stop_the_others() -> None:
    store = InMemoryStore()

    with store.atomic():
        for template in (SCIPY, SCIPY, R, Template(name="s")):
            with suppress(TemplateExists, InvalidTemplate):
                store.register_template(template)

    assert [(change.revision, change.name) for change in store.changes()] == [(1, "scipy"), (2, "r")]


def test_a_list_in_a_block_pages_like_the_log() -> None:
    store = InMemoryStore()
    names = [f"{number:04}" for number in range(1500)]
    with store.atomic():
        for name in names[::2]:
            store.register_template(replace(R, name=name))

    with store.atomic():
        for name in names[1::2]:
            store.register_template(replace(R, name=name))
        seen = [template.name for template in store.list_templates()]

    assert seen == names
    assert [template.name for template in store.list_templates()] == names


# ── a bound in bytes ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("newest_first", [False, True])
def test_bytes_of_what_is_not_committed_yet_count_too_and_nothing_is_passed_over(newest_first: bool) -> None:
    store = InMemoryStore()
    for name in "ab":
        store.register_template(replace(R, name=name))
    with store.atomic():
        for name in "cd":
            store.register_template(replace(R, name=name))
        most = size_of(store.changes(newest_first=newest_first, limit=3)) - 1

        read = [row.name for row in store.changes(newest_first=newest_first, most_bytes=most)]

    assert read == list("dcb" if newest_first else "abc")


# ── the present is never purged ──────────────────────────────────────────────────────────────────────────────────────


class Interrupted(MemoryLog):
    """Does something else the first time its head was read, before its state is."""

    meanwhile: Callable[[], None] | None = None

    def state(self, revision: int, **options: Any) -> list[Change]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return super().state(revision, **options)


@pytest.mark.parametrize("inside", [False, True])
def test_the_present_can_be_listed_while_it_is_replaced_and_purged(inside: bool) -> None:
    log = Interrupted()
    store = LogStore(log)
    store.register_template(SCIPY)
    store.register_template(R)

    def replace_and_purge() -> None:
        other = LogStore(log)
        other.update_template(replace(SCIPY, image_name="new"))
        other.purge_change("scipy", 1)

    if inside:
        with store.atomic():
            store.update_template(replace(SCIPY, image_name="new"))
            store.purge_change("scipy", 1)
            found = store.list_templates()
    else:
        log.meanwhile = replace_and_purge
        found = store.list_templates()

    assert [(template.name, template.image_name) for template in found] == [("r", "jupyter/r"), ("scipy", "new")]


def test_a_past_that_was_purged_says_so() -> None:
    store = InMemoryStore()
    store.register_template(SCIPY)
    store.update_template(LATER)
    store.purge_change("scipy", 1)

    with pytest.raises(RevisionPurged):
        store.list_templates(revision=1)


def test_the_whole_state_holds_tombstones_without_their_content() -> None:
    store = InMemoryStore()
    store.register_template(Template("a", "i"))
    store.register_template(Template("b", "i"))
    store.delete_template("a")

    _, newest = store.state()

    assert [(change.name, change.deleted, change.content is None) for change in newest] == [
        ("a", True, True),
        ("b", False, False),
    ]


NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize(("ahead", "warnings"), [(timedelta(days=1), 1), (timedelta(seconds=30), 0)])
def test_writes_that_find_the_newest_change_dated_ahead_say_so_once_in_a_while(
    caplog: pytest.LogCaptureFixture, ahead: timedelta, warnings: int
) -> None:
    store = store_at(NOW + ahead, NOW)

    for name in ("a", "b", "c"):
        store.register_template(Template(name=name, image_name="i"))

    assert caplog.text.count("which is yet to come: a clock was wrong") == warnings


def test_a_clock_that_is_still_wrong_is_told_of_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "WARN_SECONDS", 0.0)
    store = store_at(NOW + timedelta(days=1), NOW)

    for name in ("a", "b", "c"):
        store.register_template(Template(name=name, image_name="i"))

    assert caplog.text.count("which is yet to come") == 2


def test_an_apply_at_the_end_of_all_times_is_dated_then() -> None:
    registry = Registry(store_at(LATEST), TokenAuthStore("key"))
    wanted = ApplyRequest([Template(name=name, image_name="i") for name in ("a", "b", "c")])

    registry.apply(Identity("ann", frozenset(Scope)), wanted)

    assert [row.time for row in registry.store.log.read(0, 3)] == [LATEST] * 3


def test_what_was_undone_is_not_what_is_read_at_its_revision() -> None:
    store = InMemoryStore()
    with store.atomic():
        with suppress(TemplateExists), store.atomic():
            store.register_template(SCIPY)
            store.update_template(Template(name="scipy", command="undone"))
            store.register_template(SCIPY)
        store.register_template(R)

        updated = store.update_template(Template(name="r", command="c"))

    assert (updated.image_name, store.get_template("r").image_name) == ("jupyter/r", "jupyter/r")


# ── the block ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Unreadable(SQLiteLog):
    def head(self) -> Head:
        raise StoreUnavailable


def test_a_block_that_could_not_begin_lets_go_of_the_log(tmp_path: Path) -> None:
    log = Unreadable(tmp_path / "a.db")
    store = LogStore(log)

    with suppress(StoreUnavailable):
        store.register_template(SCIPY)

    assert (log._writing.locked(), store.batch) == (False, None)
    log.close()


class LosesFormats(MemoryLog):
    def raise_format(self, number: int) -> None:
        raise StoreUnavailable


def test_a_block_that_could_not_be_finished_lets_go_of_the_log_and_writes_nothing() -> None:
    log = LosesFormats()
    store = LogStore(log)

    with suppress(StoreUnavailable):
        store.register_template(replace(SCIPY, overrides={"kubespawner": Raw(b"{}")}))

    assert (log._writing.locked(), store.batch, store.head().revision) == (False, None, 0)
