"""Blocks of zstd that refer to nothing before them, and so make a frame in any order (RFC 8878).

The library makes such blocks when it works on several jobs of one frame: of a job that is not the first no block uses
offsets, tables or data of another. So each text is coded as the second job, behind a first one that is cut off.
"""

import sys
import threading
from functools import cache

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, ZstdCompressor
else:
    from backports.zstd import CompressionParameter, ZstdCompressor

AVAILABLE = CompressionParameter.nb_workers.bounds()[1] > 0  # else the library was built without jobs
LEVEL = 3
_WINDOW_LOG = 17  # 128 KiB: what a decoder has to keep, and the largest block
_JOB = 512 * 1024  # bytes; the library's least
_FIRST_JOB = bytes(_JOB)
_HEAD = b"\x28\xb5\x2f\xfd\xc0" + bytes([_WINDOW_LOG - 10 << 3])  # no checksum, and eight bytes of content size follow
_END = b"\x01\x00\x00"  # a last block, which holds nothing
_thread = threading.local()


def frame(size: int) -> tuple[bytes, bytes]:
    """What stands before and behind the blocks of so many bytes."""
    return _HEAD + size.to_bytes(8, "little"), _END


def blocks(plain: bytes) -> bytes:
    """Not empty."""
    coded = bytearray(_coder().compress(_FIRST_JOB + plain, ZstdCompressor.FLUSH_FRAME)[_first_job_size() :])
    at = 0
    while True:
        header = int.from_bytes(coded[at : at + 3], "little")
        last, kind, size = header & 1, header >> 1 & 3, header >> 3
        if last:
            coded[at] &= 0xFE
            return bytes(coded)
        at += 3 + (1 if kind == 1 else size)  # a byte that is repeated so often, or as many bytes


def _coder() -> ZstdCompressor:
    """The one of this thread."""
    if not hasattr(_thread, "coder"):
        _thread.coder = _new_coder()
    return _thread.coder  # type: ignore[no-any-return]


def _new_coder() -> ZstdCompressor:
    options: dict[int, int] = {
        CompressionParameter.compression_level: LEVEL,
        CompressionParameter.window_log: _WINDOW_LOG,
        CompressionParameter.checksum_flag: 0,
        CompressionParameter.content_size_flag: 0,
        CompressionParameter.nb_workers: 1,
        CompressionParameter.job_size: _JOB,
        CompressionParameter.overlap_log: 1,  # nothing of the job before is looked at
    }
    return ZstdCompressor(options=options)


@cache
def _first_job_size() -> int:
    """With the head of the frame; behind it one byte is a block of four."""
    return len(_coder().compress(_FIRST_JOB + b",", ZstdCompressor.FLUSH_FRAME)) - 4
