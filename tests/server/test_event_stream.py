"""`GET /changes` as a stream of events."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPResponse
from time import monotonic, sleep
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, LogStore, Position, Template
from binder_registry.changes import Change
from binder_registry.conformance.reading_out import folded, whole_log
from binder_registry.server import Limits
from binder_registry.server.handlers import event_stream
from binder_registry.server.live import event_ring
from binder_registry.server.live.change_filter import Filter

from .asking import application, listening
from .failing import FailingLog
from .running import KEY
from .sockets import PATIENCE, connected

TOKEN = f"Authorization: token {KEY}"


class Stream:
    """What one reader is sent. `ids` are those of the events so far."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response
        self.ids: list[str] = []

    @property
    def revisions(self) -> list[int]:
        return [int(position.partition("-")[0]) for position in self.ids]

    def block(self) -> list[str] | None:
        """The lines up to the next empty one; None when the stream has ended."""
        lines = []
        while (line := self.response.readline().decode()) not in ("", "\n"):
            lines.append(line.removesuffix("\n"))
        return lines if line else None

    def events(self, count: int) -> list[dict[str, Any]]:
        """The next ones, past comments."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            lines = self.block()
            assert lines is not None, f"the stream ended after {len(found)} of {count} events"
            if lines[0] == ":":
                continue
            assert [line.partition(":")[0] for line in lines] == ["id", "data"]
            self.ids.append(lines[0].removeprefix("id: "))
            found.append(json.loads(lines[1].removeprefix("data: ")))
            assert found[-1]["position"] == self.ids[-1]
        return found

    def rest(self) -> None:
        """All that comes before the stream ends."""
        while (lines := self.block()) is not None:
            if lines[0] != ":":
                self.ids.append(lines[0].removeprefix("id: "))


@contextmanager
def streamed(port: int, query: str = "", *headers: str, receive: int = 0) -> Iterator[Stream]:
    """`receive` is the size of the reader's buffer in bytes; 0 leaves it."""
    with socket.socket() as sock:
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.settimeout(PATIENCE)
        sock.connect(("127.0.0.1", port))
        lines = [f"GET /changes{query} HTTP/1.1", "Host: r", "Accept: text/event-stream, */*;q=0.1", *headers, "", ""]
        sock.sendall("\r\n".join(lines).encode())
        with closing(HTTPResponse(sock)) as response:
            response.begin()
            assert response.status == 200, response.read()
            yield Stream(response)


def write(store: LogStore, count: int, **members: Any) -> None:
    for _ in range(count):
        store.register_template(Template(f"t{store.head().revision + 1}", "i", **members))


def test_a_stream_starts_now_and_says_so_at_once(store: InMemoryStore, port: int) -> None:
    write(store, 3)
    with connected(port) as connection:
        assert connection.ask("GET", "/templates", b"", "Registry-Revision: 3").status == 200

    with streamed(port) as stream:
        first = stream.block()
        write(store, 2)
        events = stream.events(2)

    assert first == [":"]
    assert [event["revision"] for event in events] == [4, 5]
    assert stream.response.getheader("content-type") == "text/event-stream"
    assert stream.response.getheader("cache-control") == "no-store"


def test_an_event_is_the_row_of_the_log(store: InMemoryStore, port: int) -> None:
    write(store, 2)

    with streamed(port, "?since=0", TOKEN) as stream:
        events = stream.events(2)  # which come once the server has heard of both

    with connected(port) as connection:
        rows = connection.ask("GET", "/changes").json()["changes"]
    assert events == rows


@pytest.mark.parametrize("header", [TOKEN, "Authorization: token wrong", "X: y"])
def test_who_wrote_it_is_sent_only_with_a_token(store: InMemoryStore, port: int, header: str) -> None:
    store.register_template(Template("a", "i"), by="somebody")

    with streamed(port, "?since=0", header) as stream:
        [event] = stream.events(1)

    assert event.get("by") == ("somebody" if header == TOKEN else None)


def test_a_stream_resumes_from_any_place_and_loses_and_repeats_nothing(store: InMemoryStore, port: int) -> None:
    write(store, 10)
    with streamed(port, "?since=0") as stream:
        stream.events(10)

    for seen, position in enumerate(stream.ids, 1):
        with streamed(port, "", f"Last-Event-ID: {position}") as resumed:
            write(store, 1)
            resumed.events(10)
        assert resumed.revisions == list(range(seen + 1, seen + 11))


