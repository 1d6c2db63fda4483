"""Told to stop: before it serves, while it says so to load balancers, and by signals that are no reason to stop."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from .running import KEY, RunningServer, running_server
from .sockets import connected

STOP_SECONDS = 10.0
CAN_UNSHARE = subprocess.run(["unshare", "-rp", "--fork", "true"], check=False, capture_output=True).returncode == 0


def until(reached: Callable[[], object]) -> None:
    """Ends in pytest's timeout, if ever."""
    while not reached():
        time.sleep(0.01)


def told_while_waiting(folder: Path, number: int, *wrapper: str) -> tuple[int, str]:
    """A server that waits for the file of another gets a signal: its exit status, and what it said last."""
    with running_server(folder, db="sqlite:///registry.db"):
        command = [*wrapper, sys.executable, "-m", "binder_registry", "serve", "--port", "0"]
        waiting = subprocess.Popen(
            [*command, "--db", "sqlite:///registry.db"],
            cwd=folder,
            env=os.environ | {"BINDER_API_KEY": KEY},
            stderr=subprocess.PIPE,
            text=True,
        )
        pid = waiting.pid
        if wrapper:
            until(lambda: _children(pid))
            pid = _children(pid)[0]
        until(lambda: _opened(pid, "registry.db.lock"))
        os.kill(pid, number)
        said = waiting.communicate(timeout=30)[1]
        return waiting.returncode, said.splitlines()[-1].partition("INFO ")[2]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _opened(pid: int, name: str) -> bool:
    try:
        return any(str(link.readlink()).endswith(name) for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_waits_for_its_database_ends_when_it_is_told_to(tmp_path: Path, number: int) -> None:
    ended = told_while_waiting(tmp_path, number)

    assert ended == (0, "Told to stop before anything was served")


@pytest.mark.skipif(not (CAN_UNSHARE or "CI" in os.environ), reason="this user may not make a namespace of processes")
def test_as_process_1_of_a_container_it_ends_too(tmp_path: Path) -> None:
    ended = told_while_waiting(tmp_path, signal.SIGTERM, "unshare", "-rp", "--fork", "--kill-child=KILL")

    assert ended == (0, "Told to stop before anything was served")


def test_told_while_it_reads_its_database_it_does_not_serve(tmp_path: Path) -> None:
    """The application never finishes to start, as when PostgreSQL goes away at that moment."""
    program = """
import asyncio, os, signal, sys
from binder_registry import InMemoryStore, Registry, TokenAuthStore
from binder_registry.server import App, Options, uvicorn_server

class Waiting(App):
    async def start(self):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

app = Waiting(Registry(InMemoryStore(), TokenAuthStore("k")), Options())
uvicorn_server.run(app, uvicorn_server.listen("127.0.0.1", 0))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")


def health(server: RunningServer, query: str = "") -> httpx2.Response:
    return httpx2.get(f"{server.url}/health{query}", timeout=20, trust_env=False)


def test_during_the_delay_health_says_so_and_everything_else_goes_on(tmp_path: Path) -> None:
    with running_server(tmp_path, "--drain-delay", "600") as server, connected(server.port) as kept:
        kept.ask("GET", "/")
        server.process.send_signal(signal.SIGTERM)
        until(lambda: health(server).status_code == 503)
        answers = [health(server), health(server, "?for=reads")]
        with connected(server.port) as new:
            statuses = [
                new.ask("POST", "/templates", b'{"name":"r","image-name":"i"}').status,
                kept.ask("GET", "/").status,
            ]
        server.process.send_signal(signal.SIGTERM)  # again: at once
        status = server.process.wait(STOP_SECONDS)

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].json() | {"revision": 0} == {"status": "draining", "revision": 0, "reads": True, "writes": True}
    assert statuses == [201, 200]
    assert status == 0


def test_after_the_delay_it_stops(tmp_path: Path) -> None:
    with running_server(tmp_path, environment={"BINDER_REGISTRY_DRAIN_DELAY": "1"}) as server:
        status = server.stop()

    assert status == 0


def test_without_descriptors_it_serves_whom_it_has_and_says_so_and_recovers(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, connected(server.port) as kept:
        kept.ask("GET", "/")
        pid = server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        taken = {int(descriptor.name) for descriptor in Path(f"/proc/{pid}/fd").iterdir()}
        lowest_free = min(set(range(len(taken) + 1)) - taken)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, before[1]))
        with ExitStack() as several:  # a file that was being read a moment ago leaves room for one
            closed = [several.enter_context(connected(server.port)) for _ in range(5)][-1].ended()
        until(lambda: "new connections are closed unanswered" in server.log.read_text())
        status = kept.ask("GET", "/health").status
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        recovered = health(server).status_code

    assert (closed, status, recovered) == (True, 200, 200)


def test_a_hangup_is_logged_and_changes_nothing(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "SIGHUP" in server.log.read_text())
        answer = health(server)
        status = server.stop()

    assert (answer.status_code, status) == (200, 0)
    assert len(re.findall("SIGHUP: there is nothing to reread\n", server.log.read_text())) == 1


def test_a_hangup_has_the_file_of_keys_read_again_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("old\n")
    with running_server(tmp_path, environment={"BINDER_API_KEY_FILE": str(file)}) as server:

        def known(*keys: str) -> list[int]:
            ask = f"{server.url}/tokens/self"
            return [httpx2.get(ask, headers={"Authorization": f"token {key}"}).status_code for key in keys]

        found = []
        for number, content in enumerate(["new\nold\n", "two words\nnew\n", "\n", "new\n"], 1):
            file.write_text(content)
            server.process.send_signal(signal.SIGHUP)
            until(lambda number=number: server.log.read_text().count("SIGHUP: ") == number)  # type: ignore[misc]
            found.append(known("old", "new"))

    assert found == [[200, 200], [200, 200], [200, 200], [401, 200]]
    assert server.log.read_text().count("the keys of before stay in force") == 2
    assert "two words" not in server.log.read_text()


def test_a_hangup_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As under `nohup`."""
    with running_server(tmp_path, wrapper=["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]) as server:
        server.process.send_signal(signal.SIGHUP)
        health(server)
        server.stop()

    assert "SIGHUP" not in server.log.read_text()


def program() -> str:
    """What an installed `binder-registry` runs."""
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    module, _, function = declared["project"]["scripts"]["binder-registry"].partition(":")
    return f"from {module} import {function}; {function}()"


@contextmanager
def starting(*program: str) -> Iterator[tuple["subprocess.Popen[bytes]", Iterator[str]]]:
    """A server, and the names of the modules that it imports, each as soon as it has."""
    command = [sys.executable, "-X", "importtime", *program, "serve", "--port", "0", "--db", "memory:"]
    with subprocess.Popen(command, env=os.environ | {"BINDER_API_KEY": KEY}, stderr=subprocess.PIPE) as process:
        assert process.stderr
        yield process, (line.decode().rpartition("|")[2].strip() for line in process.stderr)
        process.kill()


@pytest.mark.parametrize("how", [("-m", "binder_registry"), ("-c", program())])
def test_a_hangup_while_the_program_is_read_does_not_end_it(how: tuple[str, str]) -> None:
    moments = ["click", "binder_registry.cli", "binder_registry.registry", "uvicorn", "binder_registry.server"]

    with starting(*how) as (process, said):
        for line in said:
            if line in moments:
                moments.remove(line)
                process.send_signal(signal.SIGHUP)
            if "Serving on :" in line:
                break

    assert (moments, process.returncode) == ([], -signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_while_the_program_is_read_it_ends_with_nothing_wrong(number: int) -> None:
    with starting("-m", "binder_registry") as (process, said):
        for line in said:
            if line == "click.globals":
                process.send_signal(number)
        process.wait(STOP_SECONDS)

    assert process.returncode == 0


def test_told_to_stop_where_exceptions_are_lost_it_ends_all_the_same() -> None:
    """As they are in the callbacks that Python runs while it imports."""
    program = """
import signal, binder_registry.cli as cli
class Dropped:
    def __del__(self): signal.raise_signal(signal.SIGTERM)
def go_on():
    Dropped()
    print("goes on")
cli.main = go_on
from binder_registry.__main__ import main
main()
"""

    ended = subprocess.run([sys.executable, "-c", program, "serve"], capture_output=True, check=False)

    assert (ended.returncode, ended.stdout) == (0, b"")


def test_a_command_that_is_no_server_dies_of_a_hangup() -> None:
    program = "import signal, binder_registry.cli as cli; cli.main = lambda: signal.raise_signal(signal.SIGHUP);"
    program += "from binder_registry.__main__ import main; main()"

    ended = subprocess.run([sys.executable, "-c", program, "watch", "serve"], check=False)

    assert ended.returncode == -signal.SIGHUP
