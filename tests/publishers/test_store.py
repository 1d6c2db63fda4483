"""Id-tokens as an `AuthStore`: what is remembered of them, and until when."""

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from binder_registry.auth import EVERYTHING, AuthStore, Scope, TokenAuthStore, asks
from binder_registry.conformance import AuthStoreConformance
from binder_registry.errors import AuthUnavailable, InvalidToken, NoPublisher
from binder_registry.publishers import store
from binder_registry.publishers.fetching import Source
from binder_registry.publishers.id_tokens import verified
from binder_registry.publishers.issuer_keys import Key, Keys, KeysAway, read_keys
from binder_registry.publishers.rules import Claim, Publisher
from binder_registry.publishers.store import PublisherTokens, WithPublishers

from .issuer import (
    AUDIENCE,
    GITHUB,
    GITHUB_NEW,
    GITLAB,
    GOOGLE,
    KUBERNETES,
    Issuer,
    ec_key,
    ed_key,
    encoded,
    jwk_set,
    running_issuer,
)


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    with running_issuer(ed_key()) as issuer:
        yield issuer


@pytest.fixture
def issuer(running: Issuer) -> Issuer:
    running.reset(ed_key())
    return running


def publisher(issuer: str, name: str = "job", **claims: Any) -> Publisher:
    wanted = [Claim((claim,), value) for claim, value in (claims or {"repository_id": "456789"}).items()]
    return Publisher(name, issuer, AUDIENCE, tuple(wanted), frozenset(Scope), EVERYTHING)


class TestPublisherTokens(AuthStoreConformance):
    @pytest.fixture
    def auth_store(self, issuer: Issuer) -> PublisherTokens:
        return PublisherTokens([publisher(issuer.url)], [Source(issuer.url)])

    @pytest.fixture
    def token(self, issuer: Issuer) -> str:
        return issuer.token()


class TestWithPublishers(AuthStoreConformance):
    @pytest.fixture
    def auth_store(self, issuer: Issuer) -> WithPublishers:
        tokens = PublisherTokens([publisher(issuer.url)], [Source(issuer.url)])
        return WithPublishers(tokens, TokenAuthStore("static"), keys=TokenAuthStore("static"))

    @pytest.fixture(params=["static", "id-token"])
    def token(self, request: pytest.FixtureRequest, issuer: Issuer) -> str:
        return "static" if request.param == "static" else issuer.token()


