"""How a request is called, in its answer (`Request-Id`), the access log and the server's log."""

import re
from collections.abc import Callable, Iterable
from itertools import chain, count
from secrets import token_hex

_GIVEN = re.compile(rb"[0-9A-Za-z._:/+=@~-]{1,128}")
_LAST_DIGITS = [b"%03x" % number for number in range(0x1000)]


class RequestIds:
    """`<process>-<number>`: cheap, and unique among processes that log to one place."""

    def __init__(self) -> None:
        self.prefix = token_hex(4).encode()
        self.beginning = b""  # of the id whose last digits were given last
        self.last_digits: Callable[[], bytes] = chain.from_iterable(map(self._begin, count(1))).__next__

    def _begin(self, number: int) -> list[bytes]:
        self.beginning = b"%b-%x" % (self.prefix, number)
        return _LAST_DIGITS

    def new(self) -> bytes:
        last_digits = self.last_digits()
        return self.beginning + last_digits

    def of(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The one that a request brings, or a new one."""
        return given_id(headers) or self.new()


def given_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The first `X-Request-Id`, where it is one word that is harmless in a log and a header; else empty."""
    for name, value in headers:
        if name == b"x-request-id":
            return value if _GIVEN.fullmatch(value) else b""
    return b""
