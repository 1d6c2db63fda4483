"""What many objects cost other threads."""

import gc
import threading

import pytest

from binder_registry import interpreter
from binder_registry.interpreter import no_collection


@pytest.mark.parametrize(("longest", "passed_over"), [(-1.0, True), (60.0, False)])
def test_what_came_into_being_in_long_is_not_looked_through_afterwards(
    longest: float, passed_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "LONG", longest)
    gc.unfreeze()

    with no_collection():
        made = [[number] for number in range(1000)]
    frozen = gc.get_freeze_count()
    gc.unfreeze()

    assert (frozen >= len(made), gc.isenabled()) == (passed_over, True)


@pytest.mark.parametrize("number", [0, 1, interpreter.STEP + 1])
def test_nothing_is_held_any_more_of_what_was_let_go(number: int) -> None:
    rows, by_name = [*range(number)], {str(each): each for each in range(number)}

    interpreter.let_go_of(rows)
    interpreter.let_go_of(by_name)

    assert (rows, by_name) == ([], {})


def test_what_is_let_go_later_is_let_go_by_another_thread() -> None:
    rows, by_name = list(range(1000)), {str(number): number for number in range(1000)}

    interpreter.let_go_later(rows, by_name)
    for thread in threading.enumerate():
        if thread.name == "clearing":
            thread.join(10)

    assert (rows, by_name) == ([], {})


def test_for_few_there_is_no_thread() -> None:
    interpreter.let_go_later(few := [1, 2, 3])

    assert few == [1, 2, 3]


def test_where_there_may_be_no_more_threads_it_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_more)

    interpreter.let_go_later(rows := list(range(1000)))

    assert len(rows) == 1000
