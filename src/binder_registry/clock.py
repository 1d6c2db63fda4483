"""The times of changes: they never go back, whatever a clock says."""

import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

WARN_SECONDS = 600.0  # between two warnings
AHEAD = timedelta(minutes=1)  # of the clock, which may go wrong a little
LATEST = datetime.max.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)  # between two changes


utc_now = partial(datetime.now, UTC)


def later(time: datetime) -> datetime:
    """The next time that a change can have. At the end of the year 9999 time stands still."""
    return time + _TICK if time < LATEST else LATEST


def dated_ahead(newest: datetime | None, now: datetime) -> str:
    """What to say of a log whose newest change is from the future; empty where it is not."""
    if newest is None or newest - now <= AHEAD:
        return ""
    return (
        f"the newest change is dated {newest:%Y-%m-%d %H:%M} UTC, which is yet to come: a clock was wrong. "
        "Times never go back, so every change until then is dated a microsecond after the one before"
    )


class Warnings:
    """Of a log, in whose name it is warned, once in a while."""

    def __init__(self, logger: logging.Logger, log: object) -> None:
        self._logger, self._log = logger, log
        self._at = 0.0

    def look(self, newest: datetime | None, now: datetime) -> None:
        warning = dated_ahead(newest, now)
        if warning and monotonic() >= self._at:
            self._at = monotonic() + WARN_SECONDS
            self._logger.warning("%s: %s", self._log, warning)
