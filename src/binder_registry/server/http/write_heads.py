"""What the head of a plain write says: one whose every header is known."""

import re
from collections.abc import Callable

from msgspec import Struct

from ...auth import Identity
from ...errors import RegistryError
from .conditions import NONE, Conditions, conditions_of
from .fast_heads import HARMLESS, HEAD, LINE
from .requests import note_of, token_of

LONGEST = 64 * 1024  # bytes of a body
LONGEST_HEAD = 4096
MOST_HEADS = 1024  # remembered; with LONGEST_HEAD this bounds their memory to 4 MB

_NAME = rb"[A-Za-z0-9_~][A-Za-z0-9._~-]{0,1023}"  # as it stands in a path, and needs no decoding
_LENGTH = re.compile(rb"\d{1,5}")
_NO_MATTER = HARMLESS - {b"authorization"} | {b"accept-encoding", b"content-type"}  # no answer to a write is coded
_KEPT = (b"authorization", b"content-length", b"if-match", b"if-none-match", b"registry-note")


class WriteHead(Struct):
    """What a head says beside its first line. `who` sent it last, and holds its token as long as `stays` says so."""

    token: str
    length: int
    asked: Conditions = NONE
    note: str = ""
    who: Identity | None = None
    stays: Callable[[], bool] | None = None


NOT_PLAIN = WriteHead("", 0)  # must take the ordinary path


def write_head(head: bytes) -> WriteHead:
    """What `head`, all that follows the target, says, or NOT_PLAIN."""
    if HEAD.fullmatch(head) is None:
        return NOT_PLAIN
    found: dict[bytes, str] = {}
    for name, value in LINE.findall(head):
        name = name.lower()
        if name in _NO_MATTER:
            continue
        if name == b"connection":
            if value.lower() != b"keep-alive":
                return NOT_PLAIN
        elif name not in _KEPT or name in found:
            return NOT_PLAIN
        else:
            found[name] = value.decode("ascii")
    length = found.get(b"content-length", "0")
    if not _LENGTH.fullmatch(length.encode()) or int(length) > LONGEST:
        return NOT_PLAIN
    try:
        token, note = token_of(found.get(b"authorization")), note_of(found.get(b"registry-note", ""))
        asked = conditions_of(found.get(b"if-match"), found.get(b"if-none-match"))
    except RegistryError:
        return NOT_PLAIN
    return WriteHead(token, int(length), asked, note)


class FirstLine:
    """What a plain write begins with, where the templates are in `folder`: POST, or another method and a name."""

    def __init__(self, folder: str) -> None:
        path = folder.encode()
        self.post, self.post_ends = b"POST %b HTTP/1.1\r\n" % path, len(b"POST " + path)
        self.to_name = re.compile(rb"(PUT|PATCH|DELETE) %b/(%b)(?= HTTP/1\.1\r\n)" % (re.escape(path), _NAME)).match
