"""How long the registry is left alone."""

from ..jitter import spread
from .answers import Refused

LONGEST_PAUSE = 15.0  # seconds between attempts while the registry is away
LONGEST_ASKED = 60.0  # that it is left alone because it asks for it


def asked_by(error: Exception) -> float:
    """For how long the registry asks, where it does."""
    return min(LONGEST_ASKED, error.retry_after) if isinstance(error, Refused) else 0.0


def pause_after(failures: int, error: Exception) -> float:
    """Longer after each of them, and no shorter than the registry asks for."""
    return max(asked_by(error), spread(min(LONGEST_PAUSE, 0.25 * 2 ** min(failures, 6))))
