import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from binder_registry.errors import TooBusy
from binder_registry.server.live.apply_lane import ApplyLane


def in_lane(use: Callable[[ApplyLane], Coroutine[Any, Any, None]]) -> None:
    """Of at most ten waiting bytes."""

    async def run() -> None:
        lane = ApplyLane(10)
        try:
            await use(lane)
        finally:
            lane.close()

    asyncio.run(run())


async def take(lane: ApplyLane, size: int) -> None:
    async with lane.turn(size):
        await lane.run(lambda: None)


def test_one_apply_alone_is_never_too_large() -> None:
    in_lane(lambda lane: take(lane, 11))


def test_an_apply_that_would_wait_beyond_the_bound_is_refused_at_once() -> None:
    async def use(lane: ApplyLane) -> None:
        async with lane.turn(6):
            with pytest.raises(TooBusy):
                await take(lane, 5)

    in_lane(use)


def test_what_was_refused_or_has_ended_counts_no_more() -> None:
    async def use(lane: ApplyLane) -> None:
        async with lane.turn(6):
            with pytest.raises(TooBusy):
                await take(lane, 5)
        async with lane.turn(5):
            waiting = asyncio.create_task(take(lane, 5))
            await asyncio.sleep(0)
        await waiting

    in_lane(use)


def test_applies_take_turns() -> None:
    async def use(lane: ApplyLane) -> None:
        async with lane.turn(1):
            waiting = asyncio.create_task(take(lane, 1))
            await lane.run(lambda: None)

            assert not waiting.done()
        await waiting

    in_lane(use)
