"""Connections, retries, redirects, the cache and what is sent along: against a server that says what the test wants."""

import socket
from threading import Thread

import pytest

from binder_registry import Client, Template
from binder_registry.client import transport
from binder_registry.errors import (
    InvalidRequest,
    InvalidToken,
    StoreUnavailable,
    TemplateNotFound,
    TooBusy,
    TooManyRequests,
)

from .stub import Answers, Opened, json_answer

SCIPY = {"name": "scipy", "image-name": "jupyter/scipy", "command": "", "limits": {}}
TAG = '"7-0123456789abcdef"'
FOUND = json_answer(SCIPY, Registry_Revision="7", ETag=TAG)
BUSY = json_answer({"message": "busy"}, 503, Registry_Error="too_busy")
NO_ANSWER = Answers(cut=True)


pytestmark = pytest.mark.usefixtures("short_delays")


# ── retries ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("failure", [BUSY, NO_ANSWER, Answers(502), Answers(504), Answers(429)])
def test_a_read_is_tried_again_until_it_succeeds(opened: Opened, failure: Answers) -> None:
    client, stub = opened(lambda _, turn: FOUND if turn == 3 else failure, retries=3)

    assert client.get_template("scipy").name == "scipy"
    assert len(stub.asked) == 4


@pytest.mark.parametrize(("failure", "error"), [(BUSY, TooBusy), (NO_ANSWER, StoreUnavailable)])
def test_a_read_is_tried_as_often_as_was_asked(opened: Opened, failure: Answers, error: type[Exception]) -> None:
    client, stub = opened(lambda *_: failure, retries=2)

    with pytest.raises(error):
        client.get_template("scipy")

    assert len(stub.asked) == 3


@pytest.mark.parametrize("failure", [BUSY, NO_ANSWER])
def test_a_write_is_sent_once(opened: Opened, failure: Answers) -> None:
    client, stub = opened(lambda *_: failure, retries=3)

    with pytest.raises((TooBusy, StoreUnavailable)):
        client.register_template(Template("scipy", "jupyter/scipy"))

    assert len(stub.asked) == 1


def too_soon(seconds: str = "0") -> Answers:
    return json_answer({"message": "slowly"}, 429, Registry_Error="too_many_requests", Retry_After=seconds)


def test_a_write_that_came_too_soon_is_sent_again_as_it_was(opened: Opened) -> None:
    written = json_answer(SCIPY, 201, Registry_Revision="7", ETag=TAG)
    client, stub = opened(lambda _, turn: written if turn == 2 else too_soon(), retries=3)

    assert client.register_template(Template("scipy", "jupyter/scipy")).revision == 7
    assert [(asked.method, asked.body) for asked in stub.asked[1:]] == [(stub.asked[0].method, stub.asked[0].body)] * 2


@pytest.mark.parametrize("kind", [{}, {"Registry_Error": "too_busy"}])
def test_a_write_that_something_else_refuses_for_coming_too_soon_is_sent_once(
    opened: Opened, kind: dict[str, str]
) -> None:
    client, stub = opened(lambda *_: json_answer({"message": "slowly"}, 429, **kind), retries=3)

    with pytest.raises(TooBusy):
        client.register_template(Template("scipy", "jupyter/scipy"))

    assert len(stub.asked) == 1


