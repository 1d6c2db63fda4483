"""The text of a token: `binreg_`, 8 characters of a public id, 43 of a secret (256 bits), 6 of a checksum; base62.

Scanners of secrets find it by its form, and what is no token is told by its checksum (CRC32 of all before it), before
anybody is asked.
"""

import re
import secrets
from zlib import crc32

PREFIX = "binreg_"
ID_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH = 8, 43, 6
PATTERN = r"binreg_[0-9A-Za-z]{57}"  # what scanners look for

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = len(PREFIX) + ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH
_ID_ENDS = len(PREFIX) + ID_LENGTH
_WRITTEN = re.compile(rb"(binreg_[0-9A-Za-z]{8})[0-9A-Za-z]+")  # also where its end is cut off
_BEGINS = rb"(?:b|%62)(?:i|%69)(?:n|%6[Ee])(?:r|%72)(?:e|%65)(?:g|%67)(?:_|%5[Ff])"  # as it may stand in a URL
_LETTER = rb"(?:[0-9A-Za-z]|%3[0-9]|%[46][1-9A-Fa-f]|%[57][0-9Aa])"
_ENCODED = re.compile(rb"(%b%b{8})%b+" % (_BEGINS, _LETTER, _LETTER))
_SECRET_ENDS = _ID_ENDS + SECRET_LENGTH


def new_id() -> str:
    return _base62(secrets.randbelow(62**ID_LENGTH), ID_LENGTH)


def new_secret() -> str:
    return _base62(secrets.randbits(256), SECRET_LENGTH)


def token_text(identifier: str, secret: str) -> str:
    before = PREFIX + identifier + secret
    return before + _checksum(before)


def id_and_secret(text: str) -> tuple[str, str] | None:
    """None for what is no token."""
    if len(text) != _LENGTH or not text.startswith(PREFIX) or not text.isascii() or not text[len(PREFIX) :].isalnum():
        return None
    if _checksum(text[:_SECRET_ENDS]) != text[_SECRET_ENDS:]:
        return None
    return text[len(PREFIX) : _ID_ENDS], text[_ID_ENDS:_SECRET_ENDS]


def without_secrets(text: bytes) -> bytes:
    """With the ids of the tokens in it, and no more of them; also where they are percent-encoded, whole or in part."""
    if b"%" in text:
        lines = text.split(b"\n")  # few have one, and looking takes ten times as long as for what is plain
        text = b"\n".join(_ENCODED.sub(rb"\1***", line) if b"%" in line else line for line in lines)
    return _WRITTEN.sub(rb"\1***", text) if b"binreg_" in text else text


def _checksum(text: str) -> str:
    return _base62(crc32(text.encode()), CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
