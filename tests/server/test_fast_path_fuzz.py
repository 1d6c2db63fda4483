"""Whether a client can tell, from the bytes, which path answered it."""

import random
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import pytest

from binder_registry.server.app import App
from binder_registry.server.http.counters import Counters
from binder_registry.server.http.fast_path import fast_protocol
from binder_registry.server.http.protocol import SafeProtocol
from tests.server.recording import Connection, SteppedLoop, started_app, unnamed

NAMES = ("scipy", "ünïcode", "it's (odd)*", "a%b", *(f"t{number}" for number in range(20)))
STREAMS = 250  # of each seed


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[SteppedLoop, App]]:
    with started_app(*NAMES) as (loop, app):
        _compress(loop, app)
        yield loop, app


def _compress(loop: SteppedLoop, app: App) -> None:
    """Have every form of the list made, so that both paths find the same."""
    connection = Connection(loop, fast_protocol(app.service.model, access_log=None, counters=Counters()), app)
    for coding in (b"gzip", b"zstd"):
        request = b"GET /templates HTTP/1.1\r\naccept-encoding: %b\r\n\r\n" % coding
        loop.turn_until(partial(_names, b"content-encoding: " + coding, connection, request))


def _names(header: bytes, connection: Connection, request: bytes) -> bool:
    return header in connection.receive(request)


class Streams:
    """Random requests, of which about a third are plain, mended and broken in every way that heads can be."""

    def __init__(self, seed: int, app: App) -> None:
        self.random = random.Random(seed)
        self.targets = list(app.service.model.answers)
        self.tags = [answer.etag for answer in app.service.model.answers.values()]
        [listed] = [answer for answer in app.service.model.answers.values() if answer.encodings]
        self.tags += [form.etag for form in (listed.encodings or {}).values()] * 4

    def stream(self) -> list[bytes]:
        """The chunks of one connection."""
        requests = [self._request() for _ in range(self.random.choice((1, 1, 2, 3, 6)))]
        if self.random.random() < 0.5:
            return requests
        stream = b"".join(requests)
        cuts = sorted(self.random.randrange(len(stream) + 1) for _ in range(self.random.choice((0, 1, 2, 5))))
        return [chunk for start, end in pairwise((0, *cuts, len(stream))) if (chunk := stream[start:end])]

    def at_once(self, chunks: list[bytes]) -> bool:
        """Whether chunks come faster than answers. Not with bodies: a broken one may or may not be answered first."""
        stream = b"".join(chunks).lower()
        return b"chunked" not in stream and b"content-length" not in stream and self.random.random() < 0.4

    def _request(self) -> bytes:
        pick = self.random.random()
        if pick < 0.35:
            return self._get(self._plain_headers())
        if pick < 0.6:
            return self._get([*self._plain_headers(), self.random.choice(ODD_HEADERS)], shuffled=True)
        if pick < 0.7:
            return self._mutated(self._get(self._plain_headers()))
        if pick < 0.75:
            return b"GET %b HTTP/1.1\r\n%b\r\n" % (self._target(), self._many_headers())
        return self.random.choice(ODD_REQUESTS)

    def _get(self, headers: list[bytes], *, shuffled: bool = False) -> bytes:
        if shuffled:
            self.random.shuffle(headers)
        version = b"1.0" if self.random.random() < 0.1 else b"1.1"
        lines = b"".join(header + b"\r\n" for header in headers)
        return b"GET %b HTTP/%b\r\n%b\r\n" % (self._target(), version, lines)

    def _target(self) -> bytes:
        return self.random.choice((*self.targets, b"/", *[b"/templates"] * 8, *ODD_TARGETS))

    def _plain_headers(self) -> list[bytes]:
        headers = [b"Host: registry:8080", self.random.choice(ACCEPTED), b"User-Agent: python-requests/2.34.2"]
        if self.random.random() < 0.4:
            headers.append(b"If-None-Match: " + self.random.choice(self.tags))
        if self.random.random() < 0.4:
            codings = (b"gzip", b"gzip, deflate, br, zstd", b"identity", b"gzip;q=0, br", b"GZIP", b"")
            headers.append(b"Accept-Encoding: " + self.random.choice(codings))
        if self.random.random() < 0.2:
            headers.append(b"Registry-Revision: %d" % self.random.choice((0, 1, len(NAMES))))
        return headers

    def _many_headers(self) -> bytes:
        return b"x-many: %b\r\n" % (b"v" * 90) * self.random.choice((600, 1100))

    def _mutated(self, request: bytes) -> bytes:
        changed = bytearray(request)
        for _ in range(self.random.choice((1, 1, 1, 3))):
            at = self.random.randrange(len(changed))
            byte = self.random.choice(b'\0\t\n\r :;,"%/?GET1.\x7f\x80\xff')
            change = self.random.randrange(3)
            if change == 0:
                changed[at] = byte
            elif change == 1:
                changed.insert(at, byte)
            else:
                del changed[at]
        return bytes(changed)


PLAIN = b"GET /templates/scipy HTTP/1.1\r\nHost: registry\r\n\r\n"

ODD_TARGETS = (
    b"/templates/scipy?x=1",
    b"/templates/scipy/",
    b"/templates/%73cipy",
    "/templates/ünïcode".encode(),
    b"/templates/none",
    b"/templates/%zz",
    b"/templates/%ff",
    b"/templates?",
    b"/templates?colour=red",
    b"//templates",
    b"/templates/../",
    b"http://registry/templates/scipy",
    b"/templates/scipy#part",
    b"*",
    b"templates",
    b"/health",
)

