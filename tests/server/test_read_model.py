"""What another thread is given of the read model."""

import tracemalloc

from binder_registry import InMemoryStore, Template
from binder_registry.server.live.read_model import ReadModel

A, B = Template(name="a", image_name="i"), Template(name="b", image_name="i")


def test_a_snapshot_stays_as_it_was_taken() -> None:
    store, model = InMemoryStore(), ReadModel()
    store.register_template(A)
    model.load(*store.state())
    snapshot = model.snapshot()

    store.register_template(B)
    store.delete_template("a")
    model.apply(store.changes(since=1))

    assert [entry.name for entry in snapshot] == ["a"]
    assert [entry.name for entry in model.snapshot()] == ["b"]


def test_a_snapshot_of_what_did_not_change_is_the_same_list() -> None:
    store, model = InMemoryStore(), ReadModel()
    store.register_template(A)
    model.load(*store.state())

    assert model.snapshot() is model.snapshot()


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
