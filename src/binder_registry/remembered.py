"""Results for contents that come again and again: those of small ones are kept, so that what is kept has a bound."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

SMALL = 8192  # bytes of a content

R = TypeVar("R")


def remembered(most: int) -> Callable[[Callable[[bytes], R]], Callable[[bytes], R]]:
    """As `lru_cache(most)`, for what is small."""

    def decorate(function: Callable[[bytes], R]) -> Callable[[bytes], R]:
        kept = lru_cache(most)(function)

        @wraps(function)
        def look_up(content: bytes) -> R:
            return kept(content) if len(content) <= SMALL else function(content)

        return look_up

    return decorate
