"""Whose a request is that a proxy passes on: what `X-Forwarded-For` and `Forwarded` (RFC 7239) say, as far as they are
to be believed.

Each proxy adds, at the right, whom it has the request from. So they are read from the right, and as long as it is a
trusted one that says so.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

MOST_HOPS = 32  # that are looked at: whoever is trusted passes on no more
LONGEST = 1024  # bytes of a header that is believed
REMEMBERED = 1024  # headers, and addresses: with LONGEST some 2 MB
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR = re.compile(rf'[ \t]*(?:({_WORD})=("(?:[^"\\]|\\.)*"|[^\s",;]*))?[ \t]*([,;]|$)')
_ESCAPE = re.compile(r"\\(.)")
# With its port, and without its zone. Those who write no brackets around IPv6 write no port.
_NODE = re.compile(r"\[([^\]%]*)(?:%[^\]]*)?\](?::\w+)?|([\d.]+)(?::\w+)?|([0-9A-Fa-f:.]+)(?:%\w+)?")


def normal_networks(given: Iterable[str]) -> tuple[str, ...]:
    """Each as `10.0.0.0/8`. One text may hold several, between commas or blanks. Raises `ValueError`."""
    networks = [one for text in given for one in re.split(r"[\s,]+", text) if one]
    return tuple(dict.fromkeys(str(_network(one)) for one in networks))


def _network(given: str) -> Network:
    with suppress(ValueError):
        network = ip_network(given.removeprefix("[").removesuffix("]"))
        within = getattr(network.network_address, "ipv4_mapped", None)
        return ip_network(f"{within}/{network.prefixlen - 96}") if within else network
    try:
        almost = ip_network(given, strict=False)
    except ValueError:
        problem = "it must be an address or a network, such as 10.0.0.0/8"
    else:
        problem = f"it has bits beyond its length: is {almost} meant?"
    raise ValueError(f"trusted proxy {given.rpartition('@')[2]!r}: {problem}")


class TrustedProxies:
    """`networks` are those of `normal_networks`."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ip_network(one) for one in networks]
        self.trust = lru_cache(REMEMBERED)(self._trusts)
        self._client = lru_cache(REMEMBERED)(self._found)

    def client(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The address that a request comes from which a trusted `peer` passes on. `headers` are lower-case.

        Where the two headers name different ones, a proxy set one and let the other pass, and nobody knows which: then
        it is the proxy's own, as where there is neither.
        """
        plain: list[bytes] = []
        standard: list[bytes] = []
        for name, value in headers:
            if name == b"x-forwarded-for":
                plain.append(value)
            elif name == b"forwarded":
                standard.append(value)
        if not (plain or standard):
            return peer
        one, other = b",".join(plain), b",".join(standard)
        return self._client(peer, one, other) if len(one) <= LONGEST and len(other) <= LONGEST else peer

    def _found(self, peer: str, plain: bytes, standard: bytes) -> str:
        told = {
            self._from_right(peer, nodes(header.decode("latin-1")))
            for header, nodes in ((plain, _nodes), (standard, _nodes_of_rfc))
            if header
        }
        return told.pop() if len(told) == 1 else peer

    def _from_right(self, peer: str, nodes: Sequence[str]) -> str:
        """The first that is not trusted; where one is no address (`unknown`, `_hidden`), the one who said so."""
        for node in nodes[: -MOST_HOPS - 1 : -1]:
            address = _address(node)
            if address is None:
                return peer
            peer = str(address)
            if not self.trust(peer):
                return peer
        return peer

    def _trusts(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self._networks)


def _nodes(header: str) -> list[str]:
    return [node.strip() for node in header.split(",")]


def _nodes_of_rfc(header: str) -> list[str]:
    """What each element says after `for=`; nothing where it says that not once.

    Nor is there any in a header that is not well formed: an open quote, which may come from anywhere, would take what
    is right of it for its own.
    """
    nodes, of_this, at = list[str](), list[str](), 0
    while True:
        pair = _PAIR.match(header, at)
        if pair is None:
            return [""]
        name, value, end = pair.groups()
        if not name and end == ";":
            return [""]
        if name and name.lower() == "for":
            of_this.append(_ESCAPE.sub(r"\1", value[1:-1]) if value.startswith('"') else value)
        at = pair.end()
        if end != ";":
            nodes.append(of_this[0] if len(of_this) == 1 else "")
            of_this = []
        if not end:
            return nodes


def _address(node: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address within IPv6 is that."""
    found = _NODE.fullmatch(node)
    try:
        address = ip_address(found[1] or found[2] or found[3]) if found else None
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
