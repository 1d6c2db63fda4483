"""Prefixes and origins as people write them, as requests carry them: made right, or refused at the start."""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address
from urllib.parse import quote, unquote

from ..live.answer import UNQUOTED

DEFAULT_PORTS = {"http": 80, "https": 443}
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]*\\%]+)(?::(\d{1,5}))?/?")


def normal_prefix(given: str) -> str:
    """Percent-encoded, with a slash at its beginning and none at its end; empty for the root. Raises `ValueError`."""
    text = given.strip()
    if any(mark in text for mark in "?#\\") or "://" in text or _BROKEN_ESCAPE.search(text):
        raise ValueError(f"prefix {_without_user(given)!r}: it must be a path, such as /registry")
    try:
        path = unquote(text, errors="strict")
        quoted = quote(path, safe=f"/{UNQUOTED}")
    except ValueError:
        raise ValueError(f"prefix {given!r}: it must be a path in UTF-8") from None
    segments = path.strip("/").split("/")
    if path.count("/") != text.count("/") or any(ord(character) < 32 or character == "\x7f" for character in path):
        raise ValueError(f"prefix {given!r}: no request can name a slash or a control character in a segment")
    if segments != [""] and {"", ".", ".."} & set(segments):
        raise ValueError(f"prefix {given!r}: empty and dot segments never reach a server")
    return f"/{quoted.strip('/')}".rstrip("/")


def normal_origins(given: Iterable[str]) -> tuple[str, ...]:
    """Each as browsers write it. One text may hold several, between commas or blanks. Raises `ValueError`."""
    origins = [origin for text in given for origin in re.split(r"[\s,]+", text) if origin]
    return tuple(dict.fromkeys(map(_normal_origin, origins)))


def _normal_origin(given: str) -> str:
    if given in ("*", "null"):
        return given
    match = _ORIGIN.fullmatch(given)
    if match is None:
        raise ValueError(
            f"CORS origin {_without_user(given)!r}: it must be * or an origin, such as https://hub.example"
        )
    scheme, host, port = match[1].lower(), match[2], int(match[3] or 0)
    try:
        host = f"[{IPv6Address(host[1:-1])}]" if host.startswith("[") else host.encode("idna").decode().lower()
    except ValueError:
        raise ValueError(f"CORS origin {given!r}: {host} is no host") from None
    if match[3] and not 0 < port < 65536:
        raise ValueError(f"CORS origin {given!r}: {port} is no port")
    return f"{scheme}://{host}" + (f":{port}" if port and port != DEFAULT_PORTS.get(scheme) else "")


def _without_user(given: str) -> str:
    """A password may stand before the last `@`."""
    return given.rpartition("@")[2]
