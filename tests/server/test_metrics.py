"""`/metrics`: what it tells, to whom, and what it costs."""

import asyncio
import http.client
import re
from contextlib import closing
from datetime import datetime
from itertools import count
from threading import Event

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from binder_registry import Identity, InMemoryStore, LogStore, Registry
from binder_registry.auth import Scope
from binder_registry.server import App, Limits, Options
from binder_registry.server.http.counters import MOST_SERIES, Counters
from binder_registry.server.metrics import scrape
from binder_registry.server.metrics.exposition import rendered
from binder_registry.server.metrics.readings import Buckets, _requests
from binder_registry.server.metrics.table import METRICS
from binder_registry.server.uvicorn_server import protocol_of
from binder_registry.token_uses import TokenUses

from .asking import SCIPY, R, application, asked, error_name
from .failing import FailingLog
from .recording import Connection, started
from .running import AUTHORIZATION, KEY
from .sockets import request

LABELS = {metric.name: metric.labels for metric in METRICS}


@pytest.fixture(autouse=True)
def without_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "REST_SECONDS", 0.0)


def told(text: str) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, in the order of the table."""
    return {
        (sample.name, *(sample.labels[label] for label in _labels(sample.name, sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _labels(name: str, given: dict[str, str]) -> list[str]:
    known = LABELS.get(name) or LABELS.get(re.sub("_(bucket|sum|count)$", "", name)) or ()
    assert {*given} - {"le"} == {*known}
    return [*known, *(["le"] if "le" in given else [])]


def scraped(client: TestClient) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return told(answer.text)


class OneScopeEach:
    """A token is the scope that it holds."""

    blocking = False

    def identify(self, token: str) -> Identity:
        return Identity(token, frozenset({Scope(token)}), "user")


@pytest.mark.parametrize("scope", Scope)
def test_metrics_are_for_holders_of_their_scope_alone(scope: Scope) -> None:
    with asked(App(Registry(InMemoryStore(), OneScopeEach()), Options())) as client:
        answer = client.get("/metrics", headers={"Authorization": f"token {scope}"})

    assert (answer.status_code == 200) is (scope is Scope.METRICS)
    assert error_name(answer) == ("" if scope is Scope.METRICS else "missing_scope")


def test_who_brings_no_token_is_refused_and_told_nothing() -> None:
    with asked(application()) as client:
        del client.headers["Authorization"]
        answer = client.get("/metrics")

    assert (answer.status_code, error_name(answer)) == (401, "missing_auth_header")
    assert "binder_registry" not in answer.text


def test_a_head_says_what_a_get_would_and_a_parameter_is_refused(client: TestClient) -> None:
    head, parameter = client.head("/metrics"), client.get("/metrics?x=1")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert head.headers["cache-control"] == "no-store"
    assert (parameter.status_code, error_name(parameter)) == (400, "invalid_request")


def test_every_metric_of_the_table_is_told_with_its_type_and_meaning(client: TestClient) -> None:
    text = client.get("/metrics").text

    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.meaning}\n# TYPE {metric.name} {metric.kind}\n" in text


def test_templates_are_counted_by_state_and_changes_by_action(client: TestClient) -> None:
    templates: list[dict[str, object]] = [
        {"name": "a"},
        {"name": "b", "deprecated": "use a"},
        {"name": "c", "paused": "back on Monday", "deprecated": "use a"},
        {"name": "d", "labels": {"deprecated": "no", "paused": "no"}},
        {"name": "e"},
    ]
    for template in templates:
        client.post("/templates", json={**SCIPY, **template})
    before = scraped(client)
    client.patch("/templates/a", json={"deprecated": "use d"})
    client.delete("/templates/e")
    after = scraped(client)

    states = [("current", 3, 1), ("deprecated", 1, 2), ("paused", 1, 1), ("deleted", 0, 1)]
    for state, first, then in states:
        assert (before["binder_registry_templates", state], after["binder_registry_templates", state]) == (first, then)
    changes = {labels[0]: value for (name, *labels), value in after.items() if name == "binder_registry_changes_total"}
    assert changes == {"created": 5, "updated": 1, "deleted": 1, "restored": 0, "purged": 0, "promoted": 0}
    assert after["binder_registry_revision",] == 7


def test_commits_are_counted_with_their_times_and_how_many_writes_they_took(client: TestClient) -> None:
    client.post("/templates", json=SCIPY)
    client.post("/apply", json={"templates": [R, {**R, "name": "s"}]})
    found = scraped(client)

    assert found["binder_registry_commit_duration_seconds_count",] == 2
    assert found["binder_registry_commit_writes_sum",] == 2
    assert found["binder_registry_commit_writes_bucket", "1.0"] == 2
    assert found["binder_registry_changes_total", "created"] == 3


def test_refusals_are_told_by_their_error_and_limits_by_their_name() -> None:
    with asked(application(limits=Limits(body_bytes=100))) as client:
        client.get("/templates/none")
        client.post("/templates", content=b"x" * 101)
        found = scraped(client)

    assert found["binder_registry_refused_total", "template_not_found", ""] == 1
    assert found["binder_registry_refused_total", "body_too_large", ""] == 1
    assert found["binder_registry_limit_reached_total", "streams"] == 0
    assert ("binder_registry_limit_reached_total", "body-bytes") not in found


def test_a_limit_that_was_reached_is_counted_by_its_name() -> None:
    with asked(application(limits=Limits(key_writes_per_minute=1, writes_burst=1))) as client:
        statuses = [client.post("/templates", json={**SCIPY, "name": name}).status_code for name in "ab"]
        found = scraped(client)

    assert statuses == [201, 429]
    assert found["binder_registry_limit_reached_total", "key-writes-per-minute"] == 1
    assert found["binder_registry_refused_total", "too_many_requests", "key-writes-per-minute"] == 1


def test_tokens_are_counted_by_whose_they_are_and_what_came_of_them(client: TestClient) -> None:
    client.post("/templates", json=SCIPY)
    for token in ("WRONG", "binreg_WRONG"):
        client.post("/templates", json=SCIPY, headers={"Authorization": f"token {token}"})
    found = scraped(client)

    assert found["binder_registry_authentications_total", "key", "good"] == 2
    assert found["binder_registry_authentications_total", "others", "invalid_token"] == 1
    assert found["binder_registry_authentications_total", "token", "invalid_token"] == 1


def test_a_plain_write_counts_as_one_with_a_good_token() -> None:
    with started(application()) as (loop, app):
        connection = Connection(loop, protocol_of(app), app)
        connection.receive(request("POST", "/templates", b'{"name":"a","image-name":"b"}', key=KEY))
        loop.turn_until(lambda: bool(connection.sent))

    assert dict(app.service.identities.good) == {"key": 1}
    assert app.service.counters._writes.keys() == {(b"POST", 201)}


def test_tokens_that_live_are_told_by_their_public_id_and_when_they_end(client: TestClient) -> None:
    made = [
        client.post("/tokens", json={"name": name, "scopes": ["read"], "expires-in": days * 86400}).json()
        for name, days in {"long": 30, "short": 2, "gone": 1}.items()
    ]
    client.delete(f"/tokens/{made[2]['id']}")
    found = scraped(client)

    ends = {
        key[1]: value for key, value in found.items() if key[0] == "binder_registry_token_expires_timestamp_seconds"
    }
    assert ends.keys() == {made[0]["id"], made[1]["id"]}
    assert found["binder_registry_tokens",] == 2
    for one in made[:2]:
        assert ends[one["id"]] == pytest.approx(datetime.fromisoformat(one["expires"]).timestamp(), abs=1)


def test_of_many_tokens_those_that_end_first_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "SOONEST", 2)
    with asked(application()) as client:
        made = {
            days: client.post(
                "/tokens", json={"name": str(days), "scopes": ["read"], "expires-in": days * 86400}
            ).json()
            for days in (3, 1, 2)
        }
        found = scraped(client)

    told_of = {key[1] for key in found if key[0] == "binder_registry_token_expires_timestamp_seconds"}
    assert told_of == {made[1]["id"], made[2]["id"]}
    assert found["binder_registry_tokens",] == 3


def test_a_database_that_fails_is_told_and_does_not_hold_the_metrics_up() -> None:
    log = FailingLog()
    with asked(application(LogStore(log))) as client:
        before = scraped(client)
        log.commits_fail = log.reads_fail = True
        status = client.post("/templates", json=SCIPY).status_code
        after = scraped(client)

    assert status == 503
    assert before["binder_registry_store_failures_total", "commit"] == 0
    assert before["binder_registry_available", "writes"] == 1
    assert after["binder_registry_store_failures_total", "commit"] == 1
    assert after["binder_registry_available", "writes"] == 0
    assert after["binder_registry_available", "reads"] == 1
    assert after["binder_registry_commit_duration_seconds_count",] == 0


def test_a_database_that_is_silent_about_tokens_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Event()
    monkeypatch.setattr(TokenUses, "living", lambda _: answers.wait(60) and ())
    try:
        with asked(application()) as client:
            found = [scraped(client) for _ in range(2)]
            answers.set()
    finally:
        answers.set()

    assert [one["binder_registry_tokens",] for one in found] == [0, 0]


def test_a_server_that_lacks_changes_says_how_many_and_for_how_long() -> None:
    with asked(application()) as client:
        follower = client.app.service.follower  # type: ignore[attr-defined]
        follower.close()
        follower.head, follower.in_step_at = 3, follower.in_step_at - 100
        found = scraped(client)
        follower._closing.clear()

    assert found["binder_registry_follower_lag_revisions",] == 3
    assert found["binder_registry_follower_lag_seconds",] > 100


def test_requests_of_both_paths_are_told_as_one_series(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        for headers in ({}, {"X-Unknown": "1"}):
            connection.request("GET", "/", headers=headers)
            connection.getresponse().read()
        connection.request("GET", "/metrics", headers=AUTHORIZATION)
        found = told(connection.getresponse().read().decode())

    assert found["http_server_request_duration_seconds_count", "GET", "/", "200"] == 2
    assert found["http_server_request_duration_seconds_bucket", "GET", "/", "200", "+Inf"] == 2
    assert not [key for key in found if "/metrics" in key]


def test_what_callers_ask_for_makes_no_more_series_than_there_may_be() -> None:
    counters = Counters()

    for number in range(2 * MOST_SERIES):
        counters.add((f"/{number}", "PROPFIND", 400 + number % 2), 1, 0.001)
    found = [labels for metric, labels, _ in _requests(counters) if metric.kind == "histogram"]

    assert len(found) == MOST_SERIES + 2
    assert {labels[0] for labels in found} == {"_OTHER"}
    assert sum(series.count for _, series in counters.items()) == 2 * MOST_SERIES


def test_no_label_holds_what_a_caller_chose(client: TestClient) -> None:
    client.post("/templates", json={**SCIPY, "name": "hush-hush"}, headers={"Registry-Note": "hush-hush"})
    client.get("/templates/hush-hush")
    client.get("/hush-hush", headers={"Authorization": "token hush-hush"})
    client.request("HUSH-HUSH", "/templates")
    client.post("/tokens", json={"name": "hush-hush", "scopes": ["read"]})

    assert "hush" not in client.get("/metrics").text.lower()


def test_who_asks_while_a_text_is_made_shares_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made, app = count(), application()
    monkeypatch.setattr(scrape, "rendered", lambda readings: b"%d" % next(made) + rendered(readings))

    async def ask() -> list[bytes]:
        await app.start()
        try:
            return await asyncio.gather(*(app.service.metrics.text() for _ in range(50)))
        finally:
            await app.aclose()

    texts = asyncio.run(ask())

    assert len({id(text) for text in texts}) == 1
    assert next(made) == 1


def test_texts_take_a_tenth_of_the_time_at_most_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "REST_SECONDS", 0.01)
    app = application()

    async def twice() -> list[float]:
        await app.start()
        clock, rests = asyncio.get_running_loop().time, list[float]()
        try:
            for _ in range(2):
                await app.service.metrics.text()
                rests.append(app.service.metrics._not_before)
                rests.append(clock())
        finally:
            await app.aclose()
        return rests

    until, _, _, then = asyncio.run(twice())

    assert then >= until


def test_the_first_bucket_of_requests_ends_at_a_tenth_of_a_millisecond() -> None:
    counters = Counters()
    counters.add(("/", "GET", 200), 0, 0.00009)

    [(_, _, buckets), _] = _requests(counters)

    assert isinstance(buckets, Buckets)
    assert (buckets.bounds[0], buckets.counts[0]) == (0.0001, 1)
