"""Whether anybody can tell, from answers, counters or logs, by which path a write was taken."""

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from tempfile import TemporaryFile
from threading import Event
from typing import Any

import pytest

from binder_registry.auth import ANYONE, AuthStore, Identity, Scope, TokenAuthStore
from binder_registry.backends.memory import InMemoryStore, MemoryLog
from binder_registry.changes import Position
from binder_registry.errors import InvalidToken
from binder_registry.log_store import LogStore
from binder_registry.registry import Registry
from binder_registry.server.app import App, new_default_router
from binder_registry.server.handlers.fast_writes import FastWrites
from binder_registry.server.http.access_log import AccessLog
from binder_registry.server.http.conditions import Conditions, Tags
from binder_registry.server.http.counters import Counters
from binder_registry.server.http.deadlines import PATIENCE
from binder_registry.server.http.fast_path import fast_protocol
from binder_registry.server.http.plain_writes import PlainWrite
from binder_registry.server.http.protocol import SafeProtocol
from binder_registry.server.http.write_heads import LONGEST, NOT_PLAIN, WriteHead, write_head
from binder_registry.template import Template
from binder_registry.token_rules import NewToken
from binder_registry.token_uses import TokenUses
from binder_registry.tokens import OwnTokens, StoredTokens

from .recording import KEY, Connection, SteppedLoop, unnamed

NAMES = ("scipy", "r", *(f"t{number}" for number in range(8)))
STREAMS = 120  # of each seed
ROOT = Identity("api-key", frozenset(Scope), "key")
_MARK = re.compile(rb"(?<=\d)-[0-9a-f]{16}\b")


class Side:
    """One of two servers that are told the same; only `plain` takes plain writes off the ordinary path."""

    def __init__(self, loop: SteppedLoop, app: App, *, plain: bool) -> None:
        self.loop, self.app, self.counters = loop, app, Counters()
        self.lines = TemporaryFile()  # noqa: SIM115 - it goes with this
        self.access_log = AccessLog(self.lines.fileno())
        writes, model = FastWrites(app.service) if plain else None, app.service.model
        self.protocol = fast_protocol(model, access_log=self.access_log, counters=self.counters, writes=writes)

    def connect(self) -> Connection:
        return Connection(self.loop, self.protocol, self.app)

    def settle(self, connection: Connection) -> None:
        """Until all that was written is committed and answered."""
        for _ in range(2):
            connection.settle()
            self.loop.turn_until(lambda: not self.app.service.group_commit.unanswered)
        connection.settle()

    def log(self) -> list[tuple[Any, ...]]:
        changes = self.app.service.registry.changes(ANYONE)
        return [(one.revision, one.action, one.name, one.by, one.note, one.content, one.time) for one in changes]

    def logged(self) -> list[list[bytes]]:
        """Without times and ids. The access log ends with it."""
        self.access_log.close()
        self.lines.seek(0)
        return [words[1:5] + words[7:] for words in map(bytes.split, self.lines)]

    def totals(self) -> dict[Any, tuple[int, int]]:
        return {key: (series.count, series.sent) for key, series in self.counters.items() if series.count}


@contextmanager
def serving(*, plain: bool, auth_store: AuthStore | None = None) -> Iterator[Side]:
    begin, steps = datetime(2026, 11, 26, tzinfo=UTC), count()
    store = LogStore(MemoryLog(), now=lambda: begin + timedelta(seconds=next(steps)))
    for name in NAMES:
        store.register_template(Template(name=name, image_name="jupyter/scipy-notebook", command="start"))
    app = new_default_router(Registry(store, auth_store or TokenAuthStore(KEY)))
    loop = SteppedLoop()
    try:
        loop.run_until_complete(app.start())
        side = Side(loop, app, plain=plain)
        yield side
        side.access_log.close()
        side.lines.close()
        loop.turn()
        loop.run_until_complete(app.aclose())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


@pytest.fixture
def sides() -> Iterator[tuple[Side, Side]]:
    with serving(plain=True) as one, serving(plain=False) as other:
        yield one, other


def request(method: str, target: str, body: bytes = b"", *headers: bytes, key: str = KEY) -> bytes:
    lines = [b"Host: registry", b"Authorization: token " + key.encode(), b"Content-Length: %d" % len(body), *headers]
    return b"%b %b HTTP/1.1\r\n%b\r\n\r\n%b" % (method.encode(), target.encode(), b"\r\n".join(lines), body)


