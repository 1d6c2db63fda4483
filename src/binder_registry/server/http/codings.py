"""Content codings of a body in parts: each part is coded once, wherever it is sent.

gzip has members, and zstd has frames, which may follow one another; but many clients take the first for the whole. So
all parts are of one, each ending on a byte and referring to nothing before it.
"""

import struct
import zlib
from collections.abc import Callable, Sequence

from msgspec import Struct

from ..live.pieces import Pieces
from . import zstd_blocks
from .crc import Check, check_of, crc_of

GZIP_LEVEL = 6
PUNCTUATION = 16  # bytes that a comma, coded, does not take
_HEAD = b"\x1f\x8b\x08\x00\0\0\0\0\x00\xff"  # deflate, no flags, no time, an unknown system (RFC 1952)
_END = b"\x03\x00"  # the last block of deflate, which holds nothing


class Coded(Struct, frozen=True, gc=False):
    """A part. `size` and `check`, which only gzip has, are of its plain form."""

    data: bytes
    size: int
    check: Check = (0, 0)


class Coding(Struct, frozen=True):
    part: Callable[[bytes], Coded]
    whole: Callable[[Sequence[Coded]], Pieces]


def _deflated(plain: bytes) -> Coded:
    coder = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = coder.compress(plain) + coder.flush(zlib.Z_FULL_FLUSH)
    return Coded(data, len(plain), check_of(plain))


def _member(parts: Sequence[Coded]) -> Pieces:
    crc = crc_of([part.check for part in parts])
    size = sum(part.size for part in parts) % 2**32
    return _pieces(_HEAD, parts, _END + struct.pack("<II", crc, size))


def _blocks(plain: bytes) -> Coded:
    return Coded(zstd_blocks.blocks(plain), len(plain))


def _frame(parts: Sequence[Coded]) -> Pieces:
    head, end = zstd_blocks.frame(sum(part.size for part in parts))
    return _pieces(head, parts, end)


def _pieces(head: bytes, parts: Sequence[Coded], end: bytes) -> Pieces:
    data = [part.data for part in parts]
    return Pieces([head, *data, end], [each for each in data if len(each) > PUNCTUATION])


_ZSTD = {b"zstd": Coding(_blocks, _frame)} if zstd_blocks.AVAILABLE else {}
CODINGS = {**_ZSTD, b"gzip": Coding(_deflated, _member)}  # the first that a client takes is what it gets
