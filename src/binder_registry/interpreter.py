"""Work with many objects, of which the other threads notice little: one at a time has the interpreter, and it is looked
for garbage, and cleared away, in it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from time import monotonic, sleep
from typing import Any

LONG = 0.02  # seconds; what came into being in more is not looked through afterwards either
STEP = 200  # values
REST_SECONDS, LONG_REST_SECONDS = 0.0001, 0.001  # the latter where there is no haste

Held = dict[Any, Any] | list[Any]


@contextmanager
def no_collection() -> Iterator[None]:
    """Many objects come into being and none of them is garbage: looking for some would take most of the time, and
    through a million afterwards a tenth of a second, in which no thread does anything else."""
    enabled, begun = gc.isenabled(), monotonic()
    gc.disable()
    try:
        yield
        if enabled and monotonic() - begun > LONG:
            gc.freeze()
    finally:
        if enabled:
            gc.enable()


def rest(seconds: float = REST_SECONDS) -> None:
    """After a step of long work, so that the event loop gets in: of several threads that wait it need not be the next
    one that a busy thread has to give way to."""
    sleep(seconds)


def let_go_of(held: Held, seconds: float = REST_SECONDS) -> None:
    """Of all that is held, in steps with a rest of so many seconds between: to clear a hundred thousand rows at once
    takes a thirtieth of a second."""
    while held:
        if isinstance(held, list):
            del held[-STEP:]
        else:
            for _ in range(min(STEP, len(held))):
                held.popitem()
        if held:
            rest(seconds)


def let_go_later(*held: Held) -> None:
    """The same in a thread of its own, and in no haste. Of few that is not worth it."""
    if any(len(each) > STEP for each in held):
        with suppress(RuntimeError):  # where there may be no more threads, whoever holds them last clears them away
            Thread(target=_let_go, args=held, name="clearing", daemon=True).start()


def _let_go(*held: Held) -> None:
    for each in held:
        let_go_of(each, LONG_REST_SECONDS)
