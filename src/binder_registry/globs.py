"""Globs of callers, in one place: `*`, `?`, `[…]` and `[!…]`, as `fnmatch.fnmatchcase` has them.

What stands between two stars is found where it first fits, and never tried again further on (`fnmatch` translates it to
an atomic group): the steps are at most the length of the glob times that of the text, so both have a bound.
"""

import fnmatch
import re
from collections.abc import Callable, Sequence

from .errors import InvalidRequest
from .lengths import GLOB_LENGTH

_PATTERN = re.compile(r"[*?\[]")
LONGEST_TEXT = 64 * 1024  # characters; a longer one, which only an old database holds, fits no glob


def parse_glob(text: str, parameter: str) -> str:
    """Raises `InvalidRequest` naming `parameter`."""
    if len(text) > GLOB_LENGTH:
        raise InvalidRequest.parameter(parameter, f"must be a glob of at most {GLOB_LENGTH} characters")
    return text


def compiled(glob: str) -> Callable[[str], bool]:
    """Whether a whole text fits; upper and lower case differ."""
    return compiled_together((glob,))


def compiled_together(globs: Sequence[str]) -> Callable[[str], bool]:
    """Whether it fits one of these."""
    beginnings = tuple(glob[:-1] for glob in globs)
    if globs and not any(map(_PATTERN.search, beginnings)) and all(glob.endswith("*") for glob in globs):  # as most do
        return lambda text: text.startswith(beginnings) and len(text) <= LONGEST_TEXT
    match = re.compile("|".join(map(fnmatch.translate, globs))).match
    return lambda text: len(text) <= LONGEST_TEXT and match(text) is not None
