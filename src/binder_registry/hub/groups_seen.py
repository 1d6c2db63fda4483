"""What the log says of the groups in which a hub saw a user: the first question of those who miss an environment."""

import time
from collections.abc import Callable, Collection

from .rules import log

TOLD_AGAIN = 3600.0  # seconds
MOST_TOLD = 20_000  # users within that time; of further ones nothing is said
MOST_NAMED = 20


class GroupsSeen:
    """One line for each user and hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}  # the longest ago first

    def tell(self, user: str, hub: Collection[str], auth_state: Collection[str] | None, *, admin: bool) -> None:
        """`auth_state` None: it was not asked."""
        now = self._clock()
        while self._told and now - next(iter(self._told.values())) >= TOLD_AGAIN:
            del self._told[next(iter(self._told))]
        if user in self._told or len(self._told) >= MOST_TOLD:
            return
        self._told[user] = now
        state = "not asked" if auth_state is None else _named(auth_state)
        all_of_it = "; an admin, who sees all" if admin else ""
        log.info("Groups of %s: hub: %s; auth state: %s%s", _printable(user), _named(hub), state, all_of_it)


def _named(groups: Collection[str]) -> str:
    names = [_printable(group) for group in sorted(groups)]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more if names else "none"


def _printable(name: str) -> str:
    """A line stays one."""
    short = name if len(name) <= 100 else f"{name[:100]}…"
    return short if short.isprintable() else repr(short)