ODD_HEADERS = (
    b" folded: value",
    b"a: b\r\n folded",
    b"a: b\r\n\tfolded: c",
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"Content-Length: 0\r\nContent-Length: 0",
    b"Content-Length: 0\r\nContent-Length: 5",
    b"Content-Length: -1",
    b"Content-Length: +0",
    b"Content-Length : 0",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3",
    b"bare: lf\nother: x",
    b"bare: cr\rother: x",
    b"nul: a\0b",
    b"control: a\x01b",
    b"tab: a\tb",
    b"obs-text: \xe9\xff",
    b"\xe9: name",
    b": no name",
    b"no colon",
    b"space in: name",
    b"empty:",
    b"spaces:    x   ",
    b"X" * 5000 + b": long name",
    b"long: " + b"v" * 5000,
    b"Connection: close",
    b"Connection: keep-alive",
    b"Connection: Keep-Alive",
    b"Connection: keep-alive, close",
    b"Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x",
    b"Upgrade: h2c",
    b"Proxy-Connection: close",
    b"Expect: 100-continue",
    b"Range: bytes=0-1",
    b'If-Match: "1"',
    b"If-Modified-Since: Tue, 24 Nov 2026 18:28:35 GMT",
    b"If-None-Match: *",
    b'If-None-Match: W/"1-00"',
    b'If-None-Match: "1", "2"',
    b"If-None-Match:",
    b'If-None-Match: "1"\r\nIf-None-Match: "2"',
    b"Accept-Encoding: gzip\r\nAccept-Encoding: identity",
    b"Registry-Revision: 00000001",
    b"Registry-Revision: x",
    b"Registry-Revision: 1 ",
    b"Registry-Revision: 1\r\nRegistry-Revision: 2",
    b"Authorization: token THISISMYTOKEN",
    b"Authorization: nonsense",
    b"Origin: http://elsewhere",
    b"Cookie: a=b; c=d",
    b"Host: twice",
    b"X-Request-Id: from-a-proxy",
    b"X-Request-Id: not one word",
)

ACCEPTED = (b"Accept: */*", b"Accept: application/json", b"Accept: text/html,*/*;q=0.8", b"Accept: TEXT/html;q=0")

ODD_REQUESTS = (
    b"HEAD /templates/scipy HTTP/1.1\r\n\r\n",
    b"OPTIONS /templates HTTP/1.1\r\n\r\n",
    b"CONNECT registry:80 HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"get /templates/scipy HTTP/1.1\r\n\r\n",
    b"BREW / HTTP/1.1\r\n\r\n",
    b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"GET / HTTP/1.11\r\n\r\n",
    b"GET / http/1.1\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/1.1\n\n",
    b"GET / HTTP/1.1\r\n",
    b"\r\n\r\n",
    b"\r",
    b"\n",
    b"\0",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    PLAIN,
    PLAIN[:-2],
    PLAIN[:17],
    PLAIN * 3,
    b"\r\n" + PLAIN,
    PLAIN + b"\r\n",
    PLAIN * 300,
    b"POST /templates HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(PLAIN), PLAIN),
    b"POST /templates HTTP/1.1\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(PLAIN), PLAIN),
    b"POST /templates HTTP/1.1\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n%b" % (len(PLAIN), PLAIN),
    b"POST /templates HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\nContent-Length: %d\r\n\r\n%b"
    % (len(PLAIN), PLAIN),
    b"POST /templates HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\nContent-Length: 9000000\r\n\r\n{",
    b"POST /templates HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    b"Content-Length: 3\r\n\r\n{}x",
    b"POST /templates HTTP/1.1\r\nAuthorization: token THISISMYTOKEN\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2;ext=1\r\n{x\r\n0\r\nTrailer: x\r\n\r\n",
    b"POST /templates HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /templates HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"t: x\r\n" * 20_000,
    b"DELETE /templates/scipy HTTP/1.1\r\n\r\n",
    b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nendless: " + b"x" * 100_000,
)


def _state(connection: Connection) -> dict[str, object]:
    transport, protocol = connection.transport, connection.protocol
    assert isinstance(protocol, SafeProtocol)
    return {
        "sent": unnamed(connection.sent),
        "closed": transport.closed,
        "ended": transport.closed or transport.write_ended,
        "reading": transport.reading or transport.closed,
        "idle": protocol.idle,
    }


@pytest.mark.parametrize("seed", range(8))
def test_both_paths_give_the_same_bytes_and_leave_the_same_connection(
    seed: int, served: tuple[SteppedLoop, App]
) -> None:
    loop, app = served
    counters = Counters(), Counters()
    fast, ordinary = (
        fast_protocol(app.service.model, access_log=None, counters=counted, open_reads=open_reads)
        for counted, open_reads in zip(counters, (True, False), strict=True)
    )
    streams = Streams(seed, app)
    for number in range(STREAMS):
        chunks = streams.stream()
        at_once, ends = streams.at_once(chunks), streams.random.random() < 0.3
        connections = Connection(loop, fast, app), Connection(loop, ordinary, app)
        for connection in connections:
            for chunk in chunks:
                connection.arrive(chunk)
                if not at_once:
                    connection.settle()
            if ends:
                connection.end()
            connection.settle()
        assert _state(connections[0]) == _state(connections[1]), (seed, number, chunks)
        for connection in connections:
            loop.turn()
            connection.transport.close()
            loop.turn()

    assert counters[0].fast_hits > STREAMS / 8
    assert counters[1].fast_hits == 0
    assert _totals(counters[0]) == _totals(counters[1])


def _totals(counters: Counters) -> dict[tuple[str, int], tuple[int, int]]:
    totals: dict[tuple[str, int], tuple[int, int]] = {}
    for (_, method, status), series in counters.items():
        if series.count:
            number, sent = totals.get((method, status), (0, 0))
            totals[method, status] = number + series.count, sent + series.sent
    return totals
