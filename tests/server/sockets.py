"""Connections that send what a test says, byte for byte, and read answers as HTTP."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

from .running import KEY

PATIENCE = 20.0  # seconds


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers  # names in lower case
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)

    def hints(self) -> list[str]:
        return [hint["field"] for hint in self.json().get("errors", [])]


class Connection:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def send(self, *parts: bytes) -> None:
        self.sock.sendall(b"".join(parts))

    def answer(self, method: str = "GET") -> Answer:
        """The next one, to a request of that method, not counting `100 Continue`."""
        response = HTTPResponse(self.sock, method=method)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())

    def ask(self, method: str, target: str, body: bytes = b"", *headers: str) -> Answer:
        self.send(request(method, target, body, *headers))
        return self.answer(method)

    def ended(self) -> bool:
        """Whether the server has closed; waits for it."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


@contextmanager
def connected(port: int, *, buffer: int = 0) -> Iterator[Connection]:
    """`buffer`: bytes that this end's system takes before they are read; 0: as many as it likes, megabytes mostly."""
    with socket.socket() as sock:
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.settimeout(PATIENCE)
        sock.connect(("127.0.0.1", port))
        yield Connection(sock)


def request(method: str, target: str, body: bytes = b"", *headers: str, key: str = KEY) -> bytes:
    """With `Content-Length` where there is a body, and the key unless `headers` hold an authorization."""
    lines = [f"{method} {target} HTTP/1.1", "Host: registry", *headers]
    if not any(header.lower().startswith("authorization") for header in headers):
        lines.append(f"Authorization: token {key}")
    if body and not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(*parts: bytes) -> bytes:
    """A body in chunks, with its end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))
