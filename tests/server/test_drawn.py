"""What is drawn before a large commit is shown after it, with all that others wrote in between."""

import random
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import force_setattr, replace

from binder_registry import InMemoryStore, LogStore, Template
from binder_registry.backends.sqlite import SQLiteLog
from binder_registry.changes import Change
from binder_registry.draft_changes import Draft
from binder_registry.interpreter import Held, let_go_later
from binder_registry.log_contract import MANY
from binder_registry.planned import PlannedStep
from binder_registry.server.handlers import writes
from binder_registry.server.live import group_commit
from binder_registry.server.live.drawn import Drawing, Group
from binder_registry.server.live.events import event_of
from binder_registry.server.live.read_model import ReadModel

from .asking import application, asked
from .test_read_model import model_of, shown, told

NAMES = [*"abcdefgh", "é", " odd ", "b\u200b"]


def unplaced(changes: Sequence[Change]) -> list[Change]:
    """As they are staged."""
    return [replace(change, revision=0, mark=b"", first=0) for change in changes]


def place(rows: list[Change], changes: Sequence[Change]) -> None:
    for row, change in zip(rows, changes, strict=True):
        for member in ("revision", "mark", "first"):
            force_setattr(row, member, getattr(change, member))


def write(store: InMemoryStore, order: random.Random, names: list[str]) -> list[Change]:
    before, living = store.head(), {template.name for template in store.list_templates()}
    with store.atomic():
        for name in names:
            if name not in living:
                store.register_template(Template(name=name, image_name="j"))
            elif order.random() < 0.5:
                store.delete_template(name)
            else:
                store.update_template(Template(name=name, image_name=f"j{order.random()}"))
    return store.changes(since=before)


def drawn(model: ReadModel, meanwhile: list[Change], applied: list[Change], most: int = 4) -> Group | None:
    drawing, rows = model.draw(), unplaced(applied)
    assert drawing is not None
    assert drawing.add(rows)
    model.apply(meanwhile)
    place(rows, applied)
    return model.drawn(rows, most)


@pytest.mark.parametrize("seed", range(40))
def test_what_was_drawn_is_shown_as_its_changes_are_one_after_the_other(seed: int) -> None:
    order, store = random.Random(seed), InMemoryStore()
    write(store, order, order.sample(NAMES, 6))
    write(store, random.Random(1), [template.name for template in store.list_templates()][:3])
    singly, at_once = model_of(store), model_of(store)
    wanted = order.sample(NAMES, 6)
    meanwhile = write(store, order, [name for name in NAMES if name not in wanted][: order.randint(0, 5)])
    applied = write(store, order, wanted)

    snapshot = at_once.snapshot()
    was = [bytes(block) for block in snapshot]
    group = drawn(at_once, meanwhile, applied)
    assert group
    assert at_once.apply_group(group)

    singly.apply(meanwhile)
    new = singly.apply(applied)
    assert in_order(at_once) == in_order(singly)
    assert list(map(told, group.events)) == [told(event_of(*each)) for each in new[-4:]]
    assert group.begins == new[-5][0].position
    assert [bytes(block) for block in snapshot] == was
    assert at_once.drawing is None


def in_order(model: ReadModel) -> list[object]:
    """All that can be seen, but for the order in which names came."""
    return [sorted(seen) if isinstance(seen, list) else seen for seen in shown(model)]


def two(number: int = 2) -> tuple[InMemoryStore, ReadModel, Drawing]:
    store = InMemoryStore()
    model = model_of(store)
    for name in "ab"[:number]:
        store.register_template(Template(name=name, image_name="i"))
    drawing = model.draw()
    assert drawing
    return store, model, drawing


def test_what_is_not_what_was_drawn_is_left_to_be_rendered() -> None:
    store, model, drawing = two()
    drawing.add(unplaced(store.changes()))

    assert not model.is_drawn([])
    assert not model.is_drawn(store.changes())
    assert model.drawn(store.changes(), 4) is None


def test_what_was_drawn_and_does_not_follow_is_left_to_be_rendered() -> None:
    store, model, drawing = two()
    rows = unplaced(store.changes())
    drawing.add(rows)
    place(rows, [replace(row, mark=b"another") for row in store.changes()])

    assert model.is_drawn(rows)
    assert model.drawn(rows, 4) is None


def test_nothing_is_drawn_where_channels_are() -> None:
    store, _, _ = two()
    store.promote_template("a", "stable")

    assert model_of(store).draw() is None


def test_what_was_drawn_is_of_no_use_once_there_is_a_channel() -> None:
    store, _, _ = two()
    model = model_of(store)
    store.promote_template("a", "stable")
    promoted = store.changes()[-1:]
    applied = write(store, random.Random(0), ["c", "d"])

    assert drawn(model, promoted, applied) is None


def test_what_holds_a_channel_is_not_drawn() -> None:
    store, model, drawing = two()
    store.promote_template("a", "stable")

    assert not drawing.add(unplaced(store.changes()))
    assert not model.is_drawn(store.changes())


def test_another_group_and_another_log_end_what_is_drawn() -> None:
    store, model, _ = two()
    group = model.group(store.changes(), 4)
    assert group
    model.apply_group(group)
    assert model.drawing is None

    model.draw()
    model.load(*store.state())
    assert model.drawing is None


def test_a_large_apply_is_drawn_before_others_wait_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [{"name": f"t{number}", "image-name": "i"} for number in range(MANY)]
    add, rendered = Drawing.add, list[object]()
    monkeypatch.setattr(ReadModel, "group", lambda model, *given: rendered.append(given))

    def added(drawing: Drawing, rows: Sequence[Change]) -> bool:
        client.post("/templates", json={"name": "late", "image-name": "i"})
        client.delete("/templates/early")
        return add(drawing, rows)

    with asked(application(LogStore(SQLiteLog(tmp_path / "registry.db")))) as client:
        client.post("/templates", json={"name": "early", "image-name": "i"})
        monkeypatch.setattr(Drawing, "add", added)

        plan = client.post("/apply", json={"templates": wanted}).json()["plan"]

        assert {each["name"] for each in client.get("/templates").json()} == {
            "late",
            *(each["name"] for each in wanted),
        }
        assert [row["revision"] for row in plan] == [*range(4, 4 + MANY)]
        for row in (plan[0], plan[-1]):
            assert client.get(f"/templates/{row['name']}").headers["etag"].startswith(f'"{row["revision"]}-')
        assert client.get("/templates/early").status_code == 404
        assert not rendered


def test_nothing_of_a_large_apply_is_held_once_it_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, kinds = list[Held](), set[type]()

    def noted(*each: Held) -> None:
        held.extend(each)
        kinds.update(type(one) for some in each for one in (some.values() if isinstance(some, dict) else some))
        let_go_later(*each)

    for module in (writes, group_commit):
        monkeypatch.setattr(module, "let_go_later", noted)
    wanted = [{"name": f"n{number}", "image-name": "i"} for number in range(MANY)]

    with asked(application(LogStore(SQLiteLog(tmp_path / "registry.db")))) as client:
        answer = client.post("/apply", json={"templates": wanted})
        for thread in threading.enumerate():
            if thread.name == "clearing":
                thread.join(10)
        listed = client.get("/templates").json()

    assert (len(answer.json()["plan"]), len(listed)) == (MANY, MANY)
    assert (kinds, [each for each in held if each]) == ({Change, PlannedStep, Draft}, [])
