"""How a body may come in pieces: each of them calls us, however small it is."""

from collections.abc import Iterable

from ...errors import InvalidRequest

MOST, LEAST = 1000, 32  # more pieces than this must have so many bytes on the average
A_TURN = 500  # are taken before others get in between


def refusal(pieces: int, received: int) -> InvalidRequest | None:
    """Of what came in `pieces` of `received` bytes together."""
    if pieces <= MOST + received // LEAST:
        return None
    problem = f"comes in too many pieces: beyond {MOST}, they need {LEAST} bytes each on the average"
    return InvalidRequest.parameter("body", problem)


def promised(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Bytes of a body that the parser takes in one piece; 0 where it does not know, or it comes in chunks."""
    found = dict(headers)
    length = found.get(b"content-length", b"0")
    return 0 if b"transfer-encoding" in found or not length.isdigit() else int(length)
