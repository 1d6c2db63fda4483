"""The registry takes a real hub's tokens: `serve --auth jupyterhub`."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from binder_registry.conformance import AuthStoreConformance
from binder_registry.hub_auth import HubAuthStore
from tests.jupyterhub.hubs import Hub, eventually, running_hub
from tests.ports import free_port
from tests.server.running import KEY, RunningServer, running_server

CONFIG = """
c.JupyterHub.custom_scopes = {
    "custom:binder-registry:read": {"description": "Read"},
    "custom:binder-registry:write": {"description": "Write", "subscopes": ["custom:binder-registry:read"]},
    "custom:binder-registry:admin": {"description": "Purge", "subscopes": ["custom:binder-registry:write"]},
    **{f"custom:binder-registry:{scope}": {"description": scope} for scope in ("metrics", "promote", "tokens")},
}
c.JupyterHub.services += [
    {"name": "ci-bot", "api_token": "b" * 40}, {"name": "reader", "api_token": "r" * 40},
    {"name": "purger", "api_token": "p" * 40},
]
c.JupyterHub.load_groups = {"env-admins": {"users": ["gina"]}}
c.JupyterHub.load_roles += [
    {"name": "registry-writer", "scopes": ["custom:binder-registry:write"],
     "users": ["boss"], "groups": ["env-admins"], "services": ["ci-bot"]},
    {"name": "registry-reader", "scopes": ["custom:binder-registry:read"], "services": ["reader"]},
    {"name": "registry-admin", "services": ["purger"],
     "scopes": [f"custom:binder-registry:{scope}" for scope in ("admin", "metrics", "promote", "tokens")]},
]
c.Authenticator.allowed_users = {"boss", "alice", "gina"}
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running_hub(tmp_path_factory.mktemp("hub"), CONFIG) as hub:
        yield hub


