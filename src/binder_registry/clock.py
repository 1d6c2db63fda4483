"""The times of changes: they never go back, whatever a clock says."""

from datetime import UTC, datetime, timedelta
from functools import partial

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