def test_the_last_event_id_wins_over_since(store: InMemoryStore, port: int) -> None:
    write(store, 3)

    with streamed(port, "?since=0", f"Last-Event-ID: {store.changes()[1].position}") as stream:
        [event] = stream.events(1)

    assert event["revision"] == 3


def test_folding_the_stream_gives_the_list(store: InMemoryStore, port: int) -> None:
    with streamed(port) as stream:
        stream.block()
        write(store, 20)
        for number in range(1, 20, 3):
            store.delete_template(f"t{number}")
        store.update_template(Template("t2", "new"))
        store.restore_template("t1", 1)
        stream.events(store.head().revision)

    assert stream.ids == [str(change.position) for change in whole_log(store)]
    assert folded(whole_log(store)) == store.list_templates()


def test_a_filtered_stream_sends_what_leaves_the_selector_as_deleted(store: InMemoryStore, port: int) -> None:
    a, b = Template("a", "i", labels={"course": "x"}), Template("b", "i")

    with streamed(port, "?label=course=x") as stream:
        stream.block()
        store.register_template(a)
        store.register_template(b)
        store.replace_template(replace(a, labels={}))
        store.replace_template(replace(a, command="c", labels={}))
        store.replace_template(replace(b, labels={"course": "x"}))
        store.delete_template("b")
        events = stream.events(4)

    assert [(event["revision"], event["action"], event.get("deleted", False)) for event in events] == [
        (1, "created", False),
        (3, "deleted", True),
        (5, "updated", False),
        (6, "deleted", True),
    ]


def test_a_filtered_stream_that_resumes_sends_the_same(store: InMemoryStore, port: int) -> None:
    a = Template("a", "i", labels={"course": "x"})
    store.register_template(a)
    store.replace_template(replace(a, labels={}))
    store.replace_template(a)

    with streamed(port, "?label=course=x&since=1") as stream:
        events = stream.events(2)

    assert [(event["revision"], event.get("deleted", False)) for event in events] == [(2, True), (3, False)]


def test_a_filtered_stream_tells_of_what_left_also_when_what_was_before_is_purged(
    store: InMemoryStore, port: int
) -> None:
    a = Template("a", "i", labels={"course": "x"})
    store.register_template(a)
    store.replace_template(replace(a, labels={}))
    store.purge_change("a", 1)

    with streamed(port, "?label=course=x&since=1") as stream:
        events = stream.events(1)

    assert [(event["revision"], event.get("deleted", False)) for event in events] == [(2, True)]


def test_a_stream_of_one_name_is_exact(store: InMemoryStore, port: int) -> None:
    with streamed(port, "?name=t2&since=0") as stream:
        write(store, 3)
        store.delete_template("t2")
        events = stream.events(2)

    assert [event["revision"] for event in events] == [2, 4]


def test_heartbeats_are_comments_of_which_the_first_says_where_to_resume(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.02)
    write(store, 2)

    with listening(application(store)) as port, streamed(port) as stream:
        blocks = [stream.block() for _ in range(5)]

    assert blocks == [[":"], [":", f"id: {store.head()}"], [":"], [":"], [":"]]


@pytest.mark.parametrize("query", ["?since=1", "?since=1&label=course=x", "?since=1&name=quiet"])
def test_a_position_that_was_named_without_its_mark_is_told_with_it(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.02)
    write(store, 1)

    with listening(application(store)) as port, streamed(port, query) as stream:
        blocks = [stream.block() for _ in range(3)]

    assert blocks == [[":"], [":", f"id: {store.head()}"], [":"]]


def test_after_an_event_heartbeats_repeat_no_position(store: InMemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    write(store, 1)
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.02)

    with listening(application(store)) as port, streamed(port, "?since=0") as stream:
        stream.events(1)
        blocks = [stream.block() for _ in range(3)]

    assert blocks == [[":"]] * 3


@pytest.mark.parametrize("filtered", ["label=course=x", "label=course", "name=quiet"])
def test_a_reader_whose_filter_matches_nothing_gets_a_newer_position_to_resume_from(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch, filtered: str
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.02)

    with listening(application(store)) as port, streamed(port, f"?since=0&{filtered}") as stream:
        write(store, 5, labels={"year": "2026"})
        while (lines := stream.block()) != [":", f"id: {store.head()}"]:
            assert lines is not None
            assert lines[0] == ":"


