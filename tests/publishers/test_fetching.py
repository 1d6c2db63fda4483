"""Where an issuer's keys come from, against one on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binder_registry.publishers import fetching
from binder_registry.publishers.fetching import Source, fetched, is_address
from binder_registry.publishers.issuer_keys import KeysAway

from .issuer import Issuer, ec_key, jwk_set, running_issuer, self_signed


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    with running_issuer(path="/some/path") as issuer:
        yield issuer


@pytest.fixture
def issuer(running: Issuer) -> Issuer:
    running.reset()
    return running


def away(source: Source) -> str:
    with pytest.raises(KeysAway) as refusal:
        fetched(source)
    return str(refusal.value)


def named(running: Issuer, **members: Any) -> None:
    """What its discovery document says."""
    document = {"issuer": running.url, "jwks_uri": f"{running.url}/keys"} | members
    running.documents[running.discovery] = json.dumps(document).encode()


def test_the_keys_are_those_that_the_discovery_document_names(issuer: Issuer) -> None:
    assert set(fetched(Source(issuer.url))) == {("RS256", "rsa")}
    assert issuer.asked == ["/some/path/.well-known/openid-configuration", "/some/path/keys"]


def test_keys_from_a_file_are_asked_of_nobody(issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(jwk_set(ec_key()))

    assert set(fetched(Source(issuer.url, keys_file=str(tmp_path / "keys")))) == {("ES256", "ec")}
    assert issuer.asked == []


def test_a_bearer_is_shown_as_it_is_now(issuer: Issuer, tmp_path: Path) -> None:
    source = Source(issuer.url, bearer_file=str(tmp_path / "token"))

    for token in ("first", "second"):
        (tmp_path / "token").write_text(f"{token}\n")
        fetched(source)

    assert issuer.bearers == ["Bearer first"] * 2 + ["Bearer second"] * 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(issuer: Issuer, status: int) -> None:
    issuer.status, issuer.headers = status, {"Location": f"{issuer.url}/keys"}

    assert f"answers {status}" in away(Source(issuer.url))
    assert issuer.asked == [issuer.discovery]


@pytest.mark.parametrize(
    "elsewhere",
    ["http://issuer.example.org/keys", "file:///etc/passwd", "//127.0.0.1/keys", "/keys", "http://u:p@127.0.0.1/k", ""],
)
def test_keys_are_fetched_from_no_other_kind_of_address(issuer: Issuer, elsewhere: str) -> None:
    named(issuer, jwks_uri=elsewhere)

    assert away(Source(issuer.url)).endswith("names no address of keys that is asked")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "answers 404"),
        (b"{}", "is no discovery document"),
        (b"[" * 100_000, "is no discovery document"),
        (b'{"issuer": 1, "jwks_uri": 2}', "is no discovery document"),
        (b"\xff", "is no discovery document"),
        (b" " * 300_000, "answers more than 262144 bytes"),
    ],
)
def test_what_is_no_discovery_document_is_told(issuer: Issuer, body: bytes, problem: str) -> None:
    issuer.documents[issuer.discovery] = body

    assert problem in away(Source(issuer.url))


def test_a_document_of_another_issuer_is_not_taken(issuer: Issuer) -> None:
    named(issuer, issuer=f"{issuer.url}/")

    assert away(Source(issuer.url)).endswith("is of another issuer")


def test_an_answer_that_is_packed_is_not_unpacked(issuer: Issuer) -> None:
    issuer.headers = {"Content-Encoding": "gzip"}

    assert set(fetched(Source(issuer.url))) == {("RS256", "rsa")}


def test_an_issuer_that_does_not_answer_is_given_up(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "FETCH_SECONDS", 0.05)
    issuer.answering.clear()

    assert away(Source(issuer.url)) == "no answer in 0.05 seconds"


def test_an_issuer_that_is_not_there_is_told(issuer: Issuer) -> None:
    with running_issuer() as gone:
        pass

    assert "Connect" in away(Source(gone.url))


def test_an_issuer_of_a_site_of_its_own_is_asked_where_its_authority_is_named(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    with running_issuer(certificate=certificate) as issuer:
        named(issuer)

        assert set(fetched(Source(issuer.url, ca_file=str(certificate)))) == {("RS256", "rsa")}
        assert "CERTIFICATE_VERIFY_FAILED" in away(Source(issuer.url))

        named(issuer, jwks_uri="http://127.0.0.1:9/keys")
        assert "names no address of keys" in away(Source(issuer.url, ca_file=str(certificate)))


@pytest.mark.parametrize("url", ["https://a.example.org", "https://a.example.org:8443/b?c=d", "http://[::1]/k"])
def test_what_is_an_address(url: str) -> None:
    assert is_address(url)


def test_nothing_of_the_environment_leads_questions_on_this_machine_elsewhere(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert fetched(Source(issuer.url))


def test_the_file_of_a_bearer_that_went_is_told_by_its_name(issuer: Issuer, tmp_path: Path) -> None:
    assert away(Source(issuer.url, bearer_file=str(tmp_path / "gone"))) == f"{tmp_path}/gone: No such file or directory"
    assert issuer.asked == []


def test_what_is_said_of_a_failure_holds_no_bearer(issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("very-secret")
    issuer.documents[issuer.discovery] = b""

    assert "very-secret" not in away(Source(issuer.url, bearer_file=str(tmp_path / "token")))
    assert issuer.bearers == ["Bearer very-secret"]
