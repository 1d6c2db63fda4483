"""What may take long, in threads of its own: in turn among the clients, for a bounded time, while somebody waits.

A lane is used on the event loop; its jobs run in its threads, and look with `go_on` whether they still should.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import monotonic
from typing import Any, Generic, TypeVar

from ..errors import TooBusy

THREADS = 2
PAUSE_SECONDS = 0.0001  # between two slices; with none, this thread would take the interpreter again before the loop
SLICE = 500  # templates, about, looked at in one go: a fraction of a millisecond
TURN_SECONDS = 0.5  # after which a job that can go on another time leaves its thread to others

T = TypeVar("T")
_thread = threading.local()


def go_on() -> None:
    """For a job, between two of its steps: ends one that took too long, or that nobody waits for any more.

    Raises `TooBusy`; outside of a lane it does nothing.
    """
    job: Job[Any] | None = getattr(_thread, "job", None)
    if job is not None and (job.answer.cancelled() or monotonic() > job.until):
        raise job.late()


def turn_is_over() -> bool:
    """For a job whose client can ask for the rest, between two of its steps."""
    job: Job[Any] | None = getattr(_thread, "job", None)
    return job is not None and monotonic() - job.begun > TURN_SECONDS


def pause() -> None:
    """The same, and lets go of the interpreter: the event loop waits for it."""
    go_on()
    time.sleep(PAUSE_SECONDS)


def paced(things: Iterable[T]) -> Iterator[T]:
    """With a `pause` in between."""
    for number, thing in enumerate(things):
        if number:
            pause()
        yield thing


def slices(things: list[T]) -> Iterator[list[T]]:
    return (things[at : at + SLICE] for at in range(0, len(things), SLICE))


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some


class Job(Generic[T]):
    """`answer` is done, or cancelled by who left, on the loop only."""

    def __init__(self, limit: str, call: Callable[[], T], seconds: float) -> None:
        self.limit, self.call = limit, call
        self.until = monotonic() + seconds
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def __call__(self) -> T:
        _thread.job, self.begun = self, monotonic()
        try:
            return self.call()
        finally:
            _thread.job = None

    def late(self) -> TooBusy:
        message = "This took too long, its wait included: ask for less, or try again"
        return TooBusy(message, reason=self.limit)

    def refuse(self, error: TooBusy) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Lane:
    """`name` is what people call it, `limits` the names of the bounds on those that wait and on their time.

    One client's jobs take one thread less than there are, where there are several: the last one is for the others. Of
    more than `most` that wait, the newest of the client with the most of them is refused.
    """

    def __init__(
        self,
        name: str,
        *,
        most: float = float("inf"),
        seconds: float = float("inf"),
        threads: int = THREADS,
        limits: tuple[str, str] = ("waiting-queries", "query-seconds"),
    ) -> None:
        self.name, self.threads, self.limits = name, threads, limits
        self._most, self._seconds = most, seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting: dict[str, deque[Job[Any]]] = {}  # by client; whose turn is next stands first
        self._running: dict[str, int] = {}  # by client
        self.waiting = 0

    async def run(self, call: Callable[[], T], client: str = "") -> T:
        """Raises `TooBusy`, and what `call` does. Cancelled, it ends before it begins, or at its next `go_on`."""
        job = Job(self.limits[1], call, self._seconds)
        self._waiting.setdefault(client, deque()).append(job)
        self.waiting += 1
        self._begin()
        if self.waiting > self._most:
            self._make_room(client)
        try:
            return await job.answer
        except asyncio.CancelledError:
            self._take_out(client, job)
            raise
        finally:
            del job  # it knows its error, which knows this frame

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _make_room(self, newcomer: str) -> None:
        """Of those with as many as the newcomer, it is the newcomer who is refused."""
        client = max(self._waiting, key=lambda one: (len(self._waiting[one]), one == newcomer))
        job = self._waiting[client][-1]
        self._take_out(client, job)
        message = f"Too many requests of this kind ({self.name}) wait for their turn already; try again"
        job.refuse(TooBusy(message, reason=self.limits[0]))

    def _take_out(self, client: str, job: Job[Any]) -> None:
        jobs = self._waiting.get(client, ())
        if job in jobs:
            self._waiting[client].remove(job)
            self.waiting -= 1
            if not jobs:
                del self._waiting[client]

    def _begin(self) -> None:
        """As many as there are threads for."""
        while sum(self._running.values()) < self.threads:
            client = next((one for one in self._waiting if self._running.get(one, 0) < max(1, self.threads - 1)), None)
            if client is None:
                return
            jobs = self._waiting.pop(client)
            job = jobs.popleft()
            self.waiting -= 1
            if jobs:
                self._waiting[client] = jobs  # behind all others
            if job.answer.done():
                continue
            if monotonic() > job.until:
                job.refuse(job.late())
                continue
            self._running[client] = self._running.get(client, 0) + 1
            begun = asyncio.get_running_loop().run_in_executor(self._pool, job)
            begun.add_done_callback(lambda ended, client=client, job=job: self._end(client, job, ended))  # type: ignore[misc]

    def _end(self, client: str, job: Job[T], ended: "asyncio.Future[T]") -> None:
        answer = job.answer
        del job.answer  # an error of the job knows the frame that it came from, and that the job
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
        error = None if ended.cancelled() else ended.exception()
        if not answer.done():
            if ended.cancelled():
                answer.cancel()
            elif error:
                answer.set_exception(error)
            else:
                answer.set_result(ended.result())
        self._begin()
