"""The head of the log, asked once for all who wait for it."""

import asyncio
from collections.abc import Iterator
from functools import partial
from queue import SimpleQueue

import pytest

from binder_registry.errors import StoreUnavailable
from binder_registry.server.live.head import SharedQuestion


def test_a_thousand_who_come_while_it_is_asked_share_the_next_question() -> None:
    begun, answers = SimpleQueue[int](), SimpleQueue[int]()

    def ask() -> int:
        begun.put(1)
        return answers.get(timeout=30)

    async def scene() -> tuple[int, set[int], int]:
        question = SharedQuestion(partial(asyncio.to_thread, ask))
        first = asyncio.ensure_future(question.answer())
        await asyncio.to_thread(begun.get, timeout=30)
        others = [asyncio.ensure_future(question.answer()) for _ in range(1000)]
        await asyncio.sleep(0)
        answers.put(1)
        answers.put(2)
        return await first, set(await asyncio.gather(*others)), begun.qsize()

    assert asyncio.run(scene()) == (1, {2}, 1)


def test_all_who_share_a_question_get_its_failure_and_the_next_is_asked_anew() -> None:
    answers: Iterator[int | Exception] = iter([StoreUnavailable(), 5])

    def ask() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def scene() -> int:
        question = SharedQuestion(partial(asyncio.to_thread, ask))
        for failed in await asyncio.gather(question.answer(), question.answer(), return_exceptions=True):
            assert isinstance(failed, StoreUnavailable)
        return await question.answer()

    assert asyncio.run(scene()) == 5


def test_who_leaves_takes_the_answer_from_nobody() -> None:
    async def scene() -> int:
        question = SharedQuestion(partial(asyncio.to_thread, lambda: 3))
        leaver, other = asyncio.ensure_future(question.answer()), asyncio.ensure_future(question.answer())
        await asyncio.sleep(0)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        return await other

    assert asyncio.run(scene()) == 3
