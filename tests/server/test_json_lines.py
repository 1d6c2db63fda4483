"""The access log for programs: each request an object."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from binder_registry.server.http import access_log
from binder_registry.server.http.access_log import AccessLog, printable, word
from binder_registry.server.http.counters import Counters
from binder_registry.server.http.fast_path import fast_protocol
from tests.server.recording import Connection, started_app

PLAIN = b"GET /templates/scipy HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\n\r\n"
SECRET = b"binreg_" + b"a" * 57


def opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def parsed(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.mark.parametrize("fast", [True, False])
def test_each_request_is_one_object(path: Path, fast: bool) -> None:
    log = AccessLog(opened(path), json=True)
    with started_app("scipy") as (loop, app):
        protocol = fast_protocol(app.service.model, access_log=log, counters=Counters(), open_reads=fast)
        [size] = [len(entry.body) for entry in app.service.model.living]
        Connection(loop, protocol, app).receive(PLAIN, PLAIN.replace(b"scipy", b"scipy?token=THISISMYTOKEN"), PLAIN)
        log.close()

    lines = parsed(path)

    assert len(lines) == 3
    assert b"THISISMYTOKEN" not in path.read_bytes()
    for line in lines:
        assert list(line)[:4] == ["time", "level", "logger", "message"]
        assert line["time"].endswith("Z")
        assert 0 <= line["seconds"] < 60
        assert line["request_id"]
        assert (line["method"], line["path"], line["status"]) == ("GET", "/templates/scipy", 200)
        assert (line["bytes"], line["message"]) == (size, "GET /templates/scipy 200")


def test_who_is_not_known_is_null_and_times_are_seconds(path: Path) -> None:
    log = AccessLog(opened(path), json=True)
    log.add(b"GET", b"/", 200, 36, 0.000012, b"1-1", b"-")
    log.add(b"PUT", b"/templates/a", 200, 36, 1.5, b"1-2", b"::1", b"user:ada")

    log.close()

    found = [[line[name] for name in ("seconds", "client", "by")] for line in parsed(path)]
    assert found == [[0.000012, None, None], [1.5, "::1", "user:ada"]]


@pytest.mark.parametrize("raw", [b'/a"b\\c', b"/caf\xe9\n{}", b"/templates/" + SECRET, b"/%62inreg_" + b"a" * 57])
def test_no_path_breaks_a_line_or_shows_a_token(path: Path, raw: bytes) -> None:
    log = AccessLog(opened(path), json=True)
    log.add(b"GET", printable(raw), 404, 0, 0.0, b"1-1", b"::1", word(b"user:a b"))

    log.close()

    [line] = parsed(path)
    assert line["by"] == r"user:a\x20b"
    assert "a" * 57 not in line["path"]


def test_lines_that_were_dropped_are_an_object_too(path: Path) -> None:
    log = AccessLog(opened(path), json=True)
    log.most = 0
    log.add(b"GET", b"/", 200, 36, 0.0, b"1-1", b"::1")

    log.close()

    [line] = parsed(path)
    assert (line["level"], line["message"]) == ("warning", "1 lines were dropped")


def test_it_can_change_while_lines_are_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "FLUSH_SECONDS", 60)
    log = AccessLog(opened(path))
    log.add(b"GET", b"/", 200, 36, 0.0, b"1-1", b"::1")

    log.json = True
    log.close()

    assert [line["path"] for line in parsed(path)] == ["/"]
