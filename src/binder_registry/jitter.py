"""Pauses that differ, so that many who wait for the same do not all come back at once."""

from random import SystemRandom

_RANDOM = SystemRandom()  # no state: who draws from a seeded one meanwhile draws the same


def spread(seconds: float) -> float:
    """Between half of it and all."""
    return seconds * _RANDOM.uniform(0.5, 1)
