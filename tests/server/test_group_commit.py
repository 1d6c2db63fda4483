"""Which writes go into one commit."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from binder_registry import LogStore, Template
from binder_registry.backends.memory import MemoryLog
from binder_registry.batch import Batch
from binder_registry.changes import Change
from binder_registry.errors import StoreUnavailable
from binder_registry.server.live.waiting_writes import ALONE, MAX_GROUP

from .asking import application


class CountingLog(MemoryLog):
    def __init__(self) -> None:
        super().__init__()
        self.commits: list[int] = []  # the rows of each
        self.locked = Event()

    @contextmanager
    def writing(self) -> Iterator[list[Change]]:
        self.locked.set()
        with super().writing() as rows:
            yield rows
        self.commits.append(len(rows))


def written_at_once(number: int, log: CountingLog, *, alone: int | None = None) -> bool:
    """So many writes, in one turn of the loop, of which one may be alone. Whether the first was begun before the turn
    was over."""
    app = application(LogStore(log))

    async def write() -> bool:
        def create(batch: Batch) -> None:
            app.service.registry.store.register_template(
                Template(name=f"t{len(batch.rows)}-{batch.head.revision}", image_name="i")
            )

        await app.start()
        resolved = asyncio.Semaphore(0)
        begun = False
        for at in range(number):
            names = ALONE if at == alone else ["t"]
            app.service.group_commit.put(create, names, lambda outcome: resolved.release())
            begun = begun or log.locked.wait(0.05 / number)
        for _ in range(number):
            await resolved.acquire()
        await app.aclose()
        return begun

    return asyncio.run(write())


def test_what_comes_in_one_turn_of_the_loop_is_one_commit() -> None:
    log = CountingLog()

    begun = written_at_once(3, log)

    assert (begun, log.commits) == (False, [3])


def test_what_is_large_is_a_commit_of_its_own() -> None:
    for at, commits in enumerate([[1, 3], [1, 1, 2], [2, 1, 1], [3, 1]]):
        log = CountingLog()

        written_at_once(4, log, alone=at)

        assert log.commits == commits


def test_no_commit_is_larger_than_is_shown_in_one_piece() -> None:
    log = CountingLog()

    written_at_once(MAX_GROUP + 1, log)

    assert log.commits == [MAX_GROUP, 1]


@pytest.mark.parametrize(("gets_on", "given_up"), [(True, False), (False, True)])
def test_a_commit_is_given_up_only_when_nothing_of_what_comes_before_it_is_shown_any_more(
    gets_on: bool, given_up: bool
) -> None:
    app = application(LogStore(MemoryLog()))

    async def look_after() -> bool:
        await app.start()
        service = app.service
        shown, before = asyncio.get_running_loop().create_future(), service.present.position
        if gets_on:
            create = lambda _: service.registry.store.register_template(Template(name="a", image_name="i"))  # noqa: E731
            await service.group_commit.submit(create, ("a",))

        service.group_commit._look_after(shown, before)

        await app.aclose()
        return shown.done() and isinstance(shown.exception(), StoreUnavailable)

    assert asyncio.run(look_after()) == given_up
