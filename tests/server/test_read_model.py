"""What another thread is given of the read model, and what it renders for it."""

import random
import tracemalloc

import pytest

from binder_registry import InMemoryStore, Template
from binder_registry.changes import Change
from binder_registry.server.live.blocks import Block
from binder_registry.server.live.entries import Entry
from binder_registry.server.live.events import Event, event_of
from binder_registry.server.live.read_model import ReadModel

A, B = Template(name="a", image_name="i"), Template(name="b", image_name="i")


def names_of(blocks: list[Block[Entry]]) -> list[str]:
    return [entry.name for block in blocks for entry in block.entries]


def test_a_snapshot_stays_as_it_was_taken() -> None:
    store, model = InMemoryStore(), ReadModel()
    store.register_template(A)
    model.load(*store.state())
    snapshot = model.snapshot()

    store.register_template(B)
    store.delete_template("a")
    model.apply(store.changes(since=1))

    assert names_of(snapshot) == ["a"]
    assert names_of(model.snapshot()) == ["b"]


def test_a_snapshot_of_what_did_not_change_is_of_the_same_blocks() -> None:
    store, model = InMemoryStore(), ReadModel()
    store.register_template(A)
    model.load(*store.state())

    assert model.snapshot()[0] is model.snapshot()[0]


def test_a_tombstone_takes_less_than_half_a_kilobyte_whatever_the_template_held() -> None:
    store, model, count = InMemoryStore(), ReadModel(), 500
    for number in range(count):
        store.register_template(Template(f"t{number}", "i", description="x" * 5000))
        store.delete_template(f"t{number}")
    tracemalloc.start()

    model.load(*store.state())
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert size / count < 500


def test_a_template_takes_little_more_than_its_json_until_it_is_asked_for() -> None:
    store, model, count = InMemoryStore(), ReadModel(), 500
    for number in range(count):
        store.register_template(Template(f"t{number}", "i", description="x" * 200))
    tracemalloc.start()

    model.load_present(*store.present())
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert size / count - len(next(iter(model.living)).content) < 600


@pytest.mark.parametrize(
    "names", [["b", "a", "gone", "c.d-e_f~1"], ["b", "a", "é", "gone", " odd ", "b\u200b", "%"], []]
)
@pytest.mark.parametrize("prefix", ["", "/services/registry"])
def test_what_is_read_at_the_start_is_shown_as_the_whole_state_is(names: list[str], prefix: str) -> None:
    store, quickly, slowly = InMemoryStore(), ReadModel(prefix), ReadModel(prefix)
    for name in names:
        store.register_template(Template(name=name, image_name="i"))
    if names:
        store.delete_template("gone")

    quickly.load_present(*store.present())
    slowly.load(*store.state())

    assert shown(quickly) == shown(slowly)
    assert {quickly._target(entry.name) for entry in quickly.living} < {*quickly.answers}


def test_what_was_written_after_the_position_was_asked_for_is_shown_at_its_own() -> None:
    store, model = InMemoryStore(), ReadModel()
    store.register_template(A)
    before = store.head()
    store.register_template(B)

    model.load_present(before, store.present()[1])

    assert model.position == store.head()


def model_of(store: InMemoryStore) -> ReadModel:
    model = ReadModel()
    model.load(*store.state())
    return model


def shown(model: ReadModel) -> tuple[object, ...]:
    """Everything that can be seen."""
    return (
        model.position,
        {target: (answer.head, answer.body) for target, answer in model.answers.items()},
        {name: (entry.etag, entry.deleted) for name, entry in model.entries.items()},
        [*model.entries],
        [entry.name for entry in model.living],
        {name: odd for name, odd in model.odd.items() if odd},
        model.list_answer().body,
    )


def test_a_group_is_shown_as_its_changes_are_one_after_the_other() -> None:
    names = [*"abcdefgh", "é", " odd ", "b\u200b"]
    for seed in range(30):
        order, store = random.Random(seed), InMemoryStore()
        for name in order.sample(names, 6):
            store.register_template(Template(name=name, image_name="i"))
        for name in [template.name for template in store.list_templates()][:2]:
            store.delete_template(name)
        singly, at_once, before = model_of(store), model_of(store), store.head()
        living = {template.name for template in store.list_templates()}
        with store.atomic():
            for name in order.sample(names, 7):
                if name not in living:
                    store.register_template(Template(name=name, image_name="j"))
                elif order.random() < 0.5:
                    store.delete_template(name)
                else:
                    store.update_template(Template(name=name, image_name="j"))
        changes = store.changes(since=before)
        snapshot = at_once.snapshot()
        was = names_of(snapshot)

        group = at_once.group([*changes], most=4)
        assert group
        assert at_once.apply_group(group)

        new = singly.apply(changes)
        assert shown(at_once) == shown(singly)
        assert list(map(told, group.events)) == [told(event_of(change, old)) for change, old in new[-4:]]
        assert group.passed_over == new[-5][0].position
        assert names_of(snapshot) == was


def told(event: Event) -> tuple[Change, object, int]:
    return event.change, event.labels_before(), event.size


def test_a_name_that_comes_twice_is_no_group() -> None:
    store = InMemoryStore()
    store.register_template(A)
    store.delete_template("a")

    assert ReadModel().group(store.changes(), most=9) is None


def test_a_group_after_a_gap_or_of_another_log_is_none() -> None:
    store, other = InMemoryStore(), InMemoryStore()
    model = model_of(store)
    for each in (store, other):
        each.register_template(A)
        each.register_template(B)

    assert model.group(store.changes(since=1), most=9) is None
    assert model.group(other.changes(), most=9) is None


def test_a_group_is_not_shown_where_its_changes_are_already() -> None:
    store = InMemoryStore()
    model = model_of(store)
    store.register_template(A)
    group = model.group(store.changes(), most=9)
    assert group
    model.apply(store.changes())
    was = model.entries

    assert not model.apply_group(group)
    assert model.entries is was


def test_rendering_a_group_takes_its_changes_one_by_one() -> None:
    store = InMemoryStore()
    model = model_of(store)
    store.register_template(A)
    changes = store.changes()

    model.group(changes, most=9)

    assert changes == []
