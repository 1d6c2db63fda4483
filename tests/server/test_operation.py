"""The program as operators meet it: starting, what it logs, refusing to start, and stopping."""

import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest

from binder_registry.server.http.crowd import MOST_CONNECTIONS

from ..ports import free_port
from .asking import SCIPY, compact
from .running import AUTHORIZATION, KEY, RunningServer, running_server, start_server
from .sockets import Connection, connected, request

SECRETS = ("first-s3cret", "second-s3cret")
STOP_SECONDS = 10


def refused(folder: Path, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`serve`, which is to end by itself."""
    without = {name: value for name, value in os.environ.items() if not name.startswith("BINDER_")}
    return subprocess.run(
        [sys.executable, "-m", "binder_registry", "serve", "--host", "127.0.0.1", "--port", "0", *options],
        cwd=folder,
        env={**without, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ask(server: RunningServer, method: str, target: str, key: str = KEY, body: object = None) -> httpx2.Response:
    headers = {"Authorization": f"token {key}"}
    return httpx2.request(method, server.url + target, json=body, headers=headers, timeout=20, trust_env=False)


@pytest.fixture
def sqlite_server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path, db="sqlite:///registry.db") as server:
        yield server


@pytest.mark.parametrize("environment", [{}, {"BINDER_API_KEY": ""}], ids=["missing", "empty"])
def test_without_a_key_it_ends_as_in_2015(tmp_path: Path, environment: dict[str, str]) -> None:
    ended = refused(tmp_path, **environment)

    assert (ended.returncode, ended.stdout) == (2, "Environment variable BINDER_API_KEY must be non-empty\n")
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_a_key_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("\n  \n")

    ended = refused(tmp_path, BINDER_API_KEY_FILE="keys")

    assert ended.returncode == 2


def one_line(ended: "subprocess.CompletedProcess[str]") -> str:
    """The last line of what it said; an error of ours has no traceback."""
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()[-1]


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    ended = refused(tmp_path, BINDER_API_KEY_FILE="nowhere")

    assert one_line(ended) == "Error: BINDER_API_KEY_FILE: the file that it names: No such file or directory"


def test_each_line_of_the_key_file_is_a_key_and_no_secret_is_logged(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("\n".join(SECRETS) + "\n")
    environment = {"BINDER_API_KEY_FILE": "keys", "BINDER_REGISTRY_LOG_LEVEL": "debug"}
    with running_server(tmp_path, environment=environment) as server:
        statuses = [
            ask(server, "POST", "/templates", key, {**SCIPY, "name": key[:5]}).status_code
            for key in (*SECRETS, KEY, "wrong-s3cret")
        ]
        ask(server, "GET", f"/templates?token={SECRETS[0]}")
        ask(server, "PUT", "/templates/first", SECRETS[0], {"command": 5})
        server.stop()
        log = server.log.read_text()

    assert statuses == [201, 201, 401, 401]
    assert "s3cret" not in log
    assert KEY not in log


def test_it_logs_where_it_serves_and_from_what(sqlite_server: RunningServer, tmp_path: Path) -> None:
    ask(sqlite_server, "POST", "/templates", body=SCIPY)
    sqlite_server.stop()
    with running_server(tmp_path, db="sqlite:///registry.db") as again:
        again.stop()  # by then all of it is written, which another thread does
        log = again.log.read_text()

    assert f"Serving on :{again.port}\n" in log
    assert f"{tmp_path}/registry.db: 1 templates, revision 1" in log


def test_the_database_is_a_file_in_this_folder_and_all_options_are_taken_from_the_environment(tmp_path: Path) -> None:
    port = free_port()
    options = {"HOST": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "warning", "REQUIRE_IF_MATCH": "true"}
    environment = {f"BINDER_REGISTRY_{name}": value for name, value in options.items()}
    command = [sys.executable, "-m", "binder_registry", "serve"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, **environment, "BINDER_API_KEY": KEY}, stdout=log, stderr=log
        )
    try:
        transport = httpx2.HTTPTransport(retries=10)
        with httpx2.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", headers=AUTHORIZATION) as client:
            created = client.post("/templates", json=SCIPY)
            unconditional = client.put("/templates/scipy", json={})
        process.send_signal(signal.SIGINT)
        status = process.wait(STOP_SECONDS)
    finally:
        process.kill()
        process.wait()

    assert (created.status_code, unconditional.status_code, status) == (201, 428, 0)
    assert (tmp_path / "binder-registry.db").exists()
    assert "Serving on" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("number", [10, 60])
def test_a_server_with_too_few_descriptors_says_so(tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-m", "binder_registry", "serve", "--port", "0"]
    wrapper = ["sh", "-c", f'ulimit -n {number}; exec "$@"', "sh"]
    environment = os.environ | {"BINDER_API_KEY": KEY}

    ended = subprocess.run(
        [*wrapper, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, "needs at least 64 file descriptors: raise `ulimit -n`" in one_line(ended)) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_a_newer_program_is_refused_in_one_line(tmp_path: Path, sqlite_server: RunningServer) -> None:
    sqlite_server.stop()
    with sqlite3.connect(tmp_path / "registry.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    ended = refused(tmp_path, "--db", "sqlite:///registry.db", BINDER_API_KEY=KEY)

    assert "registry.db: written by a newer binder-registry (schema 99" in one_line(ended)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no database, but a text that is long enough" * 40, "not a database"), (b"", "")],
    ids=["text", "empty"],
)
def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(content)
    if not content:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE theirs (a)")
        connection.commit()
        connection.close()
    before = path.read_bytes()

    ended = refused(tmp_path, "--db", "sqlite:///notes.db", BINDER_API_KEY=KEY)

    assert "notes.db: this is not a database" in one_line(ended)
    assert said in ended.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "database", ["sqlite:////nowhere/at/all.db", "mysql://user:s3cret@host/db", "sqlite://registry.db"]
)
def test_a_database_that_cannot_be_opened_is_refused_in_one_line(tmp_path: Path, database: str) -> None:
    ended = refused(tmp_path, "--db", database, BINDER_API_KEY=KEY)

    assert one_line(ended).startswith("Error: ")
    assert "s3cret" not in ended.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = refused(tmp_path, "--port", str(port), "--db", "memory:", BINDER_API_KEY=KEY)

    assert one_line(ended) == f"Error: cannot listen on 127.0.0.1:{port}: Address already in use"


def test_a_host_that_is_not_this_one_is_named(tmp_path: Path) -> None:
    ended = refused(tmp_path, "--host", "203.0.113.1", "--db", "memory:", BINDER_API_KEY=KEY)

    assert one_line(ended) == "Error: cannot listen on 203.0.113.1:0: Cannot assign requested address"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a table that grows")
def test_the_kernel_has_room_for_the_descriptors_of_a_crowd(sqlite_server: RunningServer) -> None:
    status = Path(f"/proc/{sqlite_server.process.pid}/status").read_text()
    [room] = re.findall(r"^FDSize:\s+(\d+)$", status, re.MULTILINE)
    soft, _ = resource.prlimit(sqlite_server.process.pid, resource.RLIMIT_NOFILE)

    assert int(room) >= min(soft, MOST_CONNECTIONS)


def test_a_second_server_on_one_file_names_the_first(tmp_path: Path, sqlite_server: RunningServer) -> None:
    ended = refused(tmp_path, "--db", "sqlite:///registry.db", BINDER_API_KEY=KEY)  # after it has waited

    pid, host = sqlite_server.process.pid, socket.gethostname()
    assert f"another server owns this database: host {host}, pid {pid}, since 20" in one_line(ended)
    assert ask(sqlite_server, "POST", "/templates", body=SCIPY).status_code == 201


def test_the_next_server_takes_over_when_the_first_ends(tmp_path: Path, sqlite_server: RunningServer) -> None:
    ask(sqlite_server, "POST", "/templates", body=SCIPY)
    command = [sys.executable, "-m", "binder_registry", "serve", "--port", "0", "--db", "sqlite:///registry.db"]
    environment = {**os.environ, "BINDER_API_KEY": KEY}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as next_server:
        first = sqlite_server.stop()
        assert next_server.stderr
        for line in next_server.stderr:
            if found := re.search(r"Serving on :(\d+)", line):
                break
        assert found
        answer = httpx2.get(f"http://127.0.0.1:{found[1]}/templates/scipy", trust_env=False)
        next_server.send_signal(signal.SIGTERM)
        next_server.communicate(timeout=20)

    assert (first, answer.status_code, next_server.returncode) == (0, 200, 0)


def test_a_database_whose_owner_was_killed_is_taken_over(tmp_path: Path, sqlite_server: RunningServer) -> None:
    ask(sqlite_server, "POST", "/templates", body=SCIPY)
    sqlite_server.kill()

    with running_server(tmp_path, db="sqlite:///registry.db") as again:
        answer = ask(again, "GET", "/templates/scipy")

    assert answer.status_code == 200


def full_pipe(stack: ExitStack) -> int:
    """To write to; the other end is read by nobody."""
    reading, writing = os.pipe()
    stack.callback(os.close, reading)
    stack.callback(os.close, writing)
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 512)
    os.set_blocking(writing, True)
    return writing


def test_a_server_whose_output_nobody_reads_serves_and_stops(tmp_path: Path) -> None:
    with ExitStack() as stack:
        output, errors, port = full_pipe(stack), full_pipe(stack), free_port()
        command = [sys.executable, "-m", "binder_registry", "serve", "--host", "127.0.0.1", "--port", str(port)]
        environment = {**os.environ, "BINDER_API_KEY": KEY}
        process = subprocess.Popen(
            [*command, "--db", "memory:"], cwd=tmp_path, env=environment, stdout=output, stderr=errors
        )
        stack.callback(process.kill)
        while True:
            with suppress(httpx2.ConnectError):
                answers = [httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False) for _ in range(3)]
                break
        process.send_signal(signal.SIGTERM)
        ended = process.wait(20)

    assert [answer.status_code for answer in answers] == [200] * 3
    assert ended == 0


def takes_nothing(stack: ExitStack, port: int, requests: bytes) -> None:
    """A connection that asks, and never reads."""
    sock = stack.enter_context(socket.socket())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.sendall(requests)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_server_whose_output_is_closed_serves_and_its_lines_go_into_no_other_file(
    tmp_path: Path, closed: str
) -> None:
    wrapper = ["sh", "-c", f'exec "$@" {closed}', "serve"]

    with running_server(tmp_path, "--log-level", "debug", db="sqlite:///registry.db", wrapper=wrapper) as server:
        statuses = [ask(server, "POST", "/templates", body=SCIPY).status_code, ask(server, "GET", "/").status_code]
        ended = server.stop()
    check = [sys.executable, "-m", "binder_registry", "check", "sqlite:///registry.db"]
    checked = subprocess.run(check, cwd=tmp_path, capture_output=True, check=False)

    assert (statuses, ended, checked.returncode) == ([201, 200], 0, 0)


def test_told_to_stop_it_finishes_what_is_in_flight_and_ends_with_0(
    tmp_path: Path, sqlite_server: RunningServer
) -> None:
    server = sqlite_server
    large = [{"name": f"t{number}", "image-name": "i", "description": "x" * 10_000} for number in range(1000)]
    assert ask(server, "POST", "/apply", body={"templates": large}).status_code == 200
    body = compact(SCIPY)
    with ExitStack() as stack:

        def connection() -> Connection:
            return stack.enter_context(connected(server.port))

        takes_nothing(stack, server.port, request("GET", "/templates") * 5)
        takes_nothing(stack, server.port, request("GET", "/changes?since=0", b"", "Accept: text/event-stream"))
        idle, stream, poll, writing, silent = (connection() for _ in range(5))
        idle.ask("GET", "/")
        stream.send(request("GET", "/changes", b"", "Accept: text/event-stream"))
        assert b"text/event-stream" in stream.sock.recv(4096)
        poll.send(request("GET", "/changes?since=1000&wait=60"))
        writing.send(request("POST", "/templates", body[:9], "Expect: 100-continue", f"Content-Length: {len(body)}"))
        assert writing.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"

        server.process.send_signal(signal.SIGTERM)
        assert idle.ended()
        writing.send(body[9:])
        written = writing.answer()
        polled = poll.answer()
        status = server.process.wait(STOP_SECONDS)

    assert (written.status, polled.status, status) == (201, 200, 0)
    assert b"Traceback" not in server.log.read_bytes()
    assert silent.sock.fileno() == -1
    with running_server(tmp_path, db="sqlite:///registry.db") as again:
        assert ask(again, "GET", "/templates/scipy").content == written.body


def test_after_a_file_was_removed_for_good_it_still_stops(tmp_path: Path, sqlite_server: RunningServer) -> None:
    for path in tmp_path.glob("registry.db*"):
        path.unlink()
    failed = ask(sqlite_server, "POST", "/templates", body=SCIPY)

    status = sqlite_server.stop()

    assert (failed.status_code, status) == (503, 0)


CAN_MOUNT = subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode == 0
ON_A_SMALL_DISK = (
    'mount -t tmpfs -o size=1m none "$0" && head -c 300000 /dev/zero > "$0/ballast" && exec "$@"'  # $0: the folder
)


@pytest.mark.skipif(not (CAN_MOUNT or "CI" in os.environ), reason="this user may not mount a small disk")
def test_a_full_disk_costs_writes_only_and_only_while_it_is_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    wrapper = ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK, str(disk)]
    server = start_server(tmp_path, db=f"sqlite:///{disk}/registry.db", wrapper=wrapper)
    try:
        taken = []
        for number in range(1000):
            answer = ask(server, "POST", "/templates", body={**SCIPY, "name": f"t{number}", "description": "x" * 9999})
            if answer.status_code != 201:
                break
            taken.append(f"t{number}")
        listed = ask(server, "GET", "/templates").json()

        Path(f"/proc/{server.process.pid}/root{disk}/ballast").unlink()
        while (recovered := ask(server, "GET", "/health")).status_code != 200:
            assert server.process.poll() is None
        after = ask(server, "POST", "/templates", body=SCIPY)
        past = ask(server, "GET", f"/templates?revision={len(taken)}").json()
    finally:
        status = server.stop()

    assert len(taken) > 5
    assert answer.status_code == 503
    assert sorted(template["name"] for template in listed) == sorted(taken)
    assert recovered.json()["revision"] == len(taken)
    assert (after.status_code, len(past), status) == (201, len(taken), 0)
