"""Which keys verify, and how long they are held."""

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from binder_registry.errors import AuthUnavailable
from binder_registry.publishers import issuer_keys
from binder_registry.publishers.issuer_keys import IssuerKeys, Keys, KeysAway, read_keys

from .issuer import PATIENCE, ec_key, ed_key, jwk_set, rsa_key


def read(*jwks: object) -> set[tuple[str, str]]:
    return set(read_keys(json.dumps({"keys": jwks}).encode()))


def test_keys_are_read_by_algorithm_and_id() -> None:
    found = read(rsa_key().jwk, ec_key().jwk, ed_key().jwk)

    assert found == {("RS256", "rsa"), ("ES256", "ec"), ("EdDSA", "ed")}


def test_what_a_key_need_not_say_may_be_left_out() -> None:
    bare = {name: value for name, value in rsa_key().jwk.items() if name not in ("alg", "use", "kid")}

    assert read(bare) == {("RS256", "")}


def _ec(curve: ec.EllipticCurve) -> dict[str, Any]:
    return {**ECAlgorithm.to_jwk(ec.generate_private_key(curve).public_key(), as_dict=True), "kid": "x"}


def _big_exponent() -> str:
    return base64.urlsafe_b64encode(((1 << 60) + 1).to_bytes(8)).decode().rstrip("=")


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "HS256"},
        lambda: rsa_key("weak", 1024).jwk,
        lambda: {**rsa_key().jwk, "e": _big_exponent()},
        lambda: {**rsa_key().jwk, "e": "Ag"},
        lambda: {**rsa_key().jwk, "n": "AQAB" * 4000},
        lambda: {**rsa_key().jwk, "n": "!"},
        lambda: {**rsa_key().jwk, "n": 5},
        lambda: {**rsa_key().jwk, "alg": "RS512"},
        lambda: {**rsa_key().jwk, "alg": "none"},
        lambda: {**rsa_key().jwk, "alg": "HS256"},
        lambda: {**rsa_key().jwk, "use": "enc"},
        lambda: {**rsa_key().jwk, "key_ops": ["encrypt"]},
        lambda: {**rsa_key().jwk, "key_ops": 5},
        lambda: {**rsa_key().jwk, "kid": ["x"]},
        lambda: _ec(ec.SECP384R1()),
        lambda: _ec(ec.SECP256K1()),
        lambda: {**_ec(ec.SECP256K1()), "crv": "P-256"},
        lambda: {**ec_key().jwk, "y": ec_key().jwk["x"]},
        lambda: {**OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True), "kid": "x"},
        lambda: {**ed_key().jwk, "x": "AAAA"},
        None,
        [],
        "text",
    ],
)
def test_what_verifies_nothing_here_is_passed_over(jwk: Any) -> None:
    assert read(jwk() if callable(jwk) else jwk, ed_key().jwk) == {("EdDSA", "ed")}


def test_no_private_part_of_a_key_is_kept() -> None:
    private = json.loads(jwk_set(rsa_key()))["keys"][0] | {"d": "AQAB", "p": "AQ", "q": "AQ"}

    [key] = read_keys(json.dumps({"keys": [private]}).encode()).values()

    assert not hasattr(key.public.key, "private_numbers")


@pytest.mark.parametrize(
    "text", [b"", b"\xff", b"null", b"[]", b'{"keys": {}}', b'{"keys": null}', b'{"keys": []}', b"[" * 100_000]
)
def test_what_holds_no_key_is_refused(text: bytes) -> None:
    with pytest.raises(KeysAway):
        read_keys(text)


def test_no_more_keys_are_read_than_an_issuer_has() -> None:
    jwks = [{**ed_key().jwk, "kid": str(number)} for number in range(200)]

    assert len(read(*jwks)) == issuer_keys.MOST_KEYS


