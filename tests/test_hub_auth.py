from collections.abc import Iterator
from typing import Any

import pytest

from binder_registry.auth import Identity, Scope, TokenAuthStore
from binder_registry.conformance import AuthStoreConformance
from binder_registry.errors import AuthUnavailable, InvalidRequest, InvalidToken
from binder_registry.hub_auth import FirstKnowing, HubAuthStore

from .hub_stub import BOSS, SCOPES, HubStub


@pytest.fixture
def hub() -> Iterator[HubStub]:
    stub = HubStub()
    yield stub
    stub.stop()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class TestHubAuthStore(AuthStoreConformance):
    @pytest.fixture
    def auth_store(self, hub: HubStub) -> HubAuthStore:
        return HubAuthStore(hub.url)

    @pytest.fixture
    def token(self) -> str:
        return "boss-token"


class TestFirstKnowing(AuthStoreConformance):
    @pytest.fixture
    def auth_store(self, hub: HubStub) -> FirstKnowing:
        return FirstKnowing(TokenAuthStore("static"), HubAuthStore(hub.url))

    @pytest.fixture(params=["static", "boss-token"])
    def token(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


# ── who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_user_is_known_by_name(hub: HubStub) -> None:
    assert HubAuthStore(hub.url).identify("boss-token") == Identity("boss", frozenset(Scope))


def test_the_groups_of_a_user_and_whether_it_is_an_admin_are_told(hub: HubStub) -> None:
    hub.models["t"] = BOSS | {"groups": ["physics", "staff"], "admin": True}

    boss = HubAuthStore(hub.url).identify("t")

    assert (boss.groups, boss.admin) == (frozenset({"physics", "staff"}), True)


@pytest.mark.parametrize(
    "members", [{}, {"groups": None, "admin": None}, {"groups": [1], "admin": "yes"}, {"groups": "ab"}]
)
def test_what_a_hub_does_not_say_clearly_of_a_user_is_not_so(hub: HubStub, members: dict[str, object]) -> None:
    hub.models["t"] = BOSS | members

    boss = HubAuthStore(hub.url).identify("t")

    assert (boss.groups, boss.admin) == (frozenset(), False)


def test_a_service_is_told_from_a_user_of_the_same_name(hub: HubStub) -> None:
    hub.models["s"] = BOSS | {"kind": "service"}

    assert HubAuthStore(hub.url).identify("s").by == "service:boss"


@pytest.mark.parametrize("name", ["api-key", "key:api-key", "service:boss", "user:boss"])
def test_no_user_can_take_the_name_of_a_key_or_a_service(hub: HubStub, name: str) -> None:
    hub.models["u"] = BOSS | {"name": name}

    assert HubAuthStore(hub.url).identify("u").by == f"user:{name}"


@pytest.mark.parametrize(
    "model", [{"kind": "key"}, {"kind": "group"}, {"kind": None}, {"name": ""}, {"name": 5}, {"name": "\ud800"}]
)
def test_who_is_neither_a_user_nor_a_service_is_not_taken_for_one(hub: HubStub, model: dict[str, Any]) -> None:
    hub.models["odd"] = BOSS | model

    with pytest.raises(AuthUnavailable):
        HubAuthStore(hub.url).identify("odd")


@pytest.mark.parametrize(
    ("scopes", "held"),
    [
        ([SCOPES[0]], {Scope.READ}),
        ([SCOPES[2]], {Scope.ADMIN}),  # the hub expands what a scope implies, so nothing is added here
        (["self", "access:servers", "admin", "read"], set()),
        ([SCOPES[1] + "!user=boss"], set()),
        ([], set()),
    ],
)
def test_a_scope_is_held_when_the_hub_lists_it_exactly(hub: HubStub, scopes: list[str], held: set[Scope]) -> None:
    hub.models["t"] = BOSS | {"scopes": scopes}

    assert HubAuthStore(hub.url).identify("t").scopes == held


# ── how long ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_hub_is_asked_once_while_an_answer_holds(hub: HubStub) -> None:
    store = HubAuthStore(hub.url)

    store.identify("boss-token")
    store.identify("boss-token")

    assert hub.asked == ["/hub/api/user"]


def test_a_revoked_token_is_refused_once_its_answer_is_old(hub: HubStub) -> None:
    clock = Clock()
    store = HubAuthStore(hub.url, known_for=20, clock=clock)
    store.identify("boss-token")
    hub.models.clear()

    clock.now += 19
    store.identify("boss-token")
    clock.now += 1
    with pytest.raises(InvalidToken):
        store.identify("boss-token")


def test_a_new_grant_counts_once_the_refusal_is_old(hub: HubStub) -> None:
    clock = Clock()
    store = HubAuthStore(hub.url, refused_for=2, clock=clock)
    with pytest.raises(InvalidToken):
        store.identify("new")
    hub.models["new"] = BOSS

    clock.now += 2

    assert store.identify("new").name == "boss"


def test_many_wrong_tokens_do_not_fill_the_memory(hub: HubStub) -> None:
    store = HubAuthStore(hub.url, capacity=2)
    for number in range(4):
        with pytest.raises(InvalidToken):
            store.identify(f"wrong-{number}")

    asked = len(hub.asked)
    for number in (2, 0):
        with pytest.raises(InvalidToken):
            store.identify(f"wrong-{number}")

    assert len(hub.asked) == asked + 1


def test_wrong_tokens_push_out_no_good_one(hub: HubStub) -> None:
    store = HubAuthStore(hub.url, capacity=2)
    store.identify("boss-token")
    for number in range(4):
        with pytest.raises(InvalidToken):
            store.identify(f"wrong-{number}")

    asked = len(hub.asked)
    store.identify("boss-token")

    assert len(hub.asked) == asked


def test_what_was_not_asked_yet_is_not_known(hub: HubStub) -> None:
    assert HubAuthStore(hub.url).known("boss-token") is None
    assert hub.asked == []


def test_a_refusal_is_known_while_it_holds(hub: HubStub) -> None:
    clock = Clock()
    store = HubAuthStore(hub.url, refused_for=2, clock=clock)
    with pytest.raises(InvalidToken):
        store.identify("wrong")

    with pytest.raises(InvalidToken):
        store.known("wrong")
    clock.now += 2

    assert store.known("wrong") is None


# ── its users, asked for by the registry's own service ───────────────────────────────────────────────────────────────

ADA = {"kind": "user", "name": "ada", "admin": False, "groups": ["physics"]}


def test_a_user_is_told_with_groups_and_without_scopes(hub: HubStub) -> None:
    hub.users["ada b/c"] = ADA | {"admin": True}

    ada = HubAuthStore(hub.url, token="boss-token").user("ada b/c")

    assert ada == Identity("ada", frozenset(), groups=frozenset({"physics"}), admin=True)
    assert hub.asked == ["/hub/api/users/ada%20b%2Fc"]


@pytest.mark.parametrize("name", ["nobody", ".", "..", "../user"])
def test_a_user_that_the_hub_does_not_know_is_none(hub: HubStub, name: str) -> None:
    assert HubAuthStore(hub.url, token="boss-token").user(name) is None


@pytest.mark.parametrize("left_out", ["groups", "admin"])
def test_what_the_hub_keeps_to_itself_of_a_user_is_no_answer(hub: HubStub, left_out: str) -> None:
    hub.users["ada"] = {member: value for member, value in ADA.items() if member != left_out}

    with pytest.raises(InvalidRequest, match="read:users:groups"):
        HubAuthStore(hub.url, token="boss-token").user("ada")


def test_a_service_that_may_not_ask_is_told_so(hub: HubStub) -> None:
    with pytest.raises(InvalidRequest, match="its service needs read:users:name"):
        HubAuthStore(hub.url, token="wrong").user("ada")


@pytest.mark.parametrize(("status", "body"), [(500, b""), (0, b"no JSON"), (0, b"[]")])
def test_a_hub_that_says_nothing_about_a_user_is_unavailable(hub: HubStub, status: int, body: bytes) -> None:
    hub.users["ada"], hub.status, hub.body = ADA, status, body

    with pytest.raises(AuthUnavailable):
        HubAuthStore(hub.url, token="boss-token").user("ada")


# ── when the hub fails ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [500, 502, 503, 404, 302])
def test_an_answer_that_says_nothing_about_the_token_is_unavailable_and_not_kept(hub: HubStub, status: int) -> None:
    store = HubAuthStore(hub.url)
    hub.status = status
    with pytest.raises(AuthUnavailable):
        store.identify("boss-token")

    hub.status = 0

    assert store.identify("boss-token").name == "boss"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"not json", b'{"name": "x", "kind": "user"}', b"\xff", b"[" * 99999]
)
def test_an_answer_that_is_no_user_is_unavailable(hub: HubStub, body: bytes) -> None:
    hub.body = body

    with pytest.raises(AuthUnavailable):
        HubAuthStore(hub.url).identify("boss-token")


