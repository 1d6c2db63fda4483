import pytest

from binder_registry.auth import Identity, Scope, TokenAuthStore
from binder_registry.conformance import AuthStoreConformance
from binder_registry.errors import ErrorHint, InvalidToken, MissingScope


class TestTokenAuthStore(AuthStoreConformance):
    @pytest.fixture
    def auth_store(self) -> TokenAuthStore:
        return TokenAuthStore("first", "second")

    @pytest.fixture(params=["first", "second"])
    def token(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


def test_several_tokens_hold_at_once_so_that_one_can_be_rotated() -> None:
    store = TokenAuthStore("old", "new", name="ci")

    assert store.identify("old") == store.identify("new") == Identity("ci", frozenset(Scope), "key")


@pytest.mark.parametrize(
    "token",
    ["secr\u00e9t", "two s3cret", "s3cret\tx", "s3cret\nx", "s3cret\0", "s3cret\u200b", "s3cret" * 2000, "\ud800"],
)
def test_a_token_that_no_request_could_carry_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(ValueError, match="a token may h") as refusal:
        TokenAuthStore("good", token)

    assert token not in str(refusal.value)


@pytest.mark.parametrize("kept", ["t0ken\n", " t0ken\r\n", "\ufefft0ken\n", "\t t0ken", "t0ken\u00a0"])
def test_what_secrets_and_editors_leave_around_a_token_is_no_part_of_it(kept: str) -> None:
    assert TokenAuthStore(kept).identify("t0ken").name == "api-key"


@pytest.mark.parametrize("token", ["é", "with space", "\ud800", "x" * 100_000])
def test_any_text_may_be_asked_about(token: str) -> None:
    with pytest.raises(InvalidToken):
        TokenAuthStore("other").identify(token)


@pytest.mark.parametrize("tokens", [(), ("",), ("a", ""), (" \n",), ("\ufeff",)])
def test_an_empty_token_opens_nothing(tokens: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="token"):
        TokenAuthStore(*tokens)


def test_the_tokens_themselves_are_not_kept() -> None:
    assert "secret-token" not in repr(vars(TokenAuthStore("secret-token")))


def test_holders_of_different_kinds_never_meet_in_what_the_log_keeps() -> None:
    key = TokenAuthStore("t0ken").identify("t0ken")
    users = [Identity(name, frozenset()) for name in ("api-key", "key:api-key", "service:ci", "ci")]
    service = Identity("ci", frozenset(), "service")

    kept = [identity.by for identity in (key, *users, service)]

    assert kept == ["key:api-key", "user:api-key", "user:key:api-key", "user:service:ci", "user:ci", "service:ci"]


@pytest.mark.parametrize("kind", ["", "user:ada", "User", "a b", "user\n"])
def test_a_kind_is_a_word(kind: str) -> None:
    with pytest.raises(ValueError, match="is no kind of identity"):
        Identity("ada", frozenset(), kind)


@pytest.mark.parametrize("name", ["", "a\0b", "ada\nkey:api-key", "a\x85b", "a\u2028b", "\ud800", "a" * 1001])
def test_a_name_is_one_that_a_log_can_keep_on_one_line(name: str) -> None:
    with pytest.raises(ValueError, match="an identity needs a name"):
        Identity(name, frozenset())


@pytest.mark.parametrize("name", ["ada", "service:ci", "ädä", "艾达", "a b", "\N{GRINNING FACE}", "a" * 1000])
def test_a_name_may_hold_any_letter(name: str) -> None:
    assert Identity(name, frozenset()).by == f"user:{name}"


def test_a_missing_scope_is_named() -> None:
    reader = Identity("reader", frozenset({Scope.READ}))

    with pytest.raises(MissingScope, match="'write'") as refusal:
        reader.require(Scope.WRITE)

    assert refusal.value.errors == (ErrorHint("Token", "scope", "missing"),)


def test_a_scope_that_is_held_is_enough() -> None:
    Identity("reader", frozenset({Scope.READ})).require(Scope.READ)
