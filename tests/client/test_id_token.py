"""Id-tokens instead of a key: where they come from, who is asked for them, and where they never go."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from binder_registry import Client, Template
from binder_registry.client.id_token import ATTEMPTS, MARGIN, Renewed
from binder_registry.errors import (
    AuthUnavailable,
    InvalidRequest,
    InvalidToken,
    RouteNotFound,
    StoreUnavailable,
    Unauthorized,
)
from tests.jobs import ENDPOINT_KEY, minted, of_github

from .stub import Answers, Asked, Opened, Stub, json_answer, running
from .test_watch import log_of

SCIPY = Template("scipy", "jupyter/scipy")
SHOWN = {"name": "scipy", "image-name": "jupyter/scipy", "command": "", "limits": {}}
TAG = '"7-0123456789abcdef"'
FOUND = json_answer(SHOWN, Registry_Revision="7", ETag=TAG)
REFUSED = json_answer({"message": "no"}, 401, Registry_Error="missing_auth_header")
TOKEN = minted()

pytestmark = pytest.mark.usefixtures("short_delays")


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """GitHub's, of this job; its tokens are numbered."""
    with running(lambda _, turn: json_answer({"count": 1, "value": minted(f"number-{turn}")})) as stub:
        for name, value in of_github(stub.url).items():
            monkeypatch.setenv(name, value)
        yield stub


@pytest.fixture(params=["github", "gitlab", "kubernetes"])
def job(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], int]:
    """Of each system, with a token to have; gives how often somebody was asked for one."""
    if request.param == "github":
        stub: Stub = request.getfixturevalue("endpoint")
        stub.answer = lambda *_: json_answer({"value": TOKEN})
        return lambda: len(stub.asked)
    if request.param == "gitlab":
        monkeypatch.setenv("BINDER_REGISTRY_ID_TOKEN", f"{TOKEN}\n")
    else:
        file = tmp_path / "token"
        file.write_text(TOKEN)
        monkeypatch.setenv("BINDER_REGISTRY_ID_TOKEN_FILE", str(file))
    return lambda: 0


def short_lived(turn: int) -> str:
    """So that it is asked for each time."""
    return minted(f"number-{turn}", seconds=10)


def protected(asked: Asked, _: int) -> Answers:
    return FOUND if "authorization" in asked.headers else REFUSED


# ── where it comes from, and when it is shown ────────────────────────────────────────────────────────────────────────


def test_a_write_shows_the_id_token_of_its_job(opened: Opened, job: Callable[[], int]) -> None:
    client, stub = opened(lambda *_: FOUND)

    client.register_template(SCIPY)

    assert stub.heads("authorization") == [f"Bearer {TOKEN}"]


def test_a_read_of_an_open_registry_asks_nobody(opened: Opened, job: Callable[[], int]) -> None:
    client, stub = opened(lambda *_: FOUND)

    client.get_template("scipy")

    assert (stub.heads("authorization"), job()) == ([None], 0)


def test_reads_of_a_protected_registry_show_it_from_the_first_refusal_on(
    opened: Opened, job: Callable[[], int]
) -> None:
    client, stub = opened(protected, retries=0)

    client.get_template("scipy")
    client.get_template("scipy")

    assert stub.heads("authorization") == [None, *[f"Bearer {TOKEN}"] * 2]


def test_who_one_is_is_asked_with_it_at_once(opened: Opened, job: Callable[[], int]) -> None:
    client, stub = opened(lambda *_: json_answer({"by": "publisher:scipy"}))

    client.tokens.whoami()

    assert stub.heads("authorization") == [f"Bearer {TOKEN}"]


def test_a_read_that_is_refused_with_it_too_is_refused(opened: Opened, job: Callable[[], int]) -> None:
    client, stub = opened(lambda *_: REFUSED)

    with pytest.raises(Unauthorized):
        client.get_template("scipy")

    assert len(stub.asked) == 2


def test_a_stream_of_a_protected_registry_shows_it(opened: Opened, job: Callable[[], int]) -> None:
    client, stub = opened(lambda asked, turn: protected(asked, turn) if turn < 2 else REFUSED)

    with pytest.raises(RouteNotFound):  # what the stub sends is no stream
        next(client.watch(since=7))

    assert stub.heads("authorization") == [None, f"Bearer {TOKEN}"]


def test_that_it_ends_soon_is_no_news(opened: Opened, job: Callable[[], int]) -> None:
    ended = "2026-11-27T00:05:00Z"
    client, _ = opened(lambda *_: json_answer(SHOWN, Registry_Revision="7", ETag=TAG, Registry_Token_Expires=ended))

    client.register_template(SCIPY)

    assert client.warnings() == []


