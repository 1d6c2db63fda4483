"""The processes that read documents: warm, bounded, and ended."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator

import pytest

from binder_registry.errors import InvalidRequest, TooBusy, UnexpectedError
from binder_registry.reading import Question
from binder_registry.server.lanes import Lane
from binder_registry.server.readers import Readers

PROGRAM = """
import json, os, resource, signal, sys, time
from binder_registry.reading import DONE, FAULT, FULL, REFUSED, answer_frame, read_question

while asked := read_question(sys.stdin.buffer.read):
    what, kind, answer = asked[1], DONE, b"%d" % os.getpid()
    if what == b"die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == b"crash":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.abort()
    elif what == b"eat":
        eaten = b"x" * (100 << 20)
        time.sleep(60)
    elif what == b"sleep":
        time.sleep(60)
    elif what == b"inherited":
        answer = json.dumps([dict(os.environ), os.listdir("/proc/self/fd"), os.getsid(0)]).encode()
    elif what in (b"full", b"fault", b"refuse"):
        kind = {b"full": FULL, b"fault": FAULT, b"refuse": REFUSED}[what]
        answer = b'{"message": "no", "hints": [{"field": "line 3"}]}'
    elif what == b"long":
        answer = b"x" * (5 << 20)
    sys.stdout.buffer.write(answer_frame(kind, answer, stays=what != b"leave"))
    sys.stdout.buffer.flush()
"""
MEMORY = 128 << 20  # of both
QUESTION = Question("templates", "yaml", "json", most_bytes=1 << 20)


@pytest.fixture
def readers() -> Iterator[Readers]:
    readers = Readers([sys.executable, "-c", PROGRAM], MEMORY)
    yield readers
    readers.close()
    assert not readers._living


def test_a_warm_one_answers_again_until_it_says_that_it_ends(readers: Readers) -> None:
    first, second, last, other = (readers.ask(QUESTION, body) for body in (b"a", b"b" * 2_000_000, b"leave", b"c"))

    assert first == second == last != other


@pytest.mark.parametrize(
    ("what", "error", "words"),
    [
        (b"die", TooBusy, "was ended meanwhile"),
        (b"crash", InvalidRequest, "cannot be read at all"),
        (b"eat", InvalidRequest, "takes more than 67108864 bytes"),
        (b"full", InvalidRequest, "takes more than 67108864 bytes"),
        (b"long", InvalidRequest, "takes more than 67108864 bytes"),
        (b"fault", UnexpectedError, "Internal Server Error"),
        (b"refuse", InvalidRequest, "no"),
    ],
)
def test_what_goes_wrong_is_told_and_the_next_question_is_answered(
    readers: Readers, what: bytes, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as told:
        readers.ask(QUESTION, what)

    assert type(told.value) is error
    assert int(readers.ask(QUESTION, b"a"))


def test_an_idle_one_that_was_killed_is_renewed(readers: Readers) -> None:
    before = int(readers.ask(QUESTION, b"a"))
    os.kill(before, signal.SIGKILL)
    os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)

    assert int(readers.ask(QUESTION, b"a")) != before


def test_it_inherits_no_secret_no_file_and_no_terminal(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDER_API_KEY", "secret")
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)

    environment, files, session = json.loads(readers.ask(QUESTION, b"inherited"))

    os.close(reading)
    os.close(writing)
    assert "BINDER_API_KEY" not in environment
    assert not environment.keys() & {"HOME", "USER", "PWD"}
    assert len(files) == 4  # the three, and the folder that is listed
    assert session != os.getsid(0)


def test_one_that_cannot_be_started_is_a_refusal() -> None:
    with pytest.raises(TooBusy, match="cannot be started"):
        Readers(["/nowhere/at-all"], MEMORY).ask(QUESTION, b"a")


def test_one_that_takes_too_long_is_ended(readers: Readers) -> None:
    async def asked() -> TooBusy:
        lane = Lane("documents", seconds=0.5, limits=("waiting-documents", "document-seconds"))
        with pytest.raises(TooBusy) as told:
            await lane.run(lambda: readers.ask(QUESTION, b"sleep"))
        lane.close()
        return told.value

    error = asyncio.run(asked())

    assert error.reason == "document-seconds"
    assert not readers._living


def test_one_that_nobody_waits_for_any_more_is_ended(readers: Readers) -> None:
    async def left() -> None:
        lane = Lane("documents")
        asking = asyncio.ensure_future(lane.run(lambda: readers.ask(QUESTION, b"sleep")))
        while not readers._living:
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        await asyncio.to_thread(lane._pool.shutdown)

    asyncio.run(left())

    assert not readers._living


def test_closed_it_begins_none_that_stays(readers: Readers) -> None:
    readers.close()

    with pytest.raises(TooBusy):
        readers.ask(QUESTION, b"sleep")


def test_closed_it_ends_those_that_are_asked_too(readers: Readers) -> None:
    async def closed() -> None:
        lane = Lane("documents")
        asking = asyncio.ensure_future(lane.run(lambda: readers.ask(QUESTION, b"sleep")))
        while not readers._living:
            await asyncio.sleep(0)
        readers.close()
        with pytest.raises(TooBusy):
            await asking
        await asyncio.to_thread(lane._pool.shutdown)

    asyncio.run(closed())

    assert not readers._living