@pytest.mark.parametrize("header", [TOKEN, "X: y"])
def test_the_past_is_gone_through_once_for_all_readers_of_a_quiet_filter(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setattr(event_stream, "PAGE", 10)
    store.register_template(Template("quiet", "i", labels={"quiet": "1"}))
    write(store, 100)
    read, whole = store.changes, list[int]()
    ends = [[":", f"id: {change.position}"] for change in read(since=99)]

    def changes(*, since: Position, limit: int, **bounds: Any) -> list[Change]:
        if limit == 10 and since.revision < 100:
            whole.append(since.revision)
        return read(since=since, limit=limit, **bounds)

    monkeypatch.setattr(store, "changes", changes)

    with listening(application(store, limits=Limits(ring_changes=1))) as port:
        for since in (3, 17):
            with streamed(port, f"?since={since}&label=quiet=1", header) as stream:
                while (lines := stream.block()) not in ends:
                    assert lines is not None

    assert whole == list(range(10, 100, 10))


def test_what_is_purged_leaves_what_was_kept_of_the_past(store: InMemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "PAGE", 2)
    secret = Template("secret", "i", labels={"quiet": "1"})
    store.register_template(secret)
    store.update_template(replace(secret, image_name="j"))
    write(store, 3)

    with listening(application(store, limits=Limits(ring_changes=1))) as port:
        with streamed(port, "?since=0&label=quiet=1") as stream:
            [before] = stream.events(1)
        store.purge_change("secret", 1)
        with connected(port) as connection:
            connection.ask("GET", "/templates", b"", f"Registry-Revision: {store.head().revision}")
        with streamed(port, "?since=0&label=quiet=1") as stream:
            [after] = stream.events(1)

    assert "template" in before
    assert "template" not in after


def test_a_reader_that_is_further_behind_than_the_ring_reads_on_from_the_store(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PAGE", 4)

    with listening(application(store, limits=Limits(ring_changes=3))) as port:
        write(store, 30)
        with streamed(port, "?since=0") as stream:
            stream.events(30)
            write(store, 10)
            stream.events(10)

    assert stream.revisions == list(range(1, 41))


def test_readers_that_are_far_behind_meet_in_pieces_that_are_made_once(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_ring, "MEET", 3)
    app = application(store)

    with listening(app) as port, streamed(port) as first:
        write(store, 10)
        first.events(10)
        own, own_too, same = (
            app.service.ring.piece_after(Position(place), by=False, chosen=Filter()) for place in (1, 2, 3)
        )
        write(store, 1)
        first.events(1)
        later = app.service.ring.piece_after(Position(3), by=False, chosen=Filter())
        with streamed(port, "?since=2") as behind:
            behind.events(9)

    pieces = [(piece[0].count(b"id: "), piece[1].revision) for piece in (own, own_too, same) if piece]
    assert pieces == [(2, 3), (1, 3), (3, 6)]
    assert later is same
    assert behind.revisions == list(range(3, 12))


def test_a_reader_that_takes_nothing_is_dropped_and_resumes_without_loss(
    store: InMemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "SEND_SECONDS", 0.1)
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.1)

    app = application(store)

    with listening(app) as port, streamed(port, receive=4096) as slow:
        write(store, 1000, description="x" * 10_000)
        quiet = store.head()
        with streamed(port, f"?since={quiet}") as quick:
            heartbeats = [quick.block() for _ in range(10)]  # meanwhile the time of the slow one is over
        write(store, 1)
        slow.rest()
        with streamed(port, "", f"Last-Event-ID: {slow.ids[-1]}") as resumed:
            resumed.events(1001 - len(slow.ids))

    assert app.service.counters.refused["reader_dropped", "event-stream"] == 1
    assert heartbeats == [[":"], [":", f"id: {quiet}"], *[[":"]] * 8]
    assert slow.revisions + resumed.revisions == list(range(1, 1002))


@pytest.mark.parametrize("header", ["Last-Event-ID: {0}", "X: {0}"])
def test_a_position_of_another_log_is_gone(port: int, header: str) -> None:
    other = InMemoryStore()
    write(other, 1)
    query = "" if header.startswith("Last") else f"?since={other.head()}"

    with connected(port) as connection:
        answer = connection.ask(
            "GET", f"/changes{query}", b"", "Accept: text/event-stream", header.format(other.head())
        )

    assert (answer.status, answer.headers["registry-error"]) == (410, "position_unknown")


def test_when_another_log_takes_the_place_of_this_one_streams_end_and_cannot_resume(
    store: InMemoryStore, port: int
) -> None:
    write(store, 3)
    other = InMemoryStore()
    write(other, 2)

    with streamed(port, "?since=0") as stream:
        stream.events(3)
        store.log = other.log
        stream.rest()
    with connected(port) as connection:
        resumed = connection.ask(
            "GET", "/changes", b"", "Accept: text/event-stream", f"Last-Event-ID: {stream.ids[-1]}"
        )
        listed = connection.ask("GET", "/templates")

    assert resumed.status == 410
    assert [template["name"] for template in listed.json()] == ["t1", "t2"]
    assert listed.headers["etag"] == f'"{other.head()}"'


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ("text/event-stream", True),
        ("TEXT/Event-Stream", True),
        ("text/event-stream;charset=utf-8", True),
        ("text/event-stream; q=0.1", True),
        ("text/event-stream, application/json", True),
        ("application/json;q=0.5, text/event-stream;q=0.9", True),
        ("text/*", True),
        ("text/event-stream, */*;q=0.1", True),
        ("text/event-stream;q=0", False),
        ("text/event-stream;q=0.000", False),
        ("text/event-stream ; Q=0", False),
        ("text/event-stream;q=0, */*", False),
        ("text/event-stream;q=0, text/*", False),
        ("text/event-stream;q=0.5, application/json", False),
        ("text/event-streams", False),
        ("application/text/event-stream", False),
        ("*/*", False),
        ("application/*, text/*", False),
        ("text/html, application/xhtml+xml, */*;q=0.8", False),
        ("text/event-stream;q=x", False),
        ("", False),
    ],
)
def test_a_stream_is_for_clients_that_prefer_one(client: TestClient, accept: str, streams: bool) -> None:
    answer = client.head("/changes", headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream" if streams else "application/json")


@pytest.mark.parametrize("parameter", ["limit=1", "wait=1", "order=newest", "before=1"])
def test_what_is_for_pages_does_not_go_with_a_stream(port: int, parameter: str) -> None:
    with connected(port) as connection:
        answer = connection.ask("GET", f"/changes?{parameter}", b"", "Accept: text/event-stream")

    assert (answer.status, answer.hints()) == (400, [parameter.partition("=")[0]])


@pytest.mark.parametrize(
    ("target", "header", "field"),
    [
        ("/changes?since=x", "X: y", "since"),
        ("/changes?since=x", "Last-Event-ID: 0", "since"),
        ("/changes?since=1&since=2", "X: y", "since"),
        ("/changes", "Last-Event-ID: x", "Last-Event-ID"),
        ("/changes?since=0", "Last-Event-ID: 1-2", "Last-Event-ID"),
        ("/changes", "Registry-Revision: x", "Registry-Revision"),
    ],
)
def test_what_is_malformed_is_told_before_a_stream_begins(port: int, target: str, header: str, field: str) -> None:
    with connected(port) as connection:
        answer = connection.ask("GET", target, b"", "Accept: text/event-stream", header)

    assert (answer.status, answer.hints()) == (400, [field])


def test_head_of_a_stream_ends(port: int) -> None:
    with connected(port) as connection:
        answer = connection.ask("HEAD", "/changes", b"", "Accept: text/event-stream")

        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
        assert connection.ask("GET", "/templates").status == 200


def test_a_log_that_cannot_be_read_ends_the_stream_of_who_is_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event_stream, "PAGE", 1)
    monkeypatch.setattr(event_stream, "SEND_SECONDS", 60)
    log = FailingLog()
    store = LogStore(log)
    write(store, 400, description="x" * 10_000)  # more than the buffers take, so that it is still being read

    with (
        listening(application(store, limits=Limits(ring_changes=1))) as port,
        streamed(port, "?since=0", receive=4096) as stream,
    ):
        stream.events(1)
        log.reads_fail = True
        stream.rest()
        log.reads_fail = False
        with streamed(port, "", f"Last-Event-ID: {stream.ids[-1]}") as resumed:
            resumed.events(400 - len(stream.ids))

    assert stream.revisions + resumed.revisions == list(range(1, 401))
    assert "Traceback" not in caplog.text


def test_readers_that_leave_are_forgotten(store: InMemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.02)
    app = application(store)
    with listening(app) as port:
        for _ in range(20):
            with streamed(port) as stream:
                stream.block()

        end = monotonic() + PATIENCE
        while app.service.ring.streams:
            assert monotonic() < end
            sleep(0.01)
