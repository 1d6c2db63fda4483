"""The access log: what a line says, that none can be forged, and that a stalled reader costs lines only."""

import asyncio
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.server.http import access_log, fast_path
from binder_registry.server.http.access_log import AccessLog, address, printable
from binder_registry.server.http.counters import BOUNDS, Counters
from binder_registry.server.http.fast_path import fast_protocol
from tests.server.recording import Connection, SteppedLoop, started_app

LINE = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ([A-Z-]+) (\S+) (\d{3}) (\d+) (\d+) ([0-9a-f]{8}-[0-9a-f]+) (\S+) (\S+)\n"
)
PLAIN = b"GET /templates/scipy HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\n\r\n"


class Logged:
    """Connections whose requests are logged to a file."""

    def __init__(self, loop: SteppedLoop, app: object, folder: Path) -> None:
        self.path = folder / "access.log"
        self.counters = Counters()
        self.app = app
        self._loop = loop
        self._log = AccessLog(_opened(self.path))

    def connection(self, app: object = None, *, fast: bool = True) -> Connection:
        model = self.app.service.model  # type: ignore[attr-defined]
        protocol = fast_protocol(model, access_log=self._log, counters=self.counters, open_reads=fast)
        return Connection(self._loop, protocol, app or self.app)

    def lines(self) -> list[bytes]:
        self._log.close()
        return self.path.read_bytes().splitlines(keepends=True)

    def entries(self) -> list[list[bytes]]:
        """Method, path, status and bytes of each line."""
        found = [LINE.fullmatch(line) for line in self.lines()]
        return [list(match.group(2, 3, 4, 5)) for match in found if match]


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Logged]:
    with started_app("scipy") as (loop, app):
        logged = Logged(loop, app, tmp_path)
        yield logged
        logged.lines()


@pytest.mark.parametrize("fast", [True, False])
def test_each_request_is_one_line(logged: Logged, fast: bool) -> None:
    entry = logged.app.service.model.entries["scipy"]  # type: ignore[attr-defined]
    connection = logged.connection(fast=fast)
    known = PLAIN[:-2] + b"If-None-Match: %b\r\n\r\n" % entry.etag

    connection.receive(PLAIN, known, b"HEAD /templates/scipy HTTP/1.1\r\n\r\n")
    connection.receive(b"GET /templates/none?x=1 HTTP/1.1\r\n\r\n")

    size = b"%d" % len(entry.body)
    assert logged.entries() == [
        [b"GET", b"/templates/scipy", b"200", size],
        [b"GET", b"/templates/scipy", b"304", b"0"],
        [b"HEAD", b"/templates/scipy", b"200", b"0"],
        [b"GET", b"/templates/none", b"404", b"33"],
    ]


@pytest.mark.parametrize("quick", [0, fast_path.QUICK, 10**18], ids=["slow", "as it is", "quick"])
def test_a_request_that_comes_again_is_counted_and_logged_as_the_first(
    logged: Logged, monkeypatch: pytest.MonkeyPatch, quick: int
) -> None:
    monkeypatch.setattr(fast_path, "QUICK", quick)
    monkeypatch.setattr(fast_path, "MICROSECONDS", [b"7 "] * 10**6 if quick else [])
    connection = logged.connection()
    known = PLAIN[:-2] + b"If-None-Match: %b\r\n\r\n" % logged.app.service.model.entries["scipy"].etag  # type: ignore[attr-defined]

    connection.receive(PLAIN, PLAIN, PLAIN, known, known)

    assert len(entries := logged.entries()) == 5
    assert len({tuple(entry) for entry in entries}) == 2
    assert len({line.split()[6] for line in logged.lines()}) == 5
    counted = {key[2]: (series.count, series.sent) for key, series in logged.counters.items() if series.count}
    assert counted == {200: (3, 3 * int(entries[0][3])), 304: (2, 0)}


@pytest.mark.parametrize("fast", [True, False])
def test_no_token_is_logged(logged: Logged, fast: bool) -> None:
    logged.connection(fast=fast).receive(PLAIN, PLAIN.replace(b"scipy", b"scipy?token=THISISMYTOKEN"))

    lines = logged.lines()

    assert len(lines) == 2
    assert b"THISISMYTOKEN" not in b"".join(lines)


def test_what_is_no_request_is_a_line_too(logged: Logged) -> None:
    logged.connection().receive(b"no HTTP\r\n\r\n")

    assert [entry[:3] for entry in logged.entries()] == [[b"-", b"-", b"400"]]