def test_why_a_hub_could_not_be_asked_is_logged_without_token_and_password(
    hub: HubStub, caplog: pytest.LogCaptureFixture
) -> None:
    hub.status = 502
    store = HubAuthStore(hub.url.replace("//", "//me:s3cret@"))

    with pytest.raises(AuthUnavailable):
        store.identify("boss-token")

    assert "the hub at 127.0.0.1 does not say whose a token is: it answers 502" in caplog.text
    assert not any(secret in caplog.text for secret in ("s3cret", "boss-token"))


def test_a_hub_that_is_not_there_is_unavailable(hub: HubStub) -> None:
    hub.stop()

    with pytest.raises(AuthUnavailable):
        HubAuthStore(hub.url).identify("boss-token")


def test_a_hub_that_does_not_answer_is_unavailable(hub: HubStub) -> None:
    hub.answering.clear()

    with pytest.raises(AuthUnavailable):
        HubAuthStore(hub.url, timeout=0.05).identify("boss-token")


def test_the_static_key_works_while_the_hub_is_away(hub: HubStub) -> None:
    store = FirstKnowing(TokenAuthStore("static"), HubAuthStore(hub.url))
    hub.stop()

    assert store.identify("static").name == "api-key"
    with pytest.raises(AuthUnavailable):
        store.identify("boss-token")


