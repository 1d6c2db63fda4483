"""What another thread is given of the read model."""

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
