"""What a request may do that rides on a login's cookies."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, Registry
from binder_registry.hub_auth import HubAuthStore
from binder_registry.hub_login import HubLogin
from binder_registry.server import App, Options
from tests.clock import Clock
from tests.hub_stub import HubStub

ABOVE = "/services/binder-registry"
SCIPY = {"name": "scipy", "image-name": "jupyter/scipy"}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def hub() -> Iterator[HubStub]:
    hub = HubStub()
    hub.codes["good"] = "boss-token"
    yield hub
    hub.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def server(hub: HubStub, clock: Clock, *, host: str = "", tls: bool = False, **options: Any) -> Iterator[TestClient]:
    store = HubAuthStore(hub.url, token="service-token")
    logins = HubLogin(
        store,
        client="service-registry",
        secret="service-token",
        authorize="/hub/api/oauth2/authorize",
        callback=f"{ABOVE}/oauth_callback",
        home=f"{ABOVE}/ui/",
        host=host,
        tls=tls,
        clock=clock.seconds,
    )
    settings = {"protect_reads": True, "prefix": ABOVE, **options}
    app = App(Registry(InMemoryStore(), store), Options(logins=logins, **settings))
    base = f"{'https' if tls else 'http'}://registry{ABOVE}"
    with TestClient(app, base_url=base, follow_redirects=False) as client:
        yield client


@pytest.fixture
def shared(hub: HubStub, clock: Clock) -> Iterator[TestClient]:
    """Beside users' servers."""
    with server(hub, clock) as client:
        log_in(client)
        yield client


@pytest.fixture
def own(hub: HubStub, clock: Clock) -> Iterator[TestClient]:
    """On a host of its own."""
    with server(hub, clock, host="registry") as client:
        log_in(client)
        yield client


def log_in(client: TestClient, **headers: str) -> Any:
    way = client.get("/ui/enter", params={"next": f"{ABOVE}/ui/new"}, headers=headers)
    state = way.headers["location"].split("state=")[1].split("&")[0]
    return client.get("/oauth_callback", params={"code": "good", "state": state}, headers=headers)


def second(client: TestClient) -> dict[str, str]:
    return {"registry-xsrf": client.cookies["registry-xsrf"]}


def test_who_comes_back_from_the_hub_is_logged_in_where_they_wanted(hub: HubStub, clock: Clock) -> None:
    with server(hub, clock) as client:
        back = log_in(client)

        assert (back.status_code, back.headers["location"]) == (303, f"{ABOVE}/ui/new")
        assert client.get("/tokens/self", headers=second(client)).json()["by"] == "user:boss"


def test_the_cookies_are_for_our_path_only_and_the_sealed_one_for_no_script(hub: HubStub, clock: Clock) -> None:
    with server(hub, clock) as client:
        cookies = log_in(client).headers.get_list("set-cookie")

    shown = [cookie.partition("=")[0] + cookie[cookie.index(";") :] for cookie in cookies]
    assert shown == [
        f"registry-way; Max-Age=0; Path={ABOVE}/oauth_callback; SameSite=Lax; HttpOnly",
        f"registry-login; Max-Age=3600; Path={ABOVE}/; SameSite=Lax; HttpOnly",
        f"registry-xsrf; Max-Age=3600; Path={ABOVE}/; SameSite=Lax",
    ]


@pytest.mark.parametrize(("tls", "headers"), [(True, {}), (False, {"X-Forwarded-Proto": "https,http"})])
def test_behind_tls_they_go_over_tls_only(hub: HubStub, clock: Clock, tls: bool, headers: dict[str, str]) -> None:
    with server(hub, clock, tls=tls) as client:
        cookies = client.get("/ui/enter", headers=headers).headers.get_list("set-cookie")

    assert [cookie.startswith("__Secure-registry-way=") and "; Secure;" in cookie for cookie in cookies] == [True]


def test_at_the_root_of_a_host_no_other_host_can_foist_them_on(hub: HubStub, clock: Clock) -> None:
    with server(hub, clock, host="registry", tls=True, prefix="") as client:
        cookies = client.get("https://registry/ui/enter").headers.get_list("set-cookie")

    assert [cookie.startswith("__Host-registry-way=") and "; Path=/; " in cookie for cookie in cookies] == [True]


def test_a_cookie_that_may_have_come_without_tls_is_not_looked_at_behind_it(hub: HubStub, clock: Clock) -> None:
    with server(hub, clock) as client:
        log_in(client)

        answer = client.get("/templates", headers={**second(client), "X-Forwarded-Proto": "https"})

    assert answer.status_code == 401


