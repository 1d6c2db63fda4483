"""Sizes as people write them. Pure."""

import re

_UNITS = {unit: 1024**power for power, unit in enumerate("BKMGTP")}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:([KMGTP])(?:IB|I|B)?|B)?", re.IGNORECASE | re.ASCII)


def parse_size(text: str) -> int:
    """Bytes; K, M, G, T and P are powers of 1024, as in Docker and JupyterHub. Raises `ValueError`."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a size: write bytes, or 512M, 2G, 1.5G")
    size = float(match[1]) if "." in match[1] else int(match[1])
    return int(size * _UNITS[(match[2] or "B").upper()])


def format_size(size: int) -> str:
    """With a unit where that is exact: 2147483648 is 2G."""
    for unit in "PTGM":
        short = f"{size / _UNITS[unit]:g}{unit}"
        if size >= _UNITS[unit] and "e" not in short and parse_size(short) == size:
            return short
    return str(size or "")