@pytest.fixture(scope="module")
def registry(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    environment = {"JUPYTERHUB_API_URL": hub.api_url}
    folder = tmp_path_factory.mktemp("registry")
    with running_server(folder, "--auth", "jupyterhub", "--protect-reads", environment=environment) as server:
        yield server


def token_of(hub: Hub, user: str, scopes: list[str] | None = None) -> str:
    answer = hub.api("POST", f"/users/{user}/tokens", {"scopes": scopes} if scopes else {})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def put(registry: RunningServer, token: str) -> int:
    """The status of a write; its name is taken, so 409 is one that was let in."""
    body: dict[str, Any] = {"name": "a", "image-name": "x"}
    headers = {"Authorization": f"token {token}"}
    return httpx2.post(f"{registry.url}/templates", json=body, headers=headers, trust_env=False, timeout=20).status_code


def read(registry: RunningServer, token: str) -> int:
    headers = {"Authorization": f"token {token}"} if token else {}
    return httpx2.get(f"{registry.url}/templates", headers=headers, trust_env=False, timeout=20).status_code


@pytest.fixture(autouse=True, scope="module")
def _taken(registry: RunningServer) -> None:
    assert put(registry, KEY) == 201


def test_who_holds_the_role_writes_and_reads(hub: Hub, registry: RunningServer) -> None:
    token = token_of(hub, "boss")

    assert (put(registry, token), read(registry, token)) == (409, 200)


def test_a_token_that_was_narrowed_to_reading_only_reads(hub: Hub, registry: RunningServer) -> None:
    token = token_of(hub, "boss", ["custom:binder-registry:read"])

    assert (put(registry, token), read(registry, token)) == (403, 200)


def test_a_filtered_scope_is_not_the_scope(hub: Hub, registry: RunningServer) -> None:
    token = token_of(hub, "boss", ["custom:binder-registry:write!user=boss"])

    assert put(registry, token) == 403


def test_a_user_without_a_role_neither_writes_nor_reads(hub: Hub, registry: RunningServer) -> None:
    token = token_of(hub, "alice")

    assert (put(registry, token), read(registry, token)) == (403, 403)


def test_nobody_can_mint_a_scope_that_they_do_not_hold(hub: Hub) -> None:
    answer = hub.api("POST", "/users/alice/tokens", {"scopes": ["custom:binder-registry:write"]})

    assert answer.status_code == 400


def test_a_group_may_hold_the_role(hub: Hub, registry: RunningServer) -> None:
    assert put(registry, token_of(hub, "gina")) == 409


def test_services_hold_roles_of_their_own(registry: RunningServer) -> None:
    assert (put(registry, "b" * 40), put(registry, "r" * 40), read(registry, "r" * 40)) == (409, 403, 200)


def test_what_is_written_says_who_wrote_it(registry: RunningServer) -> None:
    headers = {"Authorization": f"token {'b' * 40}"}
    body = {"name": "by-bot", "image-name": "x"}
    httpx2.post(f"{registry.url}/templates", json=body, headers=headers, trust_env=False)

    answer = httpx2.get(f"{registry.url}/templates/by-bot/changes", headers=headers, trust_env=False)

    assert answer.json()["changes"][0]["by"] == "service:ci-bot"


def test_a_token_that_nobody_knows_is_a_401(registry: RunningServer) -> None:
    assert (put(registry, "junk"), read(registry, "junk"), read(registry, "")) == (401, 401, 401)


def test_the_static_key_is_as_good_as_ever(registry: RunningServer) -> None:
    assert (put(registry, KEY), read(registry, KEY)) == (409, 200)


def test_a_revoked_token_is_refused_within_the_time_that_answers_hold(hub: Hub) -> None:
    store = HubAuthStore(hub.api_url, known_for=1, refused_for=0.1)
    answer = hub.api("POST", "/users/boss/tokens", {}).json()
    assert store.identify(answer["token"]).name == "boss"

    hub.api("DELETE", f"/users/boss/tokens/{answer['id']}")

    def refused() -> bool:
        try:
            store.identify(answer["token"])
        except Exception as error:  # noqa: BLE001  # which one it is, is what the next line asks
            return type(error).__name__ == "InvalidToken"
        return False

    eventually(refused)


def test_a_hub_that_cannot_be_reached_is_a_503_and_the_static_key_still_works(hub: Hub, tmp_path: Any) -> None:
    environment = {"JUPYTERHUB_API_URL": f"http://127.0.0.1:{free_port()}/hub/api"}
    with running_server(tmp_path, "--auth", "jupyterhub", "--protect-reads", environment=environment) as alone:
        statuses = (put(alone, "b" * 40), read(alone, "b" * 40), put(alone, KEY))

    assert statuses == (503, 503, 201)


def test_while_a_hub_hangs_the_key_and_what_was_asked_a_moment_ago_are_as_good_as_ever(
    hub: Hub, registry: RunningServer
) -> None:
    tokens = [token_of(hub, "alice") for _ in range(3)]
    known = put(registry, "b" * 40)
    with hanging(hub), ThreadPoolExecutor(3) as waiting:
        answers = [waiting.submit(put, registry, token) for token in tokens]

        at_once = (put(registry, KEY), put(registry, "b" * 40), any(answer.done() for answer in answers))

        statuses = {answer.result() for answer in answers}

    assert (known, at_once, statuses) == (409, (409, 409, False), {503})
    eventually(lambda: put(registry, tokens[0]) == 403)


@contextmanager
def hanging(hub: Hub) -> Iterator[None]:
    """It takes connections, and answers nothing."""
    hub.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        hub.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("name", ["api-key", "key:api-key", "service:ci-bot", "ädä"])
def test_no_name_of_a_user_is_anybody_elses_in_the_history(hub: Hub, registry: RunningServer, name: str) -> None:
    assert hub.api("POST", f"/users/{quote(name)}").status_code == 201
    assert hub.api("POST", "/groups/env-admins/users", {"users": [name]}).status_code == 200
    headers = {"Authorization": f"token {token_of(hub, quote(name))}"}
    body = {"name": f"by-{name}", "image-name": "x"}

    write = httpx2.post(f"{registry.url}/templates", json=body, headers=headers, trust_env=False)
    answer = httpx2.get(f"{registry.url}{write.headers['location']}/changes", headers=headers, trust_env=False)

    assert answer.json()["changes"][0]["by"] == f"user:{name}"


class TestHubAuthStoreOverARealHub(AuthStoreConformance):
    @pytest.fixture
    def auth_store(self, hub: Hub) -> HubAuthStore:
        return HubAuthStore(hub.api_url)

    @pytest.fixture
    def token(self) -> str:
        return "p" * 40
