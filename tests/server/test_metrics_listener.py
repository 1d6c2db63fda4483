"""`serve --metrics-listen`: the metrics without a token, at an address where nothing else is."""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.ports import free_port

from .running import KEY, RunningServer, running_server

TOO_LARGE = {"Authorization": "x" * 70_000}


@pytest.fixture(scope="module")
def own() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(own: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, "--protect-reads", "--metrics-listen", f"127.0.0.1:{own}") as server:
        yield server


def asked(port: int, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_there_the_metrics_need_no_token_and_here_they_do(server: RunningServer, own: int) -> None:
    status, text = asked(own, "GET", "/metrics")

    assert (status, b"\nbinder_registry_revision 0.0\n" in text) == (200, True)
    assert asked(own, "HEAD", "/metrics") == (200, b"")
    assert asked(server.port, "GET", "/metrics")[0] == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/templates", 404),
        ("POST", "/templates", 404),
        ("GET", "/health", 404),
        ("GET", "/ui/", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/metrics?collect=all", 400),
        ("POST", "/metrics", 405),
        ("OPTIONS", "/metrics", 405),
    ],
)
def test_there_is_nothing_else(server: RunningServer, own: int, method: str, path: str, status: int) -> None:
    assert asked(own, method, path, {"Authorization": f"token {KEY}"})[0] == status


def test_what_is_no_proper_request_is_refused_as_elsewhere(server: RunningServer, own: int) -> None:
    assert asked(own, "GET", "/metrics", TOO_LARGE)[0] == asked(server.port, "GET", "/health", TOO_LARGE)[0] == 431


def test_what_is_asked_there_is_no_request_to_the_registry(server: RunningServer, own: int) -> None:
    asked(own, "GET", "/nowhere")
    text = asked(own, "GET", "/metrics")[1].decode()

    assert 'http_response_status_code="200",http_route="/metrics"' not in text
    assert 'http_response_status_code="404"' not in text


@pytest.mark.parametrize("value", ["9090", ":9090", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:9090", "a b:1"])
def test_what_is_no_address_is_refused_with_one_that_is(value: str, tmp_path: Path) -> None:
    ran = served(tmp_path, value)

    assert ran.returncode == 2
    assert "is not an address and a port: write 127.0.0.1:9090, or [::1]:9090" in " ".join(ran.stderr.split())


def test_an_address_that_is_taken_ends_the_server_before_it_serves(server: RunningServer, tmp_path: Path) -> None:
    ran = served(tmp_path, f"127.0.0.1:{server.port}")

    assert ran.returncode == 1
    assert f"cannot listen on 127.0.0.1:{server.port}: Address already in use" in ran.stderr


def served(folder: Path, value: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "binder_registry", "serve", "--host", "127.0.0.1", "--port", str(free_port())]
    return subprocess.run(
        [*command, "--db", "memory:", "--metrics-listen", value],
        cwd=folder,
        env={"BINDER_API_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=60,
    )
