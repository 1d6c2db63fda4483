"""The connections of a server within its limits: how many there are, and what was received over all of them."""

import os
import resource
from collections.abc import Iterable
from contextlib import suppress
from fcntl import F_DUPFD_CLOEXEC, fcntl
from heapq import nsmallest
from pathlib import Path
from typing import Protocol

from ...errors import TooBusy, TooManyRequests
from ..limits import Limits
from ..shares import Share

MOST_CONNECTIONS = 8000  # where `ulimit -n` does not say less
OTHER_DESCRIPTORS = 200  # of the database, the log, connections that are being refused
MADE_ROOM = 16  # connections closed at once: all are looked through for them
FULL_SECONDS = 0.1  # for which there is no room, where none was found


class Member(Protocol):
    """A connection."""

    since: float
    whose: str

    def owes_nothing(self) -> bool: ...
    def make_room(self) -> None: ...


class Crowd:
    def __init__(self, limits: Limits) -> None:
        self.connections = Share("connections", most_connections(limits), limits.connections_per_client)
        self.received = Share("received-bytes", limits.received_bytes, limits.received_bytes_per_client)
        self.turned_away = 0  # connections that are being refused
        self._full_until = 0.0  # loop time

    def enter(self, whose: str, others: Iterable[Member], now: float) -> None:
        """Where there is no room, connections that wait for a request are closed, the oldest first. Raises `TooBusy`
        where all are busy, and `TooManyRequests` where all of this client's are."""
        try:
            self.connections.take(whose)
        except TooManyRequests:
            self._make_room([other for other in others if other.whose == whose], now)
            self.connections.take(whose)
        except TooBusy:
            self._make_room(others, now)
            self.connections.take(whose)

    def _make_room(self, others: Iterable[Member], now: float) -> None:
        if now < self._full_until:
            return
        leaving = nsmallest(MADE_ROOM, (each for each in others if each.owes_nothing()), key=lambda each: each.since)
        for each in leaving:
            each.make_room()
        if not leaving:
            self._full_until = now + FULL_SECONDS


def most_connections(limits: Limits) -> int:
    """By default what the descriptors that this process may open leave."""
    if limits.connections:
        return limits.connections
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    left = MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, soft - OTHER_DESCRIPTORS)
    return min(MOST_CONNECTIONS, left)


def raise_descriptors() -> None:
    """The soft limit, which is 1024 by tradition, as far as is of use and may be (as Go's programs do)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_DESCRIPTORS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    _make_table(wanted)


def _make_table(descriptors: int) -> None:
    """Linux doubles a process's table of them when it is full. Whoever opens one then waits until no thread can look at
    the old table any more (`synchronize_rcu` in fs/file.c), 10 to 20 ms; in a crowd that is the event loop."""
    with suppress(OSError), Path(os.devnull).open("rb") as any_file:  # where few may be open, the table is never full
        os.close(fcntl(any_file, F_DUPFD_CLOEXEC, descriptors - 1))