def test_a_request_whose_body_never_comes_is_one_line(logged: Logged) -> None:
    connection = logged.connection()
    connection.receive(b"POST /templates HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\nContent-Length: 9\r\n\r\n{")

    connection.loop.advance(31)

    assert [entry[:3] for entry in logged.entries()] == [[b"POST", b"/templates", b"408"]]


def test_a_client_that_left_before_its_answer_is_a_499(logged: Logged) -> None:
    connection = logged.connection()
    connection.receive(b"POST /templates HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\nContent-Length: 9\r\n\r\n{")

    connection.end()

    assert [entry[:3] for entry in logged.entries()] == [[b"POST", b"/templates", b"499"]]


def test_what_is_answered_to_a_client_that_left_is_a_499_too(logged: Logged) -> None:
    left = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await left.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        await send({"type": "http.response.body", "body": b"x"})

    connection = logged.connection(app)
    connection.receive(b"GET /x HTTP/1.1\r\n\r\n")
    connection.protocol.connection_lost(ConnectionResetError())
    left.set()
    connection.settle()

    assert logged.entries() == [[b"GET", b"/x", b"499", b"0"]]


def test_the_application_knows_the_id_under_which_its_request_is_logged(logged: Logged) -> None:
    seen = []

    async def app(scope: dict[str, str], receive: object, send: object) -> None:
        seen.append(scope["request_id"])
        raise RuntimeError

    logged.connection(app).receive(b"GET /x HTTP/1.1\r\n\r\n")

    [line] = logged.lines()
    assert line.endswith(b" %b 127.0.0.1 -\n" % seen[0].encode())
    assert b" 500 " in line


@pytest.mark.parametrize("fast", [True, False])
def test_a_line_names_the_client_and_who_sent_it_where_that_is_known(logged: Logged, fast: bool) -> None:
    connection = logged.connection(fast=fast)
    wrong = b"POST /templates HTTP/1.1\r\nAuthorization: token wrong\r\nContent-Length: 2\r\n\r\n{}"

    connection.receive(PLAIN, wrong, wrong.replace(b"wrong", b"THISISMYTOKEN"))
    connection.loop.turn_until(lambda: connection.sent.count(b"HTTP/1.1 ") == 3)
    connection.receive(b"no HTTP\r\n\r\n")

    named = [line.split()[-2:] for line in logged.lines()]
    assert named == [[b"127.0.0.1", who] for who in (b"-", b"-", b"key:api-key", b"-")]


def test_a_line_of_a_request_that_was_cut_off_names_who_sent_it(logged: Logged) -> None:
    connection = logged.connection()
    connection.receive(b"POST /templates HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\nContent-Length: 9\r\n\r\n{")

    connection.loop.advance(31)

    assert [line.split()[3:9:5] for line in logged.lines()] == [[b"408", b"key:api-key"]]


def test_no_name_can_forge_a_line(logged: Logged) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["by"] = "user:ada\n2026 lövelace"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    logged.connection(app).receive(b"GET /x HTTP/1.1\r\n\r\n")

    [line] = logged.lines()
    assert line.endswith(rb" user:ada\x0a2026\x20l\xc3\xb6velace" + b"\n")


@pytest.mark.parametrize(
    ("client", "written"),
    [
        *[(("10.0.0.1", 5), b"10.0.0.1"), (("::ffff:10.0.0.1", 5), b"10.0.0.1"), (("2001:db8::1", 5), b"2001:db8::1")],
        *[(("fe80::1%eth0", 5), b"fe80::1%eth0"), (None, b"-")],
    ],
)
def test_a_client_is_called_by_its_address(client: tuple[str, int] | None, written: bytes) -> None:
    assert address(client) == written


def test_ids_are_unique_on_both_paths(logged: Logged) -> None:
    logged.connection().receive(*[PLAIN, b"GET /health HTTP/1.1\r\n\r\n"] * 20)

    assert len({line.split()[6] for line in logged.lines()}) == 40


@pytest.mark.parametrize("fast", [True, False])
def test_requests_are_counted_by_route_method_and_status(logged: Logged, fast: bool) -> None:
    body = logged.app.service.model.entries["scipy"].body  # type: ignore[attr-defined]

    logged.connection(fast=fast).receive(PLAIN, PLAIN, b"DELETE /templates/scipy HTTP/1.1\r\n\r\n")

    counted = {key: (series.count, series.sent) for key, series in logged.counters.items() if series.count}
    assert counted["/templates/{name}", "GET", 200] == (2, 2 * len(body))
    assert counted["/templates/{name}", "DELETE", 401][0] == 1
    assert logged.counters.fast_hits == (2 if fast else 0)


