"""`Registry-Warning`: what was taken, and is probably not what was meant."""

from collections.abc import Sequence
from urllib.parse import quote

from ..http.replies import Header

MOST = 10  # headers of one answer: clients take only so many
LONGEST = 500  # characters of one warning
_UNQUOTED = " !\"#$&'()*+-./:;<=>?@[\\]^_`{|}~"  # all of ASCII but %, and the comma: proxies join headers with it


def warning_headers(texts: Sequence[str]) -> list[Header]:
    """One for each, percent-encoded UTF-8."""
    if not texts:
        return []
    shown = [*texts[: MOST - 1], f"and {len(texts) - MOST + 1} more"] if len(texts) > MOST else texts
    return [(b"registry-warning", quote(text[:LONGEST], safe=_UNQUOTED).encode()) for text in shown]
