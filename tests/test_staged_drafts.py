"""A large apply that became rows before the log was locked: what it writes is what it would have written anyway."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from binder_registry.apply import ApplyRequest
from binder_registry.apply_promotions import Promote
from binder_registry.auth import Identity, Scope, TokenAuthStore
from binder_registry.backends.memory import MemoryLog
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.changes import Action, Change
from binder_registry.channels import Channel
from binder_registry.draft_changes import Draft, draft
from binder_registry.kept_members import channels_of
from binder_registry.log_contract import MANY, Log, format_kept
from binder_registry.log_store import LogStore
from binder_registry.planned import Planned, planned
from binder_registry.registry import Registry
from binder_registry.staged_drafts import AHEAD
from binder_registry.template import Template
from binder_registry.verify import verify

ANN = Identity("ann", frozenset(Scope), "user")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, OTHER = Template(name="n0", image_name="old"), Template(name="other", image_name="i")


class Clock:
    """Goes on at its pace, with each look."""

    time, pace = NOON, timedelta()

    def __call__(self) -> datetime:
        self.time += self.pace
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    """With one of the templates that will be applied, and one that will not."""
    with closing(LogStore(SQLiteLog(tmp_path / "registry.db"), now=clock)) as store:
        registry = Registry(store, TokenAuthStore("token"))
        registry.template_create(ANN, OLD)
        registry.template_create(ANN, OTHER)
        yield registry


def wanted() -> ApplyRequest:
    return ApplyRequest([Template(name=f"n{number}", image_name="i") for number in range(MANY)], {"other": ""})


def plan_now(registry: Registry) -> Planned:
    position, newest = registry.state()
    return planned(wanted(), position, {change.name: change.template for change in newest}.get, list)


def promoted_to(registry: Registry, row: Change) -> dict[str, Channel]:
    """By one promotion of the template before that row, if there was one."""
    promotions = [one.promotion for one in registry.rows(0, row.revision - 1) if one.name == row.name]
    return {one.channel: Channel(one.to, 1) for one in promotions if one}


def rows_of_the_apply(registry: Registry) -> list[Change]:
    rows = registry.rows(0, 10_000, limit=10_000)
    return [row for row in rows if row.first == rows[-1].first]


def apply_after(registry: Registry, meanwhile: Callable[[], object]) -> list[Change]:
    before = plan_now(registry)
    before, staged = registry.prepared(ANN, wanted(), before)
    assert staged is not None
    meanwhile()
    registry.apply_planned(ANN, wanted(), before, staged)
    staged.close()
    return rows_of_the_apply(registry)


def assert_applied(registry: Registry, rows: list[Change]) -> None:
    assert verify(registry.store.log).problems == []
    assert {step.action for step in registry.apply(ANN, wanted())} == {"unchanged"}
    for row in rows:
        assert row.deleted or (row.template and row.template.time_modified == row.time)


def test_what_was_staged_raises_the_format_of_the_log_where_it_needs_to(registry: Registry) -> None:
    request = wanted()
    icons = ApplyRequest([replace(one, icon="https://example.org/i.svg") for one in request.templates])
    position, newest = registry.state()
    before = planned(icons, position, {change.name: change.template for change in newest}.get, list)
    before, staged = registry.prepared(ANN, icons, before)
    assert staged is not None

    registry.apply_planned(ANN, icons, before, staged)
    staged.close()

    assert format_kept(registry.store.log) == 2


def test_what_was_staged_is_written_with_its_times(registry: Registry) -> None:
    rows = apply_after(registry, lambda: None)

    assert len(rows) == MANY + 1
    assert (rows[0].action, rows[1].action, rows[-1].action) == (Action.UPDATED, Action.CREATED, Action.DELETED)
    assert (rows[0].previous, rows[-1].previous) == (1, 2)
    assert_applied(registry, rows)


def test_what_was_staged_carries_channels_on(registry: Registry) -> None:
    registry.template_promote(ANN, "n0", "stable")
    registry.template_promote(ANN, "other", "stable")

    rows = apply_after(registry, lambda: None)

    assert [channels_of(row.content or b"") for row in rows[:2]] == [{"stable": Channel(1, 1)}, {}]
    assert channels_of(rows[-1].content or b"") == {}
    assert rows[0].promotion is None
    assert_applied(registry, rows)


def test_what_was_staged_is_promoted_by_the_same_request(registry: Registry) -> None:
    registry.template_promote(ANN, "n0", "testing")
    request = replace(wanted(), promote=Promote("stable", []))
    position, newest = registry.state()
    before = planned(
        request, position, {change.name: change.template for change in newest}.get, registry.store.templates
    )
    before, staged = registry.prepared(ANN, replace(wanted(), promote=request.promote), before)
    registry.template_create(ANN, replace(OTHER, name="late"))

    registry.apply_planned(ANN, replace(wanted(), promote=request.promote), before, staged)

    rows = rows_of_the_apply(registry)
    wrote, promoted = {row.name: row for row in rows[: MANY + 1]}, rows[MANY + 1 :]
    assert staged is not None
    assert len(promoted) == MANY + 1
    for row in promoted:
        kept = channels_of(row.content or b"")
        before_it = wrote.get(row.name) or registry.rows(row.previous - 1, row.previous)[0]
        assert (row.action, row.readable().time_modified) == (Action.PROMOTED, before_it.time)
        assert kept.pop("stable") == Channel(before_it.revision, 0)
        assert kept == ({"testing": Channel(1, 1)} if row.name == "n0" else {})
    assert verify(registry.store.log).problems == []


def test_what_was_staged_is_newer_than_what_others_wrote_meanwhile(registry: Registry, clock: Clock) -> None:
    def meanwhile() -> None:
        clock.time += timedelta(milliseconds=30)
        registry.template_create(ANN, replace(OTHER, name="late"))

    rows = apply_after(registry, meanwhile)

    assert timedelta(0) < rows[0].time - clock.time < len(rows) * AHEAD
    assert_applied(registry, rows)


def test_what_was_staged_too_long_ago_is_dated_anew(registry: Registry, clock: Clock) -> None:
    def meanwhile() -> None:
        clock.time += timedelta(hours=1)
        registry.template_create(ANN, replace(OTHER, name="late"))

    rows = apply_after(registry, meanwhile)

    assert rows[0].time > clock.time
    assert_applied(registry, rows)


@pytest.mark.parametrize(
    "write",
    [
        lambda registry: registry.template_delete(ANN, "n0"),
        lambda registry: registry.template_create(ANN, Template(name="n5", image_name="theirs")),
        lambda registry: registry.template_delete(ANN, "other"),
        lambda registry: registry.template_promote(ANN, "n0", "stable"),
    ],
)
def test_what_others_changed_meanwhile_is_not_written_as_it_was_staged(
    registry: Registry, write: Callable[[Registry], object]
) -> None:
    rows = apply_after(registry, lambda: write(registry))

    assert_applied(registry, rows)
    assert channels_of(rows[0].content or b"") == promoted_to(registry, rows[0])


@pytest.mark.parametrize(("name", "stays"), [("other", True), ("n0", False)])
def test_what_others_changed_since_the_plan_is_not_staged(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, name: str, stays: bool
) -> None:
    monkeypatch.setattr("binder_registry.catching_up.FEW", 0)
    request = replace(wanted(), delete={})
    position, newest = registry.state()
    before = planned(
        replace(wanted(), delete={}), position, {change.name: change.template for change in newest}.get, list
    )
    registry.template_delete(ANN, name)

    before, staged = registry.prepared(ANN, request, before)
    registry.apply_planned(ANN, request, before, staged)

    assert (staged is not None) == stays
    assert {step.action for step in registry.apply(ANN, request)} == {"unchanged"}
    assert verify(registry.store.log).problems == []


def test_what_was_let_go_of_is_written_nevertheless(registry: Registry) -> None:
    before = plan_now(registry)
    before, staged = registry.prepared(ANN, wanted(), before)
    assert staged is not None
    staged.close()

    registry.apply_planned(ANN, wanted(), before, staged)

    assert_applied(registry, rows_of_the_apply(registry))


def test_what_was_undone_in_its_group_is_not_written(registry: Registry) -> None:
    before = plan_now(registry)
    before, staged = registry.prepared(ANN, wanted(), before)

    with registry.atomic() as batch:
        length = batch.length
        registry.apply_planned(ANN, wanted(), before, staged)
        batch.cut_back(length)
        registry.template_create(ANN, replace(OTHER, name="late"))

    assert [row.name for row in registry.rows(2, 10_000)] == ["late"]


def test_what_is_purged_in_the_same_group_is_not_written(registry: Registry) -> None:
    before = plan_now(registry)
    before, staged = registry.prepared(ANN, wanted(), before)

    with registry.atomic():
        registry.apply_planned(ANN, wanted(), before, staged)
        registry.template_update(ANN, Template(name="n7", image_name="new"))
        registry.change_purge(ANN, "n7", 10)

    [row] = registry.rows(9, 10)
    assert (row.name, row.content) == ("n7", None)
    assert verify(registry.store.log).problems == []


@pytest.mark.parametrize(("log", "number"), [(MemoryLog, MANY), (lambda: SQLiteLog("registry.db"), MANY - 1)])
def test_few_and_those_of_another_log_are_not_staged(
    log: Callable[[], Log], number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    drafts = drafts_of(number)

    with closing(LogStore(log())) as store:
        assert store.staged(drafts, "", "") is None


def test_what_takes_longer_to_stage_is_dated_further_ahead(registry: Registry, clock: Clock) -> None:
    clock.pace = timedelta(milliseconds=50)

    before, staged = registry.prepared(ANN, wanted(), plan_now(registry))
    registry.apply_planned(ANN, wanted(), before, staged)

    rows = rows_of_the_apply(registry)
    assert staged is not None
    assert rows[0].time > clock.time + timedelta(seconds=1)
    assert_applied(registry, rows)


def test_what_takes_half_a_minute_is_not_staged(registry: Registry, clock: Clock) -> None:
    clock.pace = timedelta(seconds=15)

    before, staged = registry.prepared(ANN, wanted(), plan_now(registry))
    registry.apply_planned(ANN, wanted(), before, staged)

    assert staged is None
    assert_applied(registry, rows_of_the_apply(registry))


def test_nothing_is_staged_for_a_log_that_is_ahead_of_the_clock(registry: Registry, clock: Clock) -> None:
    clock.time -= timedelta(hours=1)

    assert registry.prepared(ANN, wanted(), plan_now(registry))[1] is None


def test_rows_are_held_once(registry: Registry) -> None:
    before = plan_now(registry)
    before, staged = registry.prepared(ANN, wanted(), before)

    registry.apply_planned(ANN, wanted(), before, staged)

    assert staged is not None
    assert staged.rows == []


def drafts_of(number: int) -> dict[str, Draft]:
    templates = [Template(name=f"n{each}", image_name="i") for each in range(number)]
    return {template.name: draft(Action.CREATED, template, None) for template in templates}
