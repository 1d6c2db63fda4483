"""The stream, against a server that says what the test wants."""

import json
from itertools import islice
from typing import Any

import pytest

from binder_registry.changes import Position
from binder_registry.errors import InvalidToken, PositionUnknown, RouteNotFound, StoreUnavailable, UnexpectedError

from .stub import Answers, Asked, Opened, json_answer

pytestmark = pytest.mark.usefixtures("short_delays")

STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}
NO_ANSWER = Answers(cut=True)


def position(revision: int) -> str:
    return f"{revision}-{revision:016x}"


def change(revision: int, **more: Any) -> dict[str, Any]:
    return {
        "revision": revision,
        "position": position(revision),
        "time": "2026-01-01T00:00:00.5Z",
        "action": "created",
        "name": "scipy",
        "previous": 0,
        "first": revision,
        "digest": "00" * 16,
        "template": {"name": "scipy"},
    } | more


def event(revision: int, **more: Any) -> bytes:
    return f"id: {position(revision)}\ndata: {json.dumps(change(revision, **more))}\n\n".encode()


def log_of(length: int, *, at_once: int) -> Any:
    """Answers as a server does that holds `length` changes and sends `at_once` of them before it drops the stream, the
    last one in half."""

    def answer(asked: Asked, _: int) -> Answers:
        since = int(asked.headers["last-event-id"].split("-")[0])
        events = b"".join(event(revision) for revision in range(since + 1, min(since + at_once, length) + 1))
        return Answers(200, STREAM, b":\n\n" + events + event(since + at_once + 1)[:-1])

    return answer


def test_a_stream_that_breaks_is_taken_up_where_it_broke(opened: Opened) -> None:
    client, stub = opened(log_of(10, at_once=3))

    found = [change.revision for change in islice(client.watch(since=0), 10)]

    assert found == list(range(1, 11))
    assert stub.heads("last-event-id") == ["0", position(3), position(6), position(9)]


def test_a_quiet_stream_is_taken_up_where_its_heartbeats_were(opened: Opened) -> None:
    quiet = Answers(200, STREAM, f":\nid: {position(7)}\n\n".encode())
    client, stub = opened(lambda asked, number: quiet if number == 0 else Answers(200, STREAM, event(8)))

    found = [change.revision for change in islice(client.watch(since=0, label="a=b"), 1)]

    assert found == [8]
    assert stub.heads("last-event-id") == ["0", position(7)]


def test_what_was_had_before_is_not_given_again(opened: Opened) -> None:
    client, _ = opened(lambda *_: Answers(200, STREAM, event(1) + event(2) + event(1) + event(3)))

    assert [change.revision for change in islice(client.watch(since=1), 2)] == [2, 3]


def test_a_stream_starts_where_the_log_was_when_it_was_asked_for(opened: Opened) -> None:
    def answer(asked: Asked, _: int) -> Answers:
        if asked.headers["accept"] == "text/event-stream":
            return Answers(200, STREAM, event(8))
        return json_answer({"changes": [change(7)]}, ETag=f'"{position(7)}"', Registry_Revision="7")

    client, stub = opened(answer)

    changes = client.watch()

    assert len(stub.asked) == 1
    assert next(changes).revision == 8
    assert stub.heads("last-event-id") == [None, position(7)]


def test_filters_go_with_every_connection(opened: Opened) -> None:
    client, stub = opened(log_of(4, at_once=2))

    list(islice(client.watch(since=0, name="a b", label=["x=1", "!y"]), 4))

    assert {asked.path for asked in stub.asked} == {"/changes?name=a%20b&label=x%3D1&label=%21y"}


def test_a_registry_that_was_never_there_is_given_up(opened: Opened) -> None:
    client, stub = opened(lambda *_: NO_ANSWER, retries=2)

    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        next(client.watch(since=0))

    assert len(stub.asked) == 3


def test_a_registry_that_was_there_is_waited_for(opened: Opened) -> None:
    unavailable = json_answer({"message": "m"}, 502)
    client, stub = opened(
        lambda _, turn: Answers(200, STREAM, event(turn)) if turn in (0, 9) else unavailable if turn % 2 else NO_ANSWER,
        retries=2,
    )

    assert [change.revision for change in islice(client.watch(since=-1), 2)] == [0, 9]
    assert len(stub.asked) == 10


