"""What is sealed into a login's cookies, who comes back from a hub, and where to."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from binder_registry.errors import AuthUnavailable, InvalidToken
from binder_registry.hub_auth import HubAuthStore
from binder_registry.hub_login import HubLogin
from tests.clock import Clock
from tests.hub_stub import HubStub

HOME = "/services/binder-registry/ui/"
CALLBACK = "/services/binder-registry/oauth_callback"


@pytest.fixture
def hub() -> Iterator[HubStub]:
    hub = HubStub()
    hub.codes["good"] = "boss-token"
    yield hub
    hub.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logins(hub: HubStub, clock: Clock) -> HubLogin:
    return login_of(hub, clock)


def login_of(hub: HubStub, clock: Clock, secret: str = "service-token", **options: Any) -> HubLogin:
    store = HubAuthStore(hub.url, token=secret)
    more: dict[str, Any] = {
        "client": "service-registry",
        "authorize": "/hub/api/oauth2/authorize",
        "callback": CALLBACK,
        "home": HOME,
    }
    return HubLogin(store, secret=secret, clock=clock.seconds, **more, **options)


def sent(logins: HubLogin, landing: str = "") -> tuple[dict[str, str], str]:
    """What the hub is asked, and the cookie of who was sent there."""
    url, cookie = logins.way_in(landing)
    return dict(parse_qsl(urlsplit(url).query)), cookie


def logged_in(logins: HubLogin) -> str:
    asked, cookie = sent(logins)
    return logins.came_back(cookie, asked["state"], "good")[0]


def test_who_comes_back_with_a_code_holds_its_token(logins: HubLogin) -> None:
    asked, way = sent(logins, f"{HOME}templates/scipy?option.size=large")

    cookie, landing = logins.came_back(way, asked["state"], "good")

    login = logins.opened(cookie)
    assert login is not None
    assert login.token == "boss-token"
    assert landing == f"{HOME}templates/scipy?option.size=large"


def test_the_code_is_redeemed_with_what_only_this_service_and_this_browser_have(hub: HubStub, logins: HubLogin) -> None:
    asked, way = sent(logins)
    logins.came_back(way, asked["state"], "good")

    [form] = hub.forms
    challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge, "S256")
    assert (form["client_id"], form["client_secret"]) == ("service-registry", "service-token")
    assert (form["redirect_uri"], form["grant_type"]) == (asked["redirect_uri"], "authorization_code")


@pytest.mark.parametrize("state", ["", "other", "ü"])
def test_who_brings_another_state_is_not_let_in_and_the_hub_is_not_asked(
    hub: HubStub, logins: HubLogin, state: str
) -> None:
    _, way = sent(logins)

    with pytest.raises(InvalidToken):
        logins.came_back(way, state, "good")
    assert hub.forms == []


def test_the_way_of_another_browser_does_not_count(logins: HubLogin) -> None:
    _, own = sent(logins)
    foreign, _ = sent(logins)

    with pytest.raises(InvalidToken):
        logins.came_back(own, foreign["state"], "good")


def test_who_stays_away_for_ten_minutes_begins_anew(logins: HubLogin, clock: Clock) -> None:
    asked, way = sent(logins)
    clock.go(seconds=600)

    with pytest.raises(InvalidToken):
        logins.came_back(way, asked["state"], "good")


def test_a_code_that_the_hub_does_not_know_lets_nobody_in(logins: HubLogin) -> None:
    asked, way = sent(logins)

    with pytest.raises(InvalidToken):
        logins.came_back(way, asked["state"], "used")


def test_a_hub_that_fails_is_not_available(hub: HubStub, logins: HubLogin) -> None:
    asked, way = sent(logins)
    hub.status = 500

    with pytest.raises(AuthUnavailable):
        logins.came_back(way, asked["state"], "good")


def test_an_hour_later_a_login_is_over(logins: HubLogin, clock: Clock) -> None:
    cookie = logged_in(logins)

    clock.go(seconds=3599)
    assert logins.opened(cookie) is not None
    clock.go(seconds=1)
    assert logins.opened(cookie) is None


def test_a_login_that_is_used_is_renewed_now_and_then_and_its_second_token_stays(
    logins: HubLogin, clock: Clock
) -> None:
    login = logins.opened(logged_in(logins))
    assert login is not None

    clock.go(seconds=299)
    assert logins.renewed(login) is None
    clock.go(seconds=2)
    renewed = logins.opened(logins.renewed(login) or "")

    assert renewed is not None
    assert renewed.until > login.until
    assert (renewed.token, logins.second(renewed)) == (login.token, logins.second(login))


def test_each_login_has_a_second_token_of_its_own(logins: HubLogin) -> None:
    seconds = {logins.second(logins.opened(logged_in(logins))) for _ in range(2)}  # type: ignore[arg-type]

    assert len(seconds) == 2


def test_what_was_changed_in_any_place_does_not_open(logins: HubLogin) -> None:
    cookie = logged_in(logins)

    for at in range(len(cookie) - 1):  # of the last character, some bits say nothing
        other = "A" if cookie[at] != "A" else "B"
        assert logins.opened(cookie[:at] + other + cookie[at + 1 :]) is None, at


@pytest.mark.parametrize("cookie", ["", "=", "AAAA", "ü", "\0", "A" * 100, "A" * 4000, "!" * 50])
def test_what_is_no_cookie_of_ours_does_not_open(logins: HubLogin, cookie: str) -> None:
    assert logins.opened(cookie) is None


def test_another_server_of_this_service_opens_it_and_another_service_does_not(
    hub: HubStub, clock: Clock, logins: HubLogin
) -> None:
    cookie = logged_in(logins)

    assert login_of(hub, clock).opened(cookie) == logins.opened(cookie)
    assert login_of(hub, clock, secret="other-token").opened(cookie) is None


def test_one_on_the_way_is_not_logged_in(logins: HubLogin) -> None:
    _, way = sent(logins)

    assert logins.opened(way) is None


def test_the_token_is_not_to_be_read_in_the_cookie(logins: HubLogin) -> None:
    assert not re.search("boss|Ym9zc", logged_in(logins))


def test_the_end_of_a_login_ends_the_token_at_the_hub(hub: HubStub, logins: HubLogin) -> None:
    hub.models["boss-token"] = {**hub.models["boss-token"], "token_id": "a7"}
    login = logins.opened(logged_in(logins))
    assert login is not None

    logins.end(login)

    assert hub.deleted == ["/hub/api/users/boss/tokens/a7"]


@pytest.mark.parametrize("address", ["", "templates/scipy", "templates/a%20b?option.size=large&x=%2F", "new?from=a"])
def test_one_lands_on_a_page_of_ours(logins: HubLogin, address: str) -> None:
    assert logins.landing(HOME + address) == HOME + address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/user/mallory/",
        "/services/binder-registry/templates",
        "/services/binder-registry/uix",
        f"https://evil.example{HOME}",
        f"{HOME}../../../user/mallory/",
        f"{HOME}%2e%2e/%2E./x",
        f"{HOME}..\\..\\x",
        f"{HOME}.%2e%5c..%2fx",
        f"{HOME}/evil.example",
        f"{HOME}a\tb",
        f"{HOME}a\r\nSet-Cookie: a=b",
        f"{HOME}é",
        f"{HOME}x#y",
        f"{HOME}enter",
        f"{HOME}enter?next=x",
        f"{HOME}leave",
        f"{HOME}login",
        f"{HOME}{'a' * 1000}",
        f" {HOME}",
        "javascript:alert(1)",
    ],
)
def test_one_lands_nowhere_else(logins: HubLogin, address: str) -> None:
    assert logins.landing(address) == HOME
