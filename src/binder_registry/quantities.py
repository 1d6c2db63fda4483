"""Sizes and numbers of CPUs as people write them. Pure.

What a person can hardly have meant is refused with a hint: memory in thousandths, a few bytes of memory, and what old
YAML makes of `1:30` or `0512`.
"""

import math
import re

LEAST_MEMORY = 1 << 20  # bytes; less is a number whose unit was forgotten

_UNITS = {unit: 1024**power for power, unit in enumerate("BKMGTP")}
_SIZE = re.compile(r"([0-9]{1,40}(?:\.[0-9]{1,40})?)\s*(?:([KMGTP])(?:IB|I|B)?|B)?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m)?", re.ASCII)
_LEADING_ZERO = re.compile(r"0[0-9]")


def parse_size(text: str) -> int:
    """Bytes; K, M, G, T and P are powers of 1024, as in Docker and JupyterHub. Raises `ValueError`.

    A small `m` alone is refused: it is Kubernetes' thousandth, and Docker's mebibyte.
    """
    match = _SIZE.fullmatch(text.strip())
    if not match or _LEADING_ZERO.match(match[1]) or match[2] == text.strip()[-1] == "m":
        raise ValueError(f"{_shown(text)} is not a size: write bytes, or 512M, 2G, 1.5G")
    return _whole(match[1], _UNITS[(match[2] or "B").upper()])


def parse_memory(text: str) -> int:
    """`parse_size` for a limit that a person wrote: 0 (none), or at least `LEAST_MEMORY`. Raises `ValueError`."""
    size = parse_size(text)
    if 0 < size < LEAST_MEMORY:
        raise ValueError(f"{_shown(text)} is less than a mebibyte: write the unit, as in 512M or 2G")
    return size


def parse_cpus(text: str) -> int | float:
    """A number of CPUs: `2`, `1.5`, or `500m` for half a one. Raises `ValueError`."""
    match = _NUMBER.fullmatch(text.strip())
    cpus = float(match[1]) / (1000 if match[2] else 1) if match else math.inf
    if not match or _LEADING_ZERO.match(match[1]) or math.isinf(cpus):
        raise ValueError(f"{_shown(text)} is not a number of CPUs: write 2, 1.5 or 500m")
    return int(cpus) if cpus.is_integer() else cpus


def format_size(size: int) -> str:
    """With a unit where that is exact: 2147483648 is 2G."""
    for unit in "PTGM":
        short = f"{size / _UNITS[unit]:g}{unit}"
        if size >= _UNITS[unit] and "e" not in short and parse_size(short) == size:
            return short
    return str(size or "")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def _whole(number: str, unit: int) -> int:
    return int((float(number) if "." in number else int(number)) * unit)
