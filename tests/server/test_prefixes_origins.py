"""Prefixes and origins: what is made right, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binder_registry.server import Options
from binder_registry.server.http.prefixes_origins import normal_origins, normal_prefix

from .asking import SCIPY, application, asked


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("", ""), ("/", ""), ("  ", ""), ("registry", "/registry"), ("registry/", "/registry"), ("//a//", "/a")],
        *[
            ("/Services/Registry/", "/Services/Registry"),
            (" /a/b\n", "/a/b"),
            ("/ü", "/%C3%BC"),
            ("/%c3%bc", "/%C3%BC"),
        ],
        *[
            ("/a b", "/a%20b"),
            ("/a%20b", "/a%20b"),
            ("/%61", "/a"),
            ("/~ada/@x:y", "/~ada/@x:y"),
            ("/100%25", "/100%25"),
        ],
    ],
)
def test_a_prefix_is_kept_as_requests_carry_it(written: str, meant: str) -> None:
    assert Options(prefix=written).prefix == meant


@pytest.mark.parametrize(
    "prefix",
    [
        *("/a/../b", "/./a", "..", "/a//b", "/a?b", "/a#b", "/%zz", "/a%", "/%ff", "/a%2Fb", "/a\\b", "/a\nb", "/a%00"),
        *("/%2e%2e", "https://hub.example/registry", "\ud800"),
    ],
)
def test_a_prefix_that_no_request_can_name_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match=r"^prefix "):
        Options(prefix=prefix)


def test_a_prefix_that_is_a_url_is_refused_without_its_password() -> None:
    with pytest.raises(ValueError, match=r"^prefix ") as refusal:
        Options(prefix="https://me:s3cret@hub.example/registry")

    assert "s3cret" not in str(refusal.value)


@given(st.text())
def test_a_prefix_once_made_right_stays_as_it_is(text: str) -> None:
    try:
        prefix = normal_prefix(text)
    except ValueError:
        return

    assert normal_prefix(prefix) == prefix
    assert prefix.isascii()


@pytest.mark.parametrize("prefix", ["registry", "/ü", "/a b", "/~ada"])
def test_what_a_prefix_says_is_served_below_it(prefix: str) -> None:
    kept = normal_prefix(prefix)
    with asked(application(prefix=prefix)) as client:
        created = client.post(f"{kept}/templates", json=SCIPY)
        statuses = [client.get(target).status_code for target in (kept, f"{kept}/", created.headers["location"])]
        elsewhere = client.get(f"{kept}x")

    assert (created.status_code, created.headers["location"]) == (201, f"{kept}/templates/scipy")
    assert statuses == [200, 200, 200]
    assert elsewhere.status_code == 404


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("https://hub.example/", "https://hub.example"), ("HTTPS://Hub.Example", "https://hub.example")],
        *[("https://hub.example:443", "https://hub.example"), ("http://hub.example:80/", "http://hub.example")],
        *[("https://hub.example:80", "https://hub.example:80"), ("http://hub:08000", "http://hub:8000")],
        *[("https://bücher.example", "https://xn--bcher-kva.example"), ("http://[0:0::0:1]:8888", "http://[::1]:8888")],
        *[("chrome-extension://abcd", "chrome-extension://abcd"), (" null ", "null"), ("*", "*")],
        ("http://[2001:DB8::A]", "http://[2001:db8::a]"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(written: str, meant: str) -> None:
    assert Options(cors_origins=(written,)).cors_origins == (meant,)


def test_several_origins_may_stand_in_one_text() -> None:
    given = ("https://a.example, https://b.example/", "https://c.example https://A.example", "")

    assert normal_origins(given) == ("https://a.example", "https://b.example", "https://c.example")


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "hub.example",
            "https://",
            "https://hub.example/path",
            "https://*.example",
            "https://hub.example?x",
            "file:///x",
        ),
        *(
            "https://hub.example:port",
            "https://hub.example:0",
            "https://hub.example:65536",
            "//hub.example",
            "https:/hub",
        ),
        *(
            "http://[::1",
            "http://[::z]",
            "https://a..b",
            "https://hub.example#x",
            "https://hub%2Eexample",
            "https://h\\x",
        ),
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match=r"^CORS origin "):
        Options(cors_origins=(origin,))


def test_an_origin_with_a_password_is_refused_without_it() -> None:
    with pytest.raises(ValueError, match=r"^CORS origin ") as refusal:
        Options(cors_origins=("https://me:s3cret@hub.example",))

    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "written", ["https://hub.example/", "https://HUB.example:443", "https://x.example,https://hub.example"]
)
def test_a_browser_is_answered_by_an_origin_as_it_was_written(written: str) -> None:
    with asked(application(cors_origins=(written,))) as client:
        answer = client.get("/", headers={"Origin": "https://hub.example"})

    assert answer.headers["access-control-allow-origin"] == "https://hub.example"
