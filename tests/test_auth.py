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

    assert store.identify("old") == store.identify("new") == Identity("ci", frozenset(Scope))


@pytest.mark.parametrize("token", ["é", "with space", "\ud800", "x" * 100_000])
def test_any_text_may_be_a_token(token: str) -> None:
    store = TokenAuthStore(token)

    assert store.identify(token).name == "api-key"
    with pytest.raises(InvalidToken):
        TokenAuthStore("other").identify(token)


@pytest.mark.parametrize("tokens", [(), ("",), ("a", "")])
def test_an_empty_token_opens_nothing(tokens: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="token"):
        TokenAuthStore(*tokens)


def test_the_tokens_themselves_are_not_kept() -> None:
    assert "secret-token" not in repr(vars(TokenAuthStore("secret-token")))


def test_a_missing_scope_is_named() -> None:
    reader = Identity("reader", frozenset({Scope.READ}))

    with pytest.raises(MissingScope, match="'write'") as refusal:
        reader.require(Scope.WRITE)

    assert refusal.value.errors == (ErrorHint("Token", "scope", "missing"),)


def test_a_scope_that_is_held_is_enough() -> None:
    Identity("reader", frozenset({Scope.READ})).require(Scope.READ)
