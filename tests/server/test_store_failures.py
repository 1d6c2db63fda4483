"""A store that fails: 503 with 2015's body, reads go on, and the server recovers by itself."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from time import monotonic, sleep

import httpx2
import pytest
from starlette.testclient import TestClient

from binder_registry import Identity, InMemoryStore, LogStore, Registry, Scope, Template
from binder_registry.errors import AuthUnavailable
from binder_registry.server import App, Options
from binder_registry.server.live import follower, group_commit

from .asking import SCIPY, R, application, asked, error_name, names
from .failing import FailingLog

DONT_PANIC = b'{"message":"Internal Server Error. Don\'t Panic. We will."}\n'
PATIENCE = 20.0  # seconds


def until(asking: Callable[[], httpx2.Response], status: int) -> httpx2.Response:
    """Ask again until the answer has this status."""
    end = monotonic() + PATIENCE
    while (answer := asking()).status_code != status:
        assert monotonic() < end, f"{answer.status_code} after {PATIENCE} s: {answer.text}"
        sleep(0.01)
    return answer


@pytest.fixture
def log() -> FailingLog:
    return FailingLog()


@pytest.fixture
def client(log: FailingLog, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """With one template."""
    monkeypatch.setattr(follower, "BACKOFF_SECONDS", (0.01, 0.05))
    with asked(application(LogStore(log))) as client:
        client.post("/templates", json=SCIPY)
        yield client


WRITES = [
    ("POST", "/templates", R),
    ("PUT", "/templates/scipy", {"command": "c"}),
    ("PATCH", "/templates/scipy", {"command": "c"}),
    ("DELETE", "/templates/scipy", None),
    ("POST", "/templates/scipy/restore", {"revision": 1}),
    ("PUT", "/templates/scipy/channels/stable", {"revision": 1}),
    ("POST", "/apply", {"templates": [R]}),
]


@pytest.mark.parametrize(("method", "target", "body"), WRITES)
def test_a_write_whose_commit_fails_is_answered_with_the_body_of_2015(
    client: TestClient, log: FailingLog, method: str, target: str, body: object
) -> None:
    log.commits_fail = True

    answer = client.request(method, target, json=body)

    assert (answer.status_code, answer.content) == (503, DONT_PANIC)
    assert error_name(answer) == "store_unavailable"
    assert answer.headers["retry-after"] == "2"


def test_a_failed_commit_is_logged_with_the_id_of_the_answer(
    client: TestClient, log: FailingLog, caplog: pytest.LogCaptureFixture
) -> None:
    log.commits_fail = True

    answer = client.post("/templates", json=R)

    assert answer.headers["request-id"] in caplog.text
    assert "THISISMYTOKEN" not in caplog.text


def test_after_one_failed_commit_writes_go_on(client: TestClient, log: FailingLog) -> None:
    log.commits_fail = True
    assert client.post("/templates", json=R).status_code == 503

    log.commits_fail = False
    answer = until(lambda: client.post("/templates", json=R), 201)

    assert answer.headers["registry-revision"] == "2"
    assert names(client.get("/templates")) == ["r", "scipy"]


def test_while_commits_fail_reads_go_on(client: TestClient, log: FailingLog) -> None:
    before = client.get("/templates").content
    log.commits_fail = True

    statuses = [client.post("/templates", json=R).status_code for _ in range(5)]

    assert statuses == [503] * 5
    assert client.get("/templates").content == before
    assert client.get("/templates/scipy?revision=1").status_code == 200
    assert client.get("/changes").status_code == 200
    assert client.get("/templates/r").status_code == 404


def test_health_tells_that_writes_fail_until_they_do_not(client: TestClient, log: FailingLog) -> None:
    healthy = client.get("/health")
    log.commits_fail = True
    client.post("/templates", json=R)

    failing, reads = client.get("/health"), client.get("/health?for=reads")
    log.commits_fail = False
    recovered = until(lambda: client.get("/health"), 200)

    assert healthy.json() == {"status": "ok", "revision": 1, "reads": True, "writes": True}
    assert (failing.status_code, reads.status_code) == (503, 200)
    assert failing.json() == {"status": "writes fail", "revision": 1, "reads": True, "writes": False}
    assert recovered.json() == healthy.json()


def test_what_a_failed_commit_wrote_all_the_same_is_shown_before_the_next_write(
    client: TestClient, log: FailingLog
) -> None:
    log.commits_unknown = True
    unknown = client.post("/templates", json=R)

    answer = until(lambda: client.put("/templates/scipy", json={"command": "c"}), 202)

    assert unknown.status_code == 503
    assert answer.headers["registry-revision"] == "3"
    assert names(client.get("/templates")) == ["r", "scipy"]


def test_the_write_of_a_failed_group_can_be_repeated(client: TestClient, log: FailingLog) -> None:
    log.commits_unknown = True
    client.post("/templates", json=R)

    answer = until(lambda: client.post("/templates", json=R), 409)

    assert error_name(answer) == "template_exists"


def test_while_the_log_cannot_be_read_the_present_still_can(client: TestClient, log: FailingLog) -> None:
    log.reads_fail = True

    present = [
        client.get(target).status_code for target in ("/", "/templates", "/templates/scipy", "/templates?name=*")
    ]
    past = [client.get(target) for target in ("/templates/scipy?revision=1", "/templates/scipy/changes")]

    assert present == [200] * 4
    assert [(answer.status_code, answer.content) for answer in past] == [(503, DONT_PANIC)] * 2


@pytest.mark.parametrize("query", ["", "?since={position}", "?limit=1", "?name=r", "?label=a"])
def test_while_the_log_cannot_be_read_the_changes_that_are_in_memory_still_can(
    client: TestClient, log: FailingLog, query: str
) -> None:
    client.post("/templates", json={**R, "labels": {"a": "b"}})
    client.patch("/templates/r", json={"labels": {}})
    target = "/changes" + query.format(position=LogStore(log).changes()[0].position)
    before = client.get(target)

    log.reads_fail = True
    answer = client.get(target)

    assert (answer.status_code, answer.content) == (200, before.content)
    assert answer.links == before.links


@pytest.mark.parametrize("query", ["?order=newest", "?since=9", "?since=1-0123456789abcdef"])
def test_while_the_log_cannot_be_read_changes_that_are_not_in_memory_cannot(
    client: TestClient, log: FailingLog, query: str
) -> None:
    log.reads_fail = True

    assert client.get(f"/changes{query}").status_code == 503


def test_what_was_written_beside_while_the_log_could_not_be_read_is_shown_later(
    client: TestClient, log: FailingLog
) -> None:
    log.reads_fail = True
    until(lambda: client.get("/health"), 503)

    log.reads_fail = False
    LogStore(log).delete_template("scipy")
    until(lambda: client.get("/templates/scipy"), 404)

    assert until(lambda: client.get("/health"), 200).json()["revision"] == 2


def test_a_write_while_the_log_cannot_be_read_fails_and_later_ones_do_not(client: TestClient, log: FailingLog) -> None:
    log.reads_fail = True
    failed = client.post("/templates", json=R)

    log.reads_fail = False
    answer = until(lambda: client.post("/templates", json=R), 201)

    assert failed.status_code == 503
    assert answer.headers["registry-revision"] == "2"


def test_a_write_behind_rows_that_cannot_be_read_is_answered_and_shown_when_they_can(
    client: TestClient, log: FailingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "SHOW_SECONDS", 0.1)
    log.pages_fail = True
    LogStore(log).register_template(Template("another server's", "i"))

    answer = client.post("/templates", json=R)
    before = names(client.get("/templates"))
    log.pages_fail = False
    until(lambda: client.get("/templates/r"), 200)

    assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (503, DONT_PANIC, "2")
    assert (before, names(client.get("/templates"))) == (["scipy"], ["another server's", "r", "scipy"])


def test_a_write_that_was_not_shown_in_time_does_not_keep_later_ones_from_their_answers(
    client: TestClient, log: FailingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "SHOW_SECONDS", 0.1)
    log.pages_fail = True
    LogStore(log).register_template(Template("another server's", "i"))
    client.post("/templates", json=R)

    log.pages_fail = False
    answer = until(lambda: client.put("/templates/r", json={"command": "later"}), 202)

    assert answer.json()["command"] == "later"


def test_an_application_that_cannot_read_its_log_at_first_starts_later(log: FailingLog) -> None:
    async def ask_twice() -> list[httpx2.Response]:
        app = application(LogStore(log))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://registry") as client:
            log.reads_fail = True
            failed = await client.get("/templates")
            log.reads_fail = False
            answers = [failed, await client.get("/templates")]
        await app.aclose()
        return answers

    failed, answer = asyncio.run(ask_twice())

    assert (failed.status_code, failed.content) == (503, DONT_PANIC)
    assert (answer.status_code, answer.content) == (200, b"[]\n")


def test_a_log_that_breaks_its_contract_stops_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "BACKOFF_SECONDS", (0.01, 0.05))
    log = FailingLog(RuntimeError("out of order"))
    with asked(application(LogStore(log))) as client:
        log.commits_fail = log.reads_fail = True
        failed = client.post("/templates", json=SCIPY)
        seen = log.failures
        end = monotonic() + PATIENCE
        while log.failures < seen + 5:
            assert monotonic() < end
            sleep(0.01)

        log.commits_fail = log.reads_fail = False
        answer = until(lambda: client.post("/templates", json=SCIPY), 201)
        LogStore(log).delete_template("scipy")

        assert (failed.status_code, failed.content) == (503, DONT_PANIC)
        assert answer.headers["registry-revision"] == "1"
        until(lambda: client.get("/templates/scipy"), 404)


class PanickingAuthStore:
    def __init__(self, failure: Exception, *, blocking: bool) -> None:
        self.blocking = blocking
        self._failure = failure

    def identify(self, token: str) -> Identity:
        raise self._failure


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize(("method", "target", "body"), [*WRITES, ("DELETE", "/templates/scipy/changes/1", None)])
def test_an_auth_store_that_panics_is_answered_with_the_body_of_2015(
    caplog: pytest.LogCaptureFixture, method: str, target: str, body: object, blocking: bool
) -> None:
    auth_store = PanickingAuthStore(RuntimeError("out of order"), blocking=blocking)
    with asked(App(Registry(InMemoryStore(), auth_store), Options())) as client:
        answer = client.request(method, target, json=body)

    assert (answer.status_code, answer.content) == (500, DONT_PANIC)
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert answer.headers["request-id"] in caplog.text


def test_an_auth_store_that_cannot_tell_is_no_refusal() -> None:
    auth_store = PanickingAuthStore(AuthUnavailable(), blocking=True)
    with asked(App(Registry(InMemoryStore(), auth_store), Options())) as client:
        answer = client.post("/templates", json=SCIPY)

    assert (answer.status_code, error_name(answer)) == (503, "auth_unavailable")
    assert answer.headers["retry-after"]


class NarrowAuthStore:
    """Tokens that are the names of the scopes they hold."""

    blocking = False

    def identify(self, token: str) -> Identity:
        return Identity(token, frozenset({Scope(token)}))


def test_a_token_without_the_scope_is_told_which_it_lacks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with asked(App(Registry(InMemoryStore(), NarrowAuthStore()), Options())) as client:
        client.headers["Authorization"] = "token read"
        write = client.post("/templates", json=SCIPY)
        client.headers["Authorization"] = "token write"
        client.post("/templates", json=SCIPY)
        purge = client.delete("/templates/scipy/changes/1")

    assert (write.status_code, write.json()["message"]) == (403, "The token does not hold the scope 'write'")
    assert (purge.status_code, purge.json()["errors"]) == (
        403,
        [{"resource": "Token", "field": "scope", "code": "missing"}],
    )


def test_a_server_stops_also_while_it_does_not_show_yet_what_a_failed_commit_wrote(
    log: FailingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower.Follower, "_follow", lambda self: self._closing.wait(0.02))
    monkeypatch.setattr(group_commit, "BACKOFF_SECONDS", (0.0, 0.0))
    with asked(application(LogStore(log))) as client:
        log.commits_unknown = True
        failed, health = client.post("/templates", json=R), client.get("/health")

    assert (failed.status_code, health.json()["status"]) == (503, "writes fail")
    assert LogStore(log).head().revision == 1
