"""The head of a request as the bytes that it is, before the parser gets them."""

import re

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_EMPTY_LINES = re.compile(rb"[\r\n]*")
_REQUEST_LINE = re.compile(rb"\A[A-Z]+ \S+")


def quoted(data: bytes) -> bytes:
    """What curl sends of a name as it is typed: the parser takes no byte above 127 in a target, and 2015 did."""
    return _REQUEST_LINE.sub(_quoted, data, count=1)


def _quoted(line: re.Match[bytes]) -> bytes:
    return _NOT_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), line[0])


class TooLarge(Exception):
    """Raised in a callback of the parser, which answers it with an error of its own."""


def end_of_head(data: bytes, start: int, most: int) -> int:
    """Where to stop reading: heads are read one at a time, since one that waits takes a hundred times its bytes. Empty
    lines before one, which the parser passes over, are read together."""
    begins = _EMPTY_LINES.match(data, start, start + most).end()  # type: ignore[union-attr]  # it matches anything
    blank = data.find(b"\r\n\r\n", begins, start + most)
    return start + most if blank < 0 else blank + 4


def size_of_head(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def without_upgrade(method: bytes, url: bytes, version: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """A head that asks for nothing but the request."""
    lines = [b"%b: %b\r\n" % (name, value) for name, value in headers if name != b"upgrade"]
    return b"%b %b HTTP/%b\r\n%b\r\n" % (method, url, version, b"".join(lines))