@pytest.mark.parametrize("first", ["keys", "hub"])
def test_a_hub_is_not_asked_about_a_key(hub: HubStub, first: str) -> None:
    stores = [TokenAuthStore("static"), HubAuthStore(hub.url)]
    store = FirstKnowing(*(stores if first == "keys" else reversed(stores)))

    assert store.identify("static").name == "api-key"
    assert hub.asked == []


def test_what_one_of_several_would_have_to_ask_is_not_known(hub: HubStub) -> None:
    store = FirstKnowing(TokenAuthStore("static"), HubAuthStore(hub.url))

    assert store.known("boss-token") is None


def test_stores_that_never_wait_make_one_that_never_waits(hub: HubStub) -> None:
    assert not FirstKnowing(TokenAuthStore("a"), TokenAuthStore("b")).blocking
    assert FirstKnowing(TokenAuthStore("a"), HubAuthStore(hub.url)).blocking


@pytest.mark.parametrize(
    "url",
    [
        *("", "hub:8081", "ftp://hub/api", "http://", "http://[::1/api", "http://hub:99999", "unix+http://%2Fsocket"),
        *("http://me:s3cret@hub:port/api", "me:s3cret@hub/api", "http://hub/hüb/api", "http://hub/a b", "http://h b/"),
    ],
)
def test_what_is_no_url_of_a_hub_is_refused_at_once_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a hub's API") as refusal:
        HubAuthStore(url)

    assert "s3cret" not in str(refusal.value)
