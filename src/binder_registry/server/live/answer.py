"""Finished answers: what they are made of, where they are asked for, and what tells two states of them apart."""

import re
from binascii import b2a_hex
from urllib.parse import quote

from ...changes import Position
from .pieces import Body, Pieces, body_of

Header = tuple[bytes, bytes]

JSON = b"application/json; charset=UTF-8"  # 2015's spelling
VARIES: Header = (b"vary", b"accept-encoding")
OF_INDEX: tuple[Header, ...] = ((b"vary", b"accept"), (b"cache-control", b"no-store"))  # browsers get the page there
is_path = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch  # of names that are quoted in vain, which most are
UNQUOTED = "-._~!$&'()*+,;=:@"  # what RFC 3986 allows in a path segment beside letters and digits


class Answer:
    """`head` is the header lines after those that all answers share, with the empty line that ends a head.

    `encodings` holds the compressed forms by content coding; None where there never are any.
    """

    __slots__ = ("body", "encodings", "etag", "head", "more")

    body: Body

    def __init__(self, body: Body, etag: bytes, more: tuple[Header, ...] = ()) -> None:
        tag = b"etag: %b\r\n" % etag if etag else b""
        lines = b"".join([b"%b: %b\r\n" % header for header in more]) if more else b""
        self.head = b"content-type: %b\r\ncontent-length: %d\r\n%b%b\r\n" % (JSON, len(body), tag, lines)
        self.body = body
        self.etag = etag
        self.more = more
        self.encodings: dict[bytes, Answer] | None = None

    @property
    def headers(self) -> list[Header]:
        """What `head` holds, in parts."""
        tag = [(b"etag", self.etag)] if self.etag else []
        return [(b"content-type", JSON), (b"content-length", b"%d" % len(self.body)), *tag, *self.more]


class CodedAnswer(Answer):
    """One that there are compressed forms of, made from its pieces."""

    __slots__ = ("pieces",)

    encodings: dict[bytes, Answer]

    def __init__(self, pieces: Pieces, etag: bytes) -> None:
        super().__init__(body_of(pieces), etag, (VARIES,))
        self.pieces = pieces
        self.encodings = {}


def entity_tag(position: Position) -> bytes:
    return b'"%d-%b"' % (position.revision, b2a_hex(position.mark))


def path_of(name: str) -> str:
    """The path of a template, quoted as most clients do. (Ours quotes more: it also speaks to other servers.)"""
    return "/templates/" + (name if is_path(name) else quote(name, safe=UNQUOTED))