@pytest.mark.parametrize("key", ["argument", "environment"])
def test_a_key_takes_its_place(
    opened: Opened, job: Callable[[], int], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    if key == "environment":
        monkeypatch.setenv("BINDER_API_KEY", "K")
    client, stub = opened(lambda *_: FOUND, **({"token": "K"} if key == "argument" else {}))

    client.register_template(SCIPY)

    assert (stub.heads("authorization"), job()) == (["token K"], 0)


def test_who_wants_no_token_shows_none(opened: Opened, job: Callable[[], int]) -> None:
    client, stub = opened(lambda *_: FOUND, token="")

    client.register_template(SCIPY)

    assert (stub.heads("authorization"), job()) == ([None], 0)


def test_a_file_is_read_again(opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "token"
    monkeypatch.setenv("BINDER_REGISTRY_ID_TOKEN_FILE", str(file))
    client, stub = opened(lambda *_: FOUND)

    for token in ("first", "second\n"):
        file.write_text(token)
        client.register_template(SCIPY)

    assert stub.heads("authorization") == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("content", [None, "", " \n", "two words", "ünï", "x" * 16385])
def test_a_file_without_a_token_is_named_and_not_repeated(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("BINDER_REGISTRY_ID_TOKEN_FILE", str(file))
    client, stub = opened(lambda *_: FOUND)

    with pytest.raises(InvalidToken, match="BINDER_REGISTRY_ID_TOKEN_FILE: ") as refusal:
        client.register_template(SCIPY)

    assert not content or content not in str(refusal.value)
    assert stub.asked == []


# ── GitHub's endpoint ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["", "/", "/services/registry/"])
def test_a_token_is_asked_for_to_show_it_to_the_registry(opened: Opened, endpoint: Stub, path: str) -> None:
    client, stub = opened(lambda *_: FOUND, path)

    client.register_template(SCIPY)

    [asked] = endpoint.asked
    assert asked.headers["authorization"] == f"Bearer {ENDPOINT_KEY}"
    assert urlsplit(asked.path).path == "/token"
    assert parse_qs(urlsplit(asked.path).query) == {
        "api-version": ["2.0"],
        "audience": [stub.url + path.rstrip("/")],
    }


def test_a_registry_that_is_known_by_another_name_is_named(
    opened: Opened, endpoint: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINDER_REGISTRY_ID_TOKEN_AUDIENCE", "https://registry.example.org")
    client, _ = opened(lambda *_: FOUND)

    client.register_template(SCIPY)

    assert parse_qs(urlsplit(endpoint.asked[0].path).query)["audience"] == ["https://registry.example.org"]


def test_many_writes_share_a_token(opened: Opened, endpoint: Stub) -> None:
    client, stub = opened(lambda *_: FOUND)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(client.register_template, SCIPY) for _ in range(16)]:
            future.result()

    assert len(endpoint.asked) == 1
    assert set(stub.heads("authorization")) == {f"Bearer {minted('number-0')}"}


@pytest.mark.parametrize(("seconds", "asked"), [(0, 1), (300 - MARGIN - 1, 1), (300 - MARGIN, 2), (1000, 2)])
def test_a_token_that_is_about_to_end_is_asked_for_anew(seconds: float, asked: int) -> None:
    times = iter([7.0, 7.0 + seconds])
    numbers = count()
    token = Renewed(lambda: minted(f"{next(numbers)}"), clock=lambda: next(times))

    token()
    token()

    assert next(numbers) == asked


@pytest.mark.parametrize("odd", ["opaque", "a.b", "a.!.c", "a.bnVsbA.c", minted(exp="soon")])
def test_a_token_that_does_not_say_when_it_ends_is_asked_for_each_time(odd: str) -> None:
    made = [odd, odd]
    token = Renewed(made.pop)

    token()
    token()

    assert made == []


def test_an_endpoint_that_fails_is_asked_again(opened: Opened, endpoint: Stub) -> None:
    endpoint.answer = lambda _, turn: [Answers(503), Answers(429), Answers(cut=True), json_answer({"value": TOKEN})][
        turn
    ]
    client, stub = opened(lambda *_: FOUND)

    client.register_template(SCIPY)

    assert stub.heads("authorization") == [f"Bearer {TOKEN}"]


def test_a_stream_goes_on_with_new_tokens_and_waits_for_one(opened: Opened, endpoint: Stub) -> None:
    away = range(1, 1 + 2 * ATTEMPTS)
    endpoint.answer = lambda _, turn: Answers(500) if turn in away else json_answer({"value": short_lived(turn)})
    client, stub = opened(lambda asked, turn: log_of(6, at_once=3)(asked, turn) if turn else REFUSED)

    found = [change.revision for change in islice(client.watch(since=0), 6)]

    assert found == [1, 2, 3, 4, 5, 6]
    assert stub.heads("authorization") == [None, *(f"Bearer {short_lived(turn)}" for turn in (0, 1 + 2 * ATTEMPTS))]


def test_a_stream_that_never_began_does_not_wait_for_a_token(opened: Opened, endpoint: Stub) -> None:
    endpoint.answer = lambda *_: Answers(500)
    client, _ = opened(lambda *_: REFUSED)

    with pytest.raises(AuthUnavailable):
        next(client.watch(since=0))

    assert len(endpoint.asked) == ATTEMPTS


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (Answers(401, body=TOKEN.encode()), Unauthorized, "`id-token: write`"),
        (Answers(403, body=TOKEN.encode()), Unauthorized, "`id-token: write`"),
        (Answers(302, {"Location": "/elsewhere"}), Unauthorized, "answered 302"),
        (Answers(500), AuthUnavailable, "answered 500"),
        (Answers(cut=True), AuthUnavailable, "cannot be reached"),
        (Answers(200, body=b"<html>"), AuthUnavailable, "without a token"),
        (Answers(200, body=b"\xff"), AuthUnavailable, "without a token"),
        (json_answer({"values": TOKEN}), AuthUnavailable, "without a token"),
        (json_answer([TOKEN]), AuthUnavailable, "without a token"),
        (json_answer({"value": f"{TOKEN} x"}), InvalidToken, "is no token"),
        (json_answer({"value": ""}), InvalidToken, "is no token"),
    ],
)
def test_what_the_endpoint_does_not_give_is_told_without_secrets(
    opened: Opened, endpoint: Stub, answer: Answers, error: type[Exception], told: str
) -> None:
    endpoint.answer = lambda *_: answer
    client, stub = opened(lambda *_: FOUND)

    with pytest.raises(error, match=told) as refusal:
        client.register_template(SCIPY)

    assert (TOKEN in str(refusal.value), ENDPOINT_KEY in str(refusal.value)) == (False, False)
    assert stub.asked == []


@pytest.mark.parametrize(
    "address", ["http://registry.invalid/token", "token", "https:///token", "ftp://127.0.0.1/", "https://[::1"]
)
def test_the_key_of_the_endpoint_goes_nowhere_else(
    opened: Opened, endpoint: Stub, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", address)
    client, _ = opened(lambda *_: FOUND)

    with pytest.raises(InvalidToken, match="ACTIONS_ID_TOKEN_REQUEST_URL"):
        client.register_template(SCIPY)

    assert endpoint.asked == []


@pytest.mark.parametrize("key", ["", " ", "two words"])
def test_an_endpoint_without_its_key_is_told(
    opened: Opened, endpoint: Stub, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", key)
    client, _ = opened(lambda *_: FOUND)

    with pytest.raises(InvalidToken, match="ACTIONS_ID_TOKEN_REQUEST_TOKEN: what is there is no token"):
        client.register_template(SCIPY)

    assert endpoint.asked == []


# ── where it never goes ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [307, 308])
def test_it_does_not_follow_a_redirect_to_another_host(opened: Opened, job: Callable[[], int], status: int) -> None:
    _, other = opened(lambda *_: FOUND)
    client, _ = opened(lambda *_: Answers(status, {"Location": f"{other.url}/templates"}))

    with pytest.raises(StoreUnavailable, match="redirects"):
        client.register_template(SCIPY)

    assert other.asked == []


@pytest.mark.parametrize("url", ["http://registry.invalid", "http://10.0.0.1:8080", "http://localhost.invalid"])
def test_over_plain_http_it_does_not_leave_the_machine(job: Callable[[], int], url: str) -> None:
    with Client(url, retries=0) as client, pytest.raises(InvalidRequest, match="plain http"):
        client.register_template(SCIPY)

    assert job() == 0


def test_a_proxy_is_not_this_machine(opened: Opened, job: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    _, proxy = opened(lambda *_: FOUND)
    monkeypatch.setenv("http_proxy", proxy.url)

    with Client("http://127.0.0.1:9", retries=0) as client, pytest.raises(InvalidRequest, match="plain http"):
        client.register_template(SCIPY)

    assert proxy.asked == []


def test_a_client_does_not_show_it_to_who_looks_at_it(opened: Opened, job: Callable[[], int]) -> None:
    client, _ = opened(lambda *_: FOUND)
    client.register_template(SCIPY)

    seen = [repr(part) for part in (client, client._transport.credential, client._transport.credential.header)]

    assert [text for text in seen if TOKEN in text] == []
