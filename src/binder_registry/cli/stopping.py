"""Signals, from before anything waits: as process 1 of a container a program without handlers ignores them."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

logger = logging.getLogger("binder_registry")


@contextmanager
def stoppable() -> Iterator[list[Callable[[], None]]]:
    """SIGTERM and SIGINT end the process with 0, until the server puts handlers of its own in their place.

    SIGHUP, which a program without a handler dies of, calls what is in the list by then, or is logged; under `nohup` it
    stays ignored.
    """
    rereads: list[Callable[[], None]] = []
    handlers: dict[int, Callable[[int, FrameType | None], None]] = {signal.SIGTERM: _stop, signal.SIGINT: _stop}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handlers[signal.SIGHUP] = partial(_hang_up, rereads)
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield rereads
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):  # once is enough: it ends already
        signal.signal(each, signal.SIG_IGN)
    logger.info("Told to stop before anything was served")
    raise SystemExit(0)


def _hang_up(rereads: list[Callable[[], None]], number: int, frame: FrameType | None) -> None:
    if not rereads:
        logger.info("SIGHUP: there is nothing to reread")
    for reread in rereads:
        reread()
