"""The CRC-32 of a whole from those of its parts: `crc32_combine` of zlib, which Python does not have.

Polynomials over two elements, modulo that of CRC-32, as whole numbers whose highest bit is the coefficient of 1.
"""

import zlib
from collections.abc import Sequence
from functools import cache, lru_cache

GROUP = 32  # parts whose check is remembered: when one part changes, few are looked at again
GROUPS = 512

_MODULUS = 0xEDB88320
_ONE = 1 << 31

Check = tuple[int, int]
"""The CRC of a part, and what takes the CRC of what stands before it past the part: x to the power of its bits."""


def check_of(part: bytes) -> Check:
    power, bits = _ONE, 8 * len(part)
    for times in range(bits.bit_length()):
        if bits >> times & 1:
            power = _product(_squared(times), power)
    return zlib.crc32(part), power


def crc_of(checks: Sequence[Check]) -> int:
    """Of all parts, one after the other."""
    crc = 0
    for at in range(0, len(checks), GROUP):
        of_group, power = _joined(tuple(checks[at : at + GROUP]))
        crc = _product(power, crc) ^ of_group
    return crc


@lru_cache(GROUPS)
def _joined(checks: tuple[Check, ...]) -> Check:
    whole, past = 0, _ONE
    for crc, power in checks:
        whole, past = _product(power, whole) ^ crc, _product(power, past)
    return whole, past


def _product(a: int, b: int) -> int:
    product, bit = 0, _ONE
    while a:
        if a & bit:
            product ^= b
            a ^= bit
        bit >>= 1
        b = b >> 1 ^ _MODULUS if b & 1 else b >> 1
    return product


@cache
def _squared(times: int) -> int:
    """x, squared so many times."""
    return _product(_squared(times - 1), _squared(times - 1)) if times else _ONE >> 1
