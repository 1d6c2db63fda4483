"""What the server counts of its requests. Changed and read on the event loop only."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

from ...errors import APIErrorResponse, TooBusy, error_name

# Upper bounds of the time buckets, in seconds; one more bucket takes what lasted longer.
BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

MOST_SERIES = 256  # of the ordinary path: callers can bring about no more

Key = tuple[str, str, int]  # route, method, status
WRITES = {  # plain ones: their routes and methods
    b"POST": ("/templates", "POST"),
    b"PUT": ("/templates/{name}", "PUT"),
    b"PATCH": ("/templates/{name}", "PATCH"),
    b"DELETE": ("/templates/{name}", "DELETE"),
}


class Series:
    """The requests of one route, method and status."""

    __slots__ = ("buckets", "seconds", "sent")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.sent = 0  # bytes of bodies
        self.seconds = 0.0

    @property
    def count(self) -> int:
        return sum(self.buckets)

    def add(self, sent: int, seconds: float) -> None:
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.sent += sent
        self.seconds += seconds


class Counters:
    """Requests that the fast path answered, those that the application did, and what was refused."""

    def __init__(self) -> None:
        # By the error's name, or what was dropped, and the reason or "".
        self.refused: Counter[tuple[str, str]] = Counter()
        self.over_limits: Counter[str] = Counter()  # of these, by the limit
        self.fast: dict[Key, Series] = {}
        self.ordinary: dict[Key, Series] = {}
        self._writes: dict[tuple[bytes, int], Series] = {}  # of these

    @property
    def fast_hits(self) -> int:
        return sum(series.count for series in self.fast.values())

    def add(self, key: Key, sent: int, seconds: float) -> None:
        """A request of the ordinary path."""
        self._series(key).add(sent, seconds)

    def add_write(self, method: bytes, status: int, sent: int, seconds: float) -> None:
        """A plain one, counted as if it had taken the ordinary path."""
        series = self._writes.get((method, status))
        if series is None:
            series = self._writes[method, status] = self._series((*WRITES[method], status))
        series.buckets[bisect_left(BOUNDS, seconds)] += 1  # `series.add`, without a call for every write
        series.sent += sent
        series.seconds += seconds

    def _series(self, key: Key) -> Series:
        found = self.ordinary.get(key)
        if found is None:
            if len(self.ordinary) >= MOST_SERIES:
                key = "", "", key[2]
            found = self.ordinary.setdefault(key, Series())
        return found

    def refuse(self, error: APIErrorResponse) -> None:
        reason = getattr(error, "reason", "")
        self.refused[error_name(type(error)), reason] += 1
        if isinstance(error, TooBusy):
            self.over_limits[reason or error_name(type(error))] += 1

    def drop(self, what: str, reason: str, number: int = 1) -> None:
        """Of `what` is no answer: a `reader` that takes nothing, a `line` of a log that nobody takes."""
        self.refused[f"{what}_dropped", reason] += number

    def items(self) -> Iterator[tuple[Key, Series]]:
        """Every series of both paths: a key may come twice."""
        yield from self.fast.items()
        yield from self.ordinary.items()