# ── how long ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Story:
    """An issuer that is asked at times of ours."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = 0
        self.set: Keys | None = read_keys(jwk_set(ed_key("a")))
        self.answering = threading.Event()
        self.answering.set()
        self.keys = IssuerKeys("https://issuer.example.org", self.fetch, lambda: self.now)

    def fetch(self) -> Keys:
        self.asked += 1
        self.answering.wait(PATIENCE)
        if self.set is None:
            raise KeysAway("no answer")
        return self.set

    def has(self, kid: str | None = "a") -> bool:
        return self.keys.find("EdDSA", kid) is not None


@pytest.fixture
def story() -> Iterator[Story]:
    found = Story()
    yield found
    found.answering.set()


def test_keys_are_held_for_ten_minutes(story: Story) -> None:
    assert story.has()

    story.now += 599
    assert (story.has(), story.asked) == (True, 1)

    story.now += 1
    assert (story.has(), story.asked) == (True, 2)


def test_an_unknown_key_is_looked_for_once_a_minute(story: Story) -> None:
    assert story.has()

    assert not any(story.has(str(number)) for number in range(1000))
    assert story.asked == 1
    story.now += 60
    assert not any(story.has(str(number)) for number in range(1000))
    assert story.asked == 2


def test_a_key_that_the_issuer_took_up_is_found_within_a_minute(story: Story) -> None:
    assert story.has()
    story.set = read_keys(jwk_set(ed_key("b")))

    story.now += 60

    assert (story.has("b"), story.has("a")) == (True, False)


def test_the_keys_of_before_stay_where_the_issuer_does_not_answer(story: Story) -> None:
    assert story.has()
    story.set = None

    story.now += 601
    assert (story.has(), story.asked) == (True, 2)
    assert (story.has(), story.asked) == (True, 2)

    story.now += 60
    assert (story.has(), story.asked) == (True, 3)


def test_without_any_key_nobody_can_tell_and_the_issuer_is_asked_again_soon(story: Story) -> None:
    there, story.set = story.set, None

    for _ in range(100):
        with pytest.raises(AuthUnavailable):
            story.has()
    assert story.asked == 1

    story.set, story.now = there, story.now + issuer_keys.FIRST_SECONDS
    assert story.has()


def test_while_an_issuer_is_slow_its_keys_of_before_are_taken(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_keys, "WAIT_SECONDS", 0.0)
    story.answering.clear()
    with pytest.raises(AuthUnavailable):
        story.has()  # which begins to ask
    story.answering.set()
    story.keys._thread.join(PATIENCE)
    story.answering.clear()
    story.now += 601

    assert [story.has() for _ in range(100)] == [True] * 100
    with pytest.raises(AuthUnavailable):
        story.has("new")
    assert story.asked == 2


def test_all_who_come_while_there_is_no_key_wait_for_one_answer(story: Story) -> None:
    story.answering.clear()
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(story.has())) for _ in range(8)]
    for thread in threads:
        thread.start()

    story.answering.set()
    for thread in threads:
        thread.join(PATIENCE)

    assert (found, story.asked) == ([True] * 8, 1)


def test_without_an_id_the_only_key_of_the_algorithm_is_meant(story: Story) -> None:
    assert story.has(None)

    story.set = read_keys(jwk_set(ed_key("a"), ed_key("b")))
    story.now += 601

    assert not story.has(None)


def test_what_is_current_is_the_same_object_until_a_key_changes(story: Story) -> None:
    assert story.keys.current() is None
    assert story.has()
    before = story.keys.current()

    story.set = read_keys(jwk_set(ed_key("a")))
    story.now += 601
    assert story.keys.current() is None
    assert story.has()
    assert story.keys.current() is before

    story.set = read_keys(jwk_set(ed_key("b")))
    story.now += 601
    assert not story.has("a")
    assert story.keys.current() is not before


def test_a_fault_in_asking_is_no_end_of_it(story: Story, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Keys:
        raise RuntimeError("a fault")

    keys = IssuerKeys("https://issuer.example.org", broken, lambda: story.now)

    with pytest.raises(AuthUnavailable):
        keys.find("EdDSA", "a")
    assert "the keys of https://issuer.example.org cannot be had" in caplog.text
