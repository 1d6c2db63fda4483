"""Signals, from before anything waits: as process 1 of a container a program without handlers ignores them."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger("binder_registry")


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM and SIGINT end the process with 0, until the server puts handlers of its own in their place.

    SIGHUP, which a program without a handler dies of, is logged; under `nohup` it stays ignored.
    """
    handlers = {signal.SIGTERM: _stop, signal.SIGINT: _stop}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handlers[signal.SIGHUP] = _hang_up
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):  # once is enough: it ends already
        signal.signal(each, signal.SIG_IGN)
    logger.info("Told to stop before anything was served")
    raise SystemExit(0)


def _hang_up(number: int, frame: FrameType | None) -> None:
    logger.info("SIGHUP: there is nothing to reread")
