"""Request lines as people's tools send them."""

import re

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_REQUEST_LINE = re.compile(rb"\A[A-Z]+ \S+")


def quoted(data: bytes) -> bytes:
    """What curl sends of a name as it is typed: the parser takes no byte above 127 in a target, and 2015 did."""
    return _REQUEST_LINE.sub(_quoted, data, count=1)


def _quoted(line: re.Match[bytes]) -> bytes:
    return _NOT_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), line[0])
