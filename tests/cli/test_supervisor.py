"""What the server tells the program that started it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from binder_registry.cli.supervisor import supervisor
from tests.server.running import KEY, running_server


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(30)
        yield listener


@pytest.mark.parametrize("abstract", [False, True])
def test_a_server_says_when_it_listens_and_when_it_stops(tmp_path: Path, abstract: bool) -> None:
    name = f"{tmp_path}/notify"
    address = "@" + name if abstract else name

    with (
        listening("\0" + name if abstract else name) as told,
        running_server(tmp_path, "--drain-delay", "60", environment={"NOTIFY_SOCKET": address}) as server,
    ):
        ready = told.recv(100)
        while_ready = httpx2.get(f"{server.url}/health").status_code
        server.process.send_signal(signal.SIGTERM)
        stopping = told.recv(100)
        while_stopping = httpx2.get(f"{server.url}/health").status_code
        server.process.send_signal(signal.SIGTERM)

    assert (ready, while_ready) == (b"READY=1", 200)
    assert (stopping, while_stopping) == (b"STOPPING=1", 503)


def test_one_that_cannot_listen_was_never_ready(tmp_path: Path) -> None:
    environment = {**os.environ, "BINDER_API_KEY": KEY, "NOTIFY_SOCKET": f"{tmp_path}/notify"}
    with listening(f"{tmp_path}/notify") as told, socket.create_server(("127.0.0.1", 0)) as taken:
        told.setblocking(False)
        address = ["--host", "127.0.0.1", "--port", str(taken.getsockname()[1])]

        ended = subprocess.run(
            [sys.executable, "-m", "binder_registry", "serve", *address, "--db", "memory:"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        assert "cannot listen" in ended.stderr
        with pytest.raises(BlockingIOError):
            told.recv(100)


@pytest.mark.parametrize("address", ["/nowhere/notify", "vsock:2:1", "/" + "long" * 50])
def test_an_address_that_nobody_listens_at_stops_no_server(address: str, caplog: pytest.LogCaptureFixture) -> None:
    supervisor({"NOTIFY_SOCKET": address})("READY=1")

    assert "NOTIFY_SOCKET cannot be told READY=1" in caplog.text


def test_without_a_supervisor_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    supervisor({})("READY=1")

    assert caplog.text == ""