def seen(connection: Connection) -> dict[str, object]:
    protocol, transport = connection.protocol, connection.transport
    assert isinstance(protocol, SafeProtocol)
    return {
        "sent": _MARK.sub(b"", unnamed(connection.sent)),
        "closed": transport.closed,
        "ended": transport.closed or transport.write_ended,
        "reading": transport.reading or transport.closed,
        "idle": protocol.idle,
    }


BODIES = (
    *[b'{"name":"%b","image-name":"i:2"}'] * 6,
    b'{"name":"%b","image-name":"i","command":"start --x","limits":{"memory":5,"cpu_shares":2}}',
    b'{"image-name":"jupyter/r:1"}',
    b'{"name":"%b","image-name":"caf\\u00e9"}',
    '{"name":"%b","image-name":"é"}'.encode(),
    b'{"name":"%b","image-name":"i","labels":{"a":"b"}}',
    b'{"name":"%b","image-name":"i","image-name":"j"}',
    b'{"name":"%b","image-name":"i","limits":{"memory":1},"limits":{"gpus":1}}',
    b'{"name":"%b","image-name":5}',
    b'{"name":"%b","image-name":"i","bind-port":70000}',
    b'{"name":"%b","image-name":"i","limits":{"memory":9223372036854775808}}',
    b'{"name":"%b"}',
    b'{"name":"%b","image-name":null}',
    b'{"name":"other name","image-name":"two  blanks"}',
    b"[]",
    b"{",
    b"",
    b"\xff",
    b'{"name":"%b","description":"' + b"x" * 5000 + b'","image-name":"i"}',
)
HEADERS = (
    *[b"Accept: */*"] * 12,
    b"Content-Type: application/json",
    b"Accept-Encoding: gzip, zstd",
    b"Connection: keep-alive",
    b"Connection: close",
    b"Registry-Note: why%20not",
    b"Registry-Note: %zz",
    b'If-Match: "3"',
    b'If-Match: "1", "2", "5"',
    b"If-Match: *",
    b"If-Match: nonsense",
    b"If-None-Match: *",
    b'If-None-Match: "0"',
    b"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
    b"Registry-Revision: 1",
    b"X-Request-Id: from-a-proxy",
    b"Expect: 100-continue",
    b"Transfer-Encoding: chunked",
    b"Content-Length: 5",
    b"Authorization: token twice",
    b"Origin: http://elsewhere",
    b" folded: x",
    b"obs-text: \xff",
)


