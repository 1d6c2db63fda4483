"""The address of a registry, and how addresses are shown."""

import re
from ipaddress import ip_address

import httpx2

from ..errors import InvalidRequest

_SECRETS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://|).*@", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%25[A-Za-z0-9._-]+)?", re.ASCII)


def registry_url(text: str) -> httpx2.URL:
    """Raises `InvalidRequest`, which never repeats a password."""
    try:
        url = httpx2.URL(text.strip())
        _check(url)
    except (httpx2.InvalidURL, ValueError):
        problem = "is not the URL of a registry: http://HOST:PORT or https://HOST/PATH"
        raise InvalidRequest(f"{shown(text)!r} {problem}") from None
    if url.userinfo:
        hint = "leave the name and the password out: who you are is told by a token"
        raise InvalidRequest(f"{shown(text)!r} is the URL of a registry with a password in it: {hint}")
    return url


def shown(text: str) -> str:
    """For messages and lists: without what stands before the last @, a query and a fragment, valid or not."""
    return re.sub(r"([?#]).*", r"\1…", _SECRETS.sub(r"\1…@", text), flags=re.DOTALL)


def _check(url: httpx2.URL) -> None:
    if url.scheme not in ("http", "https") or url.query or url.fragment:
        raise ValueError(url.scheme)
    check_host(url)


def check_host(url: httpx2.URL) -> None:
    """Raises `ValueError` for what no connection can be made to."""
    host = url.raw_host.decode("ascii")
    if not _HOST.fullmatch(host):
        raise ValueError(host)
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError(url.port)
    if ":" not in host:
        host.encode("idna")  # as the resolver does: no label is empty or longer than 63


def is_loopback(url: httpx2.URL) -> bool:
    """Whether what is sent there does not leave this machine."""
    host = url.host.lower().rstrip(".")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