@pytest.mark.parametrize("name", ["too_busy", "auth_unavailable", "store_unavailable"])
def test_a_server_that_asks_to_be_left_alone_is_for_so_long(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("binder_registry.client.watch.time.sleep", slept.append)
    busy = json_answer({"message": "m"}, 503, Registry_Error=name, Retry_After="7")
    client, _ = opened(lambda _, turn: busy if turn == 1 else Answers(200, STREAM, event(turn)))

    assert [change.revision for change in islice(client.watch(since=-1), 2)] == [0, 2]
    assert slept[0] < 1
    assert 7 <= slept[1] < 8


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        *(("30", 30), ("3600", 60), ("9" * 500, 60), ("-5", 0), ("", 0), ("soon", 0), ("1e9", 0), ("nan", 0)),
        *(
            ("Fri, 31 Dec 9999 23:59:59 GMT", 60),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Fri, 31 Dec 2999 23:59:59", 0),
        ),
        *((f"Fri, 31 Dec {'9' * 30} 23:59:59 GMT", 0), ("Fri, 99 Dec 2999 99:99:99 GMT", 0)),
    ],
)
@pytest.mark.parametrize("turn_of_refusal", [0, 1])
def test_a_stream_goes_on_however_long_it_is_asked_to_wait(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, asked: str, seconds: int, turn_of_refusal: int
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("binder_registry.client.watch.time.sleep", slept.append)
    busy = json_answer({"message": "m"}, 503, Retry_After=asked)
    client, _ = opened(lambda _, turn: busy if turn == turn_of_refusal else Answers(200, STREAM, event(turn)))

    changes = list(islice(client.watch(since=-1), 2))

    assert [change.revision for change in changes] == [turn for turn in range(3) if turn != turn_of_refusal]
    assert seconds <= slept[turn_of_refusal] < seconds + 1


@pytest.mark.parametrize(
    ("name", "status", "kind"), [("position_unknown", 410, PositionUnknown), ("invalid_token", 401, InvalidToken)]
)
def test_what_no_waiting_mends_is_raised(opened: Opened, name: str, status: int, kind: type[Exception]) -> None:
    gone = json_answer({"message": "m"}, status, Registry_Error=name)
    client, _ = opened(lambda _, turn: gone if turn else Answers(200, STREAM, event(1)))
    changes = client.watch(since=0)
    next(changes)

    with pytest.raises(kind):
        next(changes)


def test_a_log_that_went_back_is_noticed(opened: Opened) -> None:
    """It never shows the revision that was seen; asked without it, it says that the position is not in its log."""

    def answer(asked: Asked, turn: int) -> Answers:
        if not turn:
            return Answers(200, STREAM, event(9))
        if "registry-revision" in asked.headers:
            return json_answer({"message": "m"}, 412, Registry_Error="revision_not_shown", Registry_Revision="3")
        return json_answer({"message": "m"}, 410, Registry_Error="position_unknown", Registry_Revision="3")

    client, _ = opened(answer)
    changes = client.watch(since=8)
    next(changes)

    with pytest.raises(PositionUnknown):
        next(changes)


def test_a_change_is_read_whole(opened: Opened) -> None:
    told = event(7, by="ada", note="why", previous=3, first=6, action="deleted", deleted=True, digest="ab" * 16)
    client, _ = opened(lambda *_: Answers(200, STREAM, told))

    found = next(client.watch(since=6))

    assert found.position == Position.parse(position(7))
    assert (found.by, found.note, found.previous, found.first) == ("ada", "why", 3, 6)
    assert (found.action, found.deleted, found.digest) == ("deleted", True, b"\xab" * 16)
    assert found.content == b'{"name": "scipy"}'
    assert found.time.isoformat() == "2026-01-01T00:00:00.500000+00:00"


def test_what_is_no_stream_is_said_so(opened: Opened) -> None:
    client, _ = opened(lambda *_: json_answer({"changes": []}))

    with pytest.raises(RouteNotFound, match="does not stream"):
        next(client.watch(since=0))


def test_an_event_that_cannot_be_read_is_an_error_and_no_silence(opened: Opened) -> None:
    client, _ = opened(lambda *_: Answers(200, STREAM, event(1, time="yesterday")))

    with pytest.raises(UnexpectedError, match="cannot read"):
        next(client.watch(since=0))


def test_a_stream_ends_with_its_client(opened: Opened) -> None:
    client, _ = opened(log_of(10, at_once=1))
    changes = client.watch(since=0)
    next(changes)

    client.close()

    assert list(changes) == []
