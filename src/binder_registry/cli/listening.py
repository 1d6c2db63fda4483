"""Where a server listens."""

import re
from socket import socket
from typing import NamedTuple

import click

from .options import Quantity

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([1-9][0-9]{0,4})", re.ASCII)


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def address() -> Quantity:
    """A host, of which there is no default, and a port."""

    def read(text: str) -> Address:
        found = _ADDRESS.fullmatch(text)
        if not found or int(found[2]) > 65535:
            raise ValueError(f"{text[:40]!r} is not an address and a port: write 127.0.0.1:9090, or [::1]:9090")
        return Address(found[1], int(found[2]))

    return Quantity("address", read)


def listener(address: Address) -> socket:
    """Raises `click.ClickException`."""
    from ..server.uvicorn_server import listen

    try:
        return listen(*address)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]  # behind it, Python repeats the address
        raise click.ClickException(f"cannot listen on {address}: {reason}") from None
