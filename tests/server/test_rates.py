"""How often somebody may: so many at once, then so many a minute."""

import pytest

from binder_registry.auth import Identity, Scope
from binder_registry.errors import TooManyRequests
from binder_registry.server import Limits
from binder_registry.server.rates import MOST_COUNTED, Rate, WriteRates


class Clock:
    def __init__(self) -> None:
        self.now = 1e6

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(rate: Rate, who: str, tries: int) -> int:
    """How many of them there was room for."""
    return [rate.take(who) for _ in range(tries)].count(0)


@pytest.mark.parametrize("burst", [1, 2, 7, 1000])
def test_so_many_may_come_at_once_as_the_burst(clock: Clock, burst: int) -> None:
    rate = Rate("r", 7, burst, 5.0, clock=clock)

    assert taken(rate, "ada", burst + 10) == burst


def test_then_there_is_room_for_one_at_a_time(clock: Clock) -> None:
    rate = Rate("r", 60, 5, 5.0, clock=clock)
    taken(rate, "ada", 5)

    waits = [rate.take("ada")]
    clock.now += 0.75
    waits.append(rate.take("ada"))
    full = rate.is_full("ada")
    clock.now += 0.25

    assert (waits, full, rate.is_full("ada")) == ([1.0, 0.25], True, False)
    assert taken(rate, "ada", 5) == 1


def test_who_waits_for_long_has_the_burst_again_and_no_more(clock: Clock) -> None:
    rate = Rate("r", 60, 5, 5.0, clock=clock)
    taken(rate, "ada", 5)

    clock.now += 3600

    assert taken(rate, "ada", 10) == 5


def test_nobody_is_counted_for_others(clock: Clock) -> None:
    rate = Rate("r", 60, 2, 5.0, clock=clock)
    taken(rate, "ada", 5)

    assert (rate.is_full("ada"), rate.is_full("bob")) == (True, False)
    assert taken(rate, "bob", 5) == 2


def test_a_rate_of_0_bounds_nothing_and_keeps_nothing(clock: Clock) -> None:
    rate = Rate("r", 0, 1, 5.0, clock=clock)

    assert taken(rate, "ada", 1000) == 1000
    assert rate._until == {}


def test_what_is_counted_beyond_the_room_is_a_debt_and_no_longer_than_is_said(clock: Clock) -> None:
    rate = Rate("r", 60, 10, 5.0, clock=clock)
    rate.add("ada", 12)
    rate.add("bob", 10**9)

    assert (rate.take("ada"), rate.take("bob")) == (3.0, 6.0)


def test_what_is_taken_back_was_not_counted(clock: Clock) -> None:
    rate = Rate("r", 60, 2, 5.0, clock=clock)
    taken(rate, "ada", 2)

    rate.add("ada", -1)

    assert taken(rate, "ada", 2) == 1


def test_however_many_are_counted_who_did_most_is_remembered(clock: Clock) -> None:
    rate = Rate("r", 60, 10, 5.0, clock=clock)
    taken(rate, "ada", 10)

    for number in range(3 * MOST_COUNTED):
        rate.take(f"somebody-{number}")

    assert len(rate._until) <= MOST_COUNTED
    assert rate.take("ada") == 1.0


def test_those_whose_count_is_over_make_room_first(clock: Clock) -> None:
    rate = Rate("r", 60, 10, 5.0, clock=clock)
    for number in range(MOST_COUNTED):
        rate.add(f"before-{number}", 5)
    clock.now += 60

    for number in range(10):
        rate.take(f"now-{number}")

    assert sorted(rate._until) == [f"now-{number}" for number in range(10)]


@pytest.mark.parametrize(("wait", "seconds"), [(0.001, 1), (1.0, 1), (1.01, 2), (59.5, 60)])
def test_who_is_refused_is_told_when_to_try_again_in_whole_seconds(wait: float, seconds: int) -> None:
    error = Rate("some-limit", 60, 10, 5.0).refusal("writes", wait)

    assert (error.reason, error.retry_after) == ("some-limit", seconds)
    assert error.message.endswith(f"the limit some-limit of this server is reached; try again in {seconds} s")


def holder(name: str, kind: str = "service") -> Identity:
    return Identity(name, frozenset(Scope), kind)


def refused(rates: WriteRates, who: Identity, tries: int) -> set[str]:
    """The limits that did."""
    found = set()
    for _ in range(tries):
        try:
            rates.take(who)
        except TooManyRequests as error:
            found.add(error.reason)
    return found


def test_each_holder_has_a_rate_of_writes_and_all_keys_one_of_their_own(clock: Clock) -> None:
    limits = Limits(writes_per_minute=60, key_writes_per_minute=60, writes_burst=2)
    rates = WriteRates(limits, clock=clock)

    assert refused(rates, holder("ci"), 2) == set()
    assert refused(rates, holder("ci"), 1) == {"writes-per-minute"}
    assert refused(rates, holder("ci", "user"), 2) == set()
    assert refused(rates, holder("api-key", "key"), 3) == {"key-writes-per-minute"}


def test_by_default_a_key_writes_as_often_as_it_likes(clock: Clock) -> None:
    rates = WriteRates(Limits(), clock=clock)

    assert refused(rates, holder("api-key", "key"), 2 * Limits().writes_burst) == set()


def test_by_default_a_catalogue_of_thousands_is_published_one_by_one(clock: Clock) -> None:
    rates = WriteRates(Limits(), clock=clock)

    assert refused(rates, holder("ci"), 10_000) == set()
