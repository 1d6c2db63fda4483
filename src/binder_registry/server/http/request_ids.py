"""How a request is called, in its answer (`Request-Id`), the access log and the server's log."""

import re
from collections.abc import Iterable
from itertools import count
from secrets import token_hex

_GIVEN = re.compile(rb"[0-9A-Za-z._:/+=@~-]{1,128}")


class RequestIds:
    """`<process>-<number>`: cheap, and unique among processes that log to one place."""

    def __init__(self) -> None:
        self.prefix = token_hex(4).encode()
        self.next = count(1).__next__

    def of(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The one that a request brings, or a new one."""
        return given_id(headers) or b"%b-%x" % (self.prefix, self.next())


def given_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The first `X-Request-Id`, where it is one word that is harmless in a log and a header; else empty."""
    for name, value in headers:
        if name == b"x-request-id":
            return value if _GIVEN.fullmatch(value) else b""
    return b""