@pytest.mark.parametrize(("seconds", "waits"), [("7", 1), ("10", 1), ("11", 0), ("3600", 0)])
def test_a_write_is_held_back_for_ten_seconds_at_most(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, seconds: str, waits: int
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("binder_registry.client.transport.time.sleep", slept.append)
    client, _ = opened(lambda *_: too_soon(seconds), retries=1)

    with pytest.raises(TooManyRequests, match="slowly") as refused:
        client.register_template(Template("scipy", "jupyter/scipy"))

    assert refused.value.retry_after == int(seconds)
    assert (len(slept), all(second >= int(seconds) for second in slept)) == (waits, True)


def test_what_became_of_a_write_without_an_answer_is_unknown_and_said_so(opened: Opened) -> None:
    client, _ = opened(lambda *_: NO_ANSWER)

    with pytest.raises(StoreUnavailable, match="whether it took effect is unknown"):
        client.update_template(Template("scipy", "jupyter/scipy"))


@pytest.mark.parametrize("status", [400, 404, 410, 500])
def test_what_would_fail_again_is_not_tried_again(opened: Opened, status: int) -> None:
    client, stub = opened(lambda *_: json_answer({"message": "no"}, status))

    with pytest.raises(Exception, match="no"):
        client.get_template("scipy")

    assert len(stub.asked) == 1


def test_a_server_is_left_alone_for_as_long_as_it_asks(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("binder_registry.client.transport.time.sleep", slept.append)
    busy = json_answer({"message": "busy"}, 503, Retry_After="7")
    client, _ = opened(lambda _, turn: FOUND if turn else busy)

    client.get_template("scipy")

    assert 7 <= slept[0] < 8


def test_a_server_that_asks_for_too_much_is_not_waited_for(opened: Opened) -> None:
    client, stub = opened(lambda *_: json_answer({"message": "later"}, 503, Retry_After="3600"))

    with pytest.raises(StoreUnavailable, match="later"):
        client.get_template("scipy")

    assert len(stub.asked) == 1


def test_delays_grow_and_are_drawn_at_random() -> None:
    many = [[transport.backoff(attempt) for _ in range(50)] for attempt in (0, 3, 100)]

    assert max(many[0]) < min(many[1])
    assert max(many[2]) <= transport.LONGEST_DELAY
    assert all(len(set(delays)) > 1 for delays in many)


def test_an_unreachable_registry_is_named() -> None:
    with socket.socket() as unused:  # bound, but nobody listens
        unused.bind(("127.0.0.1", 0))
        where = f"http://127.0.0.1:{unused.getsockname()[1]}"

        with Client(where, "secret-token", retries=0) as client, pytest.raises(StoreUnavailable) as failure:
            client.get_template("scipy")

    assert f"{where} cannot be reached" in str(failure.value)
    assert "secret" not in str(failure.value)


# ── connections ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_connection_serves_many_requests() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        port = listening.getsockname()[1]
        with Client(f"http://127.0.0.1:{port}", retries=0, timeout=10) as client:

            def serve() -> None:
                connection, _ = listening.accept()
                with connection:
                    for _ in range(3):
                        received = b""
                        while not received.endswith(b"\r\n\r\n"):
                            received += connection.recv(4096)
                        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"ok"}')

            thread = Thread(target=serve)
            thread.start()

            answers = [client.health() for _ in range(3)]
            thread.join()

    assert answers == [{"status": "ok"}] * 3


@pytest.mark.parametrize("path", ["/services/registry", "/services/registry/"])
def test_a_registry_may_live_below_a_path(opened: Opened, path: str) -> None:
    client, stub = opened(lambda *_: FOUND, path)

    client.get_template("a b+c%2F")

    assert [asked.path for asked in stub.asked] == ["/services/registry/templates/a%20b%2Bc%252F"]


def test_url_and_token_come_from_the_environment(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    _, stub = opened(lambda *_: FOUND)
    monkeypatch.setenv("BINDER_REGISTRY_URL", stub.url)
    monkeypatch.setenv("BINDER_API_KEY", "from-the-environment\n")

    with Client() as client:
        client.get_template("scipy")

    assert stub.heads("authorization") == ["token from-the-environment"]


@pytest.mark.parametrize("token", ["two words", "new\nline", "ünï"])
def test_what_cannot_be_a_token_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(InvalidToken) as refusal:
        Client("http://127.0.0.1", token)

    assert token not in str(refusal.value)


def test_a_closed_client_says_so(opened: Opened) -> None:
    client, _ = opened(lambda *_: FOUND)
    client.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        client.get_template("scipy")


def test_a_server_that_drains_or_cannot_write_says_so(opened: Opened) -> None:
    draining = {"status": "draining", "revision": 7, "reads": True, "writes": False}
    client, stub = opened(lambda *_: json_answer(draining, 503, Retry_After="2"))

    assert client.health() == draining
    assert len(stub.asked) == 1


# ── redirects ────────────────────────────────────────────────────────────────────────────────────────────────────────


def redirect(status: int, where: str) -> Answers:
    return Answers(status, {"Location": where})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_read_follows_redirects_within_the_origin(opened: Opened, status: int) -> None:
    client, stub = opened(lambda asked, _: FOUND if asked.path == "/moved" else redirect(status, "/moved"), token="K")

    assert client.get_template("scipy").name == "scipy"
    assert stub.heads("authorization") == ["token K", "token K"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_neither_request_nor_token_goes_to_another_host(opened: Opened, status: int) -> None:
    _, other = opened(lambda *_: FOUND)
    client, _ = opened(lambda *_: redirect(status, f"{other.url}/templates/scipy"), token="K", retries=0)

    with pytest.raises(StoreUnavailable, match=other.url):
        client.get_template("scipy")

    assert other.asked == []


@pytest.mark.parametrize("status", [307, 308])
def test_a_write_follows_a_redirect_that_keeps_it_whole(opened: Opened, status: int) -> None:
    client, stub = opened(lambda asked, _: FOUND if asked.path == "/moved" else redirect(status, "/moved"))

    client.register_template(Template("scipy", "jupyter/scipy"))

    assert [(asked.method, asked.body) for asked in stub.asked] == [("POST", stub.asked[0].body)] * 2


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_lose_a_write_is_refused(opened: Opened, status: int) -> None:
    client, stub = opened(lambda *_: redirect(status, "/moved"))

    with pytest.raises(StoreUnavailable, match="redirects"):
        client.register_template(Template("scipy", "jupyter/scipy"))

    assert len(stub.asked) == 1


def test_a_redirect_to_itself_ends(opened: Opened) -> None:
    client, stub = opened(lambda *_: redirect(302, "/round"), retries=0)

    with pytest.raises(StoreUnavailable, match="without end"):
        client.get_template("scipy")

    assert len(stub.asked) == transport.MOST_REDIRECTS


# ── what is no question and no answer ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "\ud800"])
def test_a_name_that_no_url_holds_is_not_found(opened: Opened, name: str) -> None:
    client, stub = opened(lambda *_: FOUND)

    with pytest.raises(TemplateNotFound):
        client.get_template(name)

    assert stub.asked == []


def test_a_name_longer_than_any_url_is_refused(opened: Opened) -> None:
    client, stub = opened(lambda *_: FOUND)

    with pytest.raises(InvalidRequest, match="too long"):
        client.get_template("a" * 70_000)

    assert stub.asked == []


def test_a_page_of_something_else_is_no_answer(opened: Opened) -> None:
    client, _ = opened(lambda *_: Answers(200, {"Content-Type": "text/html"}, b"<h1>Sign in</h1>"))

    with pytest.raises(StoreUnavailable, match="is the URL right"):
        client.list_templates()
