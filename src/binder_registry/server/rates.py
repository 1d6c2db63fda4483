"""How often: so many a minute for each who is counted, and some at once. On the event loop only.

The generic cell rate algorithm: of each it is kept until when all that they did is forgotten, and nothing else.
"""

from collections.abc import Callable
from math import ceil
from operator import itemgetter
from time import monotonic

from ..auth import Identity
from ..errors import TooManyRequests
from .limits import Limits

ROUNDING = 1e-6  # seconds that sums of times may be off
MOST_COUNTED = 8192  # of each rate, whoever they are: a megabyte
DEBT_SECONDS = 3600.0  # that an apply, however large, is waited for
KEPT = MOST_COUNTED * 3 // 4  # of these, when there is no room: to look through all of them is dear


class Rate:
    """Bounded by the limit `name`, which is `per_minute`; 0 bounds nothing. `burst` may come at once. What comes beyond
    that all the same is waited for, for `debt` seconds at most.

    Where too many are counted, those who did least are forgotten: for somebody who did much to be among them, thousands
    must have done more.
    """

    def __init__(
        self, name: str, per_minute: int, burst: int, debt: float, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self.name = name
        self.seconds = 60 / per_minute if per_minute else 0.0  # that each one counts for
        self._burst, self._debt = burst * self.seconds, debt
        self._clock = clock
        self._until: dict[str, float] = {}

    def renew(self, per_minute: int, burst: int) -> None:
        """Where these are others than before, everybody begins anew."""
        seconds = 60 / per_minute if per_minute else 0.0
        if (seconds, burst * seconds) != (self.seconds, self._burst):
            self.seconds, self._burst = seconds, burst * seconds
            self._until.clear()

    def take(self, who: str) -> float:
        """Count one more, where there is room for it: seconds until there is; 0: it was counted."""
        seconds = self.seconds
        if not seconds:
            return 0.0
        now = self._clock()
        until = self._until.get(who, 0.0)
        if until < now:
            until = now
        wait = until + seconds - self._burst - now
        if wait > ROUNDING:
            return wait
        self._until[who] = until + seconds
        if len(self._until) > MOST_COUNTED:
            self._make_room(now)
        return 0.0

    def is_full(self, who: str) -> bool:
        """Whether there is no room for one more."""
        until = self._until.get(who)
        return until is not None and until + self.seconds - self._burst - self._clock() > ROUNDING

    def add(self, who: str, number: int) -> None:
        """Also where there is no room. Below 0, it is taken back."""
        if not self.seconds:
            return
        now = self._clock()
        until = max(self._until.get(who, now), now) + number * self.seconds
        self._until[who] = min(until, now + self._burst + self._debt)
        if len(self._until) > MOST_COUNTED:
            self._make_room(now)

    def refusal(self, of_what: str, wait: float) -> TooManyRequests:
        seconds = max(1, ceil(wait))
        message = f"Too many {of_what}: the limit {self.name} of this server is reached; try again in {seconds} s"
        return TooManyRequests(message, reason=self.name, wait=seconds)

    def _make_room(self, now: float) -> None:
        counted = sorted(((who, until) for who, until in self._until.items() if until > now), key=itemgetter(1))
        self._until = dict(counted[-KEPT:])


class WriteRates:
    """How often each holder of a token may write. A key holds everything, and so has a limit of its own."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = monotonic) -> None:
        burst = limits.writes_burst
        self._keys = Rate("key-writes-per-minute", limits.key_writes_per_minute, burst, DEBT_SECONDS, clock=clock)
        self._others = Rate("writes-per-minute", limits.writes_per_minute, burst, DEBT_SECONDS, clock=clock)

    def renew(self, limits: Limits) -> None:
        self._keys.renew(limits.key_writes_per_minute, limits.writes_burst)
        self._others.renew(limits.writes_per_minute, limits.writes_burst)

    def take(self, who: Identity) -> None:
        """Raises `TooManyRequests` where there is no room for one more."""
        rate = self._keys if who.kind == "key" else self._others
        if rate.seconds and (wait := rate.take(who.by)):
            raise rate.refusal("writes", wait)

    def add(self, who: Identity, number: int) -> None:
        """What was written beside the one that was counted, or was not after all."""
        rate = self._keys if who.kind == "key" else self._others
        rate.add(who.by, number)