class Story:
    """An issuer of claims at times of ours."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.now = 1_800_000_000.0
        self.asked = 0
        self.keys: Keys | None = read_keys(jwk_set(ed_key()))
        self.rules, self.sources = [publisher(issuer.url)], [Source(issuer.url)]
        self.tokens = PublisherTokens(
            self.rules, self.sources, fetch=self.fetch, now=lambda: self.now, clock=lambda: self.now
        )

    def fetch(self, source: Source) -> Keys:
        self.asked += 1
        if self.keys is None:
            raise KeysAway("no answer")
        return self.keys

    def token(self, **changes: Any) -> str:
        return self.issuer.token(GITHUB | changes, self.now)


@pytest.fixture
def story(issuer: Issuer) -> Story:
    return Story(issuer)


def test_a_token_is_known_once_it_was_verified(story: Story) -> None:
    token = story.token()

    assert story.tokens.known(token) is None
    assert story.tokens.identify(token) is story.tokens.known(token)


def test_a_token_that_is_remembered_ends_when_it_ends(story: Story) -> None:
    token = story.token(exp=int(story.now) + 100)
    story.tokens.identify(token)

    story.now += 129
    assert story.tokens.known(token)

    story.now += 1
    with pytest.raises(InvalidToken, match="it has expired"):
        story.tokens.identify(token)


def test_a_token_whose_key_the_issuer_took_back_ends_with_the_keys(story: Story) -> None:
    token = story.token(exp=int(story.now) + 10_000)
    story.tokens.identify(token)
    story.keys = read_keys(jwk_set(ed_key("new")))

    story.now += 599
    assert story.tokens.known(token)

    story.now += 1
    assert story.tokens.known(token) is None
    with pytest.raises(InvalidToken, match="its key is none of its issuer's"):
        story.tokens.identify(token)


class SlowKey(Key, frozen=True):
    """Whose issuer has time for something else while it verifies."""

    meanwhile: Callable[[], object]

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        self.meanwhile()
        return super().verifies(signed, signature)


def test_a_token_whose_key_was_taken_back_while_it_was_verified_is_not_remembered(story: Story) -> None:
    assert story.keys is not None
    other = read_keys(jwk_set(ed_key("new")))

    def taken_back() -> None:
        story.now, story.keys = story.now + 600, other
        with suppress(InvalidToken):
            story.tokens.identify(story.token(jti="k"))

    story.keys = {name: SlowKey(key.material, key.public, taken_back) for name, key in story.keys.items()}
    token = story.token(exp=int(story.now) + 10_000)

    story.tokens.identify(token)

    assert story.tokens.known(token) is None


def test_a_token_stays_good_while_its_issuer_does_not_answer(story: Story) -> None:
    token = story.token(exp=int(story.now) + 10_000)
    story.tokens.identify(token)
    story.keys = None

    story.now += 601

    assert story.tokens.identify(token)
    assert story.tokens.known(token)
    assert story.asked == 2


def test_a_thousand_unknown_keys_make_one_question_a_minute(story: Story) -> None:
    story.tokens.identify(story.token())
    story.now += 60
    _, body, signature = story.token().split(".")
    heads = (encoded(b'{"alg":"EdDSA","kid":"key-%d"}' % number) for number in range(1000))

    for head in heads:
        with pytest.raises(InvalidToken):
            story.tokens.identify(f"{head}.{body}.{signature}")

    assert story.asked == 2


def test_no_more_tokens_are_remembered_than_a_few_and_those_of_strangers_push_none_out(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "REMEMBERED", 3)
    tokens = [story.token(jti=str(number)) for number in range(4)]
    for token in tokens:
        story.tokens.identify(token)

    for number in range(10):
        with pytest.raises(NoPublisher):
            story.tokens.identify(story.token(jti=str(number), repository_id="1"))

    assert [bool(story.tokens.known(token)) for token in tokens] == [False, True, True, True]


def test_what_was_remembered_of_publishers_ends_with_their_file(story: Story) -> None:
    token = story.token()
    story.tokens.identify(token)

    story.tokens.renew([], [])

    with pytest.raises(InvalidToken, match="no publisher has its issuer"):
        story.tokens.known(token)


def test_a_token_that_is_verified_while_the_file_is_read_is_judged_by_the_new_one(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, read = story.fetch, threading.Event()

    def slow(source: Source) -> Keys:
        if not read.is_set():
            read.set()
            story.tokens.renew([publisher(story.issuer.url, "renamed")], story.sources)
        return fetch(source)

    monkeypatch.setattr(story, "fetch", slow)
    story.tokens = PublisherTokens(story.rules, story.sources, fetch=slow, now=lambda: story.now)

    assert story.tokens.identify(story.token()).name == "renamed"


def test_where_the_keys_of_an_issuer_come_from_is_changed_with_the_file(story: Story) -> None:
    story.tokens.identify(story.token())

    story.tokens.renew(story.rules, [Source(story.issuer.url, bearer_file="/token")])
    story.tokens.identify(story.token())

    assert story.asked == 2


def test_a_key_that_was_taken_out_of_its_file_is_out_as_soon_as_the_publishers_are_read_again(
    issuer: Issuer, tmp_path: Path
) -> None:
    keys, token = tmp_path / "keys.json", issuer.token()
    keys.write_bytes(jwk_set(ed_key()))
    rules, sources = [publisher(issuer.url)], [Source(issuer.url, keys_file=str(keys))]
    tokens = PublisherTokens(rules, sources)
    tokens.identify(token)

    keys.write_bytes(jwk_set(ec_key()))
    tokens.renew(rules, sources)

    with pytest.raises(InvalidToken):
        tokens.identify(token)


def test_whom_a_token_needs_is_its_issuer_if_it_is_one_of_ours(story: Story) -> None:
    both = WithPublishers(story.tokens, TokenAuthStore("key"))

    assert asks(both, story.token()) == story.issuer.url
    assert asks(both, story.token(iss="https://elsewhere.example.org")) == ""
    assert asks(both, "eyJ.broken") == ""
    assert asks(both, "key") == ""


class Recorder:
    """Knows nobody."""

    def __init__(self, *, blocking: bool = True) -> None:
        self.blocking = blocking
        self.shown: list[str] = []

    def identify(self, token: str) -> Any:
        self.shown.append(token)
        raise InvalidToken


def test_a_token_is_not_verified_as_one_of_another_issuer(issuer: Issuer) -> None:
    key = read_keys(jwk_set(ed_key()))["EdDSA", "ed"]

    with pytest.raises(InvalidToken, match="it names another issuer"):
        verified(issuer.token(), f"{issuer.url}/", [AUDIENCE], lambda *_: key, time.time())


@pytest.mark.parametrize("claims", [{}, {"iss": "https://elsewhere.example.org"}, {"repository_id": "1"}, {"exp": 1}])
def test_an_id_token_is_shown_to_no_hub(story: Story, claims: dict[str, Any]) -> None:
    hub: AuthStore = Recorder()
    both = WithPublishers(story.tokens, hub)

    for ask in (both.known, both.identify, both.ask):
        with suppress(InvalidToken, NoPublisher):
            ask(story.token(**claims))

    assert hub.shown == []  # type: ignore[attr-defined]


def test_the_log_says_why_a_token_was_refused_and_nothing_of_it(story: Story, caplog: pytest.LogCaptureFixture) -> None:
    token = story.token(exp=1, actor="a-name-of-somebody")

    with caplog.at_level(logging.DEBUG), pytest.raises(InvalidToken):
        story.tokens.identify(token)

    assert (
        f"an id-token that says it is of {story.issuer.url} was refused: Invalid token: it has expired" in caplog.text
    )
    assert not [part for part in (*token.split("."), "a-name-of-somebody") if part in caplog.text]


def test_without_keys_nobody_can_tell(story: Story) -> None:
    story.keys = None

    with pytest.raises(AuthUnavailable):
        story.tokens.identify(story.token())


# ── the systems that the docs name ───────────────────────────────────────────────────────────────────────────────────

UID = {"serviceaccount": {"uid": "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798"}}


@pytest.mark.parametrize(
    ("path", "claims", "rule"),
    [
        ("", GITHUB, {"repository_id": "456789", "workflow_ref": "octo-org/octo-repo/*/publish.yml@refs/heads/main"}),
        ("", GITHUB_NEW, {"repository_id": "456789", "sub": "repo:octo-org@123456/octo-repo@456789:*"}),
        ("/_services/token", GITHUB, {"repository_id": "456789", "ref": "refs/heads/main"}),
        ("", GITLAB, {"project_id": "20", "ref_protected": "true"}),
        ("/gitlab", GITLAB, {"project_id": "20", "ref": "main"}),
        ("", KUBERNETES, {"sub": "system:serviceaccount:ci:publisher"}),
        ("", GOOGLE, {"sub": "112233445566778899000", "email_verified": True}),
    ],
    ids=["GitHub", "GitHub, new sub", "GitHub Enterprise Server", "GitLab", "GitLab in a path", "Kubernetes", "Google"],
)
def test_a_job_of_each_system_is_known(path: str, claims: dict[str, Any], rule: dict[str, Any]) -> None:
    with running_issuer(ed_key(), path=path) as issuer:
        tokens = PublisherTokens([publisher(issuer.url, **rule)], [Source(issuer.url)])

        assert tokens.identify(issuer.token(claims)).by == "publisher:job"


def test_a_token_of_a_provider_that_others_wrote_is_known(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "werkzeug")
    with warnings.catch_warnings(record=True):  # it uses what it should not any more
        warnings.simplefilter("ignore")
        import oidc_provider_mock as provider

        user = provider.User(sub="repo:octo-org/octo-repo", claims={"repository_id": "456789"})
        with provider.run_server_in_thread(user_claims=[user]) as server:
            url, back = f"http://localhost:{server.server_port}", "http://localhost/back"
            asked = {"client_id": AUDIENCE, "redirect_uri": back, "response_type": "code", "scope": "openid"}
            with httpx2.Client(trust_env=False) as client:
                sent = client.post(f"{url}/oauth2/authorize", params=asked, data={"sub": user.sub})
                code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
                form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
                got = client.post(f"{url}/oauth2/token", data=form | {"client_id": AUDIENCE, "client_secret": "s"})

            tokens = PublisherTokens([publisher(url)], [Source(url)])

            assert tokens.identify(got.json()["id_token"]).by == "publisher:job"
