"""The bounds on what a client can cost: set by name, and kept."""

import asyncio
import threading

import pytest

from binder_registry.batch import Batch
from binder_registry.errors import TooBusy
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


def test_a_write_beyond_those_that_may_wait_is_refused_as_never_written() -> None:
    app = application(limits=Limits(waiting_writes=1))
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: Batch) -> None:
        begun.set()
        go_on.wait()

    async def third() -> object:
        await app.start()
        first = asyncio.create_task(app.service.write(hold))
        await asyncio.to_thread(begun.wait)
        second = asyncio.create_task(app.service.write(lambda _: None))
        await asyncio.sleep(0)
        [refused] = await asyncio.gather(app.service.write(lambda _: None), return_exceptions=True)
        go_on.set()
        await asyncio.gather(first, second)
        await app.aclose()
        return refused

    refused = asyncio.run(third())

    assert isinstance(refused, TooBusy)
    assert refused.reason == "waiting-writes"
