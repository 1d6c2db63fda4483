"""A server that answers what a test tells it to, and remembers what it was asked."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeAlias

from msgspec import Struct

from binder_registry import Client


class Asked(Struct, frozen=True):
    method: str
    path: str  # with its query
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Answers(Struct, frozen=True):
    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""
    cut: bool = False  # the connection is closed without an answer


Answering: TypeAlias = Callable[[Asked, int], Answers]


class Stub:
    """`answer` is called with each request and how many came before it."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.url = ""

    def heads(self, name: str) -> list[str | None]:
        """One header of each request."""
        return [asked.headers.get(name) for asked in self.asked]


Opened: TypeAlias = Callable[..., tuple[Client, Stub]]
"""A stub with that answer, and a client of it: `conftest.opened`."""


def json_answer(value: Any, status: int = 200, **headers: str) -> Answers:
    """Header names are written with underscores."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answers(status, named, json.dumps(value).encode() + b"\n")


@contextmanager
def running(answer: Answering, tls: ssl.SSLContext | None = None) -> Iterator[Stub]:
    stub = Stub(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): text for name, text in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body)
            stub.asked.append(asked)
            answer = stub.answer(asked, len(stub.asked) - 1)
            if answer.cut:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, text in answer.headers.items():
                self.send_header(name, text)
            if answer.status not in (204, 304):
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    stub.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
