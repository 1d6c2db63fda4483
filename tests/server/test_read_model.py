"""What another thread is given of the read model, and what it renders for it."""

import random
import tracemalloc
from collections.abc import Collection, Iterable

import pytest
from msgspec.structs import replace

from binder_registry import InMemoryStore, Template
from binder_registry.changes import Change
from binder_registry.errors import TemplateNotFound
from binder_registry.server.live import channel_lists
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
        assert list(map(told, group.events)) == [told(event_of(*each)) for each in new[-4:]]
        assert group.begins == new[-5][0].position
        assert names_of(snapshot) == was


def told(event: Event) -> tuple[Change, object, int]:
    return event.change, event.labels_before(), event.size


def test_a_name_that_comes_twice_is_no_group() -> None:
    store = InMemoryStore()
    store.register_template(A)
    store.delete_template("a")

    assert ReadModel().group(store.changes(), most=9) is None


def test_a_purge_of_what_is_shown_already_is_in_no_group() -> None:
    """The feed is to forget what it held of it."""
    store = InMemoryStore()
    store.register_template(A)
    store.update_template(replace(A, image_name="j"))
    model = model_of(store)
    store.purge_change("a", 1)
    store.register_template(B)

    assert model.group(store.changes(since=2), most=9) is None


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


def channels_model(store: InMemoryStore) -> ReadModel:
    """As a server reads it at its start, with the lists of a channel asked for once."""
    model = ReadModel(read_each=store.log.read_each)
    model.load_present(*store.present())
    for fallback in (False, True):
        model.channel_list_answer("stable", fallback=fallback)
    return model


def shown_in_channels(model: ReadModel) -> tuple[object, ...]:
    model.list_answer()
    lists = [
        (answer.etag, bytes(answer.body))
        for answer in (model.channel_list_answer("stable", fallback=fallback) for fallback in (False, True))
    ]
    full = [entry.full for entry in model.channel_blocks("stable", fallback=True)]
    return *shown(model), lists, full, model.lists._numbers, {*model.lists.in_channels}


def some_changes(order: random.Random, store: InMemoryStore, names: Iterable[str]) -> None:
    """One of each of these."""
    for name in names:
        try:
            template = store.get_template(name)
        except TemplateNotFound:
            store.register_template(Template(name=name, image_name="i"))
            continue
        kind = order.choice(["update", "promote", "demote", "delete"])
        if kind == "promote":
            store.promote_template(name, order.choice(["stable", "testing"]))
        elif kind == "demote" and store.changes(name=name)[-1].content.find(b'"channels":{"stable"') > 0:  # type: ignore[union-attr]
            store.demote_template(name, "stable")
        elif kind == "delete":
            store.delete_template(name)
        else:
            store.replace_template(replace(template, image_name=f"i:{order.random()}", paused="x"))


def test_channels_are_shown_the_same_at_once_singly_and_from_the_start() -> None:
    names, singles = [*"abcdefgh", "é", "%"], 0
    for seed in range(40):
        order, store = random.Random(seed), InMemoryStore()
        for _ in range(6):
            some_changes(order, store, order.sample(names, 5))
        singly, at_once, before = channels_model(store), channels_model(store), store.head()
        with store.atomic():
            some_changes(order, store, order.sample(names, 7))
        changes = store.changes(since=before)

        for model in (singly, at_once):
            model.prepared.prepare(changes, model.entries)
        singly.apply(changes)
        group = at_once.group([*changes], most=4)
        if group:
            singles += 1
            assert at_once.apply_group(group)
            assert shown_in_channels(at_once) == shown_in_channels(singly)
        from_the_start, anew = channels_model(store), ReadModel(read_each=store.log.read_each)
        anew.prepared.prepare(store.state()[1], {})
        anew.load(*store.state())
        for loaded in (from_the_start, anew):
            loaded.entries = {name: loaded.entries[name] for name in singly.entries}  # which are in no order
            assert shown_in_channels(loaded) == shown_in_channels(singly)
        assert not singly.prepared.made
    assert singles > 20


def test_what_channels_point_at_is_read_from_the_log_only_where_it_is_not_at_hand() -> None:
    asked: list[int] = []

    def read(revisions: Collection[int]) -> list[Change]:
        asked.extend(revisions)
        return store.log.read_each(revisions)

    store, model = InMemoryStore(), ReadModel(read_each=read)
    store.register_template(A)
    store.promote_template("a", "stable")
    store.update_template(replace(A, image_name="j"))
    model.load_present(*store.present())
    at_the_start = [*asked]
    store.update_template(replace(A, image_name="k"))
    store.promote_template("a", "testing")
    changes = store.changes(since=3)

    model.prepared.prepare(changes, model.entries)
    model.apply(changes)

    assert (at_the_start, asked) == ([1], [1])
    assert [model.entries["a"].channels[each].content[:28] for each in ("stable", "testing")] == [  # type: ignore[union-attr]
        b'{"name":"a","image-name":"i"',
        b'{"name":"a","image-name":"k"',
    ]


def test_what_others_showed_first_is_not_kept_prepared() -> None:
    store = InMemoryStore()
    model = channels_model(store)
    store.register_template(A)
    store.promote_template("a", "stable")
    changes = store.changes()
    model.prepared.prepare(changes, model.entries)
    model.apply(changes)
    model.prepared.prepare(changes, model.entries)  # by a second who has them to show

    store.register_template(B)
    model.apply(store.changes(since=2))

    assert not model.prepared.made


def test_the_lists_of_no_more_channels_than_that_are_kept() -> None:
    store = InMemoryStore()
    for number in range(channel_lists.MOST_LISTS + 1):
        store.register_template(Template(name=f"t{number}", image_name="i"))
        store.promote_template(f"t{number}", f"c{number}")
    model = ReadModel(read_each=store.log.read_each)
    model.load_present(*store.present())

    for number in range(channel_lists.MOST_LISTS + 1):
        model.channel_blocks(f"c{number}", fallback=False)
    model.channel_blocks("nobody-has-it", fallback=True)

    assert [*model.lists._kept] == [(f"c{number}", False) for number in range(1, channel_lists.MOST_LISTS + 1)]
