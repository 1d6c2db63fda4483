"""Callers that go too fast: who writes too often, and who sends too many wrong tokens. Through the whole server."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, Registry, Template
from binder_registry.auth import Identity, Scope
from binder_registry.batch import Batch
from binder_registry.errors import InvalidToken
from binder_registry.server import App, Limits, Options
from binder_registry.server.uvicorn_server import protocol_of

from .asking import SCIPY, R, application, asked, error_name
from .recording import Connection, started
from .running import AUTHORIZATION
from .sockets import request


class Anybody:
    """Every token but one that begins with `wrong` is that of a holder of its own name, who may write."""

    blocking = False

    def identify(self, token: str) -> Identity:
        if token.startswith("wrong"):
            raise InvalidToken
        return Identity(token, frozenset({Scope.READ, Scope.WRITE}), "token")


def registry_of_anybody(**limits: int) -> App:
    return App(Registry(InMemoryStore(), Anybody()), Options(limits=Limits(**limits)))


def holding(token: str) -> dict[str, str]:
    return {"Authorization": f"token {token}"}


# ── writes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Writer:
    """A connection to a server that takes plain writes quickly, or (`cors_origins`) the ordinary way."""

    def __init__(self, loop: Any, app: App) -> None:
        self.app, self._loop = app, loop
        self._connection = Connection(loop, protocol_of(app), app)

    def status(self, *parts: Any, key: str) -> str:
        before = len(self._connection.sent)
        self._connection.receive(request(*parts, key=key))
        self._loop.turn_until(lambda: not self.app.service.group_commit.unanswered)
        self._connection.settle()
        self.answer = self._connection.sent[before:].decode()
        return self.answer[9:12]


@contextmanager
def writer(*, plain: bool, **limits: int) -> Iterator[Writer]:
    options = Options(cors_origins=() if plain else ("https://hub.example",), limits=Limits(**limits))
    with started(App(Registry(InMemoryStore(), Anybody()), options)) as (loop, app):
        yield Writer(loop, app)


@pytest.mark.parametrize("plain", [True, False])
def test_who_writes_too_often_is_refused_and_others_are_not(plain: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with writer(plain=plain, writes_per_minute=1, writes_burst=2) as one:
        post = "POST", "/templates", b'{"name":"r","image-name":"i"}'
        statuses = [one.status(*post, key="ada") for _ in range(3)]
        answer, refused = one.answer.lower(), dict(one.app.service.counters.refused)
        statuses.append(one.status("DELETE", "/templates/r", key="bob"))

    assert statuses == ["201", "409", "429", "200"]
    assert re.search(r"\r\nretry-after: [1-9]\d?\r\n", answer)
    assert "\r\nregistry-error: too_many_requests\r\n" in answer
    assert refused == {("template_exists", ""): 1, ("too_many_requests", "writes-per-minute"): 1}
    assert caplog.messages == []


def test_both_paths_count_the_same_writes() -> None:
    with writer(plain=True, writes_per_minute=1, writes_burst=3) as one:
        bodies = [b'{"name":"a","image-name":"i"}', b'{"name":"b","image-name":"i","labels":{"x":"y"}}'] * 2
        statuses = [one.status("POST", "/templates", body, key="ada") for body in bodies]

    assert statuses == ["201", "201", "409", "429"]


def test_a_write_in_two_pieces_counts_once() -> None:
    with writer(plain=True, writes_per_minute=1, writes_burst=2) as one:
        whole = request("POST", "/templates", b'{"name":"a","image-name":"i"}', key="ada")
        one._connection.receive(whole[:-5], whole[-5:])
        one._loop.turn_until(lambda: not one.app.service.group_commit.unanswered)

        assert one.status("DELETE", "/templates/a", key="ada") == "200"


def test_a_write_for_which_there_is_no_place_counts_once() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: Batch) -> None:
        begun.set()
        go_on.wait(20)

    with writer(plain=True, writes_per_minute=1, writes_burst=3, waiting_writes=1) as one:
        held = [one._loop.create_task(one.app.service.write(hold))]
        one._loop.turn_until(begun.is_set)
        held.append(one._loop.create_task(one.app.service.write(lambda _: None)))
        one._loop.turn()
        post = "POST", "/templates", b'{"name":"r","image-name":"i"}'
        one._connection.receive(request(*post, key="ada"))
        go_on.set()
        one._loop.turn_until(lambda: all(task.done() for task in held))
        statuses = [one._connection.sent[9:12].decode(), *(one.status(*post, key="ada") for _ in range(3))]

    assert statuses == ["503", "201", "409", "429"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/templates/scipy", {"command": "x"}),
        ("PUT", "/templates/scipy", {"command": "x"}),
        ("DELETE", "/templates/scipy", None),
        ("POST", "/templates/scipy/restore", {"revision": 1}),
        ("PUT", "/templates/scipy/channels/stable", {"revision": 1}),
        ("POST", "/apply", {"templates": [R], "dry-run": True}),
        ("DELETE", "/templates/scipy/changes/1", None),
    ],
)
def test_every_way_to_write_is_counted(method: str, path: str, body: Any) -> None:
    app = application(limits=Limits(key_writes_per_minute=1, writes_burst=1))

    with asked(app) as client:
        first, second = client.post("/templates", json=SCIPY), client.request(method, path, json=body)

    assert (first.status_code, second.status_code) == (201, 429)


def test_making_and_renewing_tokens_is_counted_and_revoking_is_not() -> None:
    with asked(application(limits=Limits(key_writes_per_minute=1, writes_burst=2))) as client:
        made = [client.post("/tokens", json={"name": name, "scopes": ["read"]}) for name in ("a", "b")]
        path = f"/tokens/{made[0].json()['id']}"
        renewed, third = client.post(f"{path}/rotate"), client.post("/tokens", json={"name": "c", "scopes": []})
        revoked = client.delete(path)

    statuses = [answer.status_code for answer in (*made, renewed, third, revoked)]
    assert statuses == [201, 201, 429, 429, 204]


def catalogue(size: int, image: str) -> dict[str, Any]:
    return {"templates": [{"name": f"t{number}", "image-name": image} for number in range(size)]}


def test_an_apply_counts_as_the_changes_that_it_makes_however_many() -> None:
    app = registry_of_anybody(writes_per_minute=1, writes_burst=10)

    with asked(app) as client:
        client.headers.update(holding("ada"))
        statuses = [
            client.post("/apply", json=catalogue(size, image)).status_code
            for size, image in [(5, "a"), (5, "a"), (100, "b"), (1, "c")]
        ]
        last = client.post("/apply", json=catalogue(1, "c"))

    assert statuses == [200, 200, 200, 429]
    assert 50 * 60 < int(last.headers["retry-after"]) <= 61 * 60  # an hour, and the time of this one


def test_a_catalogue_of_a_thousand_is_applied_again_and_again_by_default() -> None:
    with asked(registry_of_anybody()) as client:
        client.headers.update(holding("ci"))
        statuses = [client.post("/apply", json=catalogue(1000, image)).status_code for image in "ab"]

    assert statuses == [200, 200]


# ── wrong tokens ─────────────────────────────────────────────────────────────────────────────────────────────────────


FEW = {"failed_tokens_per_minute": 1, "failed_tokens_burst": 2}


@contextmanager
def behind(app: App, address: str) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://registry", client=(address, 50000)) as client:
        yield client


def tried(client: TestClient, times: int, method: str = "POST", path: str = "/templates") -> list[int]:
    """The statuses of so many requests, each with another wrong token."""
    return [client.request(method, path, headers=holding(f"wrong-{n}"), json=SCIPY).status_code for n in range(times)]


def test_who_sends_too_many_wrong_tokens_is_refused() -> None:
    with behind(application(limits=Limits(**FEW)), "192.0.2.7") as client:
        statuses = tried(client, 3)
        answer = client.post("/templates", json=SCIPY, headers=holding("wrong"))

    assert statuses == [401, 401, 429]
    assert (answer.status_code, error_name(answer)) == (429, "too_many_requests")
    assert "failed-tokens-per-minute" in answer.json()["message"]
    assert int(answer.headers["retry-after"]) > 60


def test_a_good_token_is_let_in_whatever_was_tried_from_its_address() -> None:
    with behind(application(limits=Limits(**FEW)), "192.0.2.7") as client:
        tried(client, 5)

        assert client.post("/templates", json=SCIPY, headers=AUTHORIZATION).status_code == 201


@pytest.mark.parametrize(
    ("address", "other", "statuses"),
    [
        ("192.0.2.7", "192.0.2.8", [401, 401]),
        ("192.0.2.7", "192.0.2.7", [429, 429]),
        ("2001:db8::1", "2001:db8::2", [429, 429]),
        ("2001:db8::1", "2001:db8:0:1::1", [401, 401]),
    ],
)
def test_wrong_tokens_count_for_an_address_or_a_network_of_64_bits(
    address: str, other: str, statuses: list[int]
) -> None:
    app = application(limits=Limits(**FEW))

    with behind(app, address) as client:
        tried(client, 2)
        found = tried(TestClient(app, client=(other, 1)), 2)

    assert found == statuses


def test_who_has_no_address_is_not_counted() -> None:
    with behind(application(limits=Limits(**FEW)), "/run/registry:1.sock") as client:
        assert tried(client, 5) == [401] * 5


def test_without_a_bound_every_wrong_token_is_a_401() -> None:
    with behind(application(limits=Limits(failed_tokens_per_minute=0, failed_tokens_burst=1)), "192.0.2.7") as client:
        assert tried(client, 5) == [401] * 5


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/templates"),
        ("GET", "/templates/scipy"),
        ("GET", "/changes"),
        ("POST", "/apply"),
        ("POST", "/tokens"),
        ("GET", "/tokens/self"),
    ],
)
def test_wrong_tokens_of_every_route_are_counted(method: str, path: str) -> None:
    store = InMemoryStore()
    store.register_template(Template("scipy", "jupyter/scipy"))
    app = application(store, protect_reads=True, limits=Limits(**FEW))

    with behind(app, "192.0.2.7") as client:
        client.headers["Accept"] = "text/event-stream" if path == "/changes" else "*/*"
        statuses = tried(client, 3, method, path)

    assert statuses == [401, 401, 429]


def test_a_request_without_a_token_is_no_wrong_one() -> None:
    with behind(application(limits=Limits(**FEW)), "192.0.2.7") as client:
        answers = [client.post("/templates", json=SCIPY) for _ in range(4)]
        bare = [client.post("/templates", json=SCIPY, headers={"Authorization": "token"}) for _ in range(4)]

    assert {answer.status_code for answer in [*answers, *bare]} == {401}


def test_refusals_of_wrong_tokens_are_counted_once_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    app = application(limits=Limits(**FEW))
    with behind(app, "192.0.2.7") as client:
        caplog.clear()
        tried(client, 5)

    counted = app.service.counters.refused
    assert counted == {("invalid_token", ""): 2, ("too_many_requests", "failed-tokens-per-minute"): 3}
    assert [record for record in caplog.records if record.name.startswith("binder_registry")] == []