def test_a_time_is_counted_in_the_first_bucket_that_holds_it() -> None:
    counters = Counters()
    for seconds in (0.0, BOUNDS[0], BOUNDS[0] * 1.5, BOUNDS[-1] + 1):
        counters.add(("/", "GET", 200), 0, seconds)

    assert counters.ordinary["/", "GET", 200].buckets == [2, 1, *[0] * (len(BOUNDS) - 2), 1]


@given(st.binary())
def test_no_path_can_forge_a_line(target: bytes) -> None:
    word = printable(target)

    assert re.fullmatch(rb"[!-~]+", word)
    assert word == b"-" or len(word) <= 4 * access_log.LONGEST_PATH


def test_a_path_is_logged_as_it_came_but_for_what_is_not_printable() -> None:
    assert printable(b"/templates/caf\xe9%20a\\b\n?q=x") == rb"/templates/caf\xe9%20a\x5cb\x0a"


def test_lines_reach_the_file_while_the_server_runs(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(_opened(path))
    log.add(b"GET", b"/", 200, 36, 0.000012, b"0000002a-ff", b"::1")

    end = time.monotonic() + 10
    while not path.read_bytes() and time.monotonic() < end:
        time.sleep(0.01)

    assert LINE.fullmatch(path.read_bytes())
    assert path.read_bytes().endswith(b" GET / 200 36 12 0000002a-ff ::1 -\n")
    log.close()


def test_a_log_that_nobody_reads_costs_lines_and_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "MOST_LINES", 10)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    log = AccessLog(writing)
    _fill(writing)

    for number in range(30):
        log.add(b"GET", b"/", 200, 36, 0.0, b"%08x-0" % number, b"::1")
    waiting = log.waiting

    assert waiting <= 10
    assert log.dropped >= 10
    _drain(reading)
    log.close()
    assert b"# %d lines were dropped\n" % log.dropped in _drain(reading)
    os.close(reading)
    os.close(writing)


def test_more_lines_than_are_written_at_once_stay_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(access_log, "LINES_AT_ONCE", 3)
    log = AccessLog(_opened(tmp_path / "access.log"))
    for number in range(10):
        log.add(b"GET", b"/", 200, number, 0.0, b"00000000-0", b"::1")

    log.close()

    sizes = [int(line.split()[4]) for line in (tmp_path / "access.log").read_bytes().splitlines()]
    assert sizes == list(range(10))


def test_a_remembered_answer_is_no_line_where_too_many_wait(logged: Logged) -> None:
    logged._log.most = 0
    connection = logged.connection()

    connection.receive(PLAIN, PLAIN, PLAIN)

    assert logged._log.dropped == 3
    assert logged.lines() == [b"# 3 lines were dropped\n"]


def test_a_log_that_nobody_reads_does_not_keep_the_server_from_ending() -> None:
    reading, writing = os.pipe()
    log = AccessLog(writing)
    _fill(writing)
    log.add(b"GET", b"/", 200, 36, 0.0, b"1-1", b"::1")

    log.close(timeout=0.2)

    assert log._thread.daemon
    os.set_blocking(reading, False)
    _drain(reading)
    log.close()
    os.close(reading)
    os.close(writing)


def test_a_reader_that_went_away_costs_lines_only() -> None:
    reading, writing = os.pipe()
    log = AccessLog(writing)
    os.close(reading)
    log.add(b"GET", b"/", 200, 36, 0.0, b"1-1", b"::1")

    log.close()

    assert log.dropped == 1
    os.close(writing)


def test_a_line_that_was_cut_short_does_not_spoil_the_next() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    log = AccessLog(writing)
    path = b"/" + b"x" * 900
    for number in range(200):
        log.add(b"GET", path, 200, 36, 0.0, b"%08x-0" % number, b"::1")
    os.set_blocking(reading, False)
    while log.dropped == 0:  # ends in pytest's timeout, if ever
        time.sleep(0.01)
    found = _drain(reading)
    log.add(b"GET", b"/", 200, 36, 0.0, b"00000000-500", b"::1")

    log.close()

    lines = (found + _drain(reading)).splitlines(keepends=True)
    assert LINE.fullmatch(lines[-2])
    assert lines[-1] == b"# 200 lines were dropped\n"
    os.close(reading)
    os.close(writing)


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _fill(pipe: int) -> None:
    os.set_blocking(pipe, False)
    try:
        while True:
            os.write(pipe, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(pipe, True)


def _drain(pipe: int) -> bytes:
    found = b""
    try:
        while part := os.read(pipe, 1 << 16):
            found += part
    except BlockingIOError:
        pass
    return found