@pytest.mark.parametrize("query", [{}, {"code": "good"}, {"code": "good", "state": "x"}, {"error": "access_denied"}])
def test_who_did_not_leave_from_here_is_not_let_in(hub: HubStub, clock: Clock, query: dict[str, str]) -> None:
    with server(hub, clock) as client:
        client.get("/ui/enter")

        back = client.get("/oauth_callback", params=query)

        assert (back.status_code, back.headers["location"]) == (303, f"{ABOVE}/ui/login?failed=refused")
        assert "registry-xsrf" not in client.cookies


def test_one_comes_back_once(hub: HubStub, clock: Clock) -> None:
    with server(hub, clock) as client:
        address = str(log_in(client).request.url)

        assert client.get(address).headers["location"] == f"{ABOVE}/ui/login?failed=refused"


def test_a_hub_that_fails_meanwhile_is_told(hub: HubStub, clock: Clock) -> None:
    hub.status = 500
    try:
        with server(hub, clock) as client:
            assert log_in(client).headers["location"] == f"{ABOVE}/ui/login?failed=unavailable"
    finally:
        hub.status = 0


@pytest.mark.parametrize("path", ["/templates", "/tokens/self", "/changes", "/view", "/ui/plain"])
@pytest.mark.parametrize("given", [{}, {"registry-xsrf": "x"}, {"registry-xsrf": ""}])
def test_without_the_second_token_it_counts_as_not_sent(shared: TestClient, path: str, given: dict[str, str]) -> None:
    answer = shared.get(path, headers=given)

    assert answer.status_code == 401


def test_the_second_token_of_another_login_does_not_count(shared: TestClient) -> None:
    other = second(shared)
    log_in(shared)

    assert shared.get("/templates", headers=other).status_code == 401
    assert shared.get("/templates", headers=second(shared)).status_code == 200


def test_the_second_token_alone_is_nothing(shared: TestClient) -> None:
    given = second(shared)
    shared.cookies.clear()

    answer = shared.get("/templates", headers=given)

    assert (answer.status_code, answer.headers["registry-error"]) == (401, "missing_auth_header")


def test_a_page_of_ours_is_gone_to_without_it(shared: TestClient) -> None:
    assert shared.get("/ui/plain", headers=NAVIGATION).status_code == 200


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("/templates", NAVIGATION),
        ("/tokens/self", NAVIGATION),
        ("/ui/plain", {**NAVIGATION, "Sec-Fetch-Dest": "iframe"}),
        ("/ui/plain", {**NAVIGATION, "Sec-Fetch-Mode": "no-cors"}),
    ],
)
def test_nothing_else_is(shared: TestClient, path: str, how: dict[str, str]) -> None:
    assert shared.get(path, headers=how).status_code == 401


def test_of_two_logins_none_counts(shared: TestClient, hub: HubStub) -> None:
    hub.models["mallory-token"] = {"kind": "user", "name": "mallory", "scopes": []}
    hub.codes["foisted"] = "mallory-token"
    mine, given = shared.cookies["registry-login"], second(shared)
    way = shared.get("/ui/enter")
    state = way.headers["location"].split("state=")[1].split("&")[0]
    shared.get("/oauth_callback", params={"code": "foisted", "state": state})
    foisted = shared.cookies["registry-login"]
    shared.cookies.clear()

    both = [f"registry-login={one}; registry-login={other}" for one, other in ((foisted, mine), (mine, foisted))]
    junk = f"registry-login=junk; registry-login={mine}"
    statuses = [shared.get("/templates", headers={**given, "Cookie": cookie}).status_code for cookie in (*both, junk)]

    assert statuses == [401, 401, 200]


def test_an_authorization_needs_no_second_token_and_the_login_is_not_looked_at(
    shared: TestClient, hub: HubStub
) -> None:
    hub.models["ada-token"] = {"kind": "user", "name": "ada", "scopes": []}

    answer = shared.get("/tokens/self", headers={"Authorization": "token ada-token"})

    assert answer.json()["by"] == "user:ada"
    wrong = shared.get("/tokens/self", headers={"Authorization": "token wrong", **second(shared)})
    assert wrong.status_code == 401


