"""The README's commands do what it says, in the order in which it says them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.ports import free_port

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
START_SECONDS = 60.0  # `make serve` may have something to install


def commands() -> list[tuple[str, str]]:
    """Every command of the README, each with the output that it shows."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def test_the_commands_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    if not shutil.which("make") or not shutil.which("curl"):
        assert "CI" not in os.environ
        pytest.skip("make and curl are needed")
    [serve, test, *transcript] = commands()
    port = free_port()
    environment = {
        **os.environ,
        "BINDER_REGISTRY_PORT": str(port),
        "BINDER_REGISTRY_DB": f"sqlite:///{tmp_path}/registry.db",
        "BINDER_REGISTRY_URL": f"http://localhost:{port}",
        "BINDER_API_KEY": "THISISMYTOKEN",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    server = subprocess.Popen(
        ["bash", "-c", serve[0]], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _await(f"http://localhost:{port}/health", server)
        outputs = [
            subprocess.run(
                ["bash", "-c", command.replace("localhost:8080", f"localhost:{port}").replace("curl ", "curl -s ", 1)],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            ).stdout
            for command, _ in transcript
        ]
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)

    assert test == ("make test", "")
    shown = [output for _, output in transcript]
    assert [TIME.sub("TIME", text) for text in outputs] == [TIME.sub("TIME", text) for text in shown]


def test_the_pages_that_the_readme_names_are_there() -> None:
    named = re.findall(r"\]\(([^):]+)\)", README)

    assert named
    assert [page for page in named if not (ROOT / page).is_file()] == []


def _await(url: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx2.get(url, timeout=1, trust_env=False)
        except httpx2.TransportError:
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.05)
        else:
            return
