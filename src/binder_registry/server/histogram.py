"""How often something was how large: counted in plain numbers, for whoever asks later."""

from bisect import bisect_left


class Histogram:
    """`bounds` are the upper bounds of the buckets; one more bucket takes what is larger. Changed in one thread."""

    __slots__ = ("bounds", "buckets", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.total = 0.0  # of all values

    def add(self, value: float) -> None:
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.total += value
