"""What the parts of a running server have counted, by metric. On the event loop: it copies numbers, and that is all."""

import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import add
from time import monotonic
from typing import Protocol

from msgspec import Struct

from ...registry import Registry
from ...version import __version__
from ..histogram import Histogram
from ..http.counters import BOUNDS, Counters, Series
from ..http.identities import Identities
from ..lanes import Lane
from ..limits import bounds
from ..live.follower import Follower
from ..live.group_commit import GroupCommit
from ..live.present import Present
from ..live.read_model import ReadModel
from ..shares import Share
from . import table as t

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER_METHOD = "_OTHER"  # OpenTelemetry's word
BUILD = __version__, platform.python_version()
STORES = {"key": "key", "token": "token", "publisher": "publisher", "user": "hub", "service": "hub"}  # by kind


class Parts(Protocol):
    """Of a running service: those that are read."""

    registry: Registry
    counters: Counters
    identities: Identities
    model: ReadModel
    present: Present
    follower: Follower
    group_commit: GroupCommit
    streams: Share
    lanes: Sequence[Lane]
    draining: bool


class Buckets(Struct, frozen=True):
    """A histogram as it was at one moment."""

    bounds: Sequence[float]
    counts: Sequence[int]
    total: float


Reading = tuple[t.Metric, tuple[str, ...], float | Buckets]
"""A metric, the values of its labels, and its own."""


def readings(parts: Parts) -> Iterator[Reading]:
    """All but what is counted of templates and tokens."""
    yield t.BUILD, BUILD, 1
    yield from _requests(parts.counters)
    yield from _refusals(parts.counters.refused)
    yield from _authentications(parts.identities)
    yield from _writes(parts.group_commit, parts.follower)
    yield t.REVISION, (), parts.model.revision
    yield t.AVAILABLE, ("reads",), not parts.draining
    down = parts.draining or parts.group_commit.down or parts.follower.down
    yield t.AVAILABLE, ("writes",), not down
    yield t.LAG_SECONDS, (), monotonic() - parts.follower.in_step_at
    yield t.LAG_REVISIONS, (), max(0, parts.follower.head - parts.model.revision)
    yield t.STREAMS, (), parts.streams.taken
    yield t.WAITING, ("writes",), parts.group_commit.unanswered
    yield t.WAITING, ("revisions",), parts.present.waiting
    for lane in parts.lanes:
        yield t.WAITING, (lane.name,), lane.waiting


def _requests(counters: Counters) -> Iterator[Reading]:
    """A route, method and status may have been counted by the fast path and by the ordinary one."""
    found: dict[tuple[str, ...], Series] = {}
    for (route, method, status), series in counters.items():
        if series.count:
            known = method if method in METHODS else OTHER_METHOD
            whole = found.setdefault((known, route, str(status)), Series())
            whole.buckets = [*map(add, whole.buckets, series.buckets)]
            whole.seconds += series.seconds
            whole.sent += series.sent
    for key, whole in found.items():
        yield t.REQUEST_SECONDS, key, Buckets(BOUNDS, whole.buckets, whole.seconds)
        yield t.BODY_BYTES, key, whole.sent


def _refusals(refused: Mapping[tuple[str, str], int]) -> Iterator[Reading]:
    reached = {name: 0 for name, bound in bounds() if bound.beyond in ("429", "503")}
    dropped = {
        t.READERS_DROPPED: {"answer": 0, "event-stream": 0},
        t.LINES_DROPPED: {"log": 0, "access-log": 0},
    }
    told = {"reader_dropped": dropped[t.READERS_DROPPED], "line_dropped": dropped[t.LINES_DROPPED]}  # `Counters.drop`
    for (error, reason), number in refused.items():
        if error in told:
            told[error][reason] = number
            continue
        yield t.REFUSED, (error, reason), number
        if reason in reached:
            reached[reason] += number
    for metric, numbers in {**dropped, t.LIMIT_REACHED: reached}.items():
        for word, number in numbers.items():
            yield metric, (word,), number


def _authentications(identities: Identities) -> Iterator[Reading]:
    good = Counter(dict.fromkeys(dict.fromkeys(STORES.values()), 0))
    for kind, number in identities.good.items():
        good[STORES.get(kind, "other")] += number
    for store, number in good.items():
        yield t.AUTHENTICATIONS, (store, "good"), number
    for labels, number in identities.failed.items():
        yield t.AUTHENTICATIONS, labels, number


def _writes(group_commit: GroupCommit, follower: Follower) -> Iterator[Reading]:
    commits = group_commit.commits
    for action, number in commits.changes.copy().items():
        yield t.CHANGES, (action,), number
    yield t.COMMIT_SECONDS, (), _now(commits.seconds)
    yield t.COMMIT_WRITES, (), _now(commits.writes)
    yield t.STORE_FAILURES, ("commit",), commits.failed
    yield t.STORE_FAILURES, ("follow",), follower.failed


def _now(histogram: Histogram) -> Buckets:
    return Buckets(histogram.bounds, histogram.buckets.copy(), histogram.total)
