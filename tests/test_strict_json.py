"""What is read at once, beside the collection of garbage."""

import gc

import pytest

from binder_registry import strict_json
from binder_registry.strict_json import no_collection


@pytest.mark.parametrize(("longest", "passed_over"), [(-1.0, True), (60.0, False)])
def test_what_came_into_being_in_long_is_not_looked_through_afterwards(
    longest: float, passed_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_json, "LONG", longest)
    gc.unfreeze()

    with no_collection():
        made = [[number] for number in range(1000)]
    frozen = gc.get_freeze_count()
    gc.unfreeze()

    assert (frozen >= len(made), gc.isenabled()) == (passed_over, True)
