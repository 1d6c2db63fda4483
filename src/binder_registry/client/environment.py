"""What the environment says about the way to a registry: its proxy, and which authorities to trust.

Only what concerns the address is looked at: a proxy of others may be of a kind that we do not speak, or misspelt.
"""

import os
import re
import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.request import getproxies

import httpx2
from msgspec import Struct

from ..errors import InvalidRequest
from .address import check_host

_ENTRY = re.compile(r"(?:(https?|all)://)?(\[[^\]]*\]|[^:/]*|[0-9a-f:.]+)(?::([0-9]+))?/?", re.IGNORECASE)
_SLASHLESS = re.compile(r"(?:https?|socks\w*):(?![0-9])", re.IGNORECASE)  # http:/host, which is not a host called http
_PORTS = {"http": 80, "https": 443}

Address = IPv4Address | IPv6Address


class ProxySetting(Struct, frozen=True):
    variable: str  # where it is set
    proxy: httpx2.Proxy


def proxy_of(url: httpx2.URL) -> ProxySetting | None:
    """Raises `InvalidRequest` that names the variable, and does not repeat it: it may hold a password."""
    settings = getproxies()  # variables in both cases, lower case first; on macOS and Windows also the system's
    kind = next((kind for kind in (url.scheme, "all") if settings.get(kind, "").strip()), None)
    if kind is None or _excluded(url, settings.get("no", "")):
        return None
    value, variable = settings[kind].strip(), _variable(kind, settings[kind])
    try:
        proxy = httpx2.Proxy(value if "://" in value else f"http://{value}")
        check_host(proxy.url)
        slashes = "://" in value or not _SLASHLESS.match(value)
        usable = slashes and not (proxy.url.fragment or proxy.url.query or proxy.url.path.strip("/"))
    except (httpx2.InvalidURL, ValueError):  # an unknown scheme or port; bytes that are no text
        usable = False
    if not usable:
        problem = "is not the URL of a proxy: http://HOST:PORT, where NAME:PASSWORD@ has %40 for @ and %23 for #"
        raise InvalidRequest(f"{variable} {problem}. NO_PROXY={url.host} goes there without one")
    if proxy.url.scheme.startswith("socks") and not find_spec("socksio"):
        problem = "names a SOCKS proxy, which needs the package socksio"
        raise InvalidRequest(f"{variable} {problem}. NO_PROXY={url.host} goes there without one")
    return ProxySetting(variable, proxy)


def authorities(verify: bool | str, *, needed: bool) -> ssl.SSLContext | bool:
    """`verify`: a PEM file or a folder, or True: those of `SSL_CERT_FILE`, or `SSL_CERT_DIR`, else the system's.
    `needed`: whether there will be TLS at all; without it the environment is not looked at."""
    if isinstance(verify, str):
        return _trusting(verify, f"the certificates in {verify!r} cannot be read")
    if not verify or not needed:
        return False
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if path := os.environ.get(variable):
            return _trusting(path, f"{variable}: the certificates in {path!r} cannot be read")
    return True


def _trusting(path: str, problem: str) -> ssl.SSLContext:
    try:
        if any(Path(folder).is_dir() for folder in path.split(os.pathsep)):
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise InvalidRequest(f"{problem}: {reason}") from None


def _variable(kind: str, value: str) -> str:
    names = (name for name, text in os.environ.items() if name.lower() == f"{kind}_proxy" and text == value)
    return next(names, f"The proxy for {kind} in the settings of this system")


def _excluded(url: httpx2.URL, text: str) -> bool:
    host = url.raw_host.decode("ascii").lower().rstrip(".")
    port = str(url.port or _PORTS[url.scheme])
    return any(entry == "*" or _covers(entry, url.scheme, host, port) for entry in re.split(r"[\s,]+", text) if entry)


def _covers(entry: str, scheme: str, host: str, port: str) -> bool:
    """Whether this entry of NO_PROXY is of that address: a name and what is below it, an address, a network; each may
    name a scheme and a port. What cannot be read excludes nothing, as with curl."""
    address = _address(host)
    if address and (network := entry.rpartition("://")[2]).count("/") == 1:
        try:
            return address in ip_network(network.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            return False
    match = _ENTRY.fullmatch(entry)
    if not match or (match[1] or "all").lower() not in ("all", scheme) or (match[3] or port) != port:
        return False
    name = match[2].strip("[]").lower().removeprefix("*").strip(".")
    if address:
        return address == _address(name)
    return any(name and (host == each or host.endswith(f".{each}")) for each in _spellings(name))


def _spellings(name: str) -> Iterator[str]:
    """As written, and as it goes over the wire."""
    yield name
    try:
        yield name.encode("idna").decode("ascii")
    except UnicodeError:
        return


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