class Streams:
    """Random writes, of which about half are plain."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def stream(self) -> list[bytes]:
        """The chunks of one connection."""
        requests = [self._request() for _ in range(self.random.choice((1, 1, 2, 4)))]
        if self.random.random() < 0.5:
            return requests
        stream = b"".join(requests)
        cuts = sorted(self.random.randrange(len(stream) + 1) for _ in range(self.random.choice((0, 1, 2, 4))))
        return [chunk for start, end in pairwise((0, *cuts, len(stream))) if (chunk := stream[start:end])]

    def _request(self) -> bytes:
        pick = self.random.choice
        name = pick((*NAMES, "new", "n.e-w~", "%20"))
        method = pick(("POST", "POST", "PUT", "PUT", "PATCH", "DELETE", "GET", "HEAD"))
        target = f"/templates/{name}" if method != "POST" or self.random.random() < 0.05 else "/templates"
        target = pick((*[target] * 15, target + "?x=1", target + "/", "/templates/..", "/health"))
        body = b"" if method in ("DELETE", "GET", "HEAD") else pick(BODIES).replace(b"%b", name.encode())
        key = pick((*[KEY] * 12, "wrong", "two words", ""))
        made = request(method, target, body, *(pick(HEADERS) for _ in range(pick((0, 0, 1, 1, 3)))), key=key)
        return self._mutated(made) if self.random.random() < 0.08 else made

    def _mutated(self, made: bytes) -> bytes:
        at = self.random.randrange(len(made))
        return made[:at] + self.random.choice((b"", b"\0", b"\r\n", b"\x80", b":", b"9")) + made[at + 1 :]


@pytest.mark.parametrize("seed", range(6))
def test_nobody_can_tell_which_path_took_a_write(seed: int, sides: tuple[Side, Side]) -> None:
    streams, taken = Streams(seed), 0
    for number in range(STREAMS):
        chunks, how = streams.stream(), streams.random.random()
        connections = [side.connect() for side in sides]
        for side, connection in zip(sides, connections, strict=True):
            for chunk in chunks:
                connection.arrive(chunk)
                side.settle(connection)
                taken += isinstance(connection.protocol.cycle, PlainWrite)
            if how < 0.2:
                connection.end()
            elif how < 0.3:
                side.loop.advance(PATIENCE + 1)
            elif how < 0.4:
                connection.protocol.shutdown()
            elif how < 0.5:
                connection.transport.close()
            side.settle(connection)
        assert seen(connections[0]) == seen(connections[1]), (seed, number, chunks, how)
        for side, connection in zip(sides, connections, strict=True):
            connection.transport.close()
            side.settle(connection)

    assert taken > STREAMS / 12
    assert sides[0].log() == sides[1].log()
    assert sides[0].totals() == sides[1].totals()
    assert sides[0].logged() == sides[1].logged()


@pytest.mark.parametrize("cut", range(1, 140, 9))
def test_a_plain_write_in_two_pieces_is_taken_as_one(cut: int, sides: tuple[Side, Side]) -> None:
    side, connection = sides[0], sides[0].connect()
    whole = request("POST", "/templates", b'{"name":"new","image-name":"i"}')

    connection.receive(whole[:cut])
    connection.receive(whole[cut:])
    side.settle(connection)

    assert connection.sent.startswith(b"HTTP/1.1 201 ")
    assert isinstance(connection.protocol.cycle, PlainWrite) == (cut >= whole.index(b"\r\n\r\n") + 4)


def test_a_body_that_does_not_come_in_time_is_refused_as_ever(sides: tuple[Side, Side]) -> None:
    connections = [side.connect() for side in sides]

    for side, connection in zip(sides, connections, strict=True):
        connection.receive(request("POST", "/templates", b'{"name":"new","image-name":"i"}')[:-3])
        side.loop.advance(PATIENCE - 1)
        assert connection.sent == b""
        connection.receive(b'"')
        side.loop.advance(2)

    assert connections[0].sent.startswith(b"HTTP/1.1 408 ")
    assert seen(connections[0]) == seen(connections[1])


def test_pipelined_requests_behind_a_plain_write_are_answered_in_their_order(sides: tuple[Side, Side]) -> None:
    side, connection = sides[0], sides[0].connect()

    connection.arrive(request("PUT", "/templates/r", b'{"image-name":"i:3"}'))
    connection.arrive(request("GET", "/templates/r"))
    side.settle(connection)

    put, got = [json.loads(part) for part in re.findall(rb"\r\n\r\n(\{.*\})\n", connection.sent)]
    assert put == got
    assert put["image-name"] == "i:3"


def test_each_of_two_writes_of_one_commit_is_answered_with_what_it_wrote(sides: tuple[Side, Side]) -> None:
    side, connections, gate = sides[0], [sides[0].connect(), sides[0].connect()], Event()
    side.app.service.group_commit.put(lambda batch: gate.wait(20), (), lambda outcome: None)

    for number, connection in enumerate(connections):
        connection.arrive(request("PUT", "/templates/r", b'{"image-name":"i:%d"}' % number))
    gate.set()
    side.settle(connections[0])

    answers = [connection.sent.partition(b"\r\n\r\n") for connection in connections]
    assert [json.loads(body)["image-name"] for _, _, body in answers] == ["i:0", "i:1"]
    assert len({re.search(rb'etag: "(\d+)-', head)[1] for head, _, _ in answers}) == 2  # type: ignore[index]


class Guests:
    """A store of tokens that come and go."""

    blocking = False

    def __init__(self) -> None:
        self.tokens = {KEY}

    def identify(self, token: str) -> Identity:
        if token not in self.tokens:
            raise InvalidToken
        return Identity("guest", frozenset({Scope.WRITE}))


def test_a_store_whose_tokens_change_is_asked_for_every_write() -> None:
    guests, write = Guests(), request("PUT", "/templates/r", b'{"image-name":"i:3"}')
    with serving(plain=True, auth_store=guests) as side:
        connection = side.connect()

        for tokens in ({KEY}, set(), {KEY}):
            guests.tokens = tokens
            connection.arrive(write)
            side.settle(connection)

    assert re.findall(rb"HTTP/1.1 (\d+)", connection.sent) == [b"202", b"401", b"202"]


def test_a_key_that_was_renewed_writes_no_more() -> None:
    keys, write = TokenAuthStore(KEY), request("PUT", "/templates/r", b'{"image-name":"i:3"}')
    with serving(plain=True, auth_store=keys) as side:
        connection = side.connect()

        for key in (KEY, "another", KEY):
            keys.renew(key)
            for _ in range(2):
                connection.arrive(write)
                side.settle(connection)

    assert re.findall(rb"HTTP/1.1 (\d+)", connection.sent) == [b"202", b"202", b"401", b"401", b"202", b"202"]


@contextmanager
def serving_tokens() -> Iterator[tuple[Side, TokenUses, Callable[[str], bytes]]]:
    """With the tokens of a store of their own; the last gives all answers to two more writes with one."""
    kept = InMemoryStore()
    assert kept.tokens is not None
    with (
        closing(StoredTokens(kept.tokens)) as own,
        serving(plain=True, auth_store=OwnTokens(own, TokenAuthStore(KEY))) as side,
    ):
        connection = side.connect()

        def write(text: str) -> bytes:
            with suppress(InvalidToken):
                own.identify(text)  # else the ordinary path asks in a thread
            before = len(connection.sent)
            for _ in range(2):
                connection.arrive(request("PUT", "/templates/r", b'{"image-name":"i:3"}', key=text))
                side.settle(connection)
            return connection.sent[before:]

        yield side, TokenUses(kept), write


def test_a_token_that_was_revoked_writes_no_more_over_the_same_connection() -> None:
    with serving_tokens() as (_, uses, write):
        token, text = uses.make(ROOT, NewToken("ci", ("write",), ("r*",)))

        before = write(text)
        uses.revoke(ROOT, token.id)
        after = write(text)

    assert (before.count(b" 202 "), after.count(b" 401 ")) == (2, 2)


def test_every_write_over_one_connection_tells_when_its_token_ends_and_notes_that_it_was_used() -> None:
    with serving_tokens() as (side, uses, write):
        token, text = uses.make(ROOT, NewToken("ci", ("write",)))
        write(text)
        side.app.service.identities.used.clear()

        answers = write(text)

        assert side.app.service.identities.used == {token.id}
    assert answers.count(b"\r\nregistry-token-expires: ") == 2


def test_whoever_takes_over_a_connection_writes_with_their_own_token() -> None:
    with serving_tokens() as (side, uses, write):
        for name in ("a", "b"):
            write(uses.make(ROOT, NewToken(name, ("write",)))[1])
        answers = write(KEY)

        written = [one[3] for one in side.log()[len(NAMES) :]]

    assert written == ["token:a", "token:a", "token:b", "token:b", "key:api-key", "key:api-key"]
    assert b"registry-token-expires" not in answers


def test_a_failed_commit_fails_plain_writes_too(sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("no space left")

    for side in sides:
        monkeypatch.setattr(side.app.service.registry, "atomic", fail)
    connections = [side.connect() for side in sides]

    for side, connection in zip(sides, connections, strict=True):
        connection.arrive(request("DELETE", "/templates/r"))
        side.settle(connection)

    assert connections[0].sent.startswith(b"HTTP/1.1 503 ")
    assert seen(connections[0]) == seen(connections[1])


def head(*lines: bytes) -> bytes:
    return b" HTTP/1.1\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def test_a_plain_head_is_read() -> None:
    found = write_head(head(b"Authorization: token a", b"Content-Length: 12", b'If-Match: "1"', b"Registry-Note: n"))

    assert found == WriteHead("a", 12, Conditions(Tags((Position(1),))), "n")


@pytest.mark.parametrize(
    "line",
    [
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Connection: close",
        b"Upgrade: h2c",
        b"Origin: http://elsewhere",
        b"X-Request-Id: mine",
        b"Content-Length: 1",
        b"Content-Length: %d" % (LONGEST + 1),
        b"Unknown: x",
        b"Registry-Note: \xff",
    ],
)
def test_any_other_header_makes_a_head_ordinary(line: bytes) -> None:
    lines = [b"Authorization: token a", b"Accept: */*"]
    lengths = [] if b"%d" % (LONGEST + 1) in line else [b"Content-Length: 12"]

    assert write_head(head(*lines, *lengths, line)) is NOT_PLAIN