def test_beside_users_servers_a_login_reads_and_does_nothing_else(shared: TestClient) -> None:
    scopes = shared.get("/tokens/self", headers=second(shared)).json()["scopes"]
    written = shared.post("/templates", json=SCIPY, headers=second(shared))
    audited = shared.get("/audit", headers=second(shared))

    assert scopes == ["read"]
    assert (written.status_code, audited.status_code) == (403, 403)
    assert shared.get("/templates", headers=second(shared)).json() == []


def test_on_a_host_of_its_own_it_does_all_that_the_hub_grants(own: TestClient) -> None:
    written = own.post("/templates", json=SCIPY, headers=second(own))

    assert written.status_code == 201
    assert len(own.get("/tokens/self", headers=second(own)).json()["scopes"]) == 6


def test_asked_by_another_name_of_it_a_login_reads_only(own: TestClient) -> None:
    headers = {**second(own), "Host": "hub"}

    assert own.get("/tokens/self", headers=headers).json()["scopes"] == ["read"]


@pytest.mark.parametrize(("host", "grants"), [("", "read"), ("registry", "all")])
def test_the_page_says_where_to_log_in_and_what_that_allows(hub: HubStub, clock: Clock, host: str, grants: str) -> None:
    with server(hub, clock, host=host) as client:
        assert f'data-login="{ABOVE}/ui/enter" data-login-grants="{grants}"' in client.get("/ui/").text


def test_no_cache_keeps_what_a_login_gave(shared: TestClient) -> None:
    answer = shared.get("/templates", headers=second(shared))

    assert "no-store" in answer.headers["cache-control"]
    assert "cookie" in answer.headers["vary"]


def test_while_it_is_used_it_is_renewed(shared: TestClient, clock: Clock) -> None:
    given = second(shared)
    for _ in range(4):
        clock.go(minutes=50)
        assert shared.get("/templates", headers=given).status_code == 200
    clock.go(hours=1)
    over = shared.get("/templates", headers=given)

    assert (over.status_code, over.headers["registry-error"]) == (401, "missing_auth_header")


def test_a_token_that_the_hub_knows_no_longer_ends_the_login(hub: HubStub, clock: Clock) -> None:
    hub.models["brief-token"], hub.codes["brief"] = hub.models["boss-token"], "brief-token"
    with server(hub, clock) as client:
        state = client.get("/ui/enter").headers["location"].split("state=")[1].split("&")[0]
        client.get("/oauth_callback", params={"code": "brief", "state": state})
        del hub.models["brief-token"]
        client.app.service.registry.auth_store._holders.clear()  # type: ignore[attr-defined]

        over = client.get("/templates", headers=second(client))

    assert (over.status_code, over.headers["registry-error"]) == (401, "invalid_token")
    assert "set-cookie" not in over.headers


def test_who_leaves_is_out(shared: TestClient) -> None:
    given = second(shared)
    left = shared.post("/ui/leave", headers=given)

    assert left.status_code == 204
    assert list(shared.cookies) == []


@pytest.mark.parametrize("given", [{}, {"registry-xsrf": "x"}])
def test_nobody_is_thrown_out_by_another_page(shared: TestClient, given: dict[str, str]) -> None:
    assert shared.post("/ui/leave", headers=given).status_code == 401
    assert shared.get("/templates", headers=second(shared)).status_code == 200


@pytest.mark.parametrize("origins", [["*"], ["https://elsewhere.example"]])
def test_a_page_of_another_origin_never_rides_on_it(hub: HubStub, clock: Clock, origins: list[str]) -> None:
    with server(hub, clock, cors_origins=tuple(origins)) as client:
        headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
        asked = client.options("/templates", headers={**headers, "Access-Control-Request-Headers": "registry-xsrf"})

    assert "access-control-allow-credentials" not in asked.headers
    assert "registry-xsrf" not in asked.headers["access-control-allow-headers"].lower()


def test_open_reads_say_by_whom_to_who_is_logged_in_only(hub: HubStub, clock: Clock) -> None:
    with server(hub, clock, host="registry", protect_reads=False) as client:
        log_in(client)
        client.post("/templates", json=SCIPY, headers=second(client))

        named, unnamed = client.get("/changes", headers=second(client)), client.get("/changes")

    assert named.json()["changes"][0]["by"] == "user:boss"
    assert "by" not in unnamed.json()["changes"][0]


def test_without_logins_there_is_no_way_back() -> None:
    app = App(Registry(InMemoryStore(), HubAuthStore("http://127.0.0.1:9/hub/api")), Options())
    with TestClient(app) as client:
        assert client.get("/oauth_callback").status_code == 404
        assert 'data-login="" ' in client.get("/ui/").text
