"""Publishing with id-tokens over HTTP, from an issuer on loopback."""

import json
import logging
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from binder_registry import InMemoryStore, Registry, TokenAuthStore
from binder_registry.auth import EVERYTHING, Reach, Scope
from binder_registry.hub_auth import HubAuthStore
from binder_registry.publishers import issuer_keys
from binder_registry.publishers.fetching import Source
from binder_registry.publishers.rules import Claim, Publisher
from binder_registry.publishers.store import PublisherTokens, WithPublishers
from binder_registry.server import App, Options
from binder_registry.server.handlers.fast_writes import FastWrites
from binder_registry.server.http import identities
from binder_registry.server.live import follower

from ..hub_stub import HubStub
from ..publishers.hostile import HOSTILE
from ..publishers.issuer import AUDIENCE, GITHUB, Issuer, ec_key, ed_key, rsa_key, running_issuer
from .asking import SCIPY, R, error_name, hints, listening
from .running import AUTHORIZATION, KEY, running_server
from .test_stopping import until

Client = httpx2.Client
SENDER = (rsa_key(), ec_key(), ed_key())


class Jobs:
    """A registry that an issuer's jobs publish to."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.rules = [publisher(issuer)]
        self.tokens = PublisherTokens(self.rules, [Source(issuer.url)])

    @contextmanager
    def serving(self, **options: Any) -> Iterator[Client]:
        keys = TokenAuthStore(KEY)
        auth = WithPublishers(self.tokens, keys, keys=keys)
        with (
            listening(App(Registry(InMemoryStore(), auth), Options(**options))) as port,
            Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            yield client


def publisher(issuer: Issuer, name: str = "scipy-image", **changes: Any) -> Publisher:
    members: dict[str, Any] = {
        "audience": AUDIENCE,
        "claims": (Claim(("repository_id",), "456789"),),
        "scopes": frozenset([Scope.WRITE]),
        "reach": EVERYTHING,
    }
    return Publisher(name, issuer.url, **(members | changes))


def holding(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    with running_issuer(*SENDER) as issuer:
        yield issuer


@pytest.fixture
def issuer(running: Issuer) -> Issuer:
    running.reset(*SENDER)
    return running


@pytest.fixture
def jobs(issuer: Issuer) -> Jobs:
    return Jobs(issuer)


@pytest.fixture
def client(jobs: Jobs) -> Iterator[Client]:
    with jobs.serving() as client:
        yield client


@pytest.fixture(scope="module")
def shared(running: Issuer) -> Iterator[Client]:
    """Of one server for all tokens that change nothing."""
    running.reset(*SENDER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(follower, "WAIT_SECONDS", 0.02)  # closing waits for it
        with Jobs(running).serving() as client:
            yield client


# ── who gets in ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_job_publishes_with_its_id_token_and_the_history_leads_to_its_run(client: Client, issuer: Issuer) -> None:
    answer = client.post("/templates", json=SCIPY, headers=holding(issuer.token()))

    [change] = client.get("/changes", headers=AUTHORIZATION).json()["changes"]
    assert (answer.status_code, change["by"]) == (201, "publisher:scipy-image")
    assert change["note"] == f"{GITHUB['sha']} {issuer.url}/octo-org/octo-repo/actions/runs/30433642"


def test_a_note_of_the_jobs_own_stands(client: Client, issuer: Issuer) -> None:
    client.post("/templates", json=SCIPY, headers=holding(issuer.token()) | {"Registry-Note": "a new base"})

    [change] = client.get("/changes", headers=AUTHORIZATION).json()["changes"]
    assert change["note"] == "a new base"


def test_every_verb_notes_the_run(client: Client, issuer: Issuer) -> None:
    job = holding(issuer.token())
    client.post("/templates", json=SCIPY, headers=job)
    client.put("/templates/scipy", json={"image-name": "b"}, headers=job)
    client.patch("/templates/scipy", json={"image-name": "c"}, headers=job)
    client.post("/templates/scipy/restore", json={"revision": 1}, headers=job)
    client.post("/apply", json={"templates": [R]}, headers=job)
    client.delete("/templates/scipy", headers=job)

    changes = client.get("/changes", headers=AUTHORIZATION).json()["changes"]
    assert [change["note"].endswith("/runs/30433642") for change in changes] == [True] * 6


@pytest.mark.parametrize("key", SENDER, ids=lambda key: key.algorithm)
def test_each_algorithm_that_is_taken_verifies(shared: Client, running: Issuer, key: Any) -> None:
    running.key = key

    answer = shared.get("/tokens/self", headers=holding(running.token()))

    running.key = rsa_key()
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("change", [{"aud": [AUDIENCE]}, {"nbf": 0}, {"exp": 1e10 + 0.5}, {"x": [1, {}]}])
def test_what_issuers_write_in_several_ways_is_taken(shared: Client, running: Issuer, change: dict[str, Any]) -> None:
    assert shared.get("/tokens/self", headers=holding(running.token(GITHUB | change))).status_code == 200


@pytest.mark.parametrize("times", [{"exp": -25, "iat": -300, "nbf": -300}, {"iat": 25, "exp": 300}, {"nbf": 25}])
def test_clocks_may_be_off_by_half_a_minute(shared: Client, running: Issuer, times: dict[str, int]) -> None:
    token = running.token(GITHUB | {name: int(time.time()) + after for name, after in times.items()})

    assert shared.get("/tokens/self", headers=holding(token)).status_code == 200


def test_an_id_token_tells_who_it_is(shared: Client, running: Issuer) -> None:
    told = shared.get("/tokens/self", headers=holding(running.token(now=1_900_000_000 - 300 - 10))).status_code
    told_now = shared.get("/tokens/self", headers=holding(running.token())).json()

    assert told == 401
    assert told_now.pop("expires").endswith("Z")
    assert told_now == {
        "by": "publisher:scipy-image",
        "kind": "publisher",
        "name": "scipy-image",
        "scopes": ["write"],
        "reach": {"templates": [], "labels": []},
    }


def test_no_answer_to_an_id_token_speaks_of_a_token_that_is_to_be_renewed(client: Client, issuer: Issuer) -> None:
    job = holding(issuer.token())

    first = client.post("/templates", json=SCIPY, headers=job)
    second = client.put("/templates/scipy", json={"image-name": "b"}, headers=job)

    assert "registry-token-expires" not in {*first.headers, *second.headers}


def test_a_publisher_does_what_its_scopes_and_its_reach_let_it(issuer: Issuer, jobs: Jobs) -> None:
    jobs.tokens.renew([publisher(issuer, reach=Reach((("scipy*",),)))], [Source(issuer.url)])
    with jobs.serving() as client:
        job = holding(issuer.token())

        assert error_name(client.post("/templates", json=R, headers=job)) == "out_of_reach"
        assert client.post("/templates", json=SCIPY, headers=job).status_code == 201
        assert error_name(client.get("/audit", headers=job)) == "missing_scope"
        assert (
            error_name(client.post("/tokens", json={"name": "a", "scopes": ["write"]}, headers=job)) == "missing_scope"
        )


def test_the_second_write_is_answered_without_a_question(client: Client, issuer: Issuer) -> None:
    job = holding(issuer.token())
    client.post("/templates", json=SCIPY, headers=job)
    issuer.answering.clear()

    assert client.put("/templates/scipy", json={"image-name": "b"}, headers=job).status_code == 202
    assert issuer.questions == 1


def test_the_second_write_takes_the_quick_path(issuer: Issuer, jobs: Jobs) -> None:
    app = App(Registry(InMemoryStore(), WithPublishers(jobs.tokens, TokenAuthStore(KEY))), Options())
    writes, token = FastWrites(app.service), issuer.token()
    assert writes.who(token) is None

    jobs.tokens.identify(token)

    who = writes.who(token)
    assert who is not None
    assert who.by == "publisher:scipy-image"


# ── who does not ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_no_token_and_nothing_of_it_is_written_down(
    shared: Client, running: Issuer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = HOSTILE[name](running)

    with caplog.at_level(logging.DEBUG):
        answer = shared.post("/templates", json=SCIPY, headers=holding(token))

    assert (answer.status_code, error_name(answer)) == (401, "invalid_token"), answer.text
    told = answer.text + str(answer.headers) + caplog.text
    assert [part for part in token.split(".") if len(part) > 20 and part in told] == []
    assert answer.json()["message"].startswith("Invalid token: ")


def test_more_claims_than_a_head_may_hold_are_refused_before_they_are_read(shared: Client, running: Issuer) -> None:
    token = running.token(GITHUB | {"more": "x" * 1024**2})

    answer = shared.get("/tokens/self", headers=holding(token))

    assert (answer.status_code, error_name(answer)) == (431, "head_too_large")


def test_a_good_token_of_nobodys_is_told_which_claim_differs(client: Client, issuer: Issuer) -> None:
    answer = client.post("/templates", json=SCIPY, headers=holding(issuer.token(GITHUB | {"repository_id": "1"})))

    assert (answer.status_code, error_name(answer), hints(answer)) == (403, "no_publisher", ["repository_id"])
    assert "456789" not in answer.text
    assert "scipy-image" not in answer.text


def test_a_token_that_is_nobodys_is_nobodys_on_reads_that_are_protected(issuer: Issuer, jobs: Jobs) -> None:
    with jobs.serving(protect_reads=True) as client:
        stranger = holding(issuer.token(GITHUB | {"repository_id": "1"}))

        assert error_name(client.get("/templates", headers=stranger)) == "no_publisher"
        assert error_name(client.get("/templates", headers=holding(issuer.token()))) == "missing_scope"


def test_an_issuer_that_nobody_named_is_not_asked(client: Client, issuer: Issuer) -> None:
    with running_issuer(rsa_key()) as other:
        answer = client.post("/templates", json=SCIPY, headers=holding(other.token()))

        assert (answer.status_code, other.asked, issuer.asked) == (401, [], [])


# ── issuers that do not answer ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("documents", [{}, {"/keys": b'{"keys": []}'}, {"/keys": b"<html>"}])
def test_without_keys_nobody_can_tell(client: Client, issuer: Issuer, documents: dict[str, bytes]) -> None:
    issuer.documents = {issuer.discovery: issuer.documents[issuer.discovery]} if documents else {}
    issuer.documents |= documents

    answer = client.post("/templates", json=SCIPY, headers=holding(issuer.token()))

    assert (answer.status_code, error_name(answer)) == (503, "auth_unavailable")
    assert answer.headers["retry-after"] == "2"


def test_while_an_issuer_is_slow_others_are_served_and_its_tokens_told_to_come_again(
    client: Client, issuer: Issuer, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/templates", json=SCIPY, headers=holding(issuer.token()))
    monkeypatch.setattr(issuer_keys, "WAIT_SECONDS", 0.0)
    with running_issuer(rsa_key()) as slow:
        slow.answering.clear()
        jobs.tokens.renew([*jobs.rules, publisher(slow, "slow")], [Source(issuer.url), Source(slow.url)])

        refused = [client.post("/templates", json=SCIPY, headers=holding(slow.token())) for _ in range(20)]
        served = client.post("/templates", json=R, headers=holding(issuer.token()))

        assert slow.questions == 0
    assert {error_name(answer) for answer in refused} == {"auth_unavailable"}
    assert served.status_code == 201


def test_while_a_hub_hangs_jobs_publish(issuer: Issuer, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "SILENCE_SECONDS", 0.0)
    hub = HubStub()
    hub.answering.clear()
    auth = WithPublishers(jobs.tokens, HubAuthStore(hub.url))
    with listening(App(Registry(InMemoryStore(), auth), Options())) as port, ExitStack() as ends:
        ends.callback(hub.stop)
        waiting = ends.enter_context(socket.create_connection(("127.0.0.1", port)))
        waiting.sendall(b"POST /templates HTTP/1.1\r\nHost: x\r\nAuthorization: token t\r\nContent-Length: 0\r\n\r\n")
        while not hub.asked:
            time.sleep(0.001)
        with Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            other = client.post("/templates", json=SCIPY, headers=holding("u"))
            job = client.post("/templates", json=SCIPY, headers=holding(issuer.token()))

    assert (other.status_code, job.status_code) == (503, 201)


# ── what is read again ───────────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_taken_out_of_the_file_is_out_at_once(client: Client, issuer: Issuer, jobs: Jobs) -> None:
    job = holding(issuer.token())
    client.post("/templates", json=SCIPY, headers=job)

    jobs.tokens.renew([publisher(issuer, claims=(Claim(("repository_id",), "1"),))], [Source(issuer.url)])
    assert error_name(client.put("/templates/scipy", json={"image-name": "b"}, headers=job)) == "no_publisher"

    jobs.tokens.renew([], [])
    assert error_name(client.put("/templates/scipy", json={"image-name": "b"}, headers=job)) == "invalid_token"
    assert issuer.questions == 1  # the keys of an issuer that stays are kept


def test_rights_that_are_changed_in_the_file_hold_at_once(client: Client, issuer: Issuer, jobs: Jobs) -> None:
    job = holding(issuer.token())
    client.post("/templates", json=SCIPY, headers=job)

    jobs.tokens.renew([publisher(issuer, reach=Reach((("r*",),)))], [Source(issuer.url)])

    assert error_name(client.put("/templates/scipy", json={"image-name": "b"}, headers=job)) == "out_of_reach"
    assert client.post("/templates", json=R, headers=job).status_code == 201


def test_the_streams_of_who_is_taken_out_end(issuer: Issuer, jobs: Jobs) -> None:
    rules = [publisher(issuer, scopes=frozenset([Scope.READ]))]
    jobs.tokens.renew(rules, [Source(issuer.url)])
    following = holding(issuer.token()) | {"Accept": "text/event-stream"}
    with jobs.serving(protect_reads=True) as client, client.stream("GET", "/changes", headers=following) as stream:
        assert stream.status_code == 200

        jobs.tokens.renew([], [])

        assert b"data:" not in stream.read()  # it ends


def test_a_key_that_looks_like_an_id_token_is_a_key_still() -> None:
    key = "eyJhbGciOiJub25lIn0.e30.AAAA"
    keys = TokenAuthStore(key)
    auth = WithPublishers(PublisherTokens([], []), keys, keys=keys)

    assert auth.identify(key).by == "key:api-key"
    assert auth.known(key) == auth.identify(key)


def test_a_hangup_has_the_file_of_publishers_read_again_and_a_wrong_one_changes_nothing(
    issuer: Issuer, tmp_path: Path
) -> None:
    file = tmp_path / "publishers.toml"
    rule = (
        f'[[publisher]]\nname = "job"\nissuer = "{issuer.url}"\n'
        'scopes = ["write"]\nclaims = { repository_id = "456789" }\n'
    )
    file.write_text(rule)
    token, found = issuer.token(), list[int]()
    address = {"BINDER_API_KEY": "", "BINDER_REGISTRY_PUBLIC_URL": f"{AUDIENCE}/"}
    with running_server(tmp_path, "--publishers", str(file), "--log-level", "debug", environment=address) as server:

        def status() -> int:
            return httpx2.get(f"{server.url}/tokens/self", headers=holding(token), trust_env=False).status_code

        found.append(status())
        for number, content in enumerate([rule + "x = 1\n", rule.replace("456789", "1"), "", rule], 1):
            file.write_text(content)
            server.process.send_signal(signal.SIGHUP)
            until(lambda number=number: server.log.read_text().count("SIGHUP: ") == number)  # type: ignore[misc]
            found.append(status())
        server.stop()

    told = server.log.read_text()
    assert found == [200, 200, 403, 401, 200]
    assert "x: is not a member here: the publishers of before stay in force" in told
    assert "SIGHUP: read 0 publishers from" in told
    assert "HTTP Request:" not in told
    assert not [part for part in token.split(".") if part in told]


def test_the_description_of_the_api_has_the_refusal(shared: Client) -> None:
    document = shared.get("/openapi.json").json()

    assert "NoPublisher" in json.dumps(document["paths"]["/templates"]["post"]["responses"]["403"])
