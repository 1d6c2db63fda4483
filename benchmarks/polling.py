"""The whole list, polled without a pause by a process of its own, as compressed as it is asked for."""

import multiprocessing
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event

from .peers import cores
from .servers import Server

FIRST_SECONDS = 60.0  # for the first list, coded
BUFFER = 1024**2


@contextmanager
def polled(server: Server, coding: str) -> Iterator[None]:
    """`coding` is an `Accept-Encoding`."""
    spawning = multiprocessing.get_context("spawn")
    begun = spawning.Event()
    poller = spawning.Process(target=_poll, args=(server.port, coding, begun), daemon=True)
    poller.start()
    try:
        if not begun.wait(FIRST_SECONDS):
            raise SystemExit("benchmarks: the list was not answered")
        yield
        if not poller.is_alive():
            raise SystemExit("benchmarks: a list was not answered")
    finally:
        poller.terminate()
        poller.join()


def _poll(port: int, coding: str, begun: Event) -> None:
    os.sched_setaffinity(0, {cores()[1]})
    os.nice(19)  # what it costs is not to count as the server's
    request = f"GET /templates HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: {coding}\r\n\r\n".encode()
    buffer = bytearray(BUFFER)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while True:
            connection.sendall(request)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            head, _, body = head.partition(b"\r\n\r\n")
            text = head.decode().lower() + "\r\n"
            if not text.startswith("http/1.1 200 "):
                raise SystemExit(f"benchmarks: not the list: {text[:500]}")
            missing = int(text.partition("content-length: ")[2].partition("\r\n")[0]) - len(body)
            while missing:
                missing -= connection.recv_into(buffer, min(missing, BUFFER)) or missing
            begun.set()
