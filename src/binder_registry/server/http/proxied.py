"""Requests that trusted proxies pass on, each as if its own client had sent it.

A connection of such a proxy is everybody's: it has no share of connections, which its proxy has to bound. Shares of all
else, the access log, and what is counted by address are of the client that a request's head names. A plain request
stays one: whose it is, is remembered by its bytes.
"""

import re
from typing import Any

from ..shares import NOBODY, client_of
from .access_log import address, told
from .forwarded import TrustedProxies
from .patient import PatientProtocol

LONGEST = 4096  # bytes of a head that is looked at here: others are read by the parser first
MOST_REMEMBERED = 1024  # requests; with LONGEST some 4 MB
_LINES = re.compile(rb"\r\n(X-Forwarded-For|Forwarded):([^\r\n]*)", re.IGNORECASE)

# The proxy, and how the access log, twice, and shares call the client.
Passed = tuple[str, bytes, bytes, str]


def _head(data: bytes) -> bytes:
    """Its headers; nothing where they are not all here, or too long."""
    end = data.find(b"\r\n\r\n", 0, LONGEST)
    return data[data.find(b"\r\n") : end] if end > 0 else b""


def proxied_protocol(protocol: type[PatientProtocol], proxies: TrustedProxies) -> type[PatientProtocol]:
    """`protocol`, which takes whoever is at the other end of the connection for the client, made to look further."""
    remembered: dict[bytes, Passed] = {}  # by whole reads, whose hash is known already, and by the heads of writes

    def passed(proxy: str, data: bytes) -> Passed:
        key = data if data[:4] == b"GET " and len(data) <= LONGEST else _head(data)
        found = remembered.get(key)
        if found and found[0] == proxy:
            return found
        lines = _LINES.findall(_head(data))
        client = proxies.client(proxy, [(name.lower(), value) for name, value in lines])
        peer = address((client, 0))
        found = proxy, peer, told(peer), client_of(client)
        if len(remembered) >= MOST_REMEMBERED:
            remembered.clear()
        remembered[key] = found
        return found

    class ProxiedProtocol(protocol):  # type: ignore[valid-type,misc]
        proxy = ""  # its address, where it is a trusted one

        def connection_made(self, transport: Any) -> None:
            peer = transport.get_extra_info("peername")
            if isinstance(peer, tuple) and proxies.trust(peer[0]):
                self.proxy = peer[0]
            super().connection_made(transport)

        def place(self) -> str:
            return NOBODY if self.proxy else str(super().place())

        def data_received(self, data: bytes) -> None:
            if self.proxy and self.idle:
                _, self.peer, self.told, sender = passed(self.proxy, data)
                if sender != self.sender:
                    self.sent_by(sender)
            super().data_received(data)

        def on_headers_complete(self) -> None:
            if self.proxy:
                client = proxies.client(self.proxy, self.headers)
                self.scope["client"] = client, 0
                self.sent_by(client_of(client))
            super().on_headers_complete()

    return ProxiedProtocol
