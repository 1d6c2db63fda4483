"""Ports for servers of tests: each for one of them, however many runs there are on this machine."""

import os
import secrets
import socket
from collections import deque

MOST_CLAIMS = 64  # of one process; by then the first of them have long been listened on

_claims = deque[int]()  # descriptors


def free_port() -> int:
    """Below those that connections get: one of these keeps a server from its port for a minute after it ended.

    Nobody else who asks gets the same one, here or in another process: whoever did is first to listen on it.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0a port of a test of binder-registry: {port}")  # in no folder, and gone with the process
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            claim.close()
            continue
        _claims.append(claim.detach())
        if len(_claims) > MOST_CLAIMS:
            os.close(_claims.popleft())
        return port
