"""The checker finds the faults that it is there for."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from binder_registry import InMemoryStore, Template
from binder_registry.changes import Change
from tests.cluster.history import Call, problems

A = Template(name="a", image_name="i")


def good() -> tuple[list[Call], list[Change]]:
    """Two clients: one creates, updates and deletes, the other reads, and is refused."""
    store = InMemoryStore()
    store.register_template(A, note="n1")
    store.update_template(A, note="n2")
    store.delete_template("a", note="n3")
    store.register_template(A, note="n4")
    calls = [
        Call(1, "create", "a", 0.0, 1.0, 201, shown=1, revision=1, note="n1"),
        Call(2, "read", "a", 1.1, 1.2, 200, shown=1, revision=1),
        Call(2, "create", "a", 1.3, 1.4, 409, shown=1, note="n5"),
        Call(1, "update", "a", 2.0, 3.0, 202, shown=2, revision=2, expected=1, note="n2"),
        Call(2, "update", "a", 3.1, 3.2, 412, shown=2, expected=1, note="n6"),
        Call(1, "delete", "a", 4.0, 5.0, 200, shown=3, revision=3, note="n3"),
        Call(2, "update", "a", 5.1, 5.2, 404, shown=3, note="n7"),
        Call(2, "read", "a", 5.3, 5.4, 404, shown=3),
        Call(1, "create", "a", 6.0, 7.0, 503, note="n4"),
    ]
    return calls, store.changes()


def test_a_history_without_faults_has_no_problems() -> None:
    calls, log = good()

    assert problems(calls, log) == []


def changed(place: int, **members: object) -> Callable[[list[Call], list[Change]], None]:
    def change(calls: list[Call], log: list[Change]) -> None:
        calls[place] = replace(calls[place], **members)  # type: ignore[arg-type]

    return change


def lose_a_row(calls: list[Call], log: list[Change]) -> None:
    del log[1]


def apply_twice(calls: list[Call], log: list[Change]) -> None:
    calls[8] = replace(calls[8], note="n1")


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        pytest.param(lose_a_row, "not 1..n", id="gap"),
        pytest.param(lose_a_row, "lost", id="lost write"),
        pytest.param(apply_twice, "never sent", id="unknown row"),
        pytest.param(changed(8, status=409), "refused and applied", id="refused and applied"),
        pytest.param(changed(3, revision=1, note="n1"), "lost", id="one row for two calls"),
        pytest.param(changed(0, sent=3.5, ended=3.6), "ordered before", id="real time"),
        pytest.param(changed(3, expected=7), "a state that was gone", id="stale update accepted"),
        pytest.param(changed(3, kind="create"), "created what was there", id="second create accepted"),
        pytest.param(changed(0, kind="update"), "changed what was not there", id="update of nothing accepted"),
        pytest.param(changed(1, revision=9), "read what was not there", id="wrong read"),
        pytest.param(changed(7, status=200, revision=2), "read what was not there", id="stale read"),
        pytest.param(changed(2, name="b"), "refused as existing", id="wrong 409"),
        pytest.param(changed(4, expected=2), "refused as changed", id="wrong 412"),
        pytest.param(changed(6, sent=3.3, ended=3.4, shown=2), "refused as missing", id="wrong 404"),
        pytest.param(changed(7, shown=2, revision=2, status=200), "showed less", id="time goes back"),
    ],
)
def test_a_planted_fault_is_found(plant: Callable[[list[Call], list[Change]], None], found: str) -> None:
    calls, log = good()

    plant(calls, log)

    assert any(found in problem for problem in problems(calls, log))
