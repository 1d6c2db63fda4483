"""Proxies and authorities of the environment: looked at where they are used, and named where they cannot be."""

import httpx2
import pytest

from binder_registry import Client
from binder_registry.client.environment import proxy_of
from binder_registry.errors import InvalidRequest, StoreUnavailable

from .stub import Opened, json_answer

HEALTHY = json_answer({"status": "ok"})
UNUSABLE = [
    "socks://h:1",
    "socks5://h:1",
    "http://h:port",
    "http://user:p#w@h:3128",
    "h:99999",
    "ftp://h",
    "http://",
    "\udcff",
    "http:/user:pw@h",
    "http:user:pw@h",
    "HTTP:h",
    "http://h/pac",
    "http://h?x",
    "http://user:pw@h h",
    "http://user:pw@.",
    f"http://{'h' * 64}",
    "http://[::1",
    "http://h:0",
    "ht tp://h",
    "'http://h'",
]


@pytest.fixture(autouse=True)
def without_socks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binder_registry.client.environment.find_spec", lambda name: None)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_comes_from_the_environment(opened: Opened, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    _, proxy = opened(lambda *_: HEALTHY)
    monkeypatch.setenv(variable, proxy.url.removeprefix("http://"))

    with Client("http://registry.invalid/") as client:
        client.health()

    assert [asked.path for asked in proxy.asked] == ["http://registry.invalid/health"]


@pytest.mark.parametrize("value", UNUSABLE)
@pytest.mark.parametrize("setting", [{"NO_PROXY": "127.0.0.1"}, {"no_proxy": "x, 127.0.0.0/8"}, {"NO_PROXY": "*"}])
def test_a_proxy_that_is_not_used_is_not_looked_at(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, setting: dict[str, str], value: str
) -> None:
    for name, text in (setting | {"ALL_PROXY": value, "HTTP_PROXY": value}).items():
        monkeypatch.setenv(name, text)

    client, _ = opened(lambda *_: HEALTHY)

    assert client.health() == {"status": "ok"}


def test_a_proxy_for_another_scheme_is_not_looked_at(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://h:port")

    client, _ = opened(lambda *_: HEALTHY)

    assert client.health() == {"status": "ok"}


@pytest.mark.parametrize("value", UNUSABLE)
@pytest.mark.parametrize(
    ("variable", "url"),
    [("HTTP_PROXY", "http://r.invalid"), ("https_proxy", "https://r.invalid"), ("all_proxy", "https://r.invalid")],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidRequest, match=rf"^{variable} .*NO_PROXY=r\.invalid"):
        Client(url)


@pytest.mark.parametrize(
    "value",
    [
        "http://user:s3cret#x@127.0.0.1:3128",
        "http:/user:s3cret@h",
        "user:s3cret@",
        "socks9://user:s3cret@h",
        "s3cret@h h",
    ],
)
def test_the_password_of_a_proxy_is_not_repeated(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", value)

    with pytest.raises(InvalidRequest) as refusal:
        Client("http://registry.invalid")

    assert "s3cret" not in str(refusal.value)


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://user:s3cret@127.0.0.1:9")

    with Client("http://registry.invalid", retries=0) as client, pytest.raises(StoreUnavailable) as failure:
        client.health()

    assert "through the proxy of ALL_PROXY" in str(failure.value)
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize(
    ("excluded", "url"),
    [
        *(("*", "http://x"), ("x", "http://x"), ("x", "http://a.x"), (".x", "http://a.x"), ("*.x", "https://a.x")),
        *(("y x", "http://x"), ("y,x", "http://x"), ("X.", "http://x"), ("x:80", "http://x"), ("x:443", "https://x")),
        *(("x:81", "http://x:81"), ("http://x", "http://x"), ("all://x:81", "http://x:81"), ("ü.de", "http://ü.de")),
        *(("10.0.0.0/8", "http://10.1.2.3:80"), ("10.1.2.3", "http://10.1.2.3"), ("::1", "http://[::1]:80")),
        *(("[::1]", "http://[::1]"), ("[::1]:80", "http://[::1]"), ("fd00::/8", "http://[fd00::7]")),
        *((" * ", "http://x"), ("\tx\n", "http://x"), ("x,", "http://x"), ("http://x:80/", "http://x")),
        *(
            ("0.0.0.0/0", "http://10.1.2.3"),
            ("10.1.2.3/255.0.0.0", "http://10.9.9.9"),
            ("[FD00::]/8", "http://[fd00::7]"),
        ),
        *(("fd00:0:0:0:0:0:0:7", "http://[fd00::7]"), ("::ffff:10.1.2.3", "http://10.1.2.3")),
    ],
)
def test_what_no_proxy_names_is_excluded(monkeypatch: pytest.MonkeyPatch, excluded: str, url: str) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid")
    monkeypatch.setenv("NO_PROXY", excluded)

    assert proxy_of(httpx2.URL(url)) is None


@pytest.mark.parametrize(
    ("excluded", "url"),
    [
        *(("", "http://x"), ("x", "http://xx"), ("x", "http://x.y"), ("x", "http://ax"), ("x:81", "http://x")),
        *(("https://x", "http://x"), ("10.0.0.0/8", "http://11.0.0.1"), ("10.0.0.0/99", "http://10.0.0.1")),
        *(("127.0.0.1:81", "http://127.0.0.1"), ("::1", "http://127.0.0.1"), ("[", "http://x"), ("\udcff", "http://x")),
        *(("**", "http://x"), ("x.*", "http://x.y"), ("10.*", "http://10.1.2.3"), ("010.1.2.3", "http://10.1.2.3")),
        *(("x:*", "http://x"), ("x;y", "http://x"), ("10.0.0.0/8", "http://x")),
    ],
)
def test_what_no_proxy_does_not_name_goes_through_it(monkeypatch: pytest.MonkeyPatch, excluded: str, url: str) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid")
    monkeypatch.setenv("NO_PROXY", excluded)

    assert proxy_of(httpx2.URL(url)) is not None


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_authorities_are_not_looked_at_where_there_is_no_tls(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "/not/there")

    client, _ = opened(lambda *_: HEALTHY)

    assert client.health() == {"status": "ok"}


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("path", ["/not/there", __file__])
def test_authorities_that_cannot_be_read_are_named_by_their_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, path: str
) -> None:
    monkeypatch.setenv(variable, path)

    with pytest.raises(InvalidRequest, match=rf"^{variable}: .*{path}"):
        Client("https://registry.invalid")


def test_authorities_are_not_looked_at_where_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/not/there")

    Client("https://registry.invalid", verify=False).close()


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"http_proxy": "http://h", "HTTP_PROXY": "http://other"}, "http_proxy"),
        ({"HTTP_PROXY": " http://h\n"}, "HTTP_PROXY"),
        ({"HTTP_PROXY": " ", "ALL_PROXY": "h:3128"}, "ALL_PROXY"),
        ({"HTTP_PROXY": "HTTP://user:pw@h:3128/"}, "HTTP_PROXY"),
        ({"ALL_PROXY": "http://other", "HTTP_PROXY": "https://h"}, "HTTP_PROXY"),
    ],
)
def test_the_variable_that_says_most_counts(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], variable: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    found = proxy_of(httpx2.URL("http://registry.invalid"))

    assert found
    assert (found.variable, found.proxy.url.host) == (variable, "h")
