"""A running server that reads its settings again: under requests, whole or not at all, and said in its log."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import httpx2
import pytest

from docs.generate_configuration import EXAMPLE

from .running import AUTHORIZATION, KEY, RunningServer, running_server
from .sockets import connected
from .test_stopping import until

TOKEN = f"Authorization: token {KEY}"
ORIGIN = {"Origin": "https://hub.example"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "registry.toml"


@pytest.fixture
def server(tmp_path: Path, file: Path) -> Iterator[RunningServer]:
    file.write_text('cors-origin = ["https://other.example"]\n')
    with running_server(tmp_path, "--config", str(file)) as server:
        yield server


def told(server: RunningServer) -> list[str]:
    """What the log says of hangups."""
    return re.findall(r"(?:INFO|WARNING|ERROR) SIGHUP: (.*)", server.log.read_text())


def reread(server: RunningServer, file: Path, text: str, lines: int = 1) -> list[str]:
    """What is said of it, once it is."""
    before = len(told(server))
    file.write_text(text)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: len(told(server)) >= before + lines)
    return told(server)[before:]


def test_what_can_change_at_once_does(server: RunningServer, file: Path) -> None:
    def asked() -> tuple[str | None, int, int]:
        allowed = httpx2.get(f"{server.url}/templates", headers=ORIGIN).headers.get("access-control-allow-origin")
        large = httpx2.post(f"{server.url}/templates", content=b" " * 200, headers=AUTHORIZATION).status_code
        httpx2.post(f"{server.url}/templates", json={"name": "a", "image-name": "i"}, headers=AUTHORIZATION)
        unconditional = httpx2.put(f"{server.url}/templates/a", json={"command": "x"}, headers=AUTHORIZATION)
        return allowed, large, unconditional.status_code

    before = asked()

    said = reread(
        server, file, 'cors-origin = ["https://hub.example"]\nrequire-if-match = true\nlimit = {body-bytes = 100}\n'
    )

    assert said == [f"read {file}: took require-if-match, cors-origin, limit.body-bytes"]
    assert (before, asked()) == ((None, 400, 202), ("https://hub.example", 413, 428))


def test_what_needs_a_restart_is_named_each_time(server: RunningServer, file: Path) -> None:
    text = 'protect-reads = true\nprefix = "/x"\nlimit = {ring-changes = 5}\n'  # and no origins any more

    said = [reread(server, file, text, lines=2) for _ in range(2)]

    needed = f"{file}: a restart is needed for protect-reads, cors-origin, prefix, limit.ring-changes"
    assert said == [[f"read {file}: nothing to take", needed]] * 2
    assert httpx2.get(f"{server.url}/templates").status_code == 200


def test_a_file_that_cannot_be_used_changes_nothing(server: RunningServer, file: Path) -> None:
    wrong = {
        "log-level = 'debug'\nport = ": "this is no TOML: Invalid value (at end of document)",
        "require-if-match = true\nprt = 1": "prt: there is no such setting: did you mean port?",
        "require-if-match = true\nlimit = {stream = 5}": "limit: there is no limit 'stream'",
        "require-if-match = true\ncors-origin = ['x']": "cors-origin: CORS origin 'x': it must be",
    }
    httpx2.post(f"{server.url}/templates", json={"name": "a", "image-name": "i"}, headers=AUTHORIZATION)

    said = [line for text in wrong for line in reread(server, file, text)]
    status = httpx2.put(f"{server.url}/templates/a", json={"command": "x"}, headers=AUTHORIZATION).status_code
    again = reread(server, file, 'cors-origin = ["https://other.example"]\n')

    assert [line.startswith(f"{file}: {why}") for line, why in zip(said, wrong.values(), strict=True)] == [True] * 4
    assert {line.rpartition(": ")[2] for line in said} == {"the settings of before stay in force"}
    assert (status, again) == (202, [f"read {file}: nothing to take"])


def test_flags_and_variables_stay_in_front(tmp_path: Path, file: Path) -> None:
    file.write_text("")
    variables = {"BINDER_REGISTRY_LIMIT": "body-bytes=100"}
    with running_server(tmp_path, "--config", str(file), "--require-if-match", environment=variables) as server:
        said = reread(server, file, "require-if-match = false\nlimit = {body-bytes = 5}\nlog-level = 'warning'\n")

    assert said == [f"read {file}: took log-level"]


def test_the_log_is_as_loud_as_the_file_says(server: RunningServer, file: Path) -> None:
    origins = 'cors-origin = ["https://other.example"]\n'

    said = [reread(server, file, f"log-level = '{level}'\n{origins}") for level in ("error", "info", "debug")]

    assert said == [[f"read {file}: took log-level"]] * 3


def test_the_files_that_it_names_are_read_again_too(tmp_path: Path, file: Path) -> None:
    (tmp_path / "keys").write_text("old\n")
    file.write_text('api-key-file = "keys"\n')
    with running_server(tmp_path, "--config", str(file), environment={"BINDER_API_KEY": ""}) as server:
        (tmp_path / "keys").write_text("new\n")
        reread(server, file, 'api-key-file = "keys"\n', lines=2)
        statuses = [
            httpx2.get(f"{server.url}/tokens/self", headers={"Authorization": f"token {key}"}).status_code
            for key in ("old", "new", KEY)
        ]

    assert statuses == [401, 200, 401]


def test_no_request_is_lost_while_the_file_is_read_again(server: RunningServer, file: Path) -> None:
    written, failed, done = [0], list[str](), Event()

    def ask(method: str) -> None:
        try:
            with connected(server.port) as connection:
                while not done.is_set():
                    body = b'{"name":"a%d","image-name":"i"}' % written[0] if method == "POST" else b""
                    answer = connection.ask(method, "/templates/a0" if method == "GET" else "/templates", body, TOKEN)
                    if answer.status not in (200, 201):
                        failed.append(f"{method}: {answer.status}")
                    written[0] += method == "POST"
        except Exception as error:  # noqa: BLE001 - any of them is a lost request
            failed.append(repr(error))

    writing, reading = (Thread(target=ask, args=(method,)) for method in ("POST", "GET"))
    writing.start()
    until(lambda: written[0] or failed)
    reading.start()

    for times in range(8):  # of ten lines alike in a second the log leaves some out
        text = f'cors-origin = ["https://{times}.example"]\nlimit = {{body-bytes = {1000 + times}}}\n'
        reread(server, file, text if times % 4 else "port = ")
    done.set()
    writing.join()
    reading.join()

    assert failed == []
    assert len(httpx2.get(f"{server.url}/templates").json()) == written[0]


def test_every_line_of_a_server_is_json_where_that_is_wanted(tmp_path: Path, file: Path) -> None:
    file.write_text('log-format = "json"\n')
    with running_server(tmp_path, "--config", str(file)) as server, connected(server.port) as connection:
        connection.ask("GET", "/templates?token=s3cret")
        connection.ask("GET", '/no"thing')
        connection.ask("POST", "/templates", b'{"name":"a","image-name":"i"}', TOKEN)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "SIGHUP: read" in server.log.read_text())
        connection.sock.close()
        server.stop()
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]

    messages = [line["message"] for line in lines]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert f"Serving on :{server.port}" in messages
    assert {"GET /templates 400", 'GET /no"thing 404', "POST /templates 201"} <= {*messages}
    assert {line["by"] for line in lines if line["message"] == "POST /templates 201"} == {"key:api-key"}
    assert "s3cret" not in server.log.read_text()
    assert KEY not in server.log.read_text()


def test_the_form_of_lines_changes_at_once(server: RunningServer, file: Path) -> None:
    file.write_text('log-format = "json"\ncors-origin = ["https://other.example"]\n')
    server.process.send_signal(signal.SIGHUP)
    until(lambda: "took log-format" in server.log.read_text())
    httpx2.get(f"{server.url}/no-such-path")
    server.stop()

    lines = server.log.read_text().splitlines()

    [said] = [json.loads(line) for line in lines if "took log-format" in line]
    [asked] = [json.loads(line) for line in lines if "no-such-path" in line]
    assert (said["message"], asked["status"]) == (f"SIGHUP: read {file}: took log-format", 404)


def test_an_error_that_ends_the_server_is_json_too(tmp_path: Path, file: Path) -> None:
    file.write_text('log-format = "json"\ndb = "sqlite:////nowhere/at/all.db"\n')

    with pytest.raises(AssertionError, match=r'"level": "error".*/nowhere/at/all.db: No such file') as ended:
        running_server(tmp_path, "--config", str(file), db="sqlite:////nowhere/at/all.db").__enter__()

    assert "Error: " not in str(ended.value)


def test_the_example_of_the_documentation_starts_a_server(tmp_path: Path) -> None:
    (tmp_path / EXAMPLE.name).write_text(EXAMPLE.read_text())
    (tmp_path / "keys").write_text("from-the-file\n")
    key = {"Authorization": "token from-the-file"}
    with running_server(tmp_path, "--config", EXAMPLE.name, environment={"BINDER_API_KEY": ""}) as server:
        written = httpx2.post(f"{server.url}/templates", json={"name": "a", "image-name": "i"}, headers=key)
        changed = httpx2.put(f"{server.url}/templates/a", json={"command": "x"}, headers=key)
        os.kill(server.process.pid, signal.SIGTERM)  # twice: it has a delay
        until(lambda: httpx2.get(f"{server.url}/health").status_code == 503)
        os.kill(server.process.pid, signal.SIGTERM)
        server.process.wait(15)
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]

    assert (written.status_code, changed.status_code) == (201, 428)
    assert {f"Serving on :{server.port}"} <= {line["message"] for line in lines}
