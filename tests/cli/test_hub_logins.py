"""Where a login to the page may do all that the hub grants, and where there is none."""

import logging
from urllib.parse import parse_qsl, urlsplit

import pytest

from binder_registry.cli.auth_store import Stores
from binder_registry.cli.hub_logins import hub_login, own_host
from binder_registry.hub_auth import HubAuthStore

HUB = Stores(None, HubAuthStore("http://127.0.0.1:9/hub/api"))
PREFIX = "/services/binder-registry"


@pytest.fixture(autouse=True)
def _service(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOST", "PUBLIC_URL", "PUBLIC_HUB_URL", "BASE_URL", "OAUTH_CALLBACK_URL"):
        monkeypatch.delenv(f"JUPYTERHUB_{variable}", raising=False)
    monkeypatch.setenv("JUPYTERHUB_CLIENT_ID", "service-binder-registry")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "service-token")


@pytest.mark.parametrize(
    ("registry", "hub", "host"),
    [
        ("https://registry.example.org", "https://hub.example.org/hub/", "registry.example.org"),
        ("https://services.hub.example.org/services/r/", "https://hub.example.org", "services.hub.example.org"),
        ("https://Registry.example.org:8443/x", "https://hub.example.org", "registry.example.org:8443"),
        ("https://hub.example.org/services/r/", "https://hub.example.org/hub/", ""),
        ("https://hub.example.org:8443", "https://hub.example.org", ""),
        ("http://hub.example.org", "https://HUB.example.org", ""),
        ("https://registry.example.org", "/hub/", ""),
        ("", "https://hub.example.org/hub/", ""),
        ("", "/hub/", ""),
    ],
)
def test_a_host_is_its_own_where_both_are_known_and_differ(registry: str, hub: str, host: str) -> None:
    assert own_host(registry, hub)[0] == host


def test_people_are_sent_to_the_hub_on_the_same_origin_unless_it_says_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_BASE_URL", "/jupyter/")
    same = hub_login(HUB, PREFIX, "")
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_HUB_URL", "https://hub.example.org/jupyter/hub/")
    other = hub_login(HUB, PREFIX, "")

    assert same is not None
    assert other is not None
    assert same.way_in("")[0].startswith("/jupyter/hub/api/oauth2/authorize?client_id=service-binder-registry&")
    assert other.way_in("")[0].startswith("https://hub.example.org/jupyter/hub/api/oauth2/authorize?")


@pytest.mark.parametrize(
    ("public_url", "told", "callback"),
    [
        ("", "", f"{PREFIX}/oauth_callback"),
        ("", f"{PREFIX}/oauth_callback", f"{PREFIX}/oauth_callback"),
        ("https://registry.example.org", "", f"https://registry.example.org{PREFIX}/oauth_callback"),
        (
            "https://registry.example.org",
            f"{PREFIX}/oauth_callback",
            f"https://registry.example.org{PREFIX}/oauth_callback",
        ),
        (
            "https://a.example.org",
            f"https://b.example.org{PREFIX}/oauth_callback",
            f"https://b.example.org{PREFIX}/oauth_callback",
        ),
        ("https://hub.example.org/services/r", "", f"{PREFIX}/oauth_callback"),
    ],
)
def test_people_come_back_to_the_host_of_the_registry(
    monkeypatch: pytest.MonkeyPatch, public_url: str, told: str, callback: str
) -> None:
    monkeypatch.setenv("JUPYTERHUB_HOST", "https://hub.example.org")
    monkeypatch.setenv("JUPYTERHUB_OAUTH_CALLBACK_URL", told)
    logins = hub_login(HUB, PREFIX, public_url)

    assert logins is not None
    assert dict(parse_qsl(urlsplit(logins.way_in("")[0]).query))["redirect_uri"] == callback


@pytest.mark.parametrize(("variable", "value"), [("CLIENT_ID", ""), ("API_TOKEN", "")])
def test_what_is_no_service_has_no_login(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(f"JUPYTERHUB_{variable}", value)

    assert hub_login(HUB, PREFIX, "") is None


def test_a_callback_elsewhere_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("JUPYTERHUB_OAUTH_CALLBACK_URL", "/elsewhere/oauth_callback")

    with caplog.at_level(logging.WARNING):
        assert hub_login(HUB, PREFIX, "") is None

    assert "sends people back to /elsewhere/oauth_callback" in caplog.text


def test_cookies_of_all_paths_are_not_set_where_others_share_them(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert hub_login(HUB, "", "") is None

    assert "--prefix" in caplog.text


def test_without_its_extra_a_login_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cryptography.exceptions", None)
    monkeypatch.delitem(__import__("sys").modules, "binder_registry.hub_login", raising=False)

    with caplog.at_level(logging.WARNING):
        assert hub_login(HUB, PREFIX, "") is None

    assert "binder-registry[hub-login]" in caplog.text
