"""The bounds on what a client can cost: set by name, and kept."""

import pytest

from binder_registry.server import Limits, limits_of
from binder_registry.server.limits import bounds

from .asking import SCIPY, application, asked


def test_a_limit_that_is_given_takes_the_place_of_its_default() -> None:
    limits = limits_of([("waiting-writes", 5), ("body-bytes", 100)])

    assert limits == Limits(waiting_writes=5, body_bytes=100)


@pytest.mark.parametrize("given", [("waiting-write", 1), ("waiting_writes", 1), ("", 1)])
def test_a_limit_that_there_is_not_is_refused_with_those_that_there_are(given: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match=r"there is no limit .*waiting-writes"):
        limits_of([given])


@pytest.mark.parametrize("name", [name for name, _ in bounds()])
def test_a_limit_below_its_least_is_refused_by_name(name: str) -> None:
    least = dict(bounds())[name].least

    with pytest.raises(ValueError, match=f"the limit {name} must be {least} or more"):
        limits_of([(name, least - 1)])


def test_a_body_beyond_its_limit_is_refused() -> None:
    with asked(application(limits=Limits(body_bytes=60))) as client:
        small = client.post("/templates", json=SCIPY)
        large = client.post("/templates", json={**SCIPY, "name": "r", "description": "x" * 30})

    assert (small.status_code, large.status_code) == (201, 413)
