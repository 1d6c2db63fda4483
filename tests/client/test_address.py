"""Which addresses a client takes, and how they are shown."""

import pytest

from binder_registry import Client
from binder_registry.client.address import registry_url, shown
from binder_registry.errors import InvalidRequest

SECRET = "s3cret"


@pytest.mark.parametrize(
    "url",
    [
        *("localhost:8080", "ftp://host/", "http://", "http://host/?q", "http://host:port", "/templates"),
        *(
            "http://host:99999",
            "http://host:0",
            "http://host:-1",
            "http://[::1",
            "http://a b/",
            "http://a..b/",
            "http://..",
        ),
        *(f"http://{'a' * 64}.org", "http://\udcff/", "\udcff", "http://host/\0", "http://[fe80::1]x/", "http://a]b/"),
    ],
)
def test_what_is_no_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(InvalidRequest, match="is not the URL of a registry"):
        Client(url)


@pytest.mark.parametrize(
    "url", ["http://a_b:80", "https://ü.example/x", "http://[::1]:8080/", "http://127.0.0.1", " http://host\n"]
)
def test_what_is_a_url_is_taken(url: str) -> None:
    assert registry_url(url).host


def test_a_url_with_a_password_is_refused_with_a_hint() -> None:
    with pytest.raises(InvalidRequest, match="by a token"):
        Client("https://user:pass@registry.example.org")


@pytest.mark.parametrize(
    "url",
    [
        *(
            f"https://user:{SECRET}@host/",
            f"https://{SECRET}@host/",
            f"https://user:{SECRET}#x@host",
            f"user:{SECRET}@host",
        ),
        *(f"https://user:a/{SECRET}@host", f"https://user:{SECRET}@x@host:99999", f"https://u:{SECRET}\n@[::1"),
        *(f"https://host/?token={SECRET}", f"ftp://u:{SECRET}@host/?a@b", f"https://user:a?{SECRET}@host"),
        *(f"https://host/#{SECRET}", f"https://user:{SECRET}?x@host", f"https://user:{SECRET}#?@host"),
    ],
)
def test_no_message_repeats_a_password(url: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        Client(url)

    assert SECRET not in str(refusal.value)


def test_an_address_without_secrets_is_shown_as_it_is() -> None:
    assert shown("https://registry.example.org:8443/services/registry/") == (
        "https://registry.example.org:8443/services/registry/"
    )
